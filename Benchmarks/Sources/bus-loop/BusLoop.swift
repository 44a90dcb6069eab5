import Glibc
import Modbus
import ModbusProtocol

/// meterd's side of the bus benchmark: the loop that acquisition runs on a bus's thread, without anything behind it.
///
/// `bus-loop PORT READS` prints one JSON line: wall and CPU nanoseconds of the loop.
@main
struct BusLoop {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let port = UInt16(arguments[1]), let reads = Int(arguments[2]),
      let request = ReadRequest(function: .readHoldingRegisters, address: 0, count: 10)
    else { exit(64) }
    let transport = BusSettings.Transport.tcp(host: "127.0.0.1", port: port)
    let bus = try ModbusBus(settings: BusSettings(id: "bench", transport: transport, timeoutMilliseconds: 1000))
    let line = await bus.withBus { bus in
      for _ in 0..<(reads / 10) { readChecked(request, on: bus) }  // Warm.
      var wall = now(CLOCK_MONOTONIC)
      var cpu = now(CLOCK_PROCESS_CPUTIME_ID)
      for _ in 0..<reads { readChecked(request, on: bus) }
      cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu
      wall = now(CLOCK_MONOTONIC) - wall
      return "{\"reads\": \(reads), \"wall_ns\": \(wall), \"cpu_ns\": \(cpu)}"
    }
    print(line)
  }

  /// The same look at the values as the peer's loop takes.
  static func readChecked(_ request: ReadRequest, on bus: isolated ModbusBus) {
    let result = bus.read(request, unitID: 1)
    guard case .data(let bytes) = result, bytes.count == 20, Int(bytes[0]) << 8 | Int(bytes[1]) == 1000,
      Int(bytes[18]) << 8 | Int(bytes[19]) == 1009
    else {
      let text = "bus-loop: a read failed: \(result)\n"
      write(STDERR_FILENO, text, text.utf8.count)
      exit(1)
    }
  }

  static func now(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
