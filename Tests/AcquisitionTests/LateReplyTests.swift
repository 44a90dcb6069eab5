import ModbusProtocol
import Testing

@testable import Modbus

/// Late replies and lost connections, on a line in memory: each of these once gave a value that was another request's.
@Suite struct LateReplyTests {
  private static let milliseconds: UInt64 = 1_000_000

  /// What comes when, and what happens when something is sent.
  private final class Wire {
    var now: UInt64 = 1
    var inbox: [(at: UInt64, bytes: [UInt8])] = []
    var isOpen = false
    var sent = 0
    var onSend: ([UInt8], Wire) -> Void = { _, _ in }

    func reply(after time: UInt64, _ bytes: [UInt8]) {
      inbox.append((now + time * milliseconds, VirtualBus.checksummed(bytes)))
    }
  }

  private struct WireChannel: ByteChannel {
    let wire: Wire
    var isConnection = false
    var name: String { "wire" }
    var advice: String? { nil }
    var isOpen: Bool { wire.isOpen }
    mutating func open(timeoutMilliseconds: Int64) -> ChannelFailure? {
      wire.isOpen = true
      return nil
    }
    mutating func close() { wire.isOpen = false }
    mutating func send(_ bytes: [UInt8]) -> ChannelFailure? {
      wire.sent += 1
      wire.onSend(bytes, wire)
      return nil
    }
    mutating func receive(into buffer: inout [UInt8], untilNanoseconds deadline: UInt64) -> Received {
      wire.inbox.sort { $0.at < $1.at }
      guard let first = wire.inbox.first, first.at <= deadline else {
        wire.now = max(wire.now, deadline)
        return .timedOut
      }
      wire.inbox.removeFirst()
      wire.now = max(wire.now, first.at)
      if first.bytes.isEmpty { return .lost("closed") }
      buffer.replaceSubrange(0..<first.bytes.count, with: first.bytes)
      return .bytes(first.bytes.count)
    }
    mutating func discardInput() -> Bool {
      wire.inbox.removeAll { $0.at <= wire.now && !$0.bytes.isEmpty }
      return true
    }
    mutating func use(_ format: SerialFormat) -> ChannelFailure? { nil }
    func now() -> UInt64 { wire.now }
    func pause(untilNanoseconds deadline: UInt64) -> Bool {
      wire.now = max(wire.now, deadline)
      return true
    }
  }

  private func line(_ wire: Wire, isConnection: Bool = false) -> RTULine<WireChannel> {
    let transport: BusSettings.Transport =
      isConnection
      ? .rtuOverTCP(host: "x", port: 1, format: SerialFormat())
      : .rtu(device: "x", format: SerialFormat(), rs485: false)
    let settings = BusSettings(id: "b", transport: transport, timeoutMilliseconds: 500)
    return RTULine(WireChannel(wire: wire, isConnection: isConnection), settings: settings, format: SerialFormat())
  }

  private func read(_ line: inout RTULine<WireChannel>, _ address: Int, _ count: Int, of unitID: UInt8 = 1)
    -> ReadResult
  {
    var result: ReadResult = .failed(.stopped)
    guard let request = ReadRequest(function: .readHoldingRegisters, address: address, count: count) else {
      return result
    }
    line.transact([Ask(.read(request), of: Device(unitID: unitID))]) { result = $1.result }
    return result
  }

  private func isHeld(_ result: ReadResult) -> Bool { if case .failed(.held) = result { true } else { false } }

  /// A times out; B gets A's late exception while its own reply is late; C, of B's shape, must not get that.
  @Test func anExceptionInDoubtDoesNotHideThatTheReplyIsStillToCome() {
    let wire = Wire()
    wire.onSend = { _, wire in
      switch wire.sent {
      case 1: wire.reply(after: 700, [1, 0x83, 6])
      case 2: wire.reply(after: 620, [1, 3, 4, 0xBB, 0xBB, 0xBB, 0xBB])
      default: wire.reply(after: 620, [1, 3, 4, 0xCC, 0xCC, 0xCC, 0xCC])
      }
    }
    var line = line(wire)
    #expect(read(&line, 0, 10) == .failed(.timeout))
    #expect(read(&line, 100, 2) == .exception(6))
    #expect(isHeld(read(&line, 200, 2)))
  }

  /// The converter forwards X, then closes; X is sent again; the meter answers twice. The second answer is not Y's.
  @Test func aRequestThatWasSentTwiceHasTwoAnswers() {
    let wire = Wire()
    wire.onSend = { _, wire in
      switch wire.sent {
      case 1: wire.reply(after: 50, [1, 3, 4, 0x11, 0x11, 0x11, 0x11])
      case 2:
        wire.inbox.append((wire.now + 20 * LateReplyTests.milliseconds, []))
        wire.reply(after: 60, [1, 3, 4, 0xAA, 0xAA, 0xAA, 0xAA])
      case 3: wire.reply(after: 200, [1, 3, 4, 0xAA, 0xAA, 0xAA, 0xAA])
      default: wire.reply(after: 300, [1, 3, 4, 0xCC, 0xCC, 0xCC, 0xCC])
      }
    }
    var line = line(wire, isConnection: true)
    #expect(read(&line, 0, 2) == .data([0x11, 0x11, 0x11, 0x11]))
    #expect(read(&line, 100, 2) == .data([0xAA, 0xAA, 0xAA, 0xAA]))
    #expect(isHeld(read(&line, 200, 2)))
  }

  /// A connection through which others answer is not closed because of dead units.
  @Test func deadUnitsDoNotCloseAConnectionThatWorks() {
    let wire = Wire()
    wire.onSend = { bytes, wire in if bytes[0] > 3 { wire.reply(after: 30, [bytes[0], 3, 4, 1, 1, 1, 1]) } }
    var line = line(wire, isConnection: true)
    for unitID in 1...3 as ClosedRange<UInt8> { #expect(read(&line, 0, 2, of: unitID) == .failed(.timeout)) }
    #expect(wire.isOpen && read(&line, 0, 2, of: 4) == .data([1, 1, 1, 1]))
  }

  /// 17 to 24 coils at 0x03xx: the echo of the request has the shape and checksum of a right reply.
  @Test func anEchoThatNobodyToldOfIsNoReply() throws {
    let wire = Wire()
    wire.onSend = { bytes, wire in wire.inbox.append((wire.now + LateReplyTests.milliseconds, bytes)) }
    var line = line(wire)
    let coils = try #require(ReadRequest(function: .readCoils, address: 0x0300, count: 20))
    var result: ReadResult = .failed(.stopped)
    line.transact([Ask(.read(coils), of: Device(unitID: 1))]) { result = $1.result }
    guard case .failed(.malformed) = result else {
      Issue.record("\(result)")
      return
    }
  }
}
