import Testing

@testable import IEC104

/// TCP has no frames: whatever way the octets are cut, the same comes out.
@Suite struct SessionSplitTests {
  /// I frames of every size that has an edge, with S and U frames between them.
  private static let stream: [UInt8] = {
    var bytes: [UInt8] = []
    for (number, size) in [1, 2, 5, 16, 249, 3, 248, 1].enumerated() {
      bytes += Frames.i(UInt64(number), 0, (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) })
      if number % 2 == 0 { bytes += Frames.s(0) } else { bytes += Frames.testActivation }
    }
    return bytes
  }()

  private func expectSame(_ whole: SessionBench, _ bench: inout SessionBench, _ answers: [[UInt8]], _ cut: String) {
    #expect(bench.delivered == whole.delivered, "\(cut)")
    #expect(bench.session.state == .started, "\(cut)")
    #expect(bench.written() == answers, "\(cut)")
    #expect(bench.session.partial.isEmpty, "\(cut)")
    #expect(bench.session.takeEvents() == [.wantsCommit(through: 8)], "\(cut)")
    #expect(bench.session.statistics == whole.session.statistics, "\(cut)")
  }

  @Test func everySegmentSizeFromOneOctetToTheWhole() {
    var whole = SessionBench.started()
    whole.receive(SessionSplitTests.stream)
    let answers = whole.written()
    #expect(whole.delivered.map(\.count) == [1, 2, 5, 16, 249, 3, 248, 1])
    #expect(answers == Array(repeating: Frames.testConfirmation, count: 4))
    let bytes = SessionSplitTests.stream
    for size in 1...bytes.count {
      var bench = SessionBench.started()
      for start in stride(from: 0, to: bytes.count, by: size) {
        bench.receive(Array(bytes[start..<min(start + size, bytes.count)]))
      }
      expectSame(whole, &bench, answers, "segments of \(size)")
    }
  }

  @Test func everyCutInTwo() {
    var whole = SessionBench.started()
    whole.receive(SessionSplitTests.stream)
    let answers = whole.written()
    let bytes = SessionSplitTests.stream
    for place in 0...bytes.count {
      var bench = SessionBench.started()
      bench.receive(Array(bytes[..<place]))
      bench.receive(Array(bytes[place...]))
      expectSame(whole, &bench, answers, "cut at \(place)")
    }
  }

  @Test func everyCutInThreeOfAShortStream() {
    let bytes = Frames.i(0, 0, [9]) + Frames.testActivation + Frames.i(1, 0, [8, 7])
    for first in 0...bytes.count {
      for second in first...bytes.count {
        var bench = SessionBench.started()
        for part in [bytes[..<first], bytes[first..<second], bytes[second...]] { bench.receive(Array(part)) }
        #expect(bench.delivered == [[9], [8, 7]], "cut at \(first) and \(second)")
        #expect(bench.written() == [Frames.testConfirmation], "cut at \(first) and \(second)")
      }
    }
  }

  @Test func thousandsOfAPDUsInOneRead() {
    var bench = SessionBench.started(.controlling, SessionParameters(uncommittedLimit: 100_000))
    bench.receive(Frames.i(0..<50_000))
    #expect(bench.delivered.count == 50_000)
    #expect(bench.session.takeEvents() == [.wantsCommit(through: 50_000)])
    bench.commit(50_000)
    #expect(bench.written() == [Frames.s(50_000)])
  }

  @Test func keepsNoMoreThanOneFrame() {
    var bench = SessionBench.started()
    for byte in Frames.i(0, 0, [UInt8](repeating: 1, count: 249)).dropLast() {
      bench.receive([byte])
      #expect(bench.session.partial.count <= 254)
    }
    #expect(bench.delivered == [])
  }

  /// Whole frames are delivered where they lie: no copy is made of them.
  @Test func deliversSlicesOfWhatCame() {
    var session = SessionBench.started().session
    let bytes = Frames.i(0) + Frames.i(1) + Array(Frames.i(2).prefix(8))
    bytes.withUnsafeBytes { buffer in
      var places: [Int] = []
      session.receive(buffer, at: 0) { asdu in
        if let start = asdu.baseAddress, let base = buffer.baseAddress { places.append(start - base) }
      }
      #expect(places == [6, 16])
    }
    #expect(session.partial.count == 8)
  }
}
