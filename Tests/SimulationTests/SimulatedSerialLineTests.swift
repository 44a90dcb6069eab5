import Clibmodbus
import Glibc
import Metering
import Simulation
import Testing

/// A libmodbus client on its own line.
private final class SerialClient {
  private let context: OpaquePointer

  init(_ device: String) throws {
    context = try #require(modbus_new_rtu(device, 9600, CChar(UInt8(ascii: "N")), 8, 1))
    modbus_set_response_timeout(context, 10, 0)
    try #require(modbus_connect(context) == 0, "\(device): \(String(cString: modbus_strerror(errno)))")
  }

  deinit {
    modbus_close(context)
    modbus_free(context)
  }

  enum Reply: Equatable {
    case values([UInt16])
    case exception(Int32)
    case timeout
    case other(Int32)
  }

  func read(unit: UInt8, _ table: RegisterTable, _ address: Int32, _ count: Int32, timeout: UInt32? = nil) -> Reply {
    modbus_set_slave(context, Int32(unit))
    // A silence can be proved only by waiting; everything else has ten seconds.
    if let timeout { modbus_set_response_timeout(context, 0, timeout) }
    defer { modbus_set_response_timeout(context, 10, 0) }
    var registers = [UInt16](repeating: 0, count: 2000)
    var bits = [UInt8](repeating: 0, count: 2000)
    let result: Int32
    switch table {
    case .holding: result = modbus_read_registers(context, address, count, &registers)
    case .input: result = modbus_read_input_registers(context, address, count, &registers)
    case .coil: result = modbus_read_bits(context, address, count, &bits)
    case .discrete: result = modbus_read_input_bits(context, address, count, &bits)
    }
    let error = errno
    if result >= 0 {
      return .values((0..<Int(result)).map { table.isBits ? UInt16(bits[$0]) : registers[$0] })
    }
    if error == ETIMEDOUT { return .timeout }
    let exception = error - 112_345_678  // MODBUS_ENOBASE
    return (1...11).contains(exception) ? .exception(exception) : .other(error)
  }
}

@Suite("Simulated serial line")
struct SimulatedSerialLineTests {
  static let image = FixedImage([
    .holding: [0: 0x1234, 1: 0x5678], .input: Dictionary(uniqueKeysWithValues: (0..<125).map { ($0, $0 &* 517) }),
    .coil: Dictionary(uniqueKeysWithValues: (100..<111).map { ($0, $0 % 3 == 0 ? 1 : 0) }), .discrete: [65535: 1],
  ])

  func withLine(
    _ units: [UInt8: SimulatedUnit], turnaround: Int = 0, _ body: (String) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      let path = directory + "/below/line.tty"
      let line = try SimulatedSerialLine.start(
        devicePath: path, units: units, turnaroundMilliseconds: turnaround)
      do { try await body(path) } catch {
        await line.stop()
        throw error
      }
      await line.stop()
      #expect(access(path, F_OK) != 0)
      var status = stat()
      #expect(lstat(path, &status) != 0, "the link is left")
    }
  }

  @Test("libmodbus reads every table of several units")
  func tables() async throws {
    let other = FixedImage([.holding: [0: 42]])
    try await withLine([1: SimulatedUnit(Self.image), 247: SimulatedUnit(other)], turnaround: 3) { path in
      let client = try SerialClient(path)
      #expect(client.read(unit: 1, .holding, 0, 2) == .values([0x1234, 0x5678]))
      #expect(client.read(unit: 247, .holding, 0, 1) == .values([42]))
      #expect(client.read(unit: 1, .input, 0, 125) == .values((0..<125).map { $0 &* 517 }))
      #expect(client.read(unit: 1, .coil, 100, 11) == .values([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0]))
      #expect(client.read(unit: 1, .discrete, 65535, 1) == .values([1]))
    }
  }

  @Test("Exceptions, silence, and life after both")
  func faults() async throws {
    let sick = SimulatedUnit(Self.image)
    try await withLine([1: SimulatedUnit(Self.image), 2: sick]) { path in
      let client = try SerialClient(path)
      #expect(client.read(unit: 1, .holding, 1, 2) == .exception(2))
      #expect(client.read(unit: 1, .discrete, 0, 1) == .exception(2))
      sick.fault = .exception(6)
      #expect(client.read(unit: 2, .holding, 0, 1) == .exception(6))
      sick.fault = .silent
      #expect(client.read(unit: 2, .holding, 0, 1, timeout: 200_000) == .timeout)
      #expect(client.read(unit: 3, .holding, 0, 1, timeout: 200_000) == .timeout)
      #expect(client.read(unit: 1, .holding, 0, 1) == .values([0x1234]))
      sick.fault = .none
      #expect(client.read(unit: 2, .holding, 0, 1) == .values([0x1234]))
    }
  }

  @Test("A bad checksum gets silence; unknown functions get exception 1; clients come and go")
  func rawBytes() async throws {
    try await withLine([1: SimulatedUnit(Self.image)]) { path in
      for _ in 0..<3 {
        let descriptor = open(path, O_RDWR | O_NOCTTY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        // Read holding 0, 1 of unit 1, with a wrong CRC: nothing; then report slave id (FC 17), alone on the line.
        try send([1, 3, 0, 0, 0, 1, 0, 0], to: descriptor)
        #expect(try receive(1, from: descriptor, milliseconds: 300) == [])
        try send([1, 17, 0xC0, 0x2C], to: descriptor)
        #expect(try receive(5, from: descriptor, milliseconds: 10_000) == [1, 0x91, 1, 0x8C, 0x50])
        // An unknown function's end is known by the silence after it: FC 100.
        try send([1, 100, 0x01, 0xCB], to: descriptor)
        #expect(try receive(5, from: descriptor, milliseconds: 10_000) == [1, 0xE4, 1, 0xAA, 0xC0])
      }
      #expect(try SerialClient(path).read(unit: 1, .holding, 0, 1) == .values([0x1234]))
    }
  }

  private func send(_ bytes: [UInt8], to descriptor: Int32) throws {
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
  }

  private func receive(_ count: Int, from descriptor: Int32, milliseconds: Int32) throws -> [UInt8] {
    var result: [UInt8] = []
    while result.count < count {
      var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if poll(&event, 1, milliseconds) <= 0 { break }
      var bytes = [UInt8](repeating: 0, count: count - result.count)
      let length = read(descriptor, &bytes, bytes.count)
      try #require(length > 0)
      result += bytes[..<length]
    }
    return result
  }

  @Test("Only a missing path or an old link to a pty is taken")
  func paths() async throws {
    try await withTemporaryDirectory { directory in
      let file = directory + "/file"
      close(creat(file, 0o600))
      let elsewhere = directory + "/elsewhere"
      symlink(file, elsewhere)
      let toDevice = directory + "/devices"
      symlink("/dev", toDevice)
      for path in [file, elsewhere, directory, "/dev/ttyUSB77", toDevice + "/ttyUSB77", "/dev/x/tty", "", "/", "x/"] {
        #expect(throws: SimulationError.self, "\(path)") {
          try SimulatedSerialLine.start(devicePath: path, units: [:])
        }
      }
      #expect(access(file, F_OK) == 0 && access("/dev/x", F_OK) != 0)
      let old = directory + "/old"
      symlink("/dev/pts/999999", old)
      let line = try SimulatedSerialLine.start(devicePath: old, units: [1: SimulatedUnit(Self.image)])
      #expect(try SerialClient(old).read(unit: 1, .holding, 0, 1) == .values([0x1234]))
      await line.stop()
    }
  }

  @Test("A line ends while its turnaround has long to go")
  func stopInTurnaround() async throws {
    try await withLine([1: SimulatedUnit(Self.image)], turnaround: 3_600_000) { path in
      let descriptor = open(path, O_RDWR | O_NOCTTY)
      try #require(descriptor >= 0)
      defer { close(descriptor) }
      try send([1, 17, 0xC0, 0x2C], to: descriptor)
    }
  }
}
