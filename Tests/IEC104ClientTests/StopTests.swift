import IEC104
import NIOCore
import NIOEmbedded
import Testing

@testable import IEC104Client

/// The graceful end: commit, acknowledge, STOPDT, close.
@Suite struct StopTests {
  /// t1 is shorter than the time that a stop may take in all.
  private func begun(_ committing: Recorder.Committing, received: Int) throws -> EmbeddedWorld {
    let world = try EmbeddedWorld(committing) {
      $0.session.t1Milliseconds = 4_000
      $0.session.t2Milliseconds = 3_000
    }
    world.start()
    try world.confirmStart()
    for number in 0..<received { try world.feed(Frames.i(number, 0, Frames.value(1))) }
    #expect(try world.written().isEmpty)
    return world
  }

  @Test func acknowledgesEverythingThenStopsThenCloses() throws {
    let world = try begun(.never, received: 3)
    let stopped = world.client.stopped()
    var isStopped = false
    stopped.assumeIsolated().whenComplete { _ in isStopped = true }
    #expect(world.recorder.now.wanted.map(\.frame) == [3], "a commit is asked for before w and t2")
    #expect(try world.written().isEmpty)
    #expect(world.client.status.links[0].state == .stopping)
    world.client.committed(link: 0, session: 1, through: 3)
    #expect(try world.written().flatMap(\.self) == Frames.s(3) + Frames.stopActivation)
    #expect(!isStopped)
    try world.feed(Frames.stopConfirmation)
    world.loop.run()
    #expect(isStopped)
    #expect(try !world.channel().isActive)
    #expect(world.recorder.now.closes == [.local])
    #expect(world.client.status.links[0].state == .ended)
    world.advance(seconds: 1_000)
    #expect(world.channels.count == 1, "it stays stopped")
  }

  /// What is under way when STOPDT goes out is received too.
  @Test func dataBeforeTheConfirmationAreTaken() throws {
    let world = try begun(.inWantsCommit, received: 2)
    _ = world.client.stopped()
    #expect(try world.written().flatMap(\.self) == Frames.s(2) + Frames.stopActivation)
    try world.feed(Frames.i(2, 0, Frames.value(3)) + Frames.stopConfirmation)
    #expect(world.recorder.now.received.count == 3)
    #expect(world.recorder.now.closes == [.local])
  }

  @Test func archiveThatDoesNotCommitIsWaitedForT1() throws {
    let world = try begun(.never, received: 3)
    _ = world.client.stopped()
    world.advance(seconds: 3.9)
    #expect(try world.written().isEmpty)
    world.advance(seconds: 0.1)
    #expect(try world.written() == [Frames.stopActivation], "and nothing is acknowledged that is not committed")
    try world.feed(Frames.stopConfirmation)
    #expect(world.recorder.now.closes == [.local])
  }

  @Test func stationThatDoesNotConfirmIsWaitedForT1() throws {
    let world = try begun(.inReceived, received: 3)
    var isStopped = false
    world.client.stopped().assumeIsolated().whenComplete { _ in isStopped = true }
    #expect(try world.written().flatMap(\.self) == Frames.s(3) + Frames.stopActivation)
    world.advance(seconds: 4)
    world.loop.run()
    #expect(isStopped)
    #expect(world.recorder.now.closes == [.t1Stop])
    world.advance(seconds: 1_000)
    #expect(world.channels.count == 1, "nobody connects again")
  }

  /// Bug: with a long t1 a stop took longer than systemd waits.
  @Test func stopNeverTakesLongerThanTenSeconds() throws {
    let world = try EmbeddedWorld(.never) { $0.session.t1Milliseconds = 60_000 }
    world.start()
    try world.confirmStart()
    try world.feed(Frames.i(0, 0, Frames.value(1)))
    var isStopped = false
    world.client.stopped().assumeIsolated().whenComplete { _ in isStopped = true }
    world.advance(seconds: 9.9)
    #expect(!isStopped)
    world.advance(seconds: 0.1)
    world.loop.run()
    #expect(isStopped)
    #expect(world.recorder.now.closes == [.local])
  }

  @Test func stopWhileStarting() throws {
    let world = try EmbeddedWorld()
    world.start()
    #expect(try world.written() == [Frames.startActivation])
    _ = world.client.stopped()
    #expect(try world.written() == [Frames.stopActivation])
    try world.feed(Frames.startConfirmation + Frames.stopConfirmation)
    #expect(world.recorder.now.closes == [.local])
    #expect(world.recorder.now.started.isEmpty)
  }

  @Test func stopWhileConnectingWhileWaitingAndBeforeStart() throws {
    for stage in 0..<3 {
      let world = try EmbeddedWorld()
      if stage == 0 { world.setSilent(true) } else { world.refuse([ReconnectTests.refused]) }
      if stage < 2 { world.start() }
      var count = 0
      for _ in 0..<2 { world.client.stopped().assumeIsolated().whenComplete { _ in count += 1 } }
      world.loop.run()
      #expect(count == 2)
      if stage == 0 { #expect(try world.answerSilentTries().map(\.isActive) == [false]) }
      world.start()
      world.advance(seconds: 1_000)
      #expect(world.channels.isEmpty)
      #expect(world.client.status.links[0].state == .ended)
    }
  }

  @Test func standbyIsClosedToo() throws {
    let world = try EmbeddedWorld(.inReceived, links: 2)
    world.start()
    try world.confirmStart()
    _ = world.client.stopped()
    #expect(try world.written() == [Frames.stopActivation])
    try world.feed(Frames.stopConfirmation)
    #expect(try !world.channel(0).isActive)
    #expect(try !world.channel(1).isActive)
    #expect(world.recorder.now.closes == [.local, .local])
    #expect(try world.written(1).isEmpty)
  }
}
