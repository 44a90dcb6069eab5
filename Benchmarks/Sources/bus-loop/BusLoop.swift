import Glibc
import Modbus
import ModbusProtocol

/// meterd's side of the bus benchmarks: the loop that acquisition runs on a bus's thread, without anything behind it.
///
///     bus-loop --port PORT | --device PATH [--baud 9600] [--registers 10] [--reads 1000] [--pipeline 1]
///
/// Prints one JSON line: wall and CPU nanoseconds of the loop, and the median of its steps on a serial line.
@main
struct BusLoop {
  static func main() async throws {
    let options = Options(CommandLine.arguments)
    let bus = try ModbusBus(settings: options.settings)
    print(await bus.withBus { bus in measure(options, on: bus) })
  }

  private static func measure(_ options: Options, on bus: isolated ModbusBus) -> String {
    let loop = Loop(options)
    loop.run(reads: options.warmUp, on: bus)
    var cpu = now(CLOCK_PROCESS_CPUTIME_ID)
    var wall = now(CLOCK_MONOTONIC)
    let durations = loop.run(reads: options.reads, on: bus)
    wall = now(CLOCK_MONOTONIC) - wall
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu
    let median = durations.isEmpty ? "null" : "\(durations.sorted()[durations.count / 2])"
    return "{\"reads\": \(options.reads), \"wall_ns\": \(wall), \"cpu_ns\": \(cpu), \"median_ns\": \(median)}"
  }

  static func now(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  static func fail(_ text: String, _ code: Int32) -> Never {
    let text = "bus-loop: \(text)\n"
    write(STDERR_FILENO, text, text.utf8.count)
    exit(code)
  }
}

/// Reads the same registers again and again, and looks at the values as the peer's loop does.
struct Loop: Sendable {
  private let asks: [Ask]
  private let isSerial: Bool

  /// Of a pipeline each place reads from another address on, so that an answer of another place would be seen.
  init(_ options: Options) {
    isSerial = options.settings.format != nil
    asks = (0..<options.pipeline).map { place in
      guard let request = ReadRequest(function: .readHoldingRegisters, address: place, count: options.registers) else {
        BusLoop.fail("--registers \(options.registers): there is no such request", 64)
      }
      return Ask(.read(request), of: Device(unitID: 1))
    }
  }

  /// - Returns: how long each read took; of serial lines only.
  @discardableResult
  func run(reads: Int, on bus: isolated ModbusBus) -> [Int64] {
    var durations: [Int64] = []
    for _ in 0..<(reads / asks.count) {
      let begin = isSerial ? BusLoop.now(CLOCK_MONOTONIC) : 0
      if asks.count == 1, case .read(let request) = asks[0].query {
        check(bus.read(request, unitID: 1), request)
      } else {
        for (ask, answer) in zip(asks, bus.ask(asks)) {
          if case .read(let request) = ask.query { check(answer.result, request) }
        }
      }
      if isSerial { durations.append(BusLoop.now(CLOCK_MONOTONIC) - begin) }
    }
    return durations
  }

  private func check(_ result: ReadResult, _ request: ReadRequest) {
    guard case .data(let bytes) = result, bytes.count == request.dataLength else {
      BusLoop.fail("a read failed: \(result)", 1)
    }
    if isSerial { return }  // A simulated meter's values move.
    // modbus-server: register n holds 1000 + n.
    let first = 1000 + Int(request.address)
    let last = first + Int(request.count) - 1
    let end = bytes.count
    guard Int(bytes[0]) << 8 | Int(bytes[1]) == first, Int(bytes[end - 2]) << 8 | Int(bytes[end - 1]) == last else {
      BusLoop.fail("wrong values: \(bytes)", 1)
    }
  }
}

/// What the command line says.
struct Options: Sendable {
  private(set) var settings = BusSettings(id: "bench", transport: .tcp(host: "127.0.0.1", port: 0))
  private(set) var registers = 10
  private(set) var reads = 1000
  private(set) var pipeline = 1

  /// A whole number of pipelines.
  var warmUp: Int { settings.format == nil ? max(reads / 10, pipeline) : 3 }

  init(_ arguments: [String]) {
    var (device, baud) = ("", 9600)
    for place in stride(from: 1, to: arguments.count, by: 2) {
      let value = place + 1 < arguments.count ? arguments[place + 1] : ""
      switch (arguments[place], Int(value)) {
      case ("--device", _): device = value
      case ("--port", let port?): settings.transport = .tcp(host: "127.0.0.1", port: UInt16(clamping: port))
      case ("--baud", let number?): baud = number
      case ("--registers", let number?): registers = number
      case ("--reads", let number?): reads = number
      case ("--pipeline", let number?) where (1...16).contains(number): pipeline = number
      default: BusLoop.fail("\(arguments[place]) \(value): see Benchmarks/Sources/bus-loop", 64)
      }
    }
    if !device.isEmpty {
      settings.transport = .rtu(device: device, format: SerialFormat(baud: baud), rs485: false)
    }
    settings.timeoutMilliseconds = 1000
    settings.pipeline = pipeline
  }
}
