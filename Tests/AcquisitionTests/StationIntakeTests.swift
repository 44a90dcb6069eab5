import Decoding
import IEC104
import Metering
import Testing

@testable import Acquisition

/// What is made of what a station sends.
@Suite struct StationIntakeTests {
  typealias Bench = StationIntakeBench
  typealias Object = StationIntakeBench.Object
  private let start = StationIntakeBench.start

  // MARK: - ASDUs

  @Test func everyASDUIsAnObservation() throws {
    var bench = try Bench()
    bench.now = start + 7
    for bytes in [[], [1], [100, 1, 10, 0, 47, 0, 0, 0, 0, 20], [200, 1, 3, 0, 47, 0, 1, 2, 3]] as [[UInt8]] {
      let observation = bench.receive(bytes, link: 1)
      #expect(observation.content == .asdu(ReceivedASDU(bytes: bytes, link: 1)))
      #expect(observation.meterID == "s" && observation.definition.isEmpty && observation.marks.isEmpty)
      #expect(observation.time == start + 7 && observation.received == start + 7 && observation.due == nil)
    }
    #expect(bench.intake.state.asdus == 4 && bench.intake.state.malformed == 3)
    let observation = bench.receive(Bench.asdu(.M_ME_NB_1, [Object(700)]), link: 300)
    if case .asdu(let asdu) = observation.content { #expect(asdu.link == 255) }
  }

  @Test func itsTimeIsTheEarliestTagThatCanBe() throws {
    var bench = try Bench()
    bench.now = start + 10_000
    func time(_ type: TypeID, _ objects: [Object]) -> Timestamp { bench.receive(type, objects).time }
    #expect(time(.M_ME_NB_1, [Object(700)]) == start + 10_000)
    #expect(
      time(.M_ME_TE_1, [Object(700, at: start + 9000), Object(701, at: start - 86_400_000)]) == start - 86_400_000)
    // Of objects that nobody named as well: they may be named later.
    #expect(time(.M_ME_TE_1, [Object(9, at: start - 5)]) == start - 5)
    // Ahead of the clock the row is found by its receipt.
    #expect(time(.M_ME_TE_1, [Object(700, at: start + 20_000)]) == start + 10_000)
    #expect(time(.M_ME_TB_1, [Object(700, at: start - 60_000)]) == start - 60_000)
    var impossible = Bench.asdu(.M_ME_TE_1, [Object(700, at: start - 5)])
    impossible[impossible.count - 2] = 13
    #expect(bench.receive(impossible).time == start + 10_000)
    #expect(bench.receive(.M_ME_TE_1, []).time == start + 10_000)
  }

  @Test func aClockThatIsNotTrustedMarks() throws {
    var bench = try Bench()
    bench.isTrusted = false
    bench.due()
    #expect(bench.receive(.M_ME_NB_1, [Object(700)]).marks == .untrustedClock)
    bench.down()
    #expect(bench.records.count == 3 && bench.records.allSatisfy { $0.marks == .untrustedClock })
  }

  @Test func whatIsCounted() throws {
    var bench = try Bench()
    bench.receive(.M_ME_NB_1, [Object(700), Object(701), Object(9)])
    bench.receive(.M_ME_NB_1, cause: 0x83, [Object(700)])
    bench.receive(Bench.asdu(.M_ME_NB_1, [Object(700)]) + [0, 0])
    bench.receive(Bench.asdu(.M_ME_NB_1, [Object(700)]).dropLast())
    let state = bench.intake.state
    #expect(state.asdus == 4 && state.objects == 4 && state.namedObjects == 3)
    #expect(state.testASDUs == 1 && state.trailingOctets == 1 && state.malformed == 1 && state.repeatedObjects == 0)
  }

  @Test func whatCannotBeReadIsCountedAndSaidOnce() throws {
    var bench = try Bench()
    let whole = Bench.asdu(.M_ME_NB_1, [Object(700), Object(701)])
    for _ in 0..<5 { bench.receive(whole.dropLast()) }
    let words = bench.takeWarnings()
    #expect(words.count == 1)
    #expect(words.first?.hasPrefix("s: an ASDU that cannot be read: ") == true)
    #expect(words.first?.contains("kept in the archive") == true)
    #expect(bench.intake.state.malformed == 5)
    #expect(bench.intake.state.lastErrorAt == start)
  }

  /// Bug: a station that cut each ASDU elsewhere filled the log, and the memory until the next slot.
  @Test func aThousandWaysToBeMalformedAreSaidOnceAConnection() throws {
    var bench = try Bench()
    let whole = Bench.asdu(.M_ME_NB_1, (0..<30).map { Object($0) })
    for round in 0..<1000 { bench.receive(whole.dropLast(1 + round % 170)) }
    #expect(bench.takeWarnings().count == 1)
    #expect(bench.intake.state.malformed == 1000)
    bench.down()
    bench.up()
    bench.receive(whole.dropLast())
    #expect(bench.takeWarnings().count == 1)
  }

  // MARK: - Objects that no point takes

  @Test func objectsWithoutAPointAreListed() throws {
    var bench = try Bench()
    bench.receive(.M_ME_NB_1, [Object(9, 5), Object(700)])
    bench.now = start + 1000
    bench.receive(.M_ME_NB_1, [Object(9, 6)])
    // The point is there, but takes another type.
    bench.receive(.M_SP_NA_1, [Object(700)])
    bench.receive(.M_ME_NB_1, commonAddress: 48, [Object(700)])
    let items = bench.intake.objectsSeen.items
    #expect(items.count == 3 && bench.intake.objectsSeen.unlisted == 0)
    let item = try #require(items[.init(commonAddress: 47, objectAddress: 9)])
    #expect(item.count == 2 && item.type == .M_ME_NB_1 && item.lastAt == start + 1000)
    #expect(item.last.value(as: .M_ME_NB_1) == .scaled(6))
    #expect(items[.init(commonAddress: 47, objectAddress: 700)]?.type == .M_SP_NA_1)
    #expect(items[.init(commonAddress: 48, objectAddress: 700)]?.count == 1)
  }

  @Test func theListIsBounded() throws {
    var bench = try Bench()
    for address in 1000..<UInt32(4500) { bench.receive(.M_ME_NB_1, [Object(address)]) }
    bench.receive(.M_ME_NB_1, [Object(1000), Object(4499)])
    let seen = bench.intake.objectsSeen
    #expect(seen.items.count == ObjectList.capacity && seen.unlisted == 3500 - UInt64(ObjectList.capacity) + 1)
    #expect(seen.items[.init(commonAddress: 47, objectAddress: 1000)]?.count == 2)
  }

  @Test func otherPointsBeginTheListAnew() throws {
    var bench = try Bench()
    bench.receive(.M_ME_NB_1, [Object(9)])
    bench.intake.set(try Bench.plan(points: [Bench.point("M_ME", 9, quantity: "x_e")]))
    bench.receive(.M_ME_NB_1, [Object(9), Object(700)])
    #expect(Set(bench.intake.objectsSeen.items.keys.map(\.objectAddress)) == [700])
    bench.due()
    #expect(bench.requests.map(\.commonAddress) == [47])
    bench.receive(.M_ME_NB_1, cause: 20, [Object(9)])
    bench.ended(try bench.ask())
    #expect(bench.takeRecords() == ["general 47 q20 complete due +0"])
  }

  // MARK: - The link

  @Test func theLinkIsRecordedWhenItChanges() throws {
    var bench = try Bench(started: false)
    bench.down()
    #expect(bench.takeRecords().isEmpty)
    bench.up()
    bench.up()
    #expect(bench.takeRecords() == ["up"])
    bench.now = start + 5
    bench.down()
    bench.down()
    #expect(bench.records.map(\.time) == [start + 5] && bench.records.map(\.due) == [nil])
    #expect(bench.records.first?.content == .link(isUp: false, reason: "gone"))
    #expect(bench.takeRecords() == ["down"])
  }

  /// Bug: after a switchover the station was taken for lost, and every slot failed from then on.
  @Test func afterASwitchoverTheStationIsThere() throws {
    var bench = try Bench()
    bench.down()
    bench.happened(.switched(reason: "the other one"))
    #expect(bench.takeRecords() == ["down", "up"])
    bench.due()
    #expect(bench.requests.map(\.commonAddress) == [47, 48] && bench.takeRecords().isEmpty)
    bench.down()
    #expect(bench.takeRecords().last == "down")
  }
}
