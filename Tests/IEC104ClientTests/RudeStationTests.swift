import IEC104
import NIOCore
import NIOEmbedded
import Testing

@testable import IEC104Client

/// Stations that break the rules: contained, named, tried again.
@Suite struct RudeStationTests {
  struct Rude: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let close: CloseReason
  }

  @Test(arguments: [
    Rude(testDescription: "HTTP", bytes: Array("HTTP/1.1 400 Bad Request".utf8), close: .startByte(0x48)),
    Rude(testDescription: "L = 254", bytes: [0x68, 254, 0, 0, 0, 0], close: .length(254)),
    Rude(testDescription: "L = 3", bytes: [0x68, 3, 0x43, 0, 0], close: .length(3)),
    Rude(testDescription: "U with two bits", bytes: [0x68, 4, 0x0B | 0x40, 0, 0, 0], close: .controlField(0x4B)),
    Rude(testDescription: "U with L = 6", bytes: [0x68, 6, 0x43, 0, 0, 0, 0, 0], close: .lengthOfControlFrame(6)),
    Rude(
      testDescription: "wrong N(S)", bytes: Frames.i(3, 0, Frames.value(1)), close: .sequenceNumber(expected: 1, got: 3)
    ),
    Rude(
      testDescription: "N(R) ahead", bytes: Frames.s(1), close: .acknowledgement(acknowledged: 0, sent: 0, got: 1)),
    Rude(testDescription: "I without ASDU", bytes: Frames.i(1, 0, []), close: .noASDU),
  ])
  func ruleThatIsBrokenIsNamedAndTheLinkTriedAgain(_ rude: Rude) throws {
    let world = try EmbeddedWorld()
    world.start()
    try world.confirmStart()
    try world.feed(Frames.i(0, 0, Frames.value(1)) + rude.bytes + Frames.i(1, 0, Frames.value(2)))
    let state = world.recorder.now
    #expect(state.received.count == 1, "nothing that follows is believed")
    #expect(state.closes == [rude.close])
    #expect(try world.written().isEmpty)
    #expect(try !world.channel().isActive)
    let words = try #require(world.client.status.links[0].lastError)
    #expect(words == "substation 192.0.2.20:2404: \(rude.close); next try in 1 s")
    world.advance(seconds: 1)
    #expect(world.channels.count == 2)
    try world.confirmStart(1)
    #expect(world.status().state == .started)
  }

  /// It asks and asks and takes no answer.
  @Test func nothingIsReadFromAStationThatTakesNothing() throws {
    let world = try EmbeddedWorld()
    world.start()
    try world.confirmStart()
    let channel = try world.channel()
    channel.read()
    let before = try world.reads()
    channel.isWritable = false
    channel.pipeline.fireChannelWritabilityChanged()
    channel.read()
    #expect(try world.reads() == before)
    channel.isWritable = true
    channel.pipeline.fireChannelWritabilityChanged()
    #expect(try world.reads() == before + 1)
    channel.isWritable = false
    channel.pipeline.fireChannelWritabilityChanged()
    // t3, then t1: it is not kept for ever.
    world.advance(seconds: 20)
    world.advance(seconds: 15)
    #expect(world.recorder.now.closes == [.t1Test])
  }

  /// Streams that begin well and have octets changed, left out or added, in parts of any size: each ends in a link that stands or
  /// in one that was closed with a reason, and no frame is handed on out of its turn.
  @Test(arguments: 0..<200)
  func anyStreamIsTakenOrRefused(seed: Int) throws {
    var random = SplitMix(state: UInt64(seed) &* 0x9E37_79B9)
    let committing: [Recorder.Committing] = [.never, .inReceived, .inWantsCommit]
    let world = try EmbeddedWorld(committing[seed % 3]) { $0.startup = [.general(qualifier: 20), .test] }
    world.start()
    var stream = Frames.startConfirmation
    for number in 0..<60 {
      let asdus = [
        Frames.value(UInt16(number)), Frames.endOfInitialization, Frames.interrogation(cause: 7),
        Frames.interrogation(cause: 10), [UInt8](repeating: UInt8(number), count: 1 + number * 4),
      ]
      stream += Frames.i(number, 0, asdus.randomElement(using: &random) ?? [])
      if number % 7 == 0 { stream += Frames.testActivation }
    }
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let place = Int.random(in: 6..<stream.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: stream[place] ^= UInt8.random(in: 1...255, using: &random)
      case 1: stream.remove(at: place)
      default: stream.insert(UInt8.random(in: 0...255, using: &random), at: place)
      }
    }
    var place = 0
    while place < stream.count {
      let size = min(Int.random(in: 1...300, using: &random), stream.count - place)
      try world.feed(Array(stream[place..<(place + size)]))
      place += size
      world.advance(seconds: 0.01)
    }
    let state = world.recorder.now
    #expect(state.received.map(\.frame) == (0..<state.received.count).map { UInt64($0 + 1) })
    if try world.channel().isActive {
      #expect(state.closes.isEmpty)
    } else {
      #expect(state.closes.count == 1)
      #expect(world.client.status.links[0].lastError?.contains("next try in") == true)
    }
  }

  /// Small and repeatable.
  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }
}
