import IEC104
import Metering
import Testing

@testable import Acquisition

/// Interrogations in groups, and what a lost link does to all of them.
@Suite struct StationIntakeGroupTests {
  typealias Bench = StationIntakeBench
  typealias Object = StationIntakeBench.Object
  private let start = StationIntakeBench.start

  private func own(_ kind: Procedures.Kind = .general(qualifier: 20), _ commonAddress: UInt16 = 47)
    -> Procedures.Request
  {
    Procedures.Request(kind: kind, commonAddress: commonAddress, id: 0)
  }

  @Test func groupsAreAskedForOneAfterTheOtherAndRecordedOnce() throws {
    var bench = try Bench(general: [21, 22, 36])
    bench.due()
    bench.requests.removeAll { $0.commonAddress == 48 }
    var asked: [Procedures.Kind] = []
    while let request = bench.next() {
      asked.append(request.kind)
      bench.began(request)
      if request.kind == .general(qualifier: 22) {
        #expect(bench.receive(.M_ME_NB_1, cause: 22, [Object(701)]).due == start)
        bench.due(slot: 1)
        #expect(bench.takeRecords().contains("general 47 q21 late due +1 absent all"))
      } else {
        #expect(bench.takeRecords().isEmpty)
      }
      bench.ended(request)
    }
    #expect(asked == [21, 22, 36].map { .general(qualifier: $0) })
    #expect(bench.takeRecords() == ["general 47 q36 complete due +0 absent 700"])
  }

  @Test func aGroupThatIsRefusedDoesNotKeepTheOthersFromBeingAsked() throws {
    var bench = try Bench(counter: [1, 2, 3])
    bench.due(.counter)
    bench.ended(try bench.ask())
    bench.ended(try bench.ask(), .refused(.unknownCause, isNegative: true))
    bench.receive(.M_IT_NA_1, cause: 40, [Object(702)])
    bench.ended(try bench.ask(), .timedOut("the termination"))
    #expect(bench.next() == nil)
    // The first thing that went wrong.
    #expect(bench.takeRecords() == ["counter 47 q3 refused(cause: 45) due +0"])
    #expect(bench.takeWarnings().count == 2)
  }

  @Test func aLostLinkEndsTheGroups() throws {
    var bench = try Bench(general: [21, 22])
    bench.due()
    bench.ended(try bench.ask(), .linkLost)
    #expect(bench.takeRecords() == ["general 47 q21 linkDown due +0 absent all"])
    #expect(bench.requests.map(\.commonAddress) == [48])
  }

  @Test func theStartsFollowingGroupIsNotTheSlotsEnd() throws {
    var bench = try Bench(general: [21, 22])
    bench.began(own(.general(qualifier: 21)))
    bench.due()
    bench.ended(own(.general(qualifier: 21)))
    #expect(bench.takeRecords() == ["general 47 q21 complete absent all"])
    // Meanwhile the start's second group runs.
    bench.began(own(.general(qualifier: 22)))
    bench.ended(own(.general(qualifier: 22)))
    #expect(bench.takeRecords().isEmpty)
    bench.requests.removeAll { $0.commonAddress == 48 }
    while let request = bench.next() { bench.ended(request) }
    #expect(bench.takeRecords() == ["general 47 q22 complete due +0 absent all"])
  }

  // MARK: - A lost link

  @Test func aLostLinkEndsEverythingInOrder() throws {
    var bench = try Bench()
    bench.began(own())
    bench.due()
    bench.due(.counter)
    bench.receive(.M_ME_NB_1, cause: 20, [Object(700)])
    bench.now = start + 9
    bench.down()
    #expect(
      bench.takeRecords() == [
        "general 47 q20 linkDown absent 701", "general 48 q20 linkDown due +0 absent all",
        "counter 47 q5 linkDown due +0 absent all", "general 47 q20 linkDown due +0 absent all", "down",
      ])
    // What the procedures say of it is known.
    for request in bench.requests { bench.ended(request, .linkLost) }
    bench.ended(own(), .linkLost)
    #expect(bench.takeRecords().isEmpty && bench.takeWarnings().isEmpty)
    bench.up()
    #expect(bench.takeRecords() == ["up"])
    bench.requests = []
    bench.due(slot: 1)
    #expect(bench.requests.count == 2)
  }

  /// Bug: they came in the order of a hash table.
  @Test func slotsThatWaitedAreRecordedInOrder() throws {
    for _ in 0..<8 {
      var bench = try Bench()
      for address: UInt16 in [48, 47] { bench.began(own(.general(qualifier: 20), address)) }
      bench.began(own(.counter(.read, qualifier: 5)))
      bench.due(.counter)
      bench.due()
      bench.down()
      #expect(
        bench.takeRecords().dropFirst(3).dropLast() == [
          "general 47 q20 linkDown due +0 absent all", "general 48 q20 linkDown due +0 absent all",
          "counter 47 q5 linkDown due +0 absent all",
        ])
    }
  }

  /// Every slot of every kind and address has exactly one record, whatever happens in whatever order.
  @Test func everySlotHasOneRecord() throws {
    var generator = SplitMix(state: 104)
    for _ in 0..<300 {
      var bench = try Bench(
        started: Bool.random(using: &generator), general: Bool.random(using: &generator) ? [20] : [21, 22])
      var slot: [Interrogation.Kind: Int64] = [.general: 0, .counter: 0]
      var expected: [String: Int] = [:]
      var found: [String: Int] = [:]
      var asked: [Procedures.Request] = []
      func note(_ records: [Observation]) {
        for record in records {
          guard case .interrogation(let it) = record.content, let due = record.due else { continue }
          found["\(it.kind) \(it.commonAddress) \(due)", default: 0] += 1
        }
      }
      for _ in 0..<60 {
        bench.now = bench.now + 1000
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: bench.up()
        case 1: bench.down()
        case 2:
          bench.down()
          bench.happened(.switched(reason: ""))
        case 3, 4, 5:
          let kind: Interrogation.Kind = Bool.random(using: &generator) ? .general : .counter
          let next = slot[kind, default: 0]
          slot[kind] = next + 1
          bench.due(kind, slot: next)
          for address in kind == .general ? [47, 48] : [47] {
            expected["\(kind) \(address) \(start + next * Bench.quarter)"] = 1
          }
        case 6: bench.began(own(.general(qualifier: 20), Bool.random(using: &generator) ? 47 : 48))
        case 7: bench.ended(own(), .complete)
        case 8: bench.ended(own(.general(qualifier: 20), 48), .linkLost)
        case 9: bench.receive(.M_ME_NB_1, cause: 20, [Object(700), Object(701)])
        default:
          guard let request = asked.randomElement(using: &generator) else { break }
          asked.removeAll { $0 == request }
          bench.ended(
            request,
            [
              .complete, .timedOut(""), .alreadyRunning, .linkLost, .notSent(""), .freezeUnconfirmed,
              .refused(.unknownType, isNegative: false),
            ].randomElement(using: &generator) ?? .complete)
        }
        while let request = bench.next() { asked.append(request) }
        note(bench.records)
        _ = bench.takeRecords()
      }
      bench.down()
      note(bench.records)
      #expect(found == expected)
    }
  }
}
