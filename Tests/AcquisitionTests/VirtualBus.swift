import Metering
import ModbusProtocol
import Synchronization

@testable import Modbus

/// A bus in memory under a manual clock: devices that answer, fail and lie as a seed says, and a log of all that really
/// happened on the wire, which the archive is compared with afterwards.
final class VirtualBus: WallClock {
  enum Fault: CaseIterable {
    case none, split, junkBefore, junkAfter, foreignBefore
    case silent, late, corrupt, truncated, wrongUnit, wrongFunction, wrongCount
    case exception, busy, cut

    var isRight: Bool { [.none, .split, .junkBefore, .junkAfter, .foreignBefore].contains(self) }
  }

  /// One request as the wire saw it.
  struct Event {
    var unitID: UInt8
    var function: UInt8
    var address: UInt16
    var count: UInt16
    var fault: Fault
    /// What a right reply carries.
    var data: [UInt8]
    var exceptionCode: UInt8?
    var sentAt: UInt64
    /// Whether bytes that belong to something else came while the reply was awaited.
    var isContaminated: Bool
    /// The last byte on the wire before it, either way.
    var lastByteBefore: UInt64
    /// Which slot was being worked on.
    var slot: Int
    /// Which opening of the link it went over.
    var connection: Int
  }

  struct State {
    var nanoseconds: UInt64 = 0
    var generator: SplitMix
    var inbox: [(at: UInt64, bytes: [UInt8])] = []
    var log: [Event] = []
    var isOpen = false
    var slot = 0
    var connection = 0
    /// Openings that ended because the other side closed them.
    var cut: Set<Int> = []
    /// TCP: the device died within a frame; it says nothing more on this connection.
    var isDead = false
    var dead: Set<Int> = []
    var isHealthy = false
    /// A device that is ill stays so for a while, most of all.
    var illness: [UInt8: (fault: Fault, left: Int)] = [:]
    var lastByte: UInt64 = 0
  }

  let isSerial: Bool
  let state: Mutex<State>
  static let timeout: UInt64 = 50_000_000
  static let lateWindow: UInt64 = 200_000_000
  static let start = Timestamp(rfc3339: "2026-11-21T12:00:00Z")!

  init(seed: UInt64, isSerial: Bool) {
    self.isSerial = isSerial
    state = Mutex(State(generator: SplitMix(state: seed)))
  }

  func now() -> Timestamp { VirtualBus.start + Int64(monotonicNanoseconds() / 1_000_000) }
  func monotonicNanoseconds() -> UInt64 { state.withLock { $0.nanoseconds } }
  func advance(to nanoseconds: UInt64) { state.withLock { $0.nanoseconds = max($0.nanoseconds, nanoseconds) } }

  /// A request ADU reaches the devices.
  func receive(_ adu: [UInt8]) {
    let pdu = isSerial ? Array(adu[1..<6]) : Array(adu[7..<12])
    let unitID = isSerial ? adu[0] : adu[6]
    state.withLock { state in
      let number = state.log.count
      let fault = VirtualBus.fault(unitID, isSerial, &state)
      let count = UInt16(pdu[3]) << 8 | UInt16(pdu[4])
      let address = UInt16(pdu[1]) << 8 | UInt16(pdu[2])
      // Every reply says which request it answers: a stale one is recognised whoever takes it for his.
      let data = (0..<count).flatMap { n -> [UInt8] in
        let value = UInt16(truncatingIfNeeded: number &* 251) ^ (address &+ n) &* 31
        return [UInt8(value >> 8), UInt8(value & 0xFF)]
      }
      var event = Event(
        unitID: unitID, function: pdu[0], address: address, count: count, fault: fault, data: data,
        sentAt: state.nanoseconds,
        isContaminated: !state.inbox.isEmpty || state.isDead,
        lastByteBefore: state.lastByte, slot: state.slot, connection: state.connection)
      var reply: [UInt8] = [unitID, pdu[0], UInt8(data.count)] + data
      if fault == .exception || fault == .busy {
        let codes: [UInt8] = fault == .busy ? [5, 6] : [1, 2, 3, 4, 8, 10, 11]
        let code = codes[Int(state.generator.next() % UInt64(codes.count))]
        event.exceptionCode = code
        reply = [unitID, pdu[0] | 0x80, code]
      }
      if fault == .wrongUnit { reply[0] ^= 0x40 }
      if fault == .wrongFunction { reply[1] ^= 7 }
      if fault == .wrongCount { reply = reply.dropLast(2).map { $0 } }
      if fault == .wrongCount { reply[2] -= 2 }
      state.log.append(event)
      if fault == .silent || state.isDead { return }
      if fault == .cut {
        state.inbox.append((state.nanoseconds + 1_000_000, []))
        return
      }
      if fault == .truncated, !isSerial { state.inbox.removeAll { $0.at > state.nanoseconds } }
      var frame = isSerial ? VirtualBus.checksummed(reply) : Array(adu[..<4]) + [0, UInt8(reply.count)] + reply
      let early = VirtualBus.timeout / 4 + state.generator.next() % (VirtualBus.timeout / 2)
      let lateBy = VirtualBus.timeout * 6 / 5 + state.generator.next() % (VirtualBus.lateWindow - VirtualBus.timeout)
      let at = state.nanoseconds + (fault == .late ? lateBy : early)
      if fault == .corrupt {
        frame[Int(state.generator.next() % UInt64(frame.count))] ^= 1 << UInt8(state.generator.next() % 8)
      }
      if fault == .truncated, !isSerial {
        state.isDead = true
        state.dead.insert(state.connection)
      }
      if fault == .truncated { frame.removeLast(1 + Int(state.generator.next() % UInt64(frame.count - 1))) }
      if isSerial {
        let noise = (0..<3).map { _ in UInt8(truncatingIfNeeded: state.generator.next()) }
        if fault == .junkBefore { frame = noise + frame }
        if fault == .junkAfter { frame += noise }
        if fault == .foreignBefore { frame = VirtualBus.checksummed([unitID ^ 0x40, 3, 2, 0, 7]) + frame }
      }
      if fault == .split {
        // The frames of a connection do not mix, those of a serial line can.
        let step: UInt64 = isSerial ? 100_000 : 0
        for (n, byte) in frame.enumerated() { state.inbox.append((at + UInt64(n) * step, [byte])) }
      } else {
        state.inbox.append((at, frame))
      }
      state.inbox.sort { $0.at < $1.at }
    }
  }

  private static func fault(_ unitID: UInt8, _ isSerial: Bool, _ state: inout State) -> Fault {
    if state.isHealthy { return .none }
    if let illness = state.illness[unitID], illness.left > 0 {
      state.illness[unitID]?.left -= 1
      return illness.fault
    }
    if state.generator.next() % 3 > 0 { return .none }
    var fault = Fault.allCases[Int(state.generator.next() % UInt64(Fault.allCases.count))]
    // A stream has no junk and no checksums: what is wrong there shows in the frame.
    if !isSerial, [.junkBefore, .junkAfter, .foreignBefore, .corrupt].contains(fault) { fault = .late }
    state.illness[unitID] = (fault, Int(state.generator.next() % 6))
    return fault
  }

  static func checksummed(_ bytes: [UInt8]) -> [UInt8] {
    let crc = CRC16.checksum(bytes)
    return bytes + [UInt8(crc & 0xFF), UInt8(crc >> 8)]
  }
}

/// The way to a `VirtualBus`.
struct MemoryChannel: ByteChannel {
  let bus: VirtualBus
  var name: String { "memory" }
  var advice: String? { nil }
  var isConnection: Bool { !bus.isSerial }
  var isOpen: Bool { bus.state.withLock { $0.isOpen } }

  mutating func open(timeoutMilliseconds: Int64) -> ChannelFailure? {
    bus.state.withLock { state in
      if !state.isHealthy, state.generator.next() % 8 == 0 { return .because("refused") }
      state.isOpen = true
      // What comes late on a serial line comes whether it was opened anew or not.
      state.inbox.removeAll { !bus.isSerial || $0.bytes.isEmpty }
      state.isDead = false
      state.connection += 1
      return nil
    }
  }

  mutating func close() { bus.state.withLock { $0.isOpen = false } }

  mutating func send(_ bytes: [UInt8]) -> ChannelFailure? {
    // Several TCP requests may come in one write.
    let length = bus.isSerial ? bytes.count : 12
    for start in stride(from: 0, to: bytes.count, by: length) { bus.receive(Array(bytes[start..<(start + length)])) }
    bus.state.withLock { $0.lastByte = $0.nanoseconds }
    return nil
  }

  mutating func receive(into buffer: inout [UInt8], untilNanoseconds deadline: UInt64) -> Received {
    bus.state.withLock { state in
      guard let first = state.inbox.first, first.at <= deadline else {
        state.nanoseconds = max(state.nanoseconds, deadline)
        return .timedOut
      }
      state.inbox.removeFirst()
      state.nanoseconds = max(state.nanoseconds, first.at)
      state.lastByte = state.nanoseconds
      if first.bytes.isEmpty {
        state.cut.insert(state.connection)
        return .lost("cut")
      }
      buffer.replaceSubrange(0..<first.bytes.count, with: first.bytes)
      return .bytes(first.bytes.count)
    }
  }

  mutating func discardInput() -> Bool {
    bus.state.withLock { state in state.inbox.removeAll { $0.at <= state.nanoseconds && !$0.bytes.isEmpty } }
    return true
  }

  mutating func use(_ format: SerialFormat) -> ChannelFailure? { nil }
  func now() -> UInt64 { bus.monotonicNanoseconds() }

  func pause(untilNanoseconds deadline: UInt64) -> Bool {
    bus.advance(to: deadline)
    return true
  }
}

/// A generator that gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
