import ModbusProtocol
import Testing

private let tenRegisters = ReadRequest(function: .readHoldingRegisters, address: 0x006B, count: 3)!

/// MODBUS Application Protocol V1.1b3, clause 6.3: the example of function 3.
@Suite struct ReadRequestTests {
  @Test func encodesTheExampleOfTheStandard() {
    var pdu: [UInt8] = []
    tenRegisters.appendPDU(to: &pdu)
    #expect(pdu == [0x03, 0x00, 0x6B, 0x00, 0x03])
    let reply: [UInt8] = [0x03, 0x06, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64]
    #expect(tenRegisters.interpret(pdu: reply) == .data([0x02, 0x2B, 0x00, 0x00, 0x00, 0x64]))
  }

  @Test(arguments: [(0, 0), (0, 126), (65_535, 2), (-1, 1), (65_536, 1)])
  func refusesWhatTheProtocolDoes(address: Int, count: Int) {
    #expect(ReadRequest(function: .readInputRegisters, address: address, count: count) == nil)
  }

  @Test(arguments: [(ReadFunction.readCoils, 2000, 250), (.readDiscreteInputs, 9, 2), (.readInputRegisters, 125, 250)])
  func knowsTheLengthOfTheReply(function: ReadFunction, count: Int, bytes: Int) {
    #expect(ReadRequest(function: function, address: 0, count: count)?.dataLength == bytes)
  }

  @Test(arguments: [
    [UInt8](), [0x03], [0x03, 0x06], [0x04, 0x06, 0, 0, 0, 0, 0, 0], [0x03, 0x04, 0, 0, 0, 0],
    [0x03, 0x06, 0, 0, 0, 0, 0, 0, 0], [0x83], [0x83, 0x02, 0x00], [0x84, 0x02],
  ])
  func isNoAnswer(pdu: [UInt8]) { #expect(tenRegisters.interpret(pdu: pdu) == nil) }

  @Test func anExceptionIsAnAnswer() { #expect(tenRegisters.interpret(pdu: [0x83, 0x02]) == .exception(2)) }
}

@Suite struct TCPExchangeTests {
  private static let good: [UInt8] = [0x12, 0x34, 0, 0, 0, 9, 17, 3, 6, 0, 1, 0, 2, 0, 3]
  private static let data: ReadResult = .data([0, 1, 0, 2, 0, 3])

  /// A connection on which one request has been sent, with transaction id 0x1234.
  private func asked(anyUnit: Bool = false) -> TCPExchange {
    var exchange = TCPExchange(acceptsAnyUnit: anyUnit, transactionID: 0x1233)
    var bytes: [UInt8] = []
    exchange.ask(.read(tenRegisters), unitID: 17, place: 0, to: &bytes)
    return exchange
  }

  private func event(_ exchange: inout TCPExchange, _ bytes: some Sequence<UInt8>) -> TCPExchange.Event? {
    exchange.receive(Array(bytes)[...])
    return exchange.next()
  }

  private static func finished(_ result: ReadResult) -> TCPExchange.Event { .finished(place: 0, result) }

  @Test func sendsMBAPAndPDU() {
    var exchange = TCPExchange(transactionID: 0x1233)
    var bytes: [UInt8] = []
    exchange.ask(.read(tenRegisters), unitID: 17, place: 0, to: &bytes)
    #expect(bytes == [0x12, 0x34, 0, 0, 0, 6, 17, 3, 0, 0x6B, 0, 3])
    bytes = []
    exchange.ask(.identify(.init()), unitID: 17, place: 1, to: &bytes)
    #expect(bytes == [0x12, 0x35, 0, 0, 0, 5, 17, 43, 14, 1, 0])
  }

  @Test func everySplitOfTheReplyGivesTheSame() {
    let late: [UInt8] = [0x12, 0x33, 0, 0, 0, 9, 17, 3, 6, 9, 9, 9, 9, 9, 9]
    let stream = late + Self.good
    for first in 0...stream.count {
      for second in first...stream.count {
        var t = asked()
        var events: [TCPExchange.Event] = []
        for part in [stream[..<first], stream[first..<second], stream[second...]] {
          t.receive(part)
          while let event = t.next() { events.append(event) }
        }
        #expect(events == [Self.finished(Self.data)] && t.staleReplies == 1)
      }
    }
  }

  @Test func bytesOneByOne() {
    var t = asked()
    for byte in Self.good.dropLast() { #expect(event(&t, [byte]) == nil) }
    #expect(event(&t, Self.good.suffix(1)) == Self.finished(Self.data))
  }

  @Test func anUnfinishedLateReplyDoesNotDisturbTheNextTransaction() {
    let late: [UInt8] = [0x12, 0x34, 0, 0, 0, 9, 17, 3, 6, 9, 9, 9, 9, 9, 9]
    let next: [UInt8] = [0x12, 0x35, 0, 0, 0, 9, 17, 3, 6, 0, 1, 0, 2, 0, 3]
    var t = asked()
    #expect(event(&t, late.prefix(8)) == nil)
    t.giveUp()
    var bytes: [UInt8] = []
    t.ask(.read(tenRegisters), unitID: 17, place: 0, to: &bytes)
    #expect(event(&t, late.dropFirst(8) + next) == Self.finished(Self.data))
    #expect(t.staleReplies == 1)
  }

  @Test func requestsInFlightAreToldApartInAnyOrder() {
    let requests = (1...4).compactMap { ReadRequest(function: .readHoldingRegisters, address: 0, count: $0) }
    var t = TCPExchange(transactionID: 0xFFFE)  // Ids wrap while they wait.
    var sent: [UInt8] = []
    for (place, request) in requests.enumerated() { t.ask(.read(request), unitID: 1, place: place, to: &sent) }
    let replies = requests.enumerated().map { place, request -> [UInt8] in
      let id = UInt16(0xFFFF) &+ UInt16(place)
      let data = [UInt8](repeating: UInt8(place), count: request.dataLength)
      return [UInt8(id >> 8), UInt8(id & 0xFF), 0, 0, 0, UInt8(3 + data.count), 1, 3, UInt8(data.count)] + data
    }
    var events: [TCPExchange.Event] = []
    t.receive((replies[2] + replies[0] + replies[3] + replies[1])[...])
    while let event = t.next() { events.append(event) }
    let expected = [2, 0, 3, 1].map { place in
      TCPExchange.Event.finished(place: place, .data([UInt8](repeating: UInt8(place), count: 2 * (place + 1))))
    }
    #expect(events == expected && !t.isWaiting && t.staleReplies == 0)
  }

  @Test func anyUnitMayAnswerWhereThatIsAllowed() {
    var reply = Self.good
    reply[6] = 255
    var strict = asked()
    #expect(event(&strict, reply) == Self.finished(.failed(.malformed(reply))))
    var lenient = asked(anyUnit: true)
    #expect(event(&lenient, reply) == Self.finished(Self.data))
  }

  @Test(arguments: [
    ("protocol id", [0x12, 0x34, 0, 1, 0, 9, 17, 3, 6, 0, 1, 0, 2, 0, 3]),
    ("length 1", [0x12, 0x34, 0, 0, 0, 1, 17]),
    ("length 255", [0x12, 0x34, 0, 0, 0, 255, 17]),
    ("text", Array("HTTP/1.1 400".utf8)),
  ])
  func aStreamOutOfStepIsGivenUp(name: String, bytes: [UInt8]) {
    var t = asked()
    guard case .desynchronised = event(&t, bytes) else {
      Issue.record("\(name) was taken for Modbus")
      return
    }
  }

  @Test(
    arguments: [
      ("unit", [0x12, 0x34, 0, 0, 0, 9, 18, 3, 6, 0, 1, 0, 2, 0, 3]),
      ("function", [0x12, 0x34, 0, 0, 0, 9, 17, 4, 6, 0, 1, 0, 2, 0, 3]),
      ("byte count", [0x12, 0x34, 0, 0, 0, 9, 17, 3, 4, 0, 1, 0, 2, 0, 3]),
      ("length", [0x12, 0x34, 0, 0, 0, 7, 17, 3, 6, 0, 1, 0, 2]),
    ] as [(String, [UInt8])])
  func anAnswerToSomethingElseIsMalformed(name: String, bytes: [UInt8]) {
    var t = asked()
    #expect(event(&t, bytes) == Self.finished(.failed(.malformed(bytes))), "\(name)")
  }

  @Test func anExceptionWithTheRightIDIsTheAnswer() {
    var t = asked()
    #expect(event(&t, [0x12, 0x34, 0, 0, 0, 3, 17, 0x83, 11]) == Self.finished(.exception(11)))
  }
}

@Suite struct RTUTransactionTests {
  private static func frame(_ bytes: [UInt8]) -> [UInt8] {
    let crc = CRC16.checksum(bytes)
    return bytes + [UInt8(crc & 0xFF), UInt8(crc >> 8)]
  }
  private static let good = frame([17, 3, 6, 0, 1, 0, 2, 0, 3])
  private static let data: ReadResult = .data([0, 1, 0, 2, 0, 3])

  private func transaction() -> RTUTransaction {
    RTUTransaction(query: .read(tenRegisters), unitID: 17)
  }

  /// MODBUS over Serial Line V1.02, clause 6.2.2: the frame 02 07 has the checksum 0x1241.
  @Test func checksumOfTheStandard() {
    #expect(CRC16.checksum([0x02, 0x07]) == 0x1241)
    #expect(CRC16.isValid([0x02, 0x07, 0x41, 0x12]))
    #expect(!CRC16.isValid([0x02, 0x07, 0x41, 0x13]))
  }

  @Test(arguments: [
    ("nothing", []), ("junk", [0xFF, 0x00, 0x11]), ("our unit id", [17, 17, 3]),
    ("a foreign frame", frame([9, 3, 2, 0, 7])), ("a torn copy of the reply", Array(good.prefix(7))),
    ("our own request, echoed", frame([17, 3, 0, 0x6B, 0, 3])),
  ])
  func findsTheReplyBehind(name: String, before: [UInt8]) {
    let stream = before + Self.good + [0x55]
    for split in 0...stream.count {
      var t = transaction()
      let result = t.receive(stream[..<split]) ?? t.receive(stream[split...])
      #expect(result == Self.data, "\(name), split at \(split)")
    }
  }

  @Test func anyFlippedBitIsNoReply() {
    for bit in 0..<(Self.good.count * 8) {
      var bytes = Self.good
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      var t = transaction()
      #expect(t.receive(bytes) == nil)
      guard case .failed(let failure) = t.resultAtDeadline else {
        Issue.record("bit \(bit)")
        continue
      }
      #expect(failure != .timeout)
    }
  }

  @Test func exceptionsAreAnswers() {
    var t = transaction()
    #expect(t.receive(Self.frame([17, 0x83, 2])) == .exception(2))
  }

  @Test func silenceIsATimeoutAndANoisyLineIsBounded() {
    #expect(transaction().resultAtDeadline == .failed(.timeout))
    var t = transaction()
    for _ in 0..<1000 { #expect(t.receive([UInt8](repeating: 0xAA, count: 100)) == nil) }
    guard case .failed(.crc(let bytes)) = t.resultAtDeadline else {
      Issue.record("noise was not told apart")
      return
    }
    #expect(bytes.count == 260)
  }
}
