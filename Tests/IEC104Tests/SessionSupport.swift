@testable import IEC104

/// Milliseconds as the machines count time.
func milliseconds(_ count: UInt64) -> UInt64 { count * 1_000_000 }

/// The other side, by hand: every frame an octet string.
enum Frames {
  static let startActivation: [UInt8] = [0x68, 4, 0x07, 0, 0, 0]
  static let startConfirmation: [UInt8] = [0x68, 4, 0x0B, 0, 0, 0]
  static let stopActivation: [UInt8] = [0x68, 4, 0x13, 0, 0, 0]
  static let stopConfirmation: [UInt8] = [0x68, 4, 0x23, 0, 0, 0]
  static let testActivation: [UInt8] = [0x68, 4, 0x43, 0, 0, 0]
  static let testConfirmation: [UInt8] = [0x68, 4, 0x83, 0, 0, 0]

  static func s(_ receiveNumber: UInt64) -> [UInt8] { [0x68, 4, 1, 0] + octets(receiveNumber) }

  static func i(_ sendNumber: UInt64, _ receiveNumber: UInt64 = 0, _ asdu: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
    [0x68, UInt8(4 + asdu.count)] + octets(sendNumber) + octets(receiveNumber) + asdu
  }

  static func i(_ sendNumbers: Range<UInt64>, _ receiveNumber: UInt64 = 0) -> [UInt8] {
    sendNumbers.flatMap { i($0, receiveNumber) }
  }

  /// A sequence number as IEC 60870-5-104 figure 6 lays it: low seven bits above a 0, then the high eight.
  private static func octets(_ number: UInt64) -> [UInt8] {
    let number = number % 32_768
    return [UInt8(number % 128) << 1, UInt8(number / 128)]
  }
}

/// A session with a clock that is set by hand.
struct SessionBench {
  var session: Session
  var now: UInt64 = milliseconds(1_000)
  var delivered: [[UInt8]] = []

  init(_ role: Session.Role = .controlling, _ parameters: SessionParameters = SessionParameters()) {
    session = Session(role: role, parameters: parameters)
  }

  /// Opened and started, with nothing left to write.
  static func started(_ role: Session.Role = .controlling, _ parameters: SessionParameters = SessionParameters())
    -> SessionBench
  {
    var bench = SessionBench(role, parameters)
    bench.session.opened(at: bench.now)
    bench.session.start(at: bench.now)
    bench.receive(role == .controlling ? Frames.startConfirmation : Frames.startActivation)
    _ = bench.session.takeOutgoing()
    _ = bench.session.takeEvents()
    return bench
  }

  /// Nothing was received or sent before these many frames in each direction.
  mutating func pretend(received: UInt64 = 0, sent: UInt64 = 0) {
    (session.received, session.committed, session.acknowledged, session.asked) = (
      received, received, received, received
    )
    (session.sent, session.confirmed) = (sent, sent)
  }

  mutating func receive(_ bytes: [UInt8]) {
    var new: [[UInt8]] = []
    bytes.withUnsafeBytes { session.receive($0, at: now) { new.append(Array($0)) } }
    delivered += new
  }

  mutating func send(_ count: Int = 1) { for _ in 0..<count { _ = session.send(SessionBench.asdu, at: now) } }
  mutating func commit(_ frame: UInt64) { session.committed(through: frame, at: now) }
  mutating func start() { session.start(at: now) }
  mutating func stop() { session.stop(at: now) }

  /// Time goes on, and what is due is carried out on the way.
  mutating func pass(_ count: UInt64) {
    let end = now + milliseconds(count)
    var ticks = 0
    while let next = session.nextDeadline, next <= end, ticks < 1_000 {
      now = max(now, next)
      session.tick(at: now)
      ticks += 1
    }
    precondition(ticks < 1_000, "the deadline does not move")
    now = end
    session.tick(at: now)
  }

  /// Frames that were written since the last call.
  mutating func written() -> [[UInt8]] {
    var rest = session.takeOutgoing()[...]
    var frames: [[UInt8]] = []
    while let length = rest.dropFirst().first {
      frames.append(Array(rest.prefix(2 + Int(length))))
      rest = rest.dropFirst(2 + Int(length))
    }
    return frames
  }

  static let asduOctets: [UInt8] = [100, 1, 6, 0, 1, 0, 0, 0, 0, 20]
  static let asdu: OutgoingASDU = {
    guard let asdu = try? OutgoingASDU.interrogation(commonAddress: 1) else { preconditionFailure() }
    return asdu
  }()
}

/// What can happen to a session.
enum SessionStep: Sendable {
  case open
  case start
  case stop
  case receive([UInt8])
  case send(Int)
  case commit(UInt64)
  case pass(UInt64)
  case closed

  func carryOut(_ bench: inout SessionBench) {
    switch self {
    case .open: bench.session.opened(at: bench.now)
    case .start: bench.start()
    case .stop: bench.stop()
    case .receive(let bytes): bench.receive(bytes)
    case .send(let count): bench.send(count)
    case .commit(let frame): bench.commit(frame)
    case .pass(let count): bench.pass(count)
    case .closed: bench.session.closed(.peerClosed)
    }
  }
}
