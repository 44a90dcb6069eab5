import ModbusProtocol

/// RTU frames on a serial device or through a converter, one transaction at a time.
struct RTULine<Channel: ByteChannel>: Line {
  private var link: Link<Channel>
  private let settings: BusSettings
  private let busFormat: SerialFormat
  /// When the line last carried a byte, as far as we know.
  private var lastByteNanoseconds: UInt64 = 0
  /// What the device asked last wants on top of T3.5.
  private var pauseNanoseconds: UInt64 = 0
  /// After a failure its answer may still come: until then that unit is asked nothing of the same shape.
  private var late: [Late] = []

  private struct Late {
    var unitID: UInt8
    var functionCode: UInt8
    var replyLength: Int
    var until: UInt64
  }

  init(_ channel: Channel, settings: BusSettings, format: SerialFormat) {
    link = Link(channel, settings)
    self.settings = settings
    busFormat = format
  }

  var isOpen: Bool { link.channel.isOpen }
  var advice: String? { link.channel.advice }
  private(set) var staleReplies: UInt64 = 0

  mutating func setTrace(_ trace: (@Sendable (BusTrace) -> Void)?) { link.trace = trace }
  mutating func close() { link.channel.close() }
  mutating func transact(_ asks: [Ask], _ answered: (Int, Answer) -> Void) {
    for (place, ask) in asks.enumerated() { answered(place, transact(ask)) }
  }

  private mutating func transact(_ ask: Ask) -> Answer {
    let wasOpen = isOpen
    let answer = attempt(ask, mayBeRepeated: wasOpen && link.channel.isConnection)
    if let answer { return answer }
    // The connection was closed just then: that is no failure of the device. But it may have got both requests.
    let repeated = attempt(ask, mayBeRepeated: false) ?? Answer(.failed(.stopped))
    expectLate(ask, until: link.channel.now())
    return repeated
  }

  /// - Returns: nil where the connection turned out to be closed before a byte came, and that may be repeated.
  private mutating func attempt(_ ask: Ask, mayBeRepeated: Bool) -> Answer? {
    let wasOpen = isOpen
    if let failure = link.open() { return Answer(.failed(failure)) }
    if !wasOpen { lastByteNanoseconds = link.channel.now() }
    let now = link.channel.now()
    late.removeAll { $0.until <= now }
    let expected = late.filter { $0.unitID == ask.device.unitID && $0.functionCode == ask.query.functionCode }
    var transaction = RTUTransaction(
      query: ask.query, unitID: ask.device.unitID, echoes: settings.echoes, doubtsExceptions: !expected.isEmpty)
    if let until = expected.filter({ $0.replyLength == ask.query.longestReplyPDU }).map(\.until).max() {
      return Answer(.failed(.held(nanoseconds: until - now)))
    }
    let format = ask.device.format ?? busFormat
    guard keepSilence(format.timing) else { return Answer(.failed(.stopped)) }
    if let failure = link.channel.use(format) { return Answer(.failed(link.lost(failure))) }
    if !link.channel.discardInput() {
      // Closed while it was idle.
      link.channel.close()
      if let failure = link.open() { return Answer(.failed(failure)) }
    }
    if let failure = link.send(transaction.frame) { return mayBeRepeated ? nil : Answer(.failed(failure)) }
    let sent = link.channel.now()
    // The device's time counts to the first byte.
    let requestTime = format.timing.nanoseconds(characters: transaction.frame.count) + format.timing.t35Nanoseconds
    let timeout = (ask.device.timeoutMilliseconds ?? settings.timeoutMilliseconds) * 1_000_000
    let deadline = sent + UInt64(requestTime + timeout)
    let result = receive(&transaction, firstByteBy: deadline, format.timing)
    lastByteNanoseconds = link.channel.now()
    pauseNanoseconds = UInt64(settings.pauseMilliseconds + ask.device.pauseMilliseconds) * 1_000_000
    var answer = Answer(result, nanoseconds: lastByteNanoseconds - sent)
    if mayBeRepeated, !isOpen, transaction.received.isEmpty, case .failed(.link) = result { return nil }
    link.note(ask.device.unitID, hasReceived: !transaction.received.isEmpty)
    switch result {
    case .exception where transaction.isInDoubt:
      // Its own answer may still come.
      expectLate(ask, until: max(lastByteNanoseconds, deadline))
      if isOpen { _ = drain(format.timing) }
    case .data, .exception: answer.turnaroundNanoseconds = turnaround(answer, transaction, format.timing)
    case .failed(.stopped): break
    case .failed:
      expectLate(ask, until: max(lastByteNanoseconds, deadline))
      if isOpen, drain(format.timing), result == .failed(.timeout) { staleReplies += 1 }
    }
    return answer
  }

  private mutating func receive(
    _ transaction: inout RTUTransaction, firstByteBy first: UInt64, _ timing: SerialTiming
  ) -> ReadResult {
    // The reply's time on the wire comes on top; bounded in total.
    let last = first + UInt64(timing.nanoseconds(characters: transaction.longestReply))
    let echo = settings.echoes ? transaction.frame.count : 0
    while true {
      switch link.receive(untilNanoseconds: transaction.received.count > echo ? last : first) {
      case .bytes(let count):
        if let result = transaction.receive(link.buffer[..<count]) { return result }
      case .timedOut: return transaction.resultAtDeadline
      case .stopped: return .failed(.stopped)
      case .lost(let why): return .failed(link.lost(.because(why)))
      }
    }
  }

  private mutating func expectLate(_ ask: Ask, until end: UInt64) {
    let entry = Late(
      unitID: ask.device.unitID, functionCode: ask.query.functionCode, replyLength: ask.query.longestReplyPDU,
      until: end + UInt64(settings.lateWindowMilliseconds) * 1_000_000)
    late.removeAll {
      $0.unitID == entry.unitID && $0.functionCode == entry.functionCode && $0.replyLength == entry.replyLength
    }
    late.append(entry)
  }

  /// Reads until the line is quiet.
  /// - Returns: whether anything came.
  private mutating func drain(_ timing: SerialTiming) -> Bool {
    var hasCome = false
    // T3.5, and 20 ms at least: USB adapters deliver in lumps. A line that never rests is left after a second.
    let silence = UInt64(max(timing.t35Nanoseconds, 20_000_000))
    let end = lastByteNanoseconds + 1_000_000_000
    while link.channel.now() < end {
      switch link.receive(untilNanoseconds: link.channel.now() + silence) {
      case .bytes:
        lastByteNanoseconds = link.channel.now()
        hasCome = true
      case .timedOut, .stopped: return hasCome
      case .lost(let why):
        _ = link.lost(.because(why))
        return hasCome
      }
    }
    return hasCome
  }

  /// T3.5 since the last byte, and the pause; false where the bus is stopping.
  private func keepSilence(_ timing: SerialTiming) -> Bool {
    link.channel.pause(untilNanoseconds: lastByteNanoseconds + UInt64(timing.t35Nanoseconds) + pauseNanoseconds)
  }

  private func turnaround(_ answer: Answer, _ transaction: RTUTransaction, _ timing: SerialTiming) -> UInt64 {
    let reply = if case .data(let data) = answer.result { 5 + data.count } else { 5 }
    let wire = timing.nanoseconds(characters: transaction.frame.count + reply) + timing.t35Nanoseconds
    return UInt64(max(0, Int64(answer.nanoseconds) - wire))
  }
}
