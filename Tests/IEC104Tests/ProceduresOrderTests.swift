import Testing

@testable import IEC104

/// What runs when, for one common address and for several (IEC 60870-5-5 clauses 6.4, 6.6, 6.9).
@Suite struct ProceduresOrderTests {
  private static let startup: [Procedures.Kind] = [
    .clockSynchronization, .general(qualifier: 20), .counter(.read, qualifier: 5),
  ]

  @Test func startUpGoesStepByStep() {
    var bench = ProceduresBench(ProceduresOrderTests.startup)
    #expect(words(bench.take()) == ["began clock", "C_CS"])
    bench.station(103, 7)
    #expect(words(bench.take()) == ["ended clock: complete", "began general 20", "C_IC 0x14"])
    bench.station(100, 7, element: [20])
    bench.station(13, 20, objectAddress: 1, element: [0, 0, 0, 0, 0])
    #expect(words(bench.take()) == [])
    bench.station(100, 10, element: [20])
    #expect(words(bench.take()) == ["ended general 20: complete", "began read 5", "C_CI 0x05"])
    bench.station(101, 7, element: [5])
    bench.station(101, 10, element: [5])
    #expect(words(bench.take()) == ["ended read 5: complete"])
    #expect(bench.procedures.nextDeadline == nil)
  }

  @Test func startUpGoesOnAfterARefusalAndATimeout() {
    var bench = ProceduresBench(ProceduresOrderTests.startup)
    bench.station(103, 44)
    #expect(
      words(bench.take()) == [
        "began clock", "C_CS", "ended clock: refused 44", "began general 20", "C_IC 0x14",
      ])
    bench.pass(ProceduresBench.timeout)
    #expect(
      words(bench.take()) == ["ended general 20: without the confirmation", "began read 5", "C_CI 0x05"])
  }

  @Test func groupsOneAfterTheOther() {
    var bench = ProceduresBench([.general(qualifier: 21), .general(qualifier: 22)])
    bench.station(100, 46, element: [21])
    // The same refusal again: not that of the next group.
    bench.station(100, 46, element: [21])
    #expect(
      words(bench.take()) == [
        "began general 21", "C_IC 0x15", "ended general 21: refused 46", "began general 22", "C_IC 0x16",
      ])
  }

  @Test func commonAddressesSideBySide() {
    var bench = ProceduresBench([.general(qualifier: 20)], addresses: [1, 2])
    let requests = [1, 2].map { Procedures.Request(kind: .general(qualifier: 20), commonAddress: $0, id: 0) }
    #expect(bench.take().filter { if case .began = $0 { true } else { false } } == requests.map { .began($0) })
    bench.station(100, 7, 2, element: [20])
    bench.station(100, 10, 2, element: [20])
    #expect(bench.take() == [.ended(requests[1], .complete)])
    bench.station(100, 10, 1, element: [20])
    #expect(bench.take() == [.ended(requests[0], .complete)])
  }

  @Test func anAddressThatNobodyAskedIsIgnored() {
    var bench = ProceduresBench([.general(qualifier: 20)])
    _ = bench.take()
    bench.pass(ProceduresBench.timeout - 1)
    bench.station(100, 7, 9, element: [20])
    bench.station(13, 20, 9, objectAddress: 1, element: [0, 0, 0, 0, 0])
    bench.station(100, 10, 9, element: [20])
    bench.station(100, 46, 9, element: [20])
    bench.station(70, 4, 9, element: [0])
    #expect(words(bench.take()) == [])
    bench.pass(1)
    #expect(words(bench.take()) == ["ended general 20: without the confirmation"])
  }

  @Test func generalAndCounterInterrogationOverlap() {
    var bench = ProceduresBench()
    bench.request(.general(qualifier: 20), id: 1)
    bench.request(.counter(.read, qualifier: 5), id: 2)
    #expect(words(bench.take()) == ["began general 20", "C_IC 0x14", "began read 5", "C_CI 0x05"])
    bench.station(101, 7, element: [5])
    bench.station(100, 7, element: [20])
    bench.station(101, 10, element: [5])
    bench.station(100, 10, element: [20])
    #expect(words(bench.take()) == ["ended read 5: complete", "ended general 20: complete"])
  }

  @Test func theSameWhileItRunsOrWaitsIsToldSo() {
    var bench = ProceduresBench()
    bench.request(.counter(.read, qualifier: 5), id: 1)
    bench.request(.counter(.freeze, qualifier: 5), id: 2)
    bench.request(.counter(.read, qualifier: 1), id: 3)
    bench.request(.counter(.read, qualifier: 1), id: 4)
    bench.request(.counter(.read, qualifier: 5), 2, id: 5)
    let actions = bench.take()
    #expect(
      words(actions) == [
        "began read 5", "C_CI 0x05", "ended freeze 5: already running", "ended read 1: already running",
        "began read 5", "C_CI 0x05",
      ])
    #expect(
      actions[2] == .ended(.init(kind: .counter(.freeze, qualifier: 5), commonAddress: 1, id: 2), .alreadyRunning))
    bench.station(101, 10, element: [5])
    #expect(words(bench.take()) == ["ended read 5: complete", "began read 1", "C_CI 0x01"])
  }

  @Test func aRequestForWhatStartUpWillDoSoonIsToldSo() {
    var bench = ProceduresBench(ProceduresOrderTests.startup)
    bench.request(.general(qualifier: 20))
    #expect(words(bench.take()) == ["began clock", "C_CS", "ended general 20: already running"])
  }

  @Test func withoutALinkARequestEndsAtOnce() {
    var bench = ProceduresBench(isStarted: false)
    bench.request(.general(qualifier: 20))
    #expect(words(bench.take()) == ["ended general 20: link lost"])
    bench.station(100, 7, element: [20])
    bench.station(70, 4, element: [0])
    bench.pass(1_000_000)
    #expect(words(bench.take()) == [])
  }

  @Test func aLostLinkEndsWhatRunsAndWhatWasAskedFor() {
    var bench = ProceduresBench([.general(qualifier: 20), .counter(.read, qualifier: 5)])
    bench.request(.general(qualifier: 21))
    _ = bench.take()
    bench.procedures.linkLost(at: bench.now)
    #expect(words(bench.take()) == ["ended general 20: link lost", "ended general 21: link lost"])
    #expect(bench.procedures.nextDeadline == nil)
    bench.procedures.linkStarted(at: bench.now)
    #expect(words(bench.take()) == ["began general 20", "C_IC 0x14"])
  }

  @Test func manyWaitingRequestsAreBounded() {
    var bench = ProceduresBench()
    for place in 0..<(Procedures.waitingLimit + 3) { bench.request(.read(objectAddress: UInt32(place)), id: 9) }
    #expect(bench.procedures.waiting.count == Procedures.waitingLimit)
    #expect(words(bench.take()).last == "ended object 1002: not sent: too many requests wait")
  }

  @Test func aSequenceGoesRoundTheEndOfTheAddresses() {
    var bench = ProceduresBench()
    bench.request(.read(objectAddress: 1))
    bench.station(1, 5, objectAddress: 0xFF_FFFF, element: [1, 1, 1], vsq: 0x83)
    #expect(words(bench.take()).last == "ended object 1: complete")
  }

  @Test func aPrivateTypeAnswersToo() {
    var bench = ProceduresBench()
    bench.request(.read(objectAddress: 5))
    bench.station(200, 5, objectAddress: 5, vsq: 0)
    #expect(words(bench.take()).count == 2)
    bench.station(200, 5, objectAddress: 5)
    #expect(words(bench.take()).last == "ended object 5: complete")
  }

  // MARK: end of initialization

  @Test func theEndOfInitializationAtTheStartIsNoted() {
    var bench = ProceduresBench(ProceduresOrderTests.startup)
    _ = bench.take()
    bench.station(70, 4, element: [0])
    #expect(words(bench.take()) == ["initialized 1"])
    bench.station(103, 7)
    #expect(words(bench.take()) == ["ended clock: complete", "began general 20", "C_IC 0x14"])
  }

  @Test func theEndOfInitializationLaterInterrogatesAgain() {
    var bench = ProceduresBench([.general(qualifier: 20)])
    bench.station(100, 7, element: [20])
    bench.station(100, 10, element: [20])
    _ = bench.take()
    bench.station(70, 4, element: [0])
    #expect(words(bench.take()) == ["initialized 1", "began general 20", "C_IC 0x14"])
    // Another one before anything was answered: noted.
    bench.station(70, 4, element: [0x82])
    #expect(words(bench.take()) == ["initialized 1"])
  }

  @Test func theEndOfInitializationDuringAnInterrogationAsksAfterIt() {
    var bench = ProceduresBench([.general(qualifier: 20), .counter(.read, qualifier: 5)])
    bench.station(100, 7, element: [20])
    bench.station(70, 4, element: [0])
    #expect(words(bench.take()) == ["began general 20", "C_IC 0x14", "initialized 1"])
    bench.pass(ProceduresBench.timeout)
    #expect(
      words(bench.take()) == ["ended general 20: without the termination", "began general 20", "C_IC 0x14"])
    #expect(bench.procedures.waiting.count == 1)
  }

  @Test func anotherCauseThanInitializedIsNoEndOfInitialization() {
    var bench = ProceduresBench([.general(qualifier: 20)])
    _ = bench.take()
    bench.station(70, 3, element: [0])
    bench.station(70, 0x84, element: [0])
    #expect(words(bench.take()) == [])
  }

  @Test func endlessEndsOfInitializationDoNotGrow() {
    var bench = ProceduresBench(ProceduresOrderTests.startup, addresses: [1, 2])
    for _ in 0..<1_000 {
      bench.station(70, 4, element: [0])
      bench.station(13, 20, objectAddress: 1, element: [0, 0, 0, 0, 0])
      bench.station(103, 7)
      bench.station(100, 10, element: [20])
    }
    #expect(bench.procedures.running.count <= 4)
    #expect(bench.procedures.waiting.count <= 6)
  }
}
