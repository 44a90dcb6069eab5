import IEC104
import Metering
import Testing

@testable import Acquisition

/// What is said of interrogations that went wrong, and what the archive gets.
@Suite struct StationIntakeWordsTests {
  typealias Bench = StationIntakeBench
  typealias Object = StationIntakeBench.Object
  private let start = StationIntakeBench.start

  private func own(_ kind: Procedures.Kind = .general(qualifier: 20), _ commonAddress: UInt16 = 47)
    -> Procedures.Request
  {
    Procedures.Request(kind: kind, commonAddress: commonAddress, id: 0)
  }

  @Test(
    arguments: [
      (
        Procedures.Kind.general(qualifier: 20), Procedures.Outcome.refused(.unknownCommonAddress, isNegative: true),
        "s: general interrogation of common address 47: the station refused: unknown common address of ASDU; compare common_address with the station's setting"
      ),
      (
        .general(qualifier: 23), .refused(.unknownType, isNegative: false),
        "s: interrogation of group 3 of common address 47: the station refused: unknown type identification (with P/N 0); it does not know this command: ask for its interoperability list"
      ),
      (
        .counter(.freeze, qualifier: 5), .freezeUnconfirmed,
        "s: counter interrogation of common address 47: the station did not confirm the freeze; of which time the totals are is not known"
      ),
      (
        .counter(.read, qualifier: 4), .timedOut("the termination"),
        "s: counter interrogation of group 4 of common address 47: the termination did not come in time"
      ),
      (
        .clockSynchronization, .refused(.activationConfirmation, isNegative: true),
        "s: clock synchronization of common address 47: the station refused: negative confirmation without a cause; it may be busy, or the command locked"
      ),
      (
        .read(objectAddress: 7), .notSent("the link takes no more requests"),
        "s: reading object 7 of common address 47 was not sent: the link takes no more requests"
      ),
    ] as [(Procedures.Kind, Procedures.Outcome, String)])
  func whatWentWrongIsSaidInWords(kind: Procedures.Kind, outcome: Procedures.Outcome, words: String) throws {
    var bench = try Bench()
    let request = own(kind)
    bench.began(request)
    bench.now = start + 5
    bench.ended(request, outcome)
    #expect(bench.takeWarnings() == [words])
    #expect(bench.intake.state.lastError.map { "s: " + $0 } == words)
    #expect(bench.intake.state.lastErrorAt == start + 5)
    // Once; its time is the last one's.
    bench.now = start + 9
    bench.began(request)
    bench.ended(request, outcome)
    #expect(bench.takeWarnings().isEmpty && bench.intake.state.lastErrorAt == start + 9)
  }

  @Test(arguments: [Procedures.Outcome.complete, .linkLost, .alreadyRunning]) func whatNeedsNoWords(
    outcome: Procedures.Outcome
  ) throws {
    var bench = try Bench()
    bench.began(own())
    bench.ended(own(), outcome)
    #expect(bench.takeWarnings().isEmpty && bench.intake.state.lastError == nil)
  }

  /// Bug: two refusals in turn were each said again and again.
  @Test func twoThingsThatGoWrongInTurnAreSaidOnceEach() throws {
    var bench = try Bench()
    for _ in 0..<10 {
      for kind: Procedures.Kind in [.general(qualifier: 20), .counter(.read, qualifier: 5)] {
        bench.began(own(kind))
        bench.ended(own(kind), .refused(.unknownType, isNegative: true))
      }
    }
    #expect(bench.takeWarnings().count == 2)
    bench.down()
    bench.up()
    bench.began(own())
    bench.ended(own(), .refused(.unknownType, isNegative: true))
    #expect(bench.takeWarnings().count == 1)
  }

  @Test(
    arguments: [
      (Procedures.Outcome.complete, Interrogation.Outcome.complete), (.timedOut("x"), .timeout), (.linkLost, .linkDown),
      (.alreadyRunning, .late), (.freezeUnconfirmed, .freezeUnconfirmed), (.notSent("x"), .notSent),
      (.refused(.unknownCause, isNegative: false), .refused(cause: 45)),
    ] as [(Procedures.Outcome, Interrogation.Outcome)])
  func outcomesForTheArchive(outcome: Procedures.Outcome, expected: Interrogation.Outcome) {
    #expect(StationIntake.outcome(outcome) == expected)
  }

  @Test func anUnconfirmedFreezeIsOnRecord() throws {
    var bench = try Bench(mode: .freeze)
    bench.due(.counter)
    bench.receive(.M_IT_NA_1, cause: 37, [Object(702)])
    bench.ended(try bench.ask(), .freezeUnconfirmed)
    #expect(bench.takeRecords() == ["counter 47 q5 freezeUnconfirmed due +0"])
  }
}
