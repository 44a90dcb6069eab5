import ModbusProtocol

/// After a link failed, the next try waits, growing from 1 s to 5 s; requests in between fail at once with the reason.
struct Backoff {
  private var untilNanoseconds: UInt64 = 0
  private var waitNanoseconds: UInt64 = 0
  private var why = ""

  func reasonToWait(now: UInt64) -> String? { now < untilNanoseconds ? why : nil }

  mutating func failed(_ why: String, now: UInt64) {
    waitNanoseconds = min(max(waitNanoseconds * 2, 1_000_000_000), 5_000_000_000)
    untilNanoseconds = now + waitNanoseconds
    self.why = why
  }

  mutating func succeeded() { self = Backoff() }
}

/// A channel that is opened when it is needed, with pauses between failures.
struct Link<Channel: ByteChannel> {
  var channel: Channel
  var trace: (@Sendable (BusTrace) -> Void)?
  private var retry = Backoff()
  private var silentExchanges = 0
  /// Units that have answered on this connection.
  private var answering: Set<UInt8> = []
  private let pauseAfterConnectNanoseconds: UInt64
  /// A connection through a converter takes longer than an answer on it.
  private let timeoutMilliseconds: Int64
  private(set) var buffer = [UInt8](repeating: 0, count: 1024)

  init(_ channel: Channel, _ settings: BusSettings) {
    self.channel = channel
    pauseAfterConnectNanoseconds = UInt64(settings.pauseAfterConnectMilliseconds) * 1_000_000
    timeoutMilliseconds = max(settings.timeoutMilliseconds, 1000)
  }

  mutating func open() -> ReadResult.Failure? {
    if channel.isOpen { return nil }
    if let why = retry.reasonToWait(now: channel.now()) { return .link(why) }
    switch channel.open(timeoutMilliseconds: timeoutMilliseconds) {
    case nil:
      retry.succeeded()
      silentExchanges = 0
      answering = []
      return channel.pause(untilNanoseconds: channel.now() + pauseAfterConnectNanoseconds) ? nil : .stopped
    case .stopped?: return .stopped
    case .because(let why)?:
      let text = "\(channel.name): \(why)"
      retry.failed(text, now: channel.now())
      return .link(text)
    }
  }

  /// Nil when all of it is on its way; else the link is closed.
  mutating func send(_ bytes: [UInt8]) -> ReadResult.Failure? {
    trace?(.sent(bytes))
    return channel.send(bytes).map { lost($0) }
  }

  mutating func receive(untilNanoseconds deadline: UInt64) -> Received {
    let received = channel.receive(into: &buffer, untilNanoseconds: deadline)
    if let trace, case .bytes(let count) = received { trace(.received(Array(buffer[..<count]))) }
    return received
  }

  mutating func lost(_ failure: ChannelFailure) -> ReadResult.Failure {
    guard case .because(let why) = failure else { return .stopped }
    channel.close()
    return .link("\(channel.name): \(why)")
  }

  /// Called after each exchange with a unit. A connection on which units that did answer on it have been silent some times in
  /// a row may be dead without anybody having said so (a router in between forgot it): it is opened anew.
  mutating func note(_ unitID: UInt8, hasReceived: Bool) {
    guard channel.isConnection, channel.isOpen else { return }
    if hasReceived {
      silentExchanges = 0
      answering.insert(unitID)
    } else if answering.contains(unitID) {
      silentExchanges += 1
      if silentExchanges >= Link.silentExchangesBeforeReopening { channel.close() }
    }
  }

  private static var silentExchangesBeforeReopening: Int { 3 }
}
