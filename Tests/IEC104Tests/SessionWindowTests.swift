import Testing

@testable import IEC104

/// k, w and the numbers' 15 bits (IEC 60870-5-104 clauses 5.1 and 5.5).
@Suite struct SessionWindowTests {
  @Test(arguments: [1, 2, 12, 32_767]) func sendsNoMoreThanK(k: Int) {
    var bench = SessionBench.started(.controlling, SessionParameters(k: k, queueLimit: 40_000))
    bench.send(k + 3)
    #expect(bench.written().count == k)
    #expect(bench.session.queued == 3)
    bench.receive(Frames.s(1))
    #expect(bench.written().count == 1)
    bench.receive(Frames.s(UInt64(k) + 1))
    #expect(bench.written().count == min(k, 2))
    #expect(bench.session.sent == UInt64(k + (k == 1 ? 2 : 3)))
  }

  @Test func anIFrameOpensTheWindowToo() {
    var bench = SessionBench.started(.controlling, SessionParameters(k: 1))
    bench.send(2)
    #expect(bench.written() == [Frames.i(0, 0, SessionBench.asduOctets)])
    bench.receive(Frames.i(0, 1))
    bench.commit(1)
    #expect(bench.written() == [Frames.i(1, 0, SessionBench.asduOctets)])
  }

  @Test func theQueueIsBounded() {
    var bench = SessionBench.started(.controlling, SessionParameters(k: 1, queueLimit: 2))
    var answers: [Bool] = []
    for _ in 0..<5 { answers.append(bench.session.send(SessionBench.asdu, at: bench.now)) }
    #expect(answers == [true, true, true, false, false])
    bench.receive(Frames.s(1))
    let isTaken = bench.session.send(SessionBench.asdu, at: bench.now)
    #expect(isTaken)
  }

  @Test(arguments: [1, 8, 32_767]) func acknowledgesAfterW(w: UInt64) {
    var bench = SessionBench.started(.controlling, SessionParameters(w: Int(w), uncommittedLimit: 65_536))
    bench.receive(Frames.i(0..<(w - 1)))
    bench.commit(w - 1)
    #expect(bench.written() == [])
    #expect(bench.session.takeEvents() == [])
    bench.receive(Frames.i(w - 1))
    // What is committed goes at once; one frame is left, so nothing more is due.
    #expect(bench.written() == (w > 1 ? [Frames.s(w - 1)] : []))
    #expect(bench.session.takeEvents() == (w > 1 ? [] : [.wantsCommit(through: 1)]))
  }

  @Test func asksForACommitOnceAndAcknowledgesWhatIsCommitted() {
    var bench = SessionBench.started()
    bench.receive(Frames.i(0..<8))
    #expect(bench.session.takeEvents() == [.wantsCommit(through: 8)])
    #expect(bench.written() == [])
    bench.receive(Frames.i(8..<12))
    #expect(bench.session.takeEvents() == [])
    bench.commit(8)
    #expect(bench.written() == [Frames.s(8)])
    #expect(bench.session.acknowledged == 8)
    bench.receive(Frames.i(12..<16))
    #expect(bench.session.takeEvents() == [.wantsCommit(through: 16)])
    bench.commit(16)
    #expect(bench.written() == [Frames.s(16)])
    #expect(bench.session.statistics.commitsAsked == 2)
  }

  @Test func aCommitThatIsNotDueSendsNothing() {
    var bench = SessionBench.started()
    bench.receive(Frames.i(0..<5))
    bench.commit(5)
    #expect(bench.written() == [])
    bench.send()
    #expect(bench.written() == [Frames.i(0, 5, SessionBench.asduOctets)])
    #expect(bench.session.acknowledged == 5)
    bench.pass(9_999)
    #expect(bench.written() == [])
  }

  @Test func anIFrameAcknowledgesOnlyWhatIsCommitted() {
    var bench = SessionBench.started()
    bench.receive(Frames.i(0..<5))
    bench.commit(2)
    bench.send()
    #expect(bench.written() == [Frames.i(0, 2, SessionBench.asduOctets)])
    #expect(bench.session.acknowledged == 2)
  }

  @Test func aCommitOfWhatNeverCameCountsAsFarAsItCame() {
    var bench = SessionBench.started()
    bench.receive(Frames.i(0..<8))
    bench.commit(1_000)
    #expect(bench.session.committed == 8)
    #expect(bench.written() == [Frames.s(8)])
    bench.commit(3)
    #expect(bench.session.committed == 8)
  }

  /// 40,000 frames to us: V(R) goes round, and N(R) with it.
  @Test func receivesAcrossTheWrap() {
    var bench = SessionBench.started()
    for frame in stride(from: UInt64(0), to: 40_000, by: 8) {
      bench.receive(Frames.i(frame..<(frame + 8)))
      bench.commit(frame + 8)
      #expect(bench.written() == [Frames.s(frame + 8)])
    }
    #expect(bench.session.state == .started)
    #expect(bench.session.received == 40_000)
    #expect(bench.delivered.count == 40_000)
  }

  /// 40,000 frames from us: V(S) goes round, and the other side's N(R) with it.
  @Test func sendsAcrossTheWrap() {
    var bench = SessionBench.started()
    for frame in stride(from: UInt64(0), to: 39_996, by: 12) {
      bench.send(12)
      #expect(bench.written().last == Frames.i(frame + 11, 0, SessionBench.asduOctets))
      bench.receive(Frames.s(frame + 12))
    }
    #expect(bench.session.state == .started)
    #expect(bench.session.confirmed == 39_996)
  }

  /// Windows that lie across 32767 → 0: every N(R) in them is taken, the first on either side closes.
  @Test(arguments: [32_760, 32_767, 32_768, 65_530] as [UInt64]) func acknowledgementsAcrossTheWrap(from: UInt64) {
    for step in 0...UInt64(12) {
      var bench = SessionBench.started()
      bench.pretend(sent: from)
      bench.send(12)
      bench.receive(Frames.s(from + step))
      #expect(bench.session.confirmed == from + step)
      #expect(bench.session.state == .started)
    }
    for wrong in [from + 13, from - 1, from + 16_384] {
      var bench = SessionBench.started()
      bench.pretend(sent: from)
      bench.send(12)
      bench.receive(Frames.s(wrong))
      let reason = CloseReason.acknowledgement(
        acknowledged: UInt16(from % 32_768), sent: UInt16((from + 12) % 32_768), got: UInt16(wrong % 32_768))
      #expect(bench.session.state == .closed(reason))
    }
  }

  @Test func theLargestWindowIsUnambiguous() {
    var bench = SessionBench.started(.controlling, SessionParameters(k: 100_000, queueLimit: 40_000))
    bench.send(32_768)
    #expect(bench.session.sent == 32_767)
    bench.receive(Frames.s(32_767))
    #expect(bench.session.confirmed == 32_767)
    #expect(bench.session.sent == 32_768)
  }

  @Test func askedToReadNoFurtherWhereTooMuchWaitsForACommit() {
    var bench = SessionBench.started(.controlling, SessionParameters(uncommittedLimit: 20))
    bench.send()
    bench.receive(Frames.i(0..<19))
    #expect(bench.session.mayRead)
    bench.receive(Frames.i(19..<30))
    #expect(!bench.session.mayRead)
    // Nobody reads, so nobody can have answered: neither t1 nor t3.
    bench.pass(100_000)
    #expect(bench.session.state == .started)
    bench.commit(30)
    #expect(bench.session.mayRead)
    bench.pass(14_999)
    #expect(bench.session.state == .started)
    bench.pass(1)
    #expect(bench.session.state == .closed(.t1Information(sendNumber: 0)))
  }

  /// Else an archive that is stuck would keep STOPDT con from being read, and a stop from ending.
  @Test func whileStoppingItReadsAndItsTimersRun() {
    var bench = SessionBench.started(.controlling, SessionParameters(uncommittedLimit: 2))
    bench.receive(Frames.i(0..<4))
    #expect(!bench.session.mayRead)
    bench.pass(100_000)
    bench.stop()
    #expect(bench.session.mayRead)
    bench.pass(14_999)
    #expect(bench.written() == [])
    bench.pass(1)
    #expect(bench.written().contains(Frames.stopActivation))
    bench.receive(Frames.s(0))
    bench.pass(15_000)
    #expect(bench.session.state == .closed(.t1Stop))
  }

  @Test func keepsWhatWasNotAcknowledged() {
    var bench = SessionBench.started(.controlled, SessionParameters(k: 3))
    let asdus = (1...5).compactMap { try? OutgoingASDU.interrogation(group: $0, commonAddress: 1) }
    for asdu in asdus { _ = bench.session.send(asdu, at: bench.now) }
    #expect(bench.session.queued == 2)
    bench.receive(Frames.s(1))
    bench.session.closed(.peerClosed)
    #expect(bench.session.takeUnacknowledged() == Array(asdus.dropFirst()))
    #expect(bench.session.takeUnacknowledged() == [])
  }

  @Test func countsWhatGoesOverTheConnection() {
    var bench = SessionBench.started()
    bench.send(2)
    bench.receive(Frames.i(0) + Frames.s(2) + Frames.testActivation + Frames.stopConfirmation)
    bench.receive(Frames.i(1..<8, 2))
    bench.commit(8)
    bench.pass(20_000)
    var expected = SessionStatistics()
    expected.informationFramesReceived = 8
    expected.informationFramesSent = 2
    expected.supervisoryFramesReceived = 1
    expected.supervisoryFramesSent = 1
    expected.unnumberedFramesReceived = 3
    expected.unnumberedFramesSent = 3
    expected.octetsReceived = 8 * 10 + 4 * 6
    expected.octetsSent = 2 * 16 + 4 * 6
    expected.testsSent = 1
    expected.commitsAsked = 1
    expected.unexpectedFrames = 1
    #expect(bench.session.statistics == expected)
  }
}
