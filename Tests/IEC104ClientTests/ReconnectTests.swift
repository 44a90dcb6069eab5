import Glibc
import IEC104
import NIOCore
import NIOEmbedded
import Testing

@testable import IEC104Client

/// Tries to connect, by a clock that is moved by hand.
@Suite struct ReconnectTests {
  static let refused = IOError(errnoCode: ECONNREFUSED, reason: "connect")

  /// The least and the most pause before each try: 1 s doubling to 60 s.
  @Test(
    arguments: [(0.0, [1.0, 2, 4, 8, 16, 32, 40, 40]), (1, [1.5, 3, 6, 12, 24, 48, 60, 60])] as [(Double, [Double])])
  func pausesDouble(chance: Double, pauses: [Double]) throws {
    let world = try EmbeddedWorld(chance: chance)
    world.refuse(Array(repeating: Self.refused, count: pauses.count + 1))
    world.start()
    for _ in 0..<2_500 { world.advance(seconds: 0.1) }
    let tries = world.tries.prefix(pauses.count + 1)
    let measured = zip(tries.dropFirst(), tries).map { (($0 - $1) * 10).rounded() / 10 }
    #expect(measured == pauses)
  }

  @Test func eachFailureSaysWhoWhatAndWhen() throws {
    let world = try EmbeddedWorld(chance: 0.9)
    world.refuse([Self.refused, Self.refused, ChannelError.connectTimeout(.seconds(30))])
    world.start()
    world.advance(seconds: 2)
    world.advance(seconds: 4)
    #expect(
      world.recorder.now.reasons == [
        "substation 192.0.2.20:2404: connection refused; next try in 1 s",
        "substation 192.0.2.20:2404: connection refused, 2nd time; next try in 3 s",
        "substation 192.0.2.20:2404: no answer, 3rd time; next try in 6 s",
      ])
    #expect(world.client.status.links[0].lastError == world.recorder.now.reasons.last)
    #expect(world.client.status.links[0].state == .waiting)
    #expect(world.client.status.links[0].failures == 3)
  }

  /// A connection that is lost at once does not make the pauses short again; one that held for a minute does.
  @Test(arguments: [(59.0, 2), (60, 1)])
  func connectionThatHeldBeginsAnew(held: Double, failures: Int) throws {
    let world = try EmbeddedWorld()
    world.refuse([Self.refused])
    world.start()
    world.advance(seconds: 1)
    try world.confirmStart()
    for _ in 0..<Int(held) {
      world.advance(seconds: 1)
      try world.feed(Frames.testActivation)
    }
    _ = try world.written()
    try world.channel().close().wait()
    let words = try #require(world.recorder.now.reasons.first { $0.contains("closed") })
    #expect(words.contains("2nd time") == (failures == 2), "\(words)")
    #expect(words.hasSuffix(failures == 2 ? "next try in 2 s" : "next try in 1 s"), "\(words)")
  }

  @Test func tryWithoutAnAnswerEndsAfterT0() throws {
    let world = try EmbeddedWorld { $0.session.t0Milliseconds = 5_000 }
    world.setSilent(true)
    world.start()
    world.advance(seconds: 4.9)
    #expect(world.recorder.now.events.isEmpty)
    world.advance(seconds: 0.1)
    #expect(
      world.recorder.now.reasons == ["substation 192.0.2.20:2404: no answer within t0 (5 s); next try in 1 s"])
    // A connection that comes too late is not kept.
    let late = try world.answerSilentTries()
    #expect(late.map(\.isActive) == [false])
    world.setSilent(false)
    world.advance(seconds: 1)
    try world.confirmStart()
    #expect(world.status().state == .started)
  }

  @Test func errorsInWords() {
    #expect(LinkWords.describe(IOError(errnoCode: ECONNRESET, reason: "")) == "connection reset by peer")
    #expect(LinkWords.describe(IOError(errnoCode: EHOSTUNREACH, reason: "")) == "no route to host")
    #expect(
      [1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 101, 111, 112].map(LinkWords.ordinal) == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "101st", "111th", "112th",
      ])
    #expect(
      [0, 999, 1_000, 1_499, 1_500, 60_000].map { LinkWords.duration(milliseconds: $0) } == [
        "0 ms", "999 ms", "1 s", "1 s", "2 s", "60 s",
      ])
  }

  @Test func delayOfExtremeSettings() {
    var none = ReconnectDelay(minimumMilliseconds: 0, maximumMilliseconds: -1)
    for _ in 0..<100 { #expect((0...2).contains(none.failed(chance: 1))) }
    var huge = ReconnectDelay(minimumMilliseconds: .max, maximumMilliseconds: .max)
    for _ in 0..<100 { #expect(huge.failed(chance: 2) > 0) }
    var swapped = ReconnectDelay(minimumMilliseconds: 10_000, maximumMilliseconds: 1_000)
    #expect(swapped.failed(chance: 0.5) == 10_000)
  }
}
