import Archive
import Decoding
import IEC104
import IEC104Client
import Logging
import Metering
import NIOCore
import Synchronization

/// Carries what a station sends into the archive, and acknowledges it when it is there.
///
/// The client calls on the station's event loop, the scheduler on its own thread. Nothing here blocks.
final class StationWorker: StationClientDelegate {
  let id: String
  private let archive: Archive
  private let clock: TrustedClock
  private let logger: Logger
  private let loop: any EventLoop
  private let state: Mutex<State>

  private struct State {
    var intake: StationIntake
    var client: StationClient?
    /// What the archive could not take, in order. The station is not acknowledged to meanwhile, so its window closes.
    var backlog: [Observation] = []
    /// Frames that are to be committed, by link.
    var wanted: [Int: Frames] = [:]
    var isFlushing = false
    var commitFailures: UInt64 = 0
    /// A commit that is still under way finds nobody to tell: the event loop may be gone.
    var hasEnded = false
  }

  private struct Frames {
    var session: UInt64
    var through: UInt64
  }

  /// After a failed commit.
  private static let retryMilliseconds: Int64 = 1_000

  init(_ plan: StationPlan, archive: Archive, clock: TrustedClock, logger: Logger, loop: any EventLoop) {
    id = plan.id
    self.archive = archive
    self.clock = clock
    self.logger = logger
    self.loop = loop
    state = Mutex(State(intake: StationIntake(plan)))
  }

  /// - Parameter recent: what came before the present run, oldest first.
  func start(recent: [ReceivedASDU]) throws {
    let plan = state.withLock { state in
      state.intake.recall(recent)
      return state.intake.plan
    }
    let client = try StationClient(plan.client, group: loop, delegate: self)
    state.withLock { $0.client = client }
    client.start()
  }

  /// Everything received is committed and acknowledged, then data transfer is stopped.
  func stop() async {
    let client = state.withLock { $0.client }
    await client?.stop()
    state.withLock { $0.hasEnded = true }
  }

  var plan: StationPlan { state.withLock { $0.intake.plan } }

  /// Other points on the same connections.
  func set(_ plan: StationPlan) { state.withLock { $0.intake.set(plan) } }

  func due(_ kind: Interrogation.Kind, slot: Timestamp, repeated: Bool) {
    withIntake { $0.due(kind, slot: slot, repeated: repeated, at: $1) }
  }

  func clockBecameTrusted() { state.withLock { $0.intake.clockBecameTrusted() } }

  var status: Acquisition.StationState? {
    state.withLock { state in
      state.client.map {
        Acquisition.StationState(
          id: id, client: $0.status, counts: state.intake.state, unnamed: state.intake.objectsSeen,
          waitingForArchive: state.backlog.count, commitFailures: state.commitFailures)
      }
    }
  }

  // MARK: - On the event loop

  func received(_ asdu: UnsafeRawBufferPointer, link: Int, session: UInt64, frame: UInt64) {
    let now = moment()
    state.withLock { state in offer(state.intake.received(asdu, link: link, at: now), &state) }
  }

  func wantsCommit(link: Int, session: UInt64, through frame: UInt64) {
    let begins = state.withLock { state in
      state.wanted[link] = Frames(session: session, through: frame)
      return StationWorker.beginFlush(&state)
    }
    if begins { flush() }
  }

  func happened(_ event: StationEvent) {
    withIntake { intake, now in
      switch event {
      case .started(let link, _, let isSwitchover):
        let name = intake.plan.client.endpoints.indices.contains(link) ? "\(intake.plan.client.endpoints[link])" : ""
        intake.happened(isSwitchover ? .switched(reason: name) : .up(reason: name), at: now)
      case .notStarted(let reason): intake.happened(.down(reason: reason), at: now)
      case .began(let request): intake.began(request, at: now)
      case .ended(let request, let outcome): intake.ended(request, outcome, at: now)
      case .linkDown(_, _, _, let close): intake.closed(close)
      case .linkUp, .connectFailed, .endOfInitialization: break
      }
    }
    switch event {
    case .linkDown(_, _, let reason, .local): logger.notice("\(reason)")
    case .linkDown(_, _, let reason, _), .connectFailed(_, let reason): logger.warning("\(reason)")
    case .started(let link, _, _): logger.notice("\(id): \(plan.client.endpoints[link]) carries data")
    case .endOfInitialization(let address): logger.notice("\(id): common address \(address) was initialized")
    default: break
    }
  }

  func clockTime() -> CP56Time2a? {
    guard clock.isTrusted else { return nil }
    return plan.clock.tag(of: clock.now())
  }

  // MARK: - Into the archive

  private func moment() -> StationIntake.Moment {
    StationIntake.Moment(wall: clock.now(), isTrusted: clock.isTrusted)
  }

  private func withIntake(_ body: (inout StationIntake, StationIntake.Moment) -> Void) {
    let now = moment()
    let (requests, warnings, client) = state.withLock { state in
      body(&state.intake, now)
      var requests: [Procedures.Request] = []
      var warnings: [String] = []
      for effect in state.intake.takeEffects() {
        switch effect {
        case .record(let observation): offer(observation, &state)
        case .request(let request): requests.append(request)
        case .warn(let text): warnings.append(text)
        }
      }
      return (requests, warnings, state.client)
    }
    for text in warnings { logger.warning("\(text)") }
    for request in requests { client?.request(request) }
  }

  private func offer(_ observation: Observation, _ state: inout State) {
    if state.backlog.isEmpty, archive.offer(observation) { return }
    state.backlog.append(observation)
    // When the archive has committed there is room again.
    if StationWorker.beginFlush(&state) { archive.flush { [self] committed in flushed(committed, [:]) } }
  }

  private static func beginFlush(_ state: inout State) -> Bool {
    if state.isFlushing { return false }
    state.isFlushing = true
    return true
  }

  /// Commits what was offered until now; what is committed then is acknowledged.
  private func flush() {
    let covered = state.withLock { state -> [Int: Frames] in
      let rest = state.backlog.firstIndex { !archive.offer($0) } ?? state.backlog.count
      state.backlog.removeFirst(rest)
      // A frame whose observation waits is not covered, and which frame that was is not known: none is.
      return state.backlog.isEmpty ? state.wanted : [:]
    }
    archive.flush { [self] committed in flushed(committed, covered) }
  }

  /// On the committer's thread. What is told to the event loop is told under the lock: after `stop` there may be none.
  private func flushed(_ committed: Bool, _ covered: [Int: Frames]) {
    let flushesAgain = state.withLock { state in
      if committed {
        for (link, frames) in covered {
          if !state.hasEnded {
            state.client?.committed(link: link, session: frames.session, through: frames.through)
          }
          if let latest = state.wanted[link], latest.session == frames.session, latest.through <= frames.through {
            state.wanted[link] = nil
          }
        }
      } else {
        state.commitFailures += 1
      }
      guard !state.wanted.isEmpty || !state.backlog.isEmpty, committed || !state.hasEnded else {
        state.isFlushing = false
        return false
      }
      if !committed {
        loop.scheduleTask(in: .milliseconds(StationWorker.retryMilliseconds)) { [self] in flush() }
      }
      return committed
    }
    if flushesAgain { flush() }
  }
}
