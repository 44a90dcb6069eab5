import Glibc
import IEC104
import IEC104Client
import NIOPosix
import Synchronization

/// meterd's side of the station benchmark: `StationClient` with a delegate that decodes every ASDU, looks at each object and commits
/// at once.
///
///     iec104-loop --port PORT [--k 12] [--w 8] --objects N
///
/// Prints one JSON line: wall and CPU nanoseconds from the first ASDU to the last, and the sums of what was read.
@main
struct StationLoop {
  static func main() async throws {
    let options = Options(CommandLine.arguments)
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let reader = Reader(wanted: options.objects)
    let settings = StationClientSettings(
      id: "bench", endpoints: [Endpoint(host: "127.0.0.1", port: options.port)],
      session: SessionParameters(k: options.k, w: options.w), commonAddresses: [1], startup: [])
    let client = try StationClient(settings, group: loops, delegate: reader)
    let results = AsyncStream<String> { result in
      reader.start(client) { result.yield($0) }
      client.start()
    }
    for await result in results {
      print(result)
      break
    }
    await client.stop()
  }

  static func now(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  static func fail(_ text: String, _ code: Int32) -> Never {
    let text = "iec104-loop: \(text)\n"
    write(STDERR_FILENO, text, text.utf8.count)
    exit(code)
  }
}

/// Looks at every object.
final class Reader: StationClientDelegate {
  /// Filled before the client starts, then used on its event loop only.
  private struct State: ~Copyable {
    var client: StationClient?
    var finish: (@Sendable (String) -> Void)?
    var objects: [InformationObject] = []
    var count = 0
    var asdus = 0
    var sum = 0.0
    var addresses: UInt64 = 0
    var times: UInt64 = 0
    var wall: Int64 = 0
    var cpu: Int64 = 0
  }

  private let wanted: Int
  private let state = Mutex(State())

  init(wanted: Int) { self.wanted = wanted }

  func start(_ client: StationClient, finish: @escaping @Sendable (String) -> Void) {
    state.withLock { state in
      state.client = client
      state.finish = finish
    }
  }

  func received(_ asdu: UnsafeRawBufferPointer, link: Int, session: UInt64, frame: UInt64) {
    state.withLock { state in
      if state.asdus == 0 {
        state.wall = StationLoop.now(CLOCK_MONOTONIC)
        state.cpu = StationLoop.now(CLOCK_PROCESS_CPUTIME_ID)
      }
      state.asdus += 1
      look(at: asdu, &state)
      state.client?.committed(link: link, session: session, through: frame)
      if state.count >= wanted { finish(&state) }
    }
  }

  private func look(at asdu: UnsafeRawBufferPointer, _ state: inout State) {
    state.objects.removeAll(keepingCapacity: true)
    let header: ASDUHeader
    do throws(ASDUFault) { header = try ASDU.decode(asdu, format: .standard, into: &state.objects).header } catch {
      StationLoop.fail("\(error)", 1)
    }
    state.count += state.objects.count
    for object in state.objects {
      if case .float(let value) = object.value(as: header.type) { state.sum += Double(value) }
      state.addresses += UInt64(object.address)
      if let time = object.time.cp56 { state.times += UInt64(time.milliseconds) + UInt64(time.minute) }
    }
  }

  private func finish(_ state: inout State) {
    state.wall = StationLoop.now(CLOCK_MONOTONIC) - state.wall
    state.cpu = StationLoop.now(CLOCK_PROCESS_CPUTIME_ID) - state.cpu
    state.finish?(
      "{\"objects\": \(state.count), \"asdus\": \(state.asdus), \"wall_ns\": \(state.wall), \"cpu_ns\": \(state.cpu), "
        + "\"sum\": \(Int64(state.sum)), \"addresses\": \(state.addresses), \"times\": \(state.times)}")
    state.finish = nil
    state.client = nil
  }

  func wantsCommit(link: Int, session: UInt64, through frame: UInt64) {}

  func happened(_ event: StationEvent) {
    switch event {
    case .linkDown(_, _, let reason, let close) where close != .local: StationLoop.fail(reason, 1)
    case .connectFailed(_, let reason): StationLoop.fail(reason, 1)
    default: break
    }
  }

  func clockTime() -> CP56Time2a? { nil }
}

/// What the command line says.
struct Options: Sendable {
  private(set) var port: UInt16 = 0
  private(set) var k = 12
  private(set) var w = 8
  private(set) var objects = 0

  init(_ arguments: [String]) {
    for place in stride(from: 1, to: arguments.count, by: 2) {
      let value = place + 1 < arguments.count ? Int(arguments[place + 1]) : nil
      switch (arguments[place], value) {
      case ("--port", let number?): port = UInt16(clamping: number)
      case ("--k", let number?): k = number
      case ("--w", let number?): w = number
      case ("--objects", let number?): objects = number
      default: StationLoop.fail("\(arguments[place]): see Benchmarks/Sources/iec104-loop", 64)
      }
    }
    if port == 0 || objects < 1 { StationLoop.fail("--port and --objects are needed", 64) }
  }
}
