import IEC104
import NIOCore
import NIOEmbedded
import Testing

@testable import IEC104Client

/// Two links of one station: exactly one is started.
@Suite struct RedundancyTests {
  @Test func standbyTakesOverAndIsInterrogated() throws {
    let world = try EmbeddedWorld(links: 2) { $0.startup = [.general(qualifier: 20)] }
    world.start()
    try world.confirmStart(0)
    #expect(try world.written(1).isEmpty)
    #expect(world.client.status.links.map(\.state) == [.started, .standby])
    try world.feed(Frames.i(0, 0, Frames.value(1)))
    try world.channel(0).close().wait()
    try world.confirmStart(1)
    #expect(try world.written(1) == [Frames.i(0, 0, Frames.interrogation(cause: 6))])
    let state = world.recorder.now
    #expect(state.started.map(\.link) == [0, 1])
    #expect(state.started.map(\.isSwitchover) == [false, true])
    #expect(
      state.reasons.last == "substation 192.0.2.20:2404: carries no data any more; starting 192.0.2.21:2404")
    #expect(world.client.status.switchovers == 1)
    #expect(world.client.status.startedLink == 1)
    // The first comes back as standby.
    world.advance(seconds: 1)
    #expect(try world.written(2).isEmpty)
    #expect(world.status(0).state == .standby)
    // What was received over the lost connection cannot be acknowledged on another one.
    world.client.committed(link: 0, session: 1, through: 1)
    #expect(try world.written(2).isEmpty)
  }

  @Test func standbyIsKeptAliveByTests() throws {
    let world = try EmbeddedWorld(links: 2)
    world.start()
    try world.confirmStart(0)
    world.advance(seconds: 20)
    #expect(try world.written(1) == [Frames.testActivation])
    world.advance(seconds: 15)
    #expect(world.recorder.now.closes.contains(.t1Test))
  }

  @Test func startThatIsNotConfirmedGoesToTheOther() throws {
    let world = try EmbeddedWorld(links: 2)
    world.start()
    #expect(try world.written(0) == [Frames.startActivation])
    world.advance(seconds: 15)
    #expect(world.recorder.now.closes == [.t1Start])
    try world.confirmStart(1)
    #expect(world.recorder.now.started.map(\.link) == [1])
    #expect(world.recorder.now.started.map(\.isSwitchover) == [false])
  }

  /// A hundred times: of two links one after the other is lost, and each time the other carries on.
  @Test func hundredSwitchovers() throws {
    let world = try EmbeddedWorld(.inWantsCommit, links: 2)
    world.start()
    try world.confirmStart(0)
    var (active, standby) = (0, 1)
    for count in 1...100 {
      for number in 0..<9 { try world.feed(Frames.i(number, 0, Frames.value(UInt16(count))), to: active) }
      #expect(try world.written(active) == [Frames.s(8)])
      try world.channel(active).close().wait()
      try world.confirmStart(standby)
      // Each connection stands for more than a minute, so the one that was lost is tried again after a second.
      world.advance(seconds: 1)
      (active, standby) = (standby, world.channels.count - 1)
      for _ in 0..<7 {
        world.advance(seconds: 10)
        for link in [active, standby] { try world.feed(Frames.testActivation, to: link) }
      }
      #expect(try world.written(active).flatMap(\.self) == (0..<7).flatMap { _ in Frames.testConfirmation })
      #expect(try world.written(standby).count == 7)
      #expect(world.client.status.switchovers == UInt64(count))
    }
    #expect(world.recorder.now.received.count == 900)
    #expect(world.recorder.now.closes == Array(repeating: .peerClosed, count: 100))
  }
}
