import Acquisition
import IEC104
import IEC104Client
import Metering
import NIOCore
import NIOPosix
import Synchronization
import UnixSignals

/// A station asked once from the command line: everything that it sends, until its procedures have ended. What came is
/// acknowledged, stored is nothing.
final class StationSession: StationClientDelegate {
  /// One object as it came last.
  struct Object: Sendable {
    var type: TypeID
    var cause: CauseOfTransmission
    var value: InformationObject
    var count = 1
    var received: Timestamp
    /// The octets after the object address.
    var octets: [UInt8]
    /// What it came in, and its place there.
    var asdu: [UInt8]
    var index: Int
  }

  private struct State {
    var objects: [Key: Object] = [:]
    var client: StationClient?
    /// Started and not ended.
    var running = 0
    var outcomes: [(Procedures.Request, Procedures.Outcome)] = []
    var problems: [String] = []
    var hasStarted = false
    var isCancelled = false
    var malformed = 0
    /// What a procedure or the link said last, in nanoseconds.
    var quietSince: UInt64 = 0
  }

  struct Key: Hashable, Comparable {
    let commonAddress: UInt16
    let objectAddress: UInt32
    /// Tagged and untagged types of one family are one object.
    let family: String

    static func < (a: Self, b: Self) -> Bool {
      (a.commonAddress, a.objectAddress, a.family) < (b.commonAddress, b.objectAddress, b.family)
    }
  }

  static let mostObjects = 100_000

  private let settings: StationClientSettings
  private let state = Mutex(State())
  private let show: @Sendable (String) -> Void

  /// - Parameter show: gets a line for everything that happens.
  init(_ settings: StationClientSettings, show: @escaping @Sendable (String) -> Void) {
    self.settings = settings
    self.show = show
  }

  struct Result {
    var objects: [(key: Key, object: Object)]
    var outcomes: [(Procedures.Request, Procedures.Outcome)]
    var problems: [String]
    var hasStarted: Bool
    var malformed: Int
  }

  /// Runs until the procedures of the start have ended and nothing has begun for a second, and for `listenSeconds` in all.
  /// Ctrl-C ends it; what came until then is the result.
  func run(listenSeconds: Int, patienceSeconds: Int) async throws -> Result {
    let watch = Task { [self] in
      for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
        state.withLock { $0.isCancelled = true }
        break
      }
    }
    defer { watch.cancel() }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = try StationClient(settings, group: group, delegate: self)
    state.withLock { $0.client = client }
    let clock = SystemClock()
    let begin = clock.monotonicNanoseconds()
    client.start()
    while !state.withLock({ $0.isCancelled }) {
      try await Task.sleep(for: .milliseconds(50))
      let now = clock.monotonicNanoseconds()
      let age = (now - begin) / 1_000_000_000
      let isIdle = state.withLock { state in
        state.hasStarted && state.running == 0 && now - min(now, state.quietSince) > 1_000_000_000
      }
      if isIdle, age >= UInt64(listenSeconds) { break }
      if age >= UInt64(patienceSeconds) + UInt64(listenSeconds) { break }
    }
    await client.stop()
    try await group.shutdownGracefully()
    return state.withLock { state in
      Result(
        objects: state.objects.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, outcomes: state.outcomes,
        problems: state.problems, hasStarted: state.hasStarted, malformed: state.malformed)
    }
  }

  // MARK: - StationClientDelegate

  func received(_ asdu: UnsafeRawBufferPointer, link: Int, session: UInt64, frame: UInt64) {
    let now = SystemClock().now()
    var objects: [InformationObject] = []
    let client = state.withLock { state -> StationClient? in
      do throws(ASDUFault) {
        let header = try ASDU.decode(asdu, format: settings.format, into: &objects).header
        if header.type.isMonitor, !header.isTest { take(objects, header, Array(asdu), now, &state) }
      } catch {
        state.malformed += 1
        if state.malformed <= 20 { state.problems.append("an ASDU that cannot be read: \(error)") }
      }
      return state.client
    }
    client?.committed(link: link, session: session, through: frame)
  }

  private func take(
    _ objects: [InformationObject], _ header: ASDUHeader, _ asdu: [UInt8], _ now: Timestamp, _ state: inout State
  ) {
    for (index, object) in objects.enumerated() {
      let family = header.type.description.split(separator: "_").prefix(2).joined(separator: "_")
      let key = Key(commonAddress: header.commonAddress, objectAddress: object.address, family: family)
      let known = state.objects[key]
      if known == nil, state.objects.count >= StationSession.mostObjects { continue }
      state.objects[key] = Object(
        type: header.type, cause: header.cause, value: object,
        count: (known?.count ?? 0) + 1, received: now,
        octets: ASDU.elementOctets(of: index, in: asdu, header, format: settings.format), asdu: asdu, index: index)
    }
  }

  func wantsCommit(link: Int, session: UInt64, through frame: UInt64) {}

  func happened(_ event: StationEvent) {
    let line: String? = state.withLock { state in
      state.quietSince = SystemClock().monotonicNanoseconds()
      switch event {
      case .linkUp(let link, _): return "connected to \(settings.endpoints[link])"
      case .linkDown(_, _, let reason, .local): return reason
      case .linkDown(_, _, let reason, _), .connectFailed(_, let reason):
        if state.problems.last != reason { state.problems.append(reason) }
        return reason
      case .started(let link, _, _):
        state.hasStarted = true
        return "\(settings.endpoints[link]) carries data"
      case .notStarted(let reason): return reason
      case .began(let request):
        state.running += 1
        return "\(StationWords.name(of: request.kind)) of common address \(request.commonAddress) …"
      case .ended(let request, let outcome):
        state.running = max(0, state.running - 1)
        state.outcomes.append((request, outcome))
        return StationWords.words(of: request, outcome)
      case .endOfInitialization(let address): return "common address \(address) was initialized"
      }
    }
    if let line { show(line) }
  }

  func clockTime() -> CP56Time2a? { nil }
}
