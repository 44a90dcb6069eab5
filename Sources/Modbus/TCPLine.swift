import ModbusProtocol

/// Modbus TCP on one connection, several transactions at once where the device takes them.
///
/// The frames are our own: libmodbus 3.1.6 sends transaction id 0 for raw requests and does not check unit id, protocol
/// id and length of what comes back, so a late reply would become another request's value.
struct TCPLine<Channel: ByteChannel>: Line {
  private var link: Link<Channel>
  private let settings: BusSettings
  private var exchange: TCPExchange
  private var lastEndNanoseconds: UInt64 = 0
  private var pauseNanoseconds: UInt64 = 0
  private var sendBuffer: [UInt8] = []
  private var sent: UInt64 = 0
  /// Whether a byte has come since then.
  private var hasReceived = false

  init(_ channel: Channel, settings: BusSettings) {
    link = Link(channel, settings)
    self.settings = settings
    exchange = TCPExchange(acceptsAnyUnit: settings.acceptsAnyUnit)
  }

  var isOpen: Bool { link.channel.isOpen }
  var advice: String? { nil }
  var staleReplies: UInt64 { exchange.staleReplies }

  mutating func setTrace(_ trace: (@Sendable (BusTrace) -> Void)?) { link.trace = trace }
  mutating func close() { link.channel.close() }

  mutating func transact(_ asks: [Ask], _ answered: (Int, Answer) -> Void) {
    if asks.count == 1 || settings.pipeline > 1 { return exchangeAll(asks, answered) }
    for (place, ask) in asks.enumerated() { exchangeAll([ask]) { answered(place, $1) } }
  }

  private mutating func exchangeAll(_ asks: [Ask], _ answered: (Int, Answer) -> Void) {
    let wasOpen = isOpen
    var open = Array(repeating: true, count: asks.count)
    func done(_ place: Int, _ answer: Answer) {
      open[place] = false
      answered(place, answer)
    }
    var failure = attempt(asks, done)
    // A connection that was idle may have been closed meanwhile: that is no failure of the device.
    if wasOpen, !isOpen, !hasReceived, case .link? = failure { failure = attempt(asks, done) }
    if let unitID = asks.first?.device.unitID { link.note(unitID, hasReceived: hasReceived) }
    let now = link.channel.now()
    if let failure {
      for place in asks.indices where open[place] { done(place, Answer(.failed(failure), nanoseconds: now - sent)) }
    }
    pauseNanoseconds =
      UInt64(settings.pauseMilliseconds + asks.reduce(0) { max($0, $1.device.pauseMilliseconds) }) * 1_000_000
    lastEndNanoseconds = now
  }

  /// Sends all, collects the replies. What is not answered at the end failed as returned.
  private mutating func attempt(_ asks: [Ask], _ done: (Int, Answer) -> Void) -> ReadResult.Failure? {
    hasReceived = false
    sent = link.channel.now()
    if !isOpen {
      if let failure = link.open() { return failure }
      exchange.reset()
    } else if pauseNanoseconds > 0, !link.channel.pause(untilNanoseconds: lastEndNanoseconds + pauseNanoseconds) {
      return .stopped
    }
    sendBuffer.removeAll(keepingCapacity: true)
    for (place, ask) in asks.enumerated() {
      exchange.ask(ask.query, unitID: ask.device.unitID, place: place, to: &sendBuffer)
    }
    defer { exchange.giveUp() }
    sent = link.channel.now()
    if let failure = link.send(sendBuffer) { return failure }
    let timeout = asks.reduce(0) { max($0, $1.device.timeoutMilliseconds ?? settings.timeoutMilliseconds) } * 1_000_000
    var deadline = sent + UInt64(timeout)
    while exchange.isWaiting {
      switch link.receive(untilNanoseconds: deadline) {
      case .bytes(let count):
        hasReceived = true
        exchange.receive(link.buffer[..<count])
      case .timedOut:
        // A frame that stops in the middle: where the next one begins can no longer be told.
        if exchange.isWithinFrame { link.channel.close() }
        return .timeout
      case .stopped: return .stopped
      case .lost(let why): return link.lost(.because(why))
      }
      while let event = exchange.next() {
        switch event {
        case .finished(let place, let result):
          let now = link.channel.now()
          // A converter works one request after the other: each has its own time.
          deadline = now + UInt64(timeout)
          done(place, Answer(result, nanoseconds: now - sent))
        case .desynchronised(let bytes):
          link.channel.close()
          return .malformed(bytes)
        }
      }
    }
    return nil
  }
}
