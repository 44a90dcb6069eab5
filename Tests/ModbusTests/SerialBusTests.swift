import Modbus
import ModbusProtocol
import Testing

private let request = ReadRequest(function: .readInputRegisters, address: 100, count: 3)!
private let shorter = ReadRequest(function: .readInputRegisters, address: 200, count: 2)!
private let data: ReadResult = .data([0, 100, 0, 101, 0, 102])
private let shorterData: ReadResult = .data([0, 200, 0, 201])

private func framed(_ bytes: [UInt8]) -> [UInt8] {
  let crc = CRC16.checksum(bytes)
  return bytes + [UInt8(crc & 0xFF), UInt8(crc >> 8)]
}

/// A good reply to a request frame: register n of the reply holds address + n.
private func reply(_ request: [UInt8]) -> [UInt8] {
  let address = UInt16(request[2]) << 8 | UInt16(request[3])
  let data = (0..<UInt16(request[5])).flatMap { n in [UInt8((address + n) >> 8), UInt8((address + n) & 0xFF)] }
  return framed([request[0], request[1], UInt8(data.count)] + data)
}

/// A pty in place of the line, libmodbus setting it up and sending as in the field.
@Suite struct SerialBusTests {
  private func bus(_ line: HostileLine, timeout: Int64 = 2000) throws -> ModbusBus {
    try ModbusBus(
      settings: BusSettings(
        id: "l", transport: .rtu(device: line.device, baud: 115_200, parity: .none, stopBits: 1),
        timeoutMilliseconds: timeout))
  }

  @Test func readsAndSendsFramesOfTheStandard() async throws {
    let line = try HostileLine { _, r in [.send(reply(r))] }
    #expect(await (try bus(line)).read(request, unitID: 17) == data)
    #expect(line.received == [framed([17, 4, 0, 100, 0, 3])])
  }

  /// design/modbus.md: with libmodbus alone every read after a timeout returned the previous block, 5 of 5 wrong.
  @Test func aLateReplyNeverBecomesTheNextRequestsValue() async throws {
    // The first request gets no answer in time; its answer comes just before that of the second one sent.
    let late = Late()
    let line = try HostileLine { number, r in
      if number == 0 {
        late.keep(reply(r))
        return []
      }
      return [.send(late.kept), .send(reply(r))]
    }
    let bus = try bus(line)
    // One after the other on the bus's thread, well within the late window of 2 s.
    let results = await bus.withBus { bus in [request, request, shorter].map { bus.read($0, unitID: 1) } }
    #expect(results[0] == .failed(.timeout))
    // The same shape could not be told apart, so it is not asked; another length can.
    #expect(results[1] == .failed(.held))
    #expect(results[2] == shorterData)
    #expect(bus.currentStatistics.timeouts >= 1)
  }

  @Test func anotherUnitIsNotHeldByALateReply() async throws {
    let line = try HostileLine { number, r in number == 0 ? [] : [.send(reply(r))] }
    let bus = try bus(line)
    #expect(await bus.read(request, unitID: 1) == .failed(.timeout))
    #expect(await bus.read(request, unitID: 2) == data)
  }

  @Test(
    arguments: [
      ("junk before", [0xFF, 0x00, 0x55], []), ("junk behind", [], [0xFF, 0x00, 0x55]),
      ("a foreign frame before", framed([9, 4, 2, 0, 7]), []),
      ("an echo of the request", framed([1, 4, 0, 100, 0, 3]), []),
    ] as [(String, [UInt8], [UInt8])])
  func theReplyIsFoundAmong(name: String, before: [UInt8], behind: [UInt8]) async throws {
    let line = try HostileLine { _, r in [.send(before + reply(r) + behind)] }
    let bus = try bus(line)
    #expect(await bus.read(request, unitID: 1) == data, "\(name)")
    #expect(await bus.read(request, unitID: 1) == data, "\(name), the next request")
  }

  @Test func aWrongChecksumIsNoValueAndIsCalledThat() async throws {
    let line = try HostileLine { _, r in
      var bytes = reply(r)
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
    let line = try HostileLine { _, _ in [.send(framed([9, 4, 6, 0, 1, 0, 2, 0, 3]))] }
    guard case .failed(.malformed) = await (try bus(line)).read(request, unitID: 1) else {
      Issue.record("not malformed")
      return
    }
  }

  @Test func exceptionsAreRefusals() async throws {
    let line = try HostileLine { _, r in [.send(framed([r[0], r[1] | 0x80, 2]))] }
    #expect(await (try bus(line)).read(request, unitID: 1) == .exception(2))
  }

  @Test func aMissingDeviceIsALinkFailureThatSaysWhatToDo() async throws {
    let bus = try ModbusBus(
      settings: BusSettings(
        id: "l", transport: .rtu(device: "/dev/ttyUSB99", baud: 9600, parity: .even, stopBits: 1)))
    guard case .failed(.link(let why)) = await bus.read(request, unitID: 1) else {
      Issue.record("not a link failure")
      return
    }
    #expect(why.contains("/dev/ttyUSB99") && why.contains("/dev/serial/by-id"))
  }
}
