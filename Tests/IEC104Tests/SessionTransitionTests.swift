import Testing

@testable import IEC104

/// One line per transition: where the session is, what happens, what it writes and reports, where it is then.
/// Source: IEC 60870-5-104 clauses 5.1 to 5.5.
@Suite struct SessionTransitionTests {
  struct Line: Sendable, CustomTestStringConvertible {
    let name: String
    let role: Session.Role
    let before: [SessionStep]
    let step: SessionStep
    let frames: [[UInt8]]
    let events: [Session.Event]
    let state: Session.State

    init(
      _ name: String, _ before: [SessionStep], _ step: SessionStep, writes frames: [[UInt8]] = [],
      reports events: [Session.Event] = [], _ state: Session.State
    ) {
      (self.name, role, self.before, self.step) = (name, .controlling, before, step)
      (self.frames, self.events, self.state) = (frames, events, state)
    }

    init(
      station name: String, _ before: [SessionStep], _ step: SessionStep, writes frames: [[UInt8]] = [],
      reports events: [Session.Event] = [], _ state: Session.State
    ) {
      (self.name, role, self.before, self.step) = (name, .controlled, before, step)
      (self.frames, self.events, self.state) = (frames, events, state)
    }

    var testDescription: String { name }
  }

  private static let started: [SessionStep] = [.open, .start, .receive(Frames.startConfirmation)]
  private static let startedStation: [SessionStep] = [.open, .receive(Frames.startActivation)]
  private static let sentI = Frames.i(0, 0, SessionBench.asduOctets)
  private static let closedT1Test: Session.State = .closed(.t1Test)

  static let controlling: [Line] = [
    Line("nothing before it is open: start", [], .start, .idle),
    Line("nothing before it is open: send", [], .send(1), .idle),
    Line("nothing before it is open: octets", [], .receive([0]), .idle),
    Line("open", [], .open, .stopped),
    Line("opens once", started, .open, .started),
    Line("start", [.open], .start, writes: [Frames.startActivation], .starting),
    Line("start while starting", [.open, .start], .start, .starting),
    Line("start while started", started, .start, .started),
    Line("STARTDT con", [.open, .start], .receive(Frames.startConfirmation), reports: [.started], .started),
    Line("STARTDT con unasked", [.open], .receive(Frames.startConfirmation), .stopped),
    Line("STARTDT con twice", started, .receive(Frames.startConfirmation), .started),
    Line("STOPDT con while starting", [.open, .start], .receive(Frames.stopConfirmation), .starting),
    Line("STARTDT act from the station", started, .receive(Frames.startActivation), .started),
    Line("STOPDT act from the station", started, .receive(Frames.stopActivation), .started),
    Line("queued before STARTDT con", [.open, .start], .send(1), .starting),
    Line(
      "what was queued goes with STARTDT con", [.open, .start, .send(1)], .receive(Frames.startConfirmation),
      writes: [sentI], reports: [.started], .started),
    Line("send", started, .send(1), writes: [sentI], .started),
    Line("I before STARTDT con", [.open, .start], .receive(Frames.i(0)), .starting),
    Line("I before STARTDT act", [.open], .receive(Frames.i(0)), .stopped),
    Line("I", started, .receive(Frames.i(0)), .started),
    Line("S", started + [.send(1)], .receive(Frames.s(1)), .started),
    Line("S while stopped", [.open], .receive(Frames.s(0)), .stopped),
    Line(
      "TESTFR act while stopped", [.open], .receive(Frames.testActivation), writes: [Frames.testConfirmation], .stopped),
    Line("TESTFR act", started, .receive(Frames.testActivation), writes: [Frames.testConfirmation], .started),
    Line("TESTFR con unasked", started, .receive(Frames.testConfirmation), .started),
    Line("t3", started, .pass(20_000), writes: [Frames.testActivation], .started),
    Line("t3 while stopped", [.open], .pass(20_000), writes: [Frames.testActivation], .stopped),
    Line("TESTFR con", started + [.pass(20_000)], .receive(Frames.testConfirmation), .started),
    Line("t1 of TESTFR", started + [.pass(20_000)], .pass(15_000), reports: [.close(.t1Test)], closedT1Test),
    Line(
      "another frame is no TESTFR con", started + [.pass(20_000), .receive(Frames.s(0))], .pass(15_000),
      reports: [.close(.t1Test)], closedT1Test),
    Line("t1 of STARTDT", [.open, .start], .pass(15_000), reports: [.close(.t1Start)], .closed(.t1Start)),
    Line("stop", started, .stop, writes: [Frames.stopActivation], .stopping),
    Line("stop while stopped", [.open], .stop, .stopped),
    Line("stop while stopping", started + [.stop], .stop, .stopping),
    Line("stop while starting", [.open, .start], .stop, writes: [Frames.stopActivation], .stopping),
    Line("STARTDT con while stopping", [.open, .start, .stop], .receive(Frames.startConfirmation), .stopping),
    Line("start while stopping", started + [.stop], .start, .stopping),
    Line(
      "stop acknowledges what is committed", started + [.receive(Frames.i(0..<3)), .commit(3)], .stop,
      writes: [Frames.s(3), Frames.stopActivation], .stopping),
    Line(
      "stop asks for the commit first", started + [.receive(Frames.i(0..<3)), .commit(1)], .stop,
      writes: [Frames.s(1)], reports: [.wantsCommit(through: 3)], .stopping),
    Line(
      "stop goes on with the commit", started + [.receive(Frames.i(0..<3)), .stop], .commit(3),
      writes: [Frames.s(3), Frames.stopActivation], .stopping),
    Line(
      "stop waits for the whole commit", started + [.receive(Frames.i(0..<3)), .stop], .commit(2),
      writes: [Frames.s(2)], .stopping),
    Line(
      "stop waits for a commit no longer than t1", started + [.receive(Frames.i(0..<3)), .stop, .commit(2)],
      .pass(15_000), writes: [Frames.stopActivation], .stopping),
    Line("STOPDT con", started + [.stop], .receive(Frames.stopConfirmation), reports: [.stopped], .stopped),
    Line("STOPDT con unasked", started, .receive(Frames.stopConfirmation), .started),
    Line("t1 of STOPDT", started + [.stop], .pass(15_000), reports: [.close(.t1Stop)], .closed(.t1Stop)),
    Line(
      "I during stop is wanted at once", started + [.stop], .receive(Frames.i(0)),
      reports: [.wantsCommit(through: 1)], .stopping),
    Line(
      "I during stop is acknowledged at once", started + [.stop, .receive(Frames.i(0))], .commit(1),
      writes: [Frames.s(1)], .stopping),
    Line("send during stop", started + [.stop], .send(1), .stopping),
    Line(
      "a stop forgets what was not sent",
      started + [.send(13), .stop, .receive(Frames.s(12) + Frames.stopConfirmation), .start],
      .receive(Frames.startConfirmation), reports: [.started], .started),
    Line(
      "started again on the same connection", started + [.stop, .receive(Frames.stopConfirmation)], .start,
      writes: [Frames.startActivation], .starting),
    Line(
      "numbers go on after a stop",
      started + [.send(1), .stop, .receive(Frames.s(1) + Frames.stopConfirmation), .start]
        + [.receive(Frames.startConfirmation)],
      .send(1), writes: [Frames.i(1, 0, SessionBench.asduOctets)], .started),
    Line(
      "I after STOPDT con", started + [.stop, .receive(Frames.stopConfirmation)], .receive(Frames.i(0)),
      reports: [.close(.dataWhileStopped)], .closed(.dataWhileStopped)),
    Line(
      "I after STOPDT con and STARTDT act", started + [.stop, .receive(Frames.stopConfirmation), .start],
      .receive(Frames.i(0)), .starting),
    Line("the transport ends", started, .closed, .closed(.peerClosed)),
    Line("nothing after the end: octets", started + [.closed], .receive(Frames.testActivation), .closed(.peerClosed)),
    Line("nothing after the end: send", started + [.closed], .send(1), .closed(.peerClosed)),
    Line("nothing after the end: stop", started + [.closed], .stop, .closed(.peerClosed)),
    Line("nothing after the end: time", started + [.closed], .pass(100_000), .closed(.peerClosed)),
    Line(
      "nothing after the end: commit", started + [.receive(Frames.i(0..<8)), .closed], .commit(8), .closed(.peerClosed)),
  ]

  static let controlled: [Line] = [
    Line(station: "a station does not start", [.open], .start, .stopped),
    Line(station: "a station does not stop", startedStation, .stop, .started),
    Line(
      station: "STARTDT act", [.open], .receive(Frames.startActivation), writes: [Frames.startConfirmation],
      reports: [.started], .started),
    Line(
      station: "STARTDT act twice", startedStation, .receive(Frames.startActivation),
      writes: [Frames.startConfirmation], .started),
    Line(station: "STARTDT con to a station", [.open], .receive(Frames.startConfirmation), .stopped),
    Line(station: "a station queues while stopped", [.open], .send(1), .stopped),
    Line(
      station: "what was queued follows STARTDT con", [.open, .send(1)], .receive(Frames.startActivation),
      writes: [Frames.startConfirmation, sentI], reports: [.started], .started),
    Line(station: "a station sends", startedStation, .send(1), writes: [sentI], .started),
    Line(
      station: "STOPDT act", startedStation, .receive(Frames.stopActivation), writes: [Frames.stopConfirmation],
      reports: [.stopped], .stopped),
    Line(
      station: "STOPDT act while stopped", [.open], .receive(Frames.stopActivation),
      writes: [Frames.stopConfirmation], .stopped),
    Line(
      station: "STOPDT act with I frames outstanding", startedStation + [.send(2)],
      .receive(Frames.stopActivation), .stopping),
    Line(
      station: "STOPDT con after some are acknowledged",
      startedStation + [.send(2), .receive(Frames.stopActivation)], .receive(Frames.s(1)), .stopping),
    Line(
      station: "STOPDT con after all are acknowledged",
      startedStation + [.send(2), .receive(Frames.stopActivation)], .receive(Frames.s(2)),
      writes: [Frames.stopConfirmation], reports: [.stopped], .stopped),
    Line(
      station: "STOPDT act twice while stopping",
      startedStation + [.send(2), .receive(Frames.stopActivation)], .receive(Frames.stopActivation), .stopping),
    Line(
      station: "STOPDT never acknowledged", startedStation + [.send(2), .receive(Frames.stopActivation)],
      .pass(15_000), reports: [.close(.t1Information(sendNumber: 0))], .closed(.t1Information(sendNumber: 0))),
    Line(
      station: "STOPDT act with commands uncommitted", startedStation + [.receive(Frames.i(0))],
      .receive(Frames.stopActivation), reports: [.wantsCommit(through: 1)], .stopping),
    Line(
      station: "STOPDT con after the commit",
      startedStation + [.receive(Frames.i(0)), .receive(Frames.stopActivation)], .commit(1),
      writes: [Frames.s(1), Frames.stopConfirmation], reports: [.stopped], .stopped),
    Line(
      station: "STOPDT con waits for a commit no longer than t1",
      startedStation + [.receive(Frames.i(0)), .receive(Frames.stopActivation)], .pass(15_000),
      writes: [Frames.stopConfirmation], reports: [.stopped], .stopped),
    Line(
      station: "a station queues during stop", startedStation + [.send(1), .receive(Frames.stopActivation)],
      .send(1), .stopping),
    Line(
      station: "STARTDT act during stop", startedStation + [.send(1), .receive(Frames.stopActivation)],
      .receive(Frames.startActivation), writes: [Frames.startConfirmation], reports: [.started], .started),
    Line(
      station: "I to a stopped station", [.open], .receive(Frames.i(0)), reports: [.close(.dataWhileStopped)],
      .closed(.dataWhileStopped)),
    Line(station: "S to a stopped station", [.open], .receive(Frames.s(0)), .stopped),
    Line(
      station: "TESTFR act to a station", [.open], .receive(Frames.testActivation),
      writes: [Frames.testConfirmation], .stopped),
    Line(station: "t3 of a station", [.open], .pass(20_000), writes: [Frames.testActivation], .stopped),
  ]

  @Test(arguments: controlling + controlled) func oneTransition(line: Line) {
    var bench = SessionBench(line.role)
    for step in line.before { step.carryOut(&bench) }
    _ = bench.written()
    _ = bench.session.takeEvents()
    line.step.carryOut(&bench)
    #expect(bench.written() == line.frames)
    #expect(bench.session.takeEvents() == line.events)
    #expect(bench.session.state == line.state)
  }
}
