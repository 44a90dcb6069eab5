import Testing

@testable import IEC104

/// Common address 65535, or 255 in one octet: every station answers with its own (IEC 60870-5-101 clause 7.2.4).
@Suite struct ProceduresBroadcastTests {
  private static let all: UInt16 = 0xFFFF

  @Test func knownAddressesAllEndIt() {
    var bench = ProceduresBench(addresses: [1, 2])
    bench.request(.general(qualifier: 20), ProceduresBroadcastTests.all)
    for address in [UInt16(1), 2] { bench.station(100, 7, address, element: [20]) }
    bench.station(100, 10, 1, element: [20])
    #expect(words(bench.take()) == ["began general 20", "C_IC 0x14"])
    bench.station(100, 10, 2, element: [20])
    #expect(words(bench.take()) == ["ended general 20: complete"])
  }

  @Test func oneOfTwoStaysSilent() {
    var bench = ProceduresBench(addresses: [1, 2])
    bench.request(.general(qualifier: 20), ProceduresBroadcastTests.all)
    bench.station(100, 7, 1, element: [20])
    bench.station(100, 10, 1, element: [20])
    bench.pass(ProceduresBench.timeout)
    #expect(words(bench.take()).last == "ended general 20: without the termination")
  }

  @Test func unknownAddressesEndItWithSilence() {
    var bench = ProceduresBench(addresses: [ProceduresBroadcastTests.all])
    bench.request(.general(qualifier: 20), ProceduresBroadcastTests.all)
    for address in [UInt16(7), 9] {
      bench.station(100, 7, address, element: [20])
      bench.station(13, 20, address, objectAddress: 1, element: [0, 0, 0, 0, 0])
      bench.station(100, 10, address, element: [20])
    }
    #expect(words(bench.take()) == ["began general 20", "C_IC 0x14"])
    bench.pass(ProceduresBench.timeout)
    #expect(words(bench.take()) == ["ended general 20: complete"])
  }

  @Test func unknownAddressesOfWhichOneDoesNotEnd() {
    var bench = ProceduresBench(addresses: [ProceduresBroadcastTests.all])
    bench.request(.general(qualifier: 20), ProceduresBroadcastTests.all)
    bench.station(100, 7, 7, element: [20])
    bench.station(100, 10, 7, element: [20])
    bench.station(13, 20, 9, objectAddress: 1, element: [0, 0, 0, 0, 0])
    bench.pass(ProceduresBench.timeout)
    #expect(words(bench.take()).last == "ended general 20: without the termination")
  }

  @Test func aStationThatMirrorsTheBroadcastSpeaksForAll() {
    var bench = ProceduresBench(addresses: [1, 2])
    bench.request(.general(qualifier: 20), ProceduresBroadcastTests.all)
    bench.station(100, 7, 0xFFFF, element: [20])
    bench.station(13, 20, 1, objectAddress: 1, element: [0, 0, 0, 0, 0])
    bench.station(100, 10, 0xFFFF, element: [20])
    #expect(words(bench.take()).last == "ended general 20: complete")
  }

  @Test func refusedByOneCompleteByTheOther() {
    var bench = ProceduresBench(addresses: [1, 2])
    bench.request(.counter(.freeze, qualifier: 5), ProceduresBroadcastTests.all)
    bench.station(101, 0x47, 1, element: [0x45])
    bench.station(101, 7, 2, element: [0x45])
    #expect(words(bench.take()) == ["began freeze 5", "C_CI 0x45", "C_CI 0x05"])
    bench.station(101, 7, 2, element: [5])
    bench.station(101, 10, 2, element: [5])
    #expect(words(bench.take()) == ["ended freeze 5: complete"])
  }

  @Test func refusedByAll() {
    var bench = ProceduresBench(addresses: [1, 2])
    bench.request(.counter(.freezeReset, qualifier: 5), ProceduresBroadcastTests.all)
    for address in [UInt16(1), 2] { bench.station(101, 44, address, element: [0x85]) }
    #expect(words(bench.take()).last == "ended freezeReset 5: refused 44")
  }

  @Test func aBroadcastClockIsConfirmedByEach() {
    var bench = ProceduresBench(addresses: [1, 2])
    bench.request(.clockSynchronization, ProceduresBroadcastTests.all)
    bench.station(103, 7, 1)
    #expect(words(bench.take()) == ["began clock", "C_CS"])
    bench.station(103, 7, 2)
    #expect(words(bench.take()) == ["ended clock: complete"])
  }

  @Test func aBroadcastResetIsNotRepeatedBeforeItsTotalsCame() {
    var bench = ProceduresBench([.counter(.freezeReset, qualifier: 5)], addresses: [ProceduresBroadcastTests.all])
    #expect(words(bench.take()) == ["began freezeReset 5", "C_CI 0x85"])
    bench.station(101, 7, 3, element: [0x85])
    bench.pass(ProceduresBench.timeout)
    #expect(words(bench.take()) == ["C_CI 0x05"])
    bench.procedures.linkLost(at: bench.now)
    bench.procedures.linkStarted(at: bench.now)
    #expect(
      words(bench.take()) == ["ended freezeReset 5: link lost", "began read 5", "C_CI 0x05"])
    bench.request(.counter(.freezeReset, qualifier: 1), 3)
    #expect(bench.procedures.waiting.count == 1)
  }

  @Test func whileABroadcastRunsNoAddressIsAskedTheSameSort() {
    var bench = ProceduresBench(addresses: [1])
    bench.request(.general(qualifier: 20), ProceduresBroadcastTests.all, id: 1)
    bench.request(.general(qualifier: 20), 1, id: 2)
    #expect(words(bench.take()) == ["began general 20", "C_IC 0x14"])
    bench.station(100, 10, 1, element: [20])
    #expect(words(bench.take()) == ["ended general 20: complete", "began general 20", "C_IC 0x14"])
  }

  @Test func aWaitingBroadcastIsNotOvertaken() {
    var bench = ProceduresBench(addresses: [1, 2])
    bench.request(.general(qualifier: 20), 1, id: 1)
    bench.request(.general(qualifier: 20), ProceduresBroadcastTests.all, id: 2)
    bench.request(.general(qualifier: 20), 2, id: 3)
    #expect(words(bench.take()) == ["began general 20", "C_IC 0x14"])
    bench.station(100, 10, 1, element: [20])
    let actions = bench.take()
    #expect(
      actions.dropFirst().first
        == .began(.init(kind: .general(qualifier: 20), commonAddress: ProceduresBroadcastTests.all, id: 2)))
    #expect(actions.count == 3)
  }

  @Test func theEndOfInitializationOfAnyStationInterrogatesAllAgain() {
    var bench = ProceduresBench([.general(qualifier: 20)], addresses: [ProceduresBroadcastTests.all])
    bench.station(70, 4, 7, element: [0])
    bench.station(100, 7, 7, element: [20])
    bench.station(100, 10, 7, element: [20])
    bench.pass(ProceduresBench.timeout)
    _ = bench.take()
    bench.station(70, 4, 7, element: [0])
    #expect(words(bench.take()) == ["initialized 7", "began general 20", "C_IC 0x14"])
  }

  /// The narrow layout: cause, common address and object address of one octet each.
  @Test func oneOctetAddresses() {
    var bench = ProceduresBench(
      addresses: [1, 2], format: ASDUFormat(causeSize: 1, commonAddressSize: 1, objectAddressSize: 1))
    bench.request(.general(qualifier: 20), 0xFF)
    guard case .send(let asdu)? = bench.take().last else {
      Issue.record("nothing sent")
      return
    }
    #expect(asdu.bytes == [100, 1, 6, 0xFF, 0, 20])
    for address in [UInt16(1), 2] {
      bench.station(100, 7, address, element: [20])
      bench.station(100, 10, address, element: [20])
    }
    #expect(words(bench.take()) == ["ended general 20: complete"])
    bench.request(.general(qualifier: 20), 256)
    #expect(words(bench.take()) == ["ended general 20: not sent: \(ASDUFault.address(256, maximum: 255))"])
    bench.request(.read(objectAddress: 7), 2)
    bench.station(1, 5, 2, objectAddress: 7, element: [1])
    #expect(words(bench.take()).last == "ended object 7: complete")
  }
}
