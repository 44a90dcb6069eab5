import Testing

@testable import IEC104

/// A freeze with reset that is sent again before its totals were fetched loses energy: the second copy overwrites the first.
@Suite struct ProceduresResetTests {
  private func resets(_ actions: [Procedures.Action]) -> Int {
    actions.count {
      if case .send(let asdu) = $0 { asdu.bytes[0] == 101 && asdu.bytes.last ?? 0 >= 0x80 } else { false }
    }
  }

  @Test func theNextRequestOnlyFetchesAndTheOneAfterResetsAgain() {
    var bench = ProceduresBench()
    bench.request(.counter(.freezeReset, qualifier: 5), id: 1)
    bench.station(101, 7, element: [0x85])
    bench.station(101, 7, element: [5])
    bench.pass(ProceduresBench.timeout)
    #expect(words(bench.take()).last == "ended freezeReset 5: without the termination")
    bench.request(.counter(.freezeReset, qualifier: 5), id: 2)
    let actions = bench.take()
    #expect(actions.first == .began(.init(kind: .counter(.read, qualifier: 5), commonAddress: 1, id: 2)))
    #expect(resets(actions) == 0)
    bench.station(101, 10, element: [5])
    #expect(words(bench.take()) == ["ended read 5: complete"])
    bench.request(.counter(.freezeReset, qualifier: 5), id: 3)
    #expect(resets(bench.take()) == 1)
  }

  /// Bug: of a station that never terminates the same totals were fetched for ever, and never frozen again.
  @Test func totalsThatCameWithoutTerminationAreFetched() {
    var bench = ProceduresBench()
    bench.request(.counter(.freezeReset, qualifier: 5), id: 1)
    bench.station(101, 7, element: [0x85])
    bench.station(101, 7, element: [5])
    bench.station(15, 37, element: [1, 0, 0, 0, 0])
    bench.pass(ProceduresBench.timeout)
    #expect(words(bench.take()).last == "ended freezeReset 5: without the termination")
    bench.request(.counter(.freezeReset, qualifier: 5), id: 2)
    #expect(resets(bench.take()) == 1)
  }

  /// The link is lost and found at every place of the course: one reset is sent, until its totals have been fetched.
  @Test(arguments: 0...4) func lostAtEachStage(stage: Int) {
    let answers: [(UInt8, UInt8)] = [(7, 0x85), (7, 5), (37, 0), (10, 5)]
    var bench = ProceduresBench([.counter(.freezeReset, qualifier: 5)])
    for (cause, qualifier) in answers.prefix(stage) {
      bench.station(cause == 37 ? 15 : 101, cause, element: [qualifier, 0, 0, 0, 0])
    }
    var actions = bench.take()
    #expect(resets(actions) == 1)
    for _ in 0..<10 {
      bench.procedures.linkLost(at: bench.now)
      bench.procedures.linkStarted(at: bench.now)
    }
    actions = bench.take()
    if stage == 4 {
      #expect(resets(actions) == 1)
    } else {
      #expect(resets(actions) == 0)
      #expect(words(actions).first == "ended freezeReset 5: link lost")
      #expect(words(actions).last == "C_CI 0x05")
    }
  }

  @Test func aRefusedResetResetNothing() {
    var bench = ProceduresBench()
    bench.request(.counter(.freezeReset, qualifier: 5))
    bench.station(101, 0x47, element: [0x85])
    bench.pass(250)
    bench.request(.counter(.freezeReset, qualifier: 5))
    #expect(resets(bench.take()) == 2)
  }

  @Test func aRefusedReadAfterAResetFetchedNothing() {
    var bench = ProceduresBench()
    bench.request(.counter(.freezeReset, qualifier: 5))
    bench.station(101, 7, element: [0x85])
    bench.station(101, 0x47, element: [5])
    bench.pass(250)
    #expect(words(bench.take()).last == "ended freezeReset 5: refused 7 negative")
    bench.request(.counter(.freezeReset, qualifier: 5))
    #expect(words(bench.take()) == ["began read 5", "C_CI 0x05"])
  }

  @Test func withoutCounterInterrogationAtStartTheTotalsAreFetchedAllTheSame() {
    var bench = ProceduresBench([.general(qualifier: 20)])
    bench.request(.counter(.freezeReset, qualifier: 3))
    bench.procedures.linkLost(at: bench.now)
    bench.procedures.linkStarted(at: bench.now)
    _ = bench.take()
    bench.station(100, 10, element: [20])
    #expect(words(bench.take()) == ["ended general 20: complete", "began read 3", "C_CI 0x03"])
    bench.station(101, 10, element: [3])
    bench.procedures.linkStarted(at: bench.now)
    bench.station(100, 10, element: [20])
    #expect(bench.procedures.running.isEmpty)
  }

  /// General (5) covers all groups, and a group is part of it.
  @Test func generalAndGroups() {
    func isReset(_ first: UInt8, thenFetched fetched: [UInt8], _ second: UInt8) -> Bool {
      var bench = ProceduresBench()
      bench.request(.counter(.freezeReset, qualifier: first))
      bench.procedures.linkLost(at: bench.now)
      bench.procedures.linkStarted(at: bench.now)
      bench.pass(ProceduresBench.timeout)
      for group in fetched {
        bench.request(.counter(.read, qualifier: group))
        bench.station(101, 10, element: [group])
      }
      _ = bench.take()
      bench.request(.counter(.freezeReset, qualifier: second))
      return resets(bench.take()) == 1
    }
    #expect(!isReset(5, thenFetched: [], 1))
    #expect(!isReset(1, thenFetched: [], 5))
    #expect(isReset(1, thenFetched: [], 2))
    #expect(isReset(5, thenFetched: [1], 1))
    #expect(!isReset(5, thenFetched: [1], 2))
    #expect(!isReset(5, thenFetched: [1, 2, 3, 4], 5))
    #expect(isReset(5, thenFetched: [5], 4))
  }

  @Test func ofAnotherCommonAddressNothingIsHeldBack() {
    var bench = ProceduresBench(addresses: [1, 2])
    bench.request(.counter(.freezeReset, qualifier: 5), 1)
    bench.pass(ProceduresBench.timeout)
    bench.pass(ProceduresBench.timeout)
    bench.request(.counter(.freezeReset, qualifier: 5), 2)
    #expect(resets(bench.take()) == 2)
    bench.request(.counter(.freezeReset, qualifier: 5), 1)
    #expect(resets(bench.take()) == 0)
  }
}
