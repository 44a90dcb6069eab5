import IEC104
import Metering
import Testing

@testable import Acquisition

/// What a station sends once more because its acknowledgement was lost with the connection.
@Suite struct StationRepeatTests {
  typealias Bench = StationIntakeBench
  typealias Object = StationIntakeBench.Object
  private let start = StationIntakeBench.start

  private func header(_ type: TypeID, _ cause: UInt8 = 3, _ commonAddress: UInt16 = 47) -> ASDUHeader {
    ASDUHeader(type: type, count: 0, cause: .init(rawValue: cause), commonAddress: commonAddress)
  }

  private func object(_ address: UInt32, _ value: Int16 = 1, at: Timestamp? = StationIntakeBench.start)
    -> InformationObject
  {
    InformationObject(
      address: address, value: .scaled(value), time: at.map { TimeTag(Bench.tag($0)) } ?? .none)
  }

  @Test func afterASwitchoverEachIsMarkedOnce() {
    var filter = RepeatFilter()
    let (one, two, three) = (object(1), object(2), object(3))
    #expect(filter.take([one, two], header(.M_ME_TE_1)) == [])
    // Twice on one connection is twice.
    #expect(filter.take([one], header(.M_ME_TE_1)) == [])
    filter.connectionChanged()
    #expect(filter.take([three, two, one], header(.M_ME_TE_1)) == [1, 2])
    #expect(filter.take([one, two], header(.M_ME_TE_1)) == [0])
    #expect(filter.take([one, two, three], header(.M_ME_TE_1)) == [])
  }

  @Test func onlyWhatIsEqualInEverythingIsTheSame() {
    var filter = RepeatFilter()
    #expect(filter.take([object(1)], header(.M_ME_TE_1)).isEmpty)
    filter.connectionChanged()
    var doubtful = object(1)
    doubtful.quality = .notTopical
    #expect(filter.take([object(2), object(1, 2), object(1, at: start + 1), doubtful], header(.M_ME_TE_1)).isEmpty)
    #expect(filter.take([object(1)], header(.M_ME_TE_1, 3, 48)).isEmpty)
    #expect(filter.take([object(1)], header(.M_ME_TD_1)).isEmpty)
    #expect(filter.take([object(1)], header(.M_ME_TE_1)) == [0])
  }

  @Test func itMayBeSentOnceMoreOverEachConnection() {
    var filter = RepeatFilter()
    _ = filter.take([object(1)], header(.M_ME_TE_1))
    for _ in 0..<5 {
      filter.connectionChanged()
      #expect(filter.take([object(1)], header(.M_ME_TE_1)) == [0])
    }
  }

  @Test func whatWasNotRepeatedAtOnceIsStillKnown() {
    var filter = RepeatFilter()
    _ = filter.take([object(1)], header(.M_ME_TE_1))
    filter.connectionChanged()
    _ = filter.take([object(2)], header(.M_ME_TE_1))
    filter.connectionChanged()
    #expect(filter.take([object(1), object(2)], header(.M_ME_TE_1)) == [0, 1])
  }

  /// Bug: totals of a counter interrogation with the same tag (that of the freeze) were taken for repeats.
  @Test(arguments: 20...41 as ClosedRange<UInt8>) func answersToInterrogationsAreNeverRepeats(cause: UInt8) {
    for type: TypeID in [.M_ME_TE_1, .M_IT_TB_1, .M_ME_NB_1] {
      var filter = RepeatFilter()
      let object = object(1, at: type.timeTag == .none ? nil : start)
      _ = filter.take([object], header(type, cause))
      filter.connectionChanged()
      #expect(filter.take([object], header(type, cause)).isEmpty)
      // Nor is an event that says the same as an answer before it.
      #expect(filter.take([object], header(type, 3)).isEmpty)
      filter.connectionChanged()
      #expect(filter.take([object], header(type, cause)).isEmpty)
      #expect(filter.take([object], header(type, 3)) == [0])
    }
  }

  @Test func untaggedEventsAreRepeatsOnlyUntilTheFirstInterrogationEnded() {
    var filter = RepeatFilter()
    let (untagged, tagged) = (object(1, at: nil), object(2))
    func fill() {
      _ = filter.take([untagged], header(.M_ME_NB_1))
      _ = filter.take([tagged], header(.M_ME_TE_1))
    }
    fill()
    filter.connectionChanged()
    #expect(filter.take([untagged], header(.M_ME_NB_1)) == [0])
    filter.connectionChanged()
    filter.interrogationEnded()
    #expect(filter.take([untagged], header(.M_ME_NB_1)).isEmpty)
    #expect(filter.take([tagged], header(.M_ME_TE_1)) == [0])
  }

  @Test(arguments: [1, 2, 5] as [UInt8]) func untaggedValuesThatAreNoEventsAreNeverRepeats(cause: UInt8) {
    var filter = RepeatFilter()
    _ = filter.take([object(1, at: nil)], header(.M_ME_NB_1, cause))
    filter.connectionChanged()
    #expect(filter.take([object(1, at: nil)], header(.M_ME_NB_1, cause)).isEmpty)
  }

  // MARK: - Bounds

  @Test func onlyTheLastOnesAreRemembered() {
    var filter = RepeatFilter(capacity: 4)
    for address in UInt32(0)..<10 { _ = filter.take([object(address)], header(.M_ME_TE_1)) }
    filter.connectionChanged()
    #expect(filter.take((0..<10).map { object($0) }, header(.M_ME_TE_1)) == [6, 7, 8, 9])
  }

  /// Bug: where earlier connections had left too much, the last one's was thrown away with it.
  @Test func afterManyConnectionsWithoutRepeatsTheLastOneIsKnown() {
    var filter = RepeatFilter(capacity: 4)
    for connection in UInt32(0)..<20 {
      let objects = (0..<4).map { object(connection * 4 + $0) }
      #expect(filter.take(objects, header(.M_ME_TE_1)).isEmpty)
      filter.connectionChanged()
      var copy = filter
      #expect(copy.take(objects, header(.M_ME_TE_1)) == [0, 1, 2, 3], "connection \(connection)")
    }
  }

  // MARK: - In the intake

  @Test func theIntakeMarksAndCounts() throws {
    var bench = try Bench()
    let bytes = Bench.asdu(.M_ME_TE_1, [Object(700), Object(9), Object(701)])
    #expect(bench.receive(bytes).repeated == [])
    bench.down()
    bench.happened(.switched(reason: ""))
    let again = bench.receive(bytes)
    #expect(again.repeated == [0, 1, 2] && bench.intake.state.repeatedObjects == 3)
    #expect(bench.receive(bytes).repeated == [])
    // A connection that comes again after a gap is another one too.
    bench.down()
    bench.up()
    #expect(bench.receive(bytes).repeated == [0, 1, 2])
  }

  @Test func theEndOfAGeneralInterrogationEndsUntaggedRepeats() throws {
    for kind: Procedures.Kind in [.general(qualifier: 20), .counter(.read, qualifier: 5)] {
      var bench = try Bench()
      bench.receive(.M_ME_NB_1, [Object(700)])
      bench.down()
      bench.up()
      let request = Procedures.Request(kind: kind, commonAddress: 47, id: 0)
      bench.began(request)
      bench.ended(request)
      #expect(bench.receive(.M_ME_NB_1, [Object(700)]).repeated == (kind == .general(qualifier: 20) ? [] : [0]))
    }
  }

  @Test func whatTheArchiveRemembersIsRecognised() throws {
    var bench = try Bench(started: false)
    let event = Bench.asdu(.M_ME_TE_1, [Object(700)])
    let answer = Bench.asdu(.M_ME_TE_1, cause: 20, [Object(701)])
    let cut = Array(Bench.asdu(.M_ME_TE_1, [Object(9)]).dropLast())
    // Bug: a test was remembered like an event.
    let test = Bench.asdu(.M_ME_TE_1, cause: 0x83, [Object(8)])
    bench.intake.recall([event, answer, cut, test].map { ReceivedASDU(bytes: $0) })
    #expect(bench.intake.state.asdus == 0)
    bench.up()
    #expect(bench.receive(event).repeated == [0])
    #expect(bench.receive(event).repeated == [])
    #expect(bench.receive(.M_ME_TE_1, [Object(701)]).repeated == [])
    #expect(bench.receive(.M_ME_TE_1, [Object(8)]).repeated == [])
  }

  /// More than an archive gives back.
  @Test func aLongRecallIsBounded() throws {
    var bench = try Bench(started: false)
    let old = (0..<20_000).map { ReceivedASDU(bytes: Bench.asdu(.M_ME_TE_1, [Object(UInt32($0))])) }
    bench.intake.recall(old)
    bench.up()
    #expect(bench.receive(old[0].bytes).repeated == [])
    #expect(bench.receive(old[19_999].bytes).repeated == [0])
  }
}
