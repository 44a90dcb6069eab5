import Testing

@testable import IEC104

/// t1, t2 and t3 to the millisecond, and that none lives on after its cause is gone (IEC 60870-5-104 clauses 5.1, 5.2, 9.6).
@Suite struct SessionTimerTests {
  @Test func t1RunsForTheOldestUnacknowledgedFrame() {
    var bench = SessionBench.started()
    bench.send()
    bench.pass(5_000)
    bench.send()
    bench.pass(9_999)
    #expect(bench.session.state == .started)
    bench.receive(Frames.s(1))
    // Its timer was that of a frame that is acknowledged: it must not close.
    bench.pass(5_000)
    #expect(bench.session.state == .started)
    bench.pass(1)
    #expect(bench.session.state == .closed(.t1Information(sendNumber: 1)))
  }

  @Test func aWholeWindowThatIsAcknowledgedLeavesNoTimer() {
    var bench = SessionBench.started()
    bench.send(12)
    bench.pass(14_999)
    bench.receive(Frames.s(12))
    #expect(bench.session.nextDeadline == bench.now + milliseconds(20_000))
    bench.pass(19_999)
    #expect(bench.session.state == .started)
    #expect(bench.written().count == 12)
  }

  @Test func t1OfAFrameStartsWhenItGoesNotWhenItIsQueued() {
    var bench = SessionBench.started(.controlling, SessionParameters(k: 1))
    bench.send(2)
    bench.pass(14_000)
    bench.receive(Frames.s(1))
    bench.pass(14_999)
    #expect(bench.session.state == .started)
    bench.pass(1)
    #expect(bench.session.state == .closed(.t1Information(sendNumber: 1)))
  }

  @Test func uFramesDoNotStopTheTimerOfIFrames() {
    var bench = SessionBench.started()
    bench.send()
    bench.pass(10_000)
    bench.receive(Frames.testActivation + Frames.testConfirmation + Frames.startConfirmation)
    bench.pass(4_999)
    #expect(bench.session.state == .started)
    bench.pass(1)
    #expect(bench.session.state == .closed(.t1Information(sendNumber: 0)))
  }

  /// Each U act has a t1 of its own: STARTDT at 0 s, TESTFR at 5 s, each confirmation stops its own only.
  @Test(
    arguments: [
      (Frames.testConfirmation, CloseReason.t1Start, 15_000), (Frames.startConfirmation, .t1Test, 20_000),
    ] as [([UInt8], CloseReason, UInt64)])
  func oneConfirmationDoesNotStopAnotherTimer(confirmation: [UInt8], reason: CloseReason, end: UInt64) {
    var bench = SessionBench(.controlling, SessionParameters(t3Milliseconds: 5_000))
    bench.session.opened(at: bench.now)
    bench.start()
    bench.pass(5_000)
    #expect(bench.written() == [Frames.startActivation, Frames.testActivation])
    bench.pass(1_000)
    bench.receive(confirmation)
    // Frames keep coming, so that t3 sends no further TESTFR.
    for _ in stride(from: 6_000, to: end - 1_000, by: 1_000) {
      bench.pass(1_000)
      bench.receive(Frames.s(0))
    }
    bench.pass(999)
    #expect(bench.session.isOpen)
    bench.pass(1)
    #expect(bench.session.state == .closed(reason))
  }

  @Test func aTestDoesNotConfirmAStop() {
    var bench = SessionBench.started(.controlling, SessionParameters(t3Milliseconds: 10_000))
    bench.stop()
    bench.pass(10_000)
    bench.receive(Frames.testConfirmation)
    bench.pass(4_999)
    #expect(bench.session.state == .stopping)
    bench.pass(1)
    #expect(bench.session.state == .closed(.t1Stop))
  }

  @Test func t2RunsFromTheFirstUnacknowledgedFrameAndIsNotRestarted() {
    var bench = SessionBench.started()
    bench.receive(Frames.i(0))
    for frame in UInt64(1)..<5 {
      bench.pass(2_000)
      bench.receive(Frames.i(frame))
    }
    bench.pass(1_999)
    #expect(bench.session.takeEvents() == [])
    bench.pass(1)
    #expect(bench.session.takeEvents() == [.wantsCommit(through: 5)])
    #expect(bench.written() == [])
    bench.pass(3_000)
    #expect(bench.session.takeEvents() == [])
    bench.commit(5)
    #expect(bench.written() == [Frames.s(5)])
  }

  @Test func t2AcknowledgesWhatIsCommittedAndAsksForTheRest() {
    var bench = SessionBench.started()
    bench.receive(Frames.i(0..<2))
    bench.pass(3_000)
    bench.receive(Frames.i(2))
    bench.commit(2)
    bench.pass(6_999)
    #expect(bench.written() == [])
    bench.pass(1)
    #expect(bench.written() == [Frames.s(2)])
    #expect(bench.session.takeEvents() == [])
    bench.pass(2_999)
    #expect(bench.session.takeEvents() == [])
    // The third frame has a t2 of its own, from when it came.
    bench.pass(1)
    #expect(bench.session.takeEvents() == [.wantsCommit(through: 3)])
    bench.commit(3)
    #expect(bench.written() == [Frames.s(3)])
  }

  @Test func t2OfAnAcknowledgedFrameIsGone() {
    var bench = SessionBench.started()
    bench.receive(Frames.i(0..<4))
    bench.commit(4)
    bench.pass(9_999)
    bench.send()
    #expect(bench.written() == [Frames.i(0, 4, SessionBench.asduOctets)])
    bench.receive(Frames.s(1))
    bench.pass(15_000)
    #expect(bench.written() == [])
    #expect(bench.session.takeEvents() == [])
  }

  @Test func t2OfFramesThatCameAfterTheQuestionAsksAgain() {
    var bench = SessionBench.started()
    bench.receive(Frames.i(0..<8))
    #expect(bench.session.takeEvents() == [.wantsCommit(through: 8)])
    bench.pass(1_000)
    bench.receive(Frames.i(8))
    bench.pass(9_999)
    #expect(bench.session.takeEvents() == [])
    bench.pass(1)
    #expect(bench.session.takeEvents() == [.wantsCommit(through: 9)])
  }

  @Test func arrivalsOfManyReadsAreKeptWithinBounds() {
    var bench = SessionBench.started(.controlling, SessionParameters(w: 32_767, t2Milliseconds: 60_000))
    for frame in UInt64(0)..<1_000 {
      bench.pass(1)
      bench.receive(Frames.i(frame))
    }
    #expect(bench.session.arrivals.count == 64)
    bench.commit(500)
    bench.send()
    #expect(bench.session.acknowledged == 500)
    // Of the rest none is taken for younger than it is.
    #expect((bench.session.nextDeadline ?? .max) <= bench.now - milliseconds(499) + milliseconds(60_000))
  }

  @Test(arguments: [Frames.i(0), Frames.s(0), Frames.testActivation, Frames.startConfirmation])
  func everyFrameRestartsT3(frame: [UInt8]) {
    var bench = SessionBench.started()
    bench.pass(19_999)
    bench.receive(frame)
    _ = bench.written()
    bench.commit(1)
    bench.pass(9_999)
    #expect(bench.written() == [])
    bench.pass(10_000)
    #expect(!bench.written().contains(Frames.testActivation))
    bench.pass(1)
    #expect(bench.written().contains(Frames.testActivation))
  }

  @Test func halfAFrameDoesNotRestartT3() {
    var bench = SessionBench.started()
    bench.pass(19_999)
    bench.receive(Array(Frames.i(0).prefix(7)))
    bench.pass(1)
    #expect(bench.written() == [Frames.testActivation])
    // Its confirmation would be taken for the rest of that frame: t1 ends it.
    bench.pass(15_000)
    #expect(bench.session.state == .closed(.t1Test))
  }

  @Test func oneTestAtATime() {
    var bench = SessionBench.started(.controlling, SessionParameters(t1Milliseconds: 15_000, t3Milliseconds: 2_000))
    bench.pass(14_000)
    #expect(bench.written() == [Frames.testActivation])
    bench.receive(Frames.testConfirmation)
    bench.pass(1_999)
    #expect(bench.written() == [])
    bench.pass(1)
    #expect(bench.written() == [Frames.testActivation])
    #expect(bench.session.statistics.testsSent == 2)
  }

  @Test func aStopThatIsTakenBackLeavesNoTimer() {
    var bench = SessionBench.started(.controlled)
    bench.send()
    bench.receive(Frames.stopActivation)
    bench.receive(Frames.startActivation + Frames.s(1))
    #expect(bench.session.nextDeadline == bench.now + milliseconds(20_000))
    bench.pass(16_000)
    #expect(bench.session.nextDeadline == bench.now + milliseconds(4_000))
  }

  @Test func ticksTooEarlyOrTwiceDoNoHarm() {
    var bench = SessionBench.started()
    bench.pass(20_000)
    bench.session.tick(at: bench.now)
    bench.session.tick(at: bench.now)
    #expect(bench.written() == [Frames.testActivation])
    bench.session.tick(at: 0)
    #expect(bench.session.state == .started)
  }

  @Test func aTickThatComesMuchTooLateCloses() {
    var bench = SessionBench.started()
    bench.send()
    bench.now += milliseconds(1_000_000)
    bench.session.tick(at: bench.now)
    #expect(bench.session.takeEvents() == [.close(.t1Information(sendNumber: 0))])
    #expect(bench.session.nextDeadline == nil)
  }

  @Test func hostileParametersDoNotTrap() {
    for value in [Int.min, -1, 0, .max] {
      let parameters = SessionParameters(
        k: value, w: value, t0Milliseconds: value, t1Milliseconds: value, t2Milliseconds: value, t3Milliseconds: value,
        queueLimit: value, uncommittedLimit: value)
      var bench = SessionBench.started(.controlling, parameters)
      bench.send(2)
      bench.receive(Frames.i(0))
      bench.commit(1)
      bench.session.tick(at: bench.now + milliseconds(10_000))
      bench.stop()
      #expect(bench.delivered.count == 1)
    }
  }
}
