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

@Suite struct TCPTransactionTests {
  private static let good: [UInt8] = [0x12, 0x34, 0, 0, 0, 9, 17, 3, 6, 0, 1, 0, 2, 0, 3]
  private static let data: ReadResult = .data([0, 1, 0, 2, 0, 3])

  private func transaction(carriedOver: [UInt8] = []) -> TCPTransaction {
    TCPTransaction(request: tenRegisters, unitID: 17, transactionID: 0x1234, carriedOver: carriedOver)
  }

  @Test func sendsMBAPAndPDU() {
    var bytes: [UInt8] = []
    transaction().append(to: &bytes)
    #expect(bytes == [0x12, 0x34, 0, 0, 0, 6, 17, 3, 0, 0x6B, 0, 3])
  }

  @Test func everySplitOfTheReplyGivesTheSame() {
    let late: [UInt8] = [0x12, 0x33, 0, 0, 0, 9, 17, 3, 6, 9, 9, 9, 9, 9, 9]
    let stream = late + Self.good
    for first in 0...stream.count {
      for second in first...stream.count {
        var t = transaction()
        var verdict = TCPTransaction.Verdict.needMore
        for part in [stream[..<first], stream[first..<second], stream[second...]] where verdict == .needMore {
          verdict = t.receive(part)
        }
        #expect(verdict == .finished(Self.data) && t.staleReplies == 1)
      }
    }
  }

  @Test func bytesOneByOne() {
    var t = transaction()
    for byte in Self.good.dropLast() { #expect(t.receive([byte]) == .needMore) }
    #expect(t.receive(Self.good.suffix(1)) == .finished(Self.data))
  }

  @Test func anUnfinishedLateReplyIsCarriedOverToTheNextTransaction() {
    let late: [UInt8] = [0x12, 0x33, 0, 0, 0, 9, 17, 3, 6, 9, 9, 9, 9, 9, 9]
    var first = transaction()
    #expect(first.receive(late.prefix(8)) == .needMore)
    var second = transaction(carriedOver: first.unfinished)
    #expect(second.receive(late.dropFirst(8) + Self.good) == .finished(Self.data))
    #expect(second.staleReplies == 1)
  }

  @Test(arguments: [
    ("protocol id", [0x12, 0x34, 0, 1, 0, 9, 17, 3, 6, 0, 1, 0, 2, 0, 3]),
    ("length 1", [0x12, 0x34, 0, 0, 0, 1, 17]),
    ("length 255", [0x12, 0x34, 0, 0, 0, 255, 17]),
    ("text", Array("HTTP/1.1 400".utf8)),
  ])
  func aStreamOutOfStepIsGivenUp(name: String, bytes: [UInt8]) {
    var t = transaction()
    guard case .desynchronised = t.receive(bytes) else {
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
    var t = transaction()
    #expect(t.receive(bytes) == .finished(.failed(.malformed(bytes))), "\(name)")
  }

  @Test func anExceptionWithTheRightIDIsTheAnswer() {
    var t = transaction()
    #expect(t.receive([0x12, 0x34, 0, 0, 0, 3, 17, 0x83, 11]) == .finished(.exception(11)))
  }
}

@Suite struct RTUTransactionTests {
  private static func frame(_ bytes: [UInt8]) -> [UInt8] {
    let crc = CRC16.checksum(bytes)
    return bytes + [UInt8(crc & 0xFF), UInt8(crc >> 8)]
  }
  private static let good = frame([17, 3, 6, 0, 1, 0, 2, 0, 3])
  private static let data: ReadResult = .data([0, 1, 0, 2, 0, 3])

  private func transaction() -> RTUTransaction { RTUTransaction(request: tenRegisters, unitID: 17) }

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
