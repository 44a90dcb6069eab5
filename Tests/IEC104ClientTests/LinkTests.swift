import IEC104
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import IEC104Client

/// One link: start, data, acknowledgement, what ends it. Connections in memory, the clock by hand.
@Suite struct LinkTests {
  @Test func startsDataTransferAndRunsTheStartUp() throws {
    let world = try EmbeddedWorld { $0.startup = [.general(qualifier: 20)] }
    world.start()
    #expect(world.client.status.links[0].state == .starting)
    try world.confirmStart()
    #expect(try world.written() == [Frames.i(0, 0, Frames.interrogation(cause: 6))])
    #expect(world.status().state == .started)
    try world.feed(Frames.i(0, 1, Frames.interrogation(cause: 7)) + Frames.i(1, 1, Frames.interrogation(cause: 10)))
    let request = Procedures.Request(kind: .general(qualifier: 20), commonAddress: 47, id: 0)
    #expect(
      world.recorder.now.events == [
        .linkUp(link: 0, session: 1), .started(link: 0, session: 1, isSwitchover: false), .began(request),
        .ended(request, .complete),
      ])
  }

  /// N(R) covers what is committed and nothing else.
  @Test func acknowledgesOnlyWhatIsCommitted() throws {
    let world = try EmbeddedWorld()
    world.start()
    try world.confirmStart()
    for number in 0..<7 { try world.feed(Frames.i(number, 0, Frames.value(1))) }
    #expect(world.recorder.now.wanted.isEmpty)
    try world.feed(Frames.i(7, 0, Frames.value(1)))
    let wanted = try #require(world.recorder.now.wanted.first)
    #expect(wanted == (0, 1, 8))
    #expect(try world.written().isEmpty)
    world.client.committed(link: 0, session: 1, through: 5)
    #expect(try world.written() == [Frames.s(5)], "w frames wait for an acknowledgement: as many as may be")
    world.client.committed(link: 0, session: 1, through: 4)
    world.client.committed(link: 0, session: 1, through: 8)
    #expect(try world.written().isEmpty)
    world.advance(seconds: 10)
    #expect(try world.written() == [Frames.s(8)], "t2")
    world.client.committed(link: 0, session: 1, through: 8)
    #expect(try world.written().isEmpty)
    #expect(world.status().acknowledged == 8)
  }

  @Test func commitForAnotherConnectionIsNoneForThisOne() throws {
    let world = try EmbeddedWorld()
    world.start()
    try world.confirmStart()
    try world.feed((0..<8).flatMap { Frames.i($0, 0, Frames.value(1)) })
    world.client.committed(link: 0, session: 0, through: 8)
    world.client.committed(link: 0, session: 2, through: 8)
    world.client.committed(link: 1, session: 1, through: 8)
    world.client.committed(link: -1, session: 1, through: 8)
    #expect(try world.written().isEmpty)
  }

  /// The delegate commits while the session is at work on the frames.
  @Test(arguments: [Recorder.Committing.inReceived, .inWantsCommit])
  func commitsOutOfTheDelegatesOwnMethods(_ committing: Recorder.Committing) throws {
    let world = try EmbeddedWorld(committing)
    world.start()
    try world.confirmStart()
    try world.feed((0..<100).flatMap { Frames.i($0, 0, Frames.value(1)) })
    #expect(try world.written() == [Frames.s(100)], "one write for all that one read asked for")
    try world.feed(Frames.i(100, 0, Frames.value(1)))
    world.advance(seconds: 9.9)
    #expect(try world.written().isEmpty)
    world.advance(seconds: 0.2)
    #expect(try world.written() == [Frames.s(101)], "t2 of the one frame that was left")
  }

  @Test func everySplitGivesTheSame() throws {
    let stream =
      Frames.startConfirmation + Frames.i(0, 0, Frames.value(1)) + Frames.testActivation
      + Frames.i(1, 0, Frames.value(2)) + Frames.s(0) + Frames.i(2, 0, Frames.value(3))
    for size in 1...stream.count {
      let world = try EmbeddedWorld(.inReceived)
      world.start()
      #expect(try world.written() == [Frames.startActivation])
      for start in stride(from: 0, to: stream.count, by: size) {
        try world.feed(Array(stream[start..<min(start + size, stream.count)]))
      }
      #expect(world.recorder.now.received.map(\.asdu) == (1...3).map { Frames.value($0) }, "in parts of \(size)")
      #expect(world.recorder.now.received.map(\.frame) == [1, 2, 3])
      #expect(try world.written().flatMap(\.self) == Frames.testConfirmation)
    }
  }

  /// A station's first data often stand in the segment of STARTDT con, or before it.
  @Test(arguments: [true, false])
  func dataBesideTheConfirmationComeAfterStarted(isAfter: Bool) throws {
    let world = try EmbeddedWorld { $0.startup = [.general(qualifier: 20)] }
    world.start()
    let data = Frames.i(0, 0, Frames.endOfInitialization)
    try world.feed(isAfter ? Frames.startConfirmation + data : data + Frames.startConfirmation)
    let state = world.recorder.now
    #expect(state.order.first == "started")
    #expect(state.order.contains("received 1"))
    #expect(state.started.count == 1)
    let written = try world.written()
    #expect(written.flatMap(\.self) == Frames.startActivation + Frames.i(0, 0, Frames.interrogation(cause: 6)))
  }

  @Test func startThatIsNeverConfirmedEndsAfterT1() throws {
    let world = try EmbeddedWorld()
    world.start()
    world.advance(seconds: 14.9)
    #expect(try world.channel().isActive)
    world.advance(seconds: 0.1)
    #expect(world.recorder.now.closes == [.t1Start])
    // What it says later is not heard.
    try world.feed(Frames.startConfirmation)
    #expect(world.recorder.now.started.isEmpty)
  }

  @Test func silentStationIsTestedAfterT3() throws {
    let world = try EmbeddedWorld()
    world.start()
    try world.confirmStart()
    world.advance(seconds: 20)
    #expect(try world.written() == [Frames.testActivation])
    try world.feed(Frames.testConfirmation)
    world.advance(seconds: 19.9)
    #expect(try world.written().isEmpty)
    world.advance(seconds: 0.1)
    #expect(try world.written() == [Frames.testActivation])
    world.advance(seconds: 15)
    #expect(world.recorder.now.closes == [.t1Test])
  }

  @Test func closeByTheStationIsToldAndProceduresEnd() throws {
    let world = try EmbeddedWorld { $0.startup = [.general(qualifier: 20)] }
    world.start()
    try world.confirmStart()
    try world.channel().close().wait()
    let state = world.recorder.now
    #expect(state.closes == [.peerClosed])
    let request = Procedures.Request(kind: .general(qualifier: 20), commonAddress: 47, id: 0)
    #expect(state.events.last == .ended(request, .linkLost))
    #expect(
      state.reasons == [
        "substation 192.0.2.20:2404: the other side closed the connection; next try in 1 s",
        "substation 192.0.2.20:2404: carries no data any more; no other link is connected",
      ])
  }

  /// What a station sends that is not asked for is handed on and counted.
  @Test func foreignAddressesAndHeadlessASDUsAreCounted() throws {
    let world = try EmbeddedWorld(.inReceived)
    world.start()
    try world.confirmStart()
    try world.feed(
      Frames.i(0, 0, Frames.value(1, address: 48)) + Frames.i(1, 0, [11, 1]) + Frames.i(2, 0, Frames.value(1)))
    _ = world.status()
    #expect(world.recorder.now.received.count == 3)
    #expect(world.client.status.foreignCommonAddresses == [48: 1])
    #expect(world.client.status.headless == 1)
    #expect(try world.channel().isActive)
  }

  @Test func nothingIsReadWhileTooMuchWaitsForACommit() throws {
    let world = try EmbeddedWorld { $0.session.uncommittedLimit = 20 }
    world.start()
    try world.confirmStart()
    let channel = try world.channel()
    channel.read()
    let before = try world.reads()
    for number in 0..<19 { try world.feed(Frames.i(number, 0, Frames.value(1))) }
    channel.read()
    #expect(try world.reads() == before + 1)
    try world.feed(Frames.i(19, 0, Frames.value(1)))
    channel.read()
    channel.read()
    #expect(try world.reads() == before + 1, "held")
    #expect(world.status().isHeld)
    // A station whose answers are not read is not blamed for them.
    world.advance(seconds: 300)
    #expect(channel.isActive)
    world.client.committed(link: 0, session: 1, through: 1)
    #expect(try world.reads() == before + 2, "read on, once")
    #expect(!world.status().isHeld)
  }

  @Test func clockThatIsNotTrustedIsNotSent() throws {
    let world = try EmbeddedWorld { $0.startup = [.clockSynchronization, .general(qualifier: 20)] }
    world.start()
    try world.confirmStart()
    let request = Procedures.Request(kind: .clockSynchronization, commonAddress: 47, id: 0)
    #expect(world.recorder.now.events.contains(.ended(request, .notSent("this gateway's own clock is not trusted"))))
    #expect(try world.written() == [Frames.i(0, 0, Frames.interrogation(cause: 6))], "the next one follows")
  }

  @Test func clockIsSentAsTheDelegateSays() throws {
    let world = try EmbeddedWorld { $0.startup = [.clockSynchronization] }
    let time = CP56Time2a(year: 26, month: 11, day: 21, hour: 10, minute: 15, milliseconds: 30_500)
    world.recorder.state.withLock { $0.clockTime = time }
    world.start()
    try world.confirmStart()
    let octets = (0..<7).map { UInt8(truncatingIfNeeded: time.octets >> UInt64(8 * $0)) }
    #expect(try world.written() == [Frames.i(0, 0, [103, 1, 6, 0, 47, 0, 0, 0, 0] + octets)])
  }

  @Test func requestWithoutALinkEndsAtOnce() throws {
    let world = try EmbeddedWorld()
    let request = Procedures.Request(kind: .read(objectAddress: 7), commonAddress: 47, id: 9)
    world.client.request(request)
    #expect(world.recorder.now.events == [.ended(request, .linkLost)])
  }

  @Test func requestIsSentAndTimesOut() throws {
    let world = try EmbeddedWorld { $0.procedureTimeoutMilliseconds = 5_000 }
    world.start()
    try world.confirmStart()
    let request = Procedures.Request(kind: .read(objectAddress: 0x010203), commonAddress: 47, id: 9)
    world.client.request(request)
    #expect(try world.written() == [Frames.i(0, 0, [102, 1, 5, 0, 47, 0, 3, 2, 1])])
    try world.feed(Frames.s(1))
    world.advance(seconds: 5)
    #expect(world.recorder.now.events.last == .ended(request, .timedOut("the value")))
  }

  /// Each answer gives it new time; the timer that was set before must be set again.
  @Test func inactivityCountsFromTheLastAnswer() throws {
    let world = try EmbeddedWorld {
      $0.procedureTimeoutMilliseconds = 5_000
      $0.startup = [.general(qualifier: 20)]
    }
    world.start()
    try world.confirmStart()
    world.advance(seconds: 4)
    try world.feed(Frames.i(0, 1, Frames.interrogation(cause: 7)))
    world.advance(seconds: 4.9)
    let request = Procedures.Request(kind: .general(qualifier: 20), commonAddress: 47, id: 0)
    #expect(world.recorder.now.events.last == .began(request))
    world.advance(seconds: 0.1)
    #expect(world.recorder.now.events.last == .ended(request, .timedOut("the termination")))
  }

  @Test(
    arguments: [
      { (settings: inout StationClientSettings) in settings.endpoints = [] },
      { $0.endpoints = [Endpoint(host: "", port: 2404)] }, { $0.endpoints = [Endpoint(host: "a", port: 0)] },
      { $0.commonAddresses = [] },
    ] as [@Sendable (inout StationClientSettings) -> Void])
  func impossibleSettingsAreRefusedInWords(_ change: @Sendable (inout StationClientSettings) -> Void) {
    let fault = #expect(throws: StationClientSettings.Fault.self) {
      try EmbeddedWorld(.never, links: 1, chance: 0, change)
    }
    #expect(fault?.description.hasPrefix("substation: ") == true)
  }
}
