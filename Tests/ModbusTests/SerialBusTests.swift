import Glibc
import Modbus
import ModbusProtocol
import Testing

private let request = ReadRequest(function: .readInputRegisters, address: 100, count: 3)!
private let shorter = ReadRequest(function: .readInputRegisters, address: 200, count: 2)!
private let data: ReadResult = .data([0, 100, 0, 101, 0, 102])
private let shorterData: ReadResult = .data([0, 200, 0, 201])

/// A pty in place of the line, libmodbus setting it up and sending as in the field.
@Suite struct SerialBusTests {
  private func bus(_ line: HostileLine, timeout: Int64 = 2000) throws -> ModbusBus {
    try ModbusBus(
      settings: BusSettings(
        id: "l", transport: .rtu(device: line.device, format: SerialFormat(baud: 115_200), rs485: false),
        timeoutMilliseconds: timeout))
  }

  @Test func readsAndSendsFramesOfTheStandard() async throws {
    let line = try HostileLine { _, r in [.send(rtuReply(r))] }
    #expect(await (try bus(line)).read(request, unitID: 17) == data)
    #expect(line.received == [rtuFrame([17, 4, 0, 100, 0, 3])])
  }

  /// design/modbus.md: with libmodbus alone every read after a timeout returned the previous block, 5 of 5 wrong.
  @Test func aLateReplyNeverBecomesTheNextRequestsValue() async throws {
    // The first request gets no answer in time; its answer comes just before that of the second one sent.
    let late = Late()
    let line = try HostileLine { number, r in
      if number == 0 {
        late.keep(rtuReply(r))
        return []
      }
      return [.send(late.kept), .send(rtuReply(r))]
    }
    let bus = try bus(line)
    // One after the other on the bus's thread, well within the late window of 2 s.
    let results = await bus.withBus { bus in [request, request, shorter].map { bus.read($0, unitID: 1) } }
    #expect(results[0] == .failed(.timeout))
    // The same shape could not be told apart, so it is not asked; another length can.
    guard case .failed(.held(let nanoseconds)) = results[1] else {
      Issue.record("not held: \(results[1])")
      return
    }
    #expect(nanoseconds <= 2_000_000_000)
    #expect(results[2] == shorterData)
    #expect(bus.currentStatistics.counts.timeouts >= 1)
  }

  @Test func anotherUnitIsNotHeldByALateReply() async throws {
    let line = try HostileLine { number, r in number == 0 ? [] : [.send(rtuReply(r))] }
    let bus = try bus(line)
    #expect(await bus.read(request, unitID: 1) == .failed(.timeout))
    #expect(await bus.read(request, unitID: 2) == data)
  }

  @Test(
    arguments: [
      ("junk before", [0xFF, 0x00, 0x55], []), ("junk behind", [], [0xFF, 0x00, 0x55]),
      ("a foreign frame before", rtuFrame([9, 4, 2, 0, 7]), []),
      ("an echo of the request", rtuFrame([1, 4, 0, 100, 0, 3]), []),
    ] as [(String, [UInt8], [UInt8])])
  func theReplyIsFoundAmong(name: String, before: [UInt8], behind: [UInt8]) async throws {
    let line = try HostileLine { _, r in [.send(before + rtuReply(r) + behind)] }
    let bus = try bus(line)
    #expect(await bus.read(request, unitID: 1) == data, "\(name)")
    #expect(await bus.read(request, unitID: 1) == data, "\(name), the next request")
  }

  @Test func aWrongChecksumIsNoValueAndIsCalledThat() async throws {
    let line = try HostileLine { _, r in
      var bytes = rtuReply(r)
      bytes[4] ^= 1
      return [.send(bytes)]
    }
    guard case .failed(.crc(let bytes)) = await (try bus(line)).read(request, unitID: 1) else {
      Issue.record("not a checksum error")
      return
    }
    #expect(bytes.count == 11)
  }

  @Test func aForeignFrameInPlaceOfTheReplyIsNoValue() async throws {
    let line = try HostileLine { _, _ in [.send(rtuFrame([9, 4, 6, 0, 1, 0, 2, 0, 3]))] }
    guard case .failed(.malformed) = await (try bus(line)).read(request, unitID: 1) else {
      Issue.record("not malformed")
      return
    }
  }

  @Test func exceptionsAreRefusals() async throws {
    let line = try HostileLine { _, r in [.send(rtuFrame([r[0], r[1] | 0x80, 2]))] }
    #expect(await (try bus(line)).read(request, unitID: 1) == .exception(2))
  }

  @Test func aMissingDeviceIsALinkFailureThatSaysWhatToDo() async throws {
    let bus = try ModbusBus(
      settings: BusSettings(
        id: "l", transport: .rtu(device: "/dev/ttyUSB99", format: SerialFormat(parity: .even), rs485: false)))
    guard case .failed(.link(let why)) = await bus.read(request, unitID: 1) else {
      Issue.record("not a link failure")
      return
    }
    #expect(why.contains("/dev/ttyUSB99") && why.contains("/dev/serial/by-id"))
  }

  @Test func anAdapterThatIsUnpluggedAndPluggedInAgainResumesByItself() async throws {
    // /dev/serial/by-id: a name that points to whatever device the adapter became.
    let name = "/tmp/meterd-by-id-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let first = try HostileLine { number, r in
      if number < 1 { return [.send(rtuReply(r))] }
      unlink(name)  // As udev does; else the name would point to whoever gets the number of that pty next.
      return [.hangUp]
    }
    #expect(symlink(first.device, name) == 0)
    defer { unlink(name) }
    let bus = try ModbusBus(
      settings: BusSettings(
        id: "l", transport: .rtu(device: name, format: SerialFormat(baud: 115_200), rs485: false),
        timeoutMilliseconds: 1000))
    #expect(await bus.read(request, unitID: 1) == data)
    // The adapter is pulled out while a request is under way; later ones find it gone.
    var results: [ReadResult] = []
    while results.count < 3 { results.append(await bus.read(shorter, unitID: 2)) }
    #expect(results.allSatisfy { if case .failed(.link) = $0 { true } else { false } }, "\(results)")
    let second = try HostileLine { _, r in [.send(rtuReply(r))] }
    #expect(symlink(second.device, name) == 0)
    var back: ReadResult = .failed(.timeout)
    for _ in 0..<600 where back != data {
      back = await bus.read(request, unitID: 3)
      if back != data { try await Task.sleep(for: .milliseconds(50)) }
    }
    #expect(back == data)
  }

  @Test func aMeterMaySpeakAtAnotherSpeedThanItsBus() async throws {
    let line = try HostileLine { _, r in [.send(rtuReply(r))] }
    let bus = try bus(line)
    let speed: @Sendable () -> speed_t = {
      var settings = termios()
      let descriptor = open(line.device, O_RDWR | O_NOCTTY)
      defer { close(descriptor) }
      tcgetattr(descriptor, &settings)
      return cfgetospeed(&settings)
    }
    let slow = Device(unitID: 2, format: SerialFormat(baud: 19_200, parity: .even))
    // TIOCEXCL keeps others out of the device while it is open, but not root.
    let results = await bus.withBus { bus in
      [Device(unitID: 1), slow, Device(unitID: 1)].map { device in
        (bus.ask([Ask(.read(request), of: device)])[0].result, speed())
      }
    }
    #expect(results.map(\.0) == [data, data, data])
    if getuid() == 0 { #expect(results.map(\.1) == [speed_t(B115200), speed_t(B19200), speed_t(B115200)]) }
  }

  @Test func aDriverThatDoesNotKnowRS485IsALinkFailureThatSaysWhatToDo() async throws {
    let line = try HostileLine { _, _ in [] }
    let bus = try ModbusBus(
      settings: BusSettings(id: "l", transport: .rtu(device: line.device, format: SerialFormat(), rs485: true)))
    guard case .failed(.link(let why)) = await bus.read(request, unitID: 1) else {
      Issue.record("not a link failure")
      return
    }
    #expect(why.contains("remove 'rs485'"))
  }
}
