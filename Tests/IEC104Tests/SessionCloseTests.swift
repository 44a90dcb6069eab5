import Testing

@testable import IEC104

/// What a strict side closes on, and what it must bear. Source: IEC 60870-5-104 clause 5; the malformed frames are those that
/// crashed, stalled or misled known clients.
@Suite struct SessionCloseTests {
  private static let rest = [UInt8](repeating: 0, count: 300)

  /// After two I frames of ours (window 0…2) and two of the station's (V(R) = 2).
  static let broken: [([UInt8], CloseReason)] = [
    ([0x16], .startByte(0x16)),
    ([0x00, 0x04, 0x07], .startByte(0)),
    ([0x68, 0], .length(0)),
    ([0x68, 3], .length(3)),
    ([0x68, 3, 0x07, 0, 0], .length(3)),
    ([0x68, 254], .length(254)),
    ([0x68, 255] + rest, .length(255)),
    // U with two function bits, with none, with an octet that must be 0.
    ([0x68, 4, 0x0F, 0, 0, 0], .controlField(0x0F)),
    ([0x68, 4, 0x47, 0, 0, 0], .controlField(0x47)),
    ([0x68, 4, 0xFF, 0, 0, 0], .controlField(0xFF)),
    ([0x68, 4, 0x03, 0, 0, 0], .controlField(0x03)),
    ([0x68, 4, 0x43, 0, 0, 1], .controlField(0x0100_0043)),
    // S with other bits than 01 in its first octets, or bit 0 of C3.
    ([0x68, 4, 0x05, 0, 0, 0], .controlField(0x05)),
    ([0x68, 4, 0x01, 1, 0, 0], .controlField(0x0101)),
    ([0x68, 4, 0x01, 0, 1, 0], .controlField(0x0001_0001)),
    // I with bit 0 of C3.
    ([0x68, 8, 4, 0, 1, 0, 1, 2, 3, 4], .controlField(0x0001_0004)),
    ([0x68, 6, 0x43, 0, 0, 0, 0, 0], .lengthOfControlFrame(6)),
    ([0x68, 5, 0x01, 0, 0, 0, 0], .lengthOfControlFrame(5)),
    (Frames.i(2, 0, []), .noASDU),
    (Frames.i(1), .sequenceNumber(expected: 2, got: 1)),
    (Frames.i(3), .sequenceNumber(expected: 2, got: 3)),
    (Frames.i(2 + 16_384), .sequenceNumber(expected: 2, got: 16_386)),
    (Frames.i(2) + Frames.i(2), .sequenceNumber(expected: 3, got: 2)),
    (Frames.i(2, 3), .acknowledgement(acknowledged: 0, sent: 2, got: 3)),
    (Frames.s(3), .acknowledgement(acknowledged: 0, sent: 2, got: 3)),
    (Frames.s(32_767), .acknowledgement(acknowledged: 0, sent: 2, got: 32_767)),
    (Frames.s(1) + Frames.s(0), .acknowledgement(acknowledged: 1, sent: 2, got: 0)),
    (Frames.s(2) + Frames.i(2, 1), .acknowledgement(acknowledged: 2, sent: 2, got: 1)),
    (Frames.stopConfirmation + Frames.testActivation + [0x67], .startByte(0x67)),
  ]

  private func prepared() -> SessionBench {
    var bench = SessionBench.started()
    bench.send(2)
    bench.receive(Frames.i(0..<2))
    _ = bench.written()
    bench.delivered = []
    return bench
  }

  @Test(arguments: broken) func closesAtOnce(bytes: [UInt8], reason: CloseReason) {
    var bench = prepared()
    bench.receive(bytes + Frames.i(2))
    #expect(bench.session.state == .closed(reason))
    #expect(bench.session.takeEvents() == [.close(reason)])
    // Nothing is acknowledged or answered after it, whatever comes.
    _ = bench.written()
    let delivered = bench.delivered.count
    bench.receive(Frames.testActivation + Frames.i(2))
    bench.commit(100)
    bench.pass(100_000)
    #expect(bench.written() == [])
    #expect(bench.session.takeEvents() == [])
    #expect(bench.delivered.count == delivered)
    #expect(bench.session.nextDeadline == nil)
  }

  /// The same, an octet at a time: it closes with the same reason.
  @Test(arguments: broken) func closesOctetByOctet(bytes: [UInt8], reason: CloseReason) {
    var bench = prepared()
    for byte in bytes { bench.receive([byte]) }
    #expect(bench.session.state == .closed(reason))
  }

  @Test func deliversWhatCameBeforeTheFault() {
    var bench = prepared()
    bench.receive(Frames.i(2..<5) + [0x68, 254])
    #expect(bench.delivered.count == 3)
    #expect(bench.session.received == 5)
    #expect(bench.session.acknowledged == 0)
  }

  @Test func closesAStationThatIsSentDataWhileStopped() {
    var bench = SessionBench(.controlled)
    bench.session.opened(at: bench.now)
    bench.receive(Frames.i(0))
    #expect(bench.session.state == .closed(.dataWhileStopped))
    #expect(bench.delivered == [])
  }

  /// An ASDU that is nonsense is the business of whoever decodes it: the connection bears it.
  @Test(
    arguments: [
      [13, 0x81, 20, 0, 1, 0], [1, 10, 3, 0, 1, 0, 1, 0, 0, 1], [13], [0], [255, 255, 255],
      [UInt8](repeating: 0x68, count: 249), [1, 0, 3, 0, 1, 0],
    ] as [[UInt8]])
  func bearsAnyASDU(asdu: [UInt8]) {
    var bench = prepared()
    bench.receive(Frames.i(2, 0, asdu) + Frames.i(3))
    #expect(bench.session.state == .started)
    #expect(bench.delivered == [asdu, [1, 2, 3, 4]])
  }

  @Test func aCloseInTheMiddleOfAFrame() {
    var bench = prepared()
    bench.receive(Array(Frames.i(2).prefix(9)))
    bench.session.closed(.peerClosed)
    #expect(bench.delivered == [])
    #expect(bench.session.partial == [])
    #expect(bench.session.received == 2)
  }

  @Test func theFirstReasonStays() {
    var bench = prepared()
    bench.receive([0])
    bench.session.closed(.peerClosed)
    #expect(bench.session.state == .closed(.startByte(0)))
  }

  @Test(
    arguments: [
      (.startByte(0x16), ["0x68", "0x16", "clause 5"]), (.length(254), ["4 to 253", "254", "clause 5"]),
      (.lengthOfControlFrame(6), ["length 4", "6"]), (.controlField(0x0F), ["0x0F 0x00 0x00 0x00"]),
      (.noASDU, ["without ASDU"]), (.sequenceNumber(expected: 2, got: 9), ["N(S) 9", "2", "clause 5.1"]),
      (.acknowledgement(acknowledged: 1, sent: 4, got: 7), ["N(R) 7", "1…4", "clause 5.1"]),
      (.dataWhileStopped, ["stopped", "clause 5.3"]), (.t1Information(sendNumber: 5), ["I frame 5", "t1"]),
      (.t1Start, ["STARTDT con", "t1"]), (.t1Stop, ["STOPDT con", "t1"]), (.t1Test, ["TESTFR con", "t1"]),
      (.t0, ["t0"]), (.peerClosed, ["other side"]), (.local, ["this side"]),
      (.transport("connection reset by peer"), ["connection reset by peer"]),
    ] as [(CloseReason, [String])])
  func saysWhichRule(reason: CloseReason, words: [String]) {
    for word in words { #expect(reason.description.contains(word)) }
  }
}
