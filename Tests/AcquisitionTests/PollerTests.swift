import Metering
import ModbusProtocol
import Testing

@testable import Acquisition
@testable import Modbus

/// One rule of the poller a test, on a clock turned by hand. The bus is never there: answers are given.
@Suite struct PollerTests {
  @Test func aPollIsEveryRequestOfTheSlotAndOneObservation() throws {
    var bench = try PollerBench()
    bench.due()
    #expect(bench.next() == ["1:0×2"])
    bench.answer(PollerBench.data)
    bench.pass(milliseconds: 30)
    #expect(bench.next() == ["1:100×2"] && bench.recorded.isEmpty)
    bench.answer(PollerBench.data)
    #expect(bench.outcomes == [[.ok, .ok]] && bench.next() == [])
    let observation = bench.recorded[0]
    #expect(
      observation.due == PollerBench.start && observation.time == PollerBench.start + 30
        && observation.received == PollerBench.start + 30)
  }

  @Test func aDeviceThatFailsGetsASecondChanceWhenTheOthersHadTheirTurn() throws {
    var bench = try PollerBench(units: [1, 2], addresses: [0])
    bench.due("m0")
    bench.due("m1")
    #expect(bench.next() == ["1:0×2"])
    bench.answer(.failed(.timeout))
    #expect(bench.next() == ["2:0×2"])
    bench.answer(PollerBench.data)
    bench.pass(milliseconds: 2)
    #expect(bench.next() == ["1:0×2"])
    bench.answer(PollerBench.data)
    #expect(bench.outcomes == [[.ok], [.timeout, .ok]])
    #expect(bench.poller.devices[1]?.failures == 0)
  }

  @Test func onASerialLineTheSecondChanceComesAfterTheLateWindow() throws {
    var bench = try PollerBench(addresses: [0], rtu: true)
    bench.due()
    _ = bench.next()
    bench.answer(.failed(.timeout))
    bench.pass(milliseconds: 1999)
    #expect(bench.next() == [])
    bench.pass(milliseconds: 1)
    #expect(bench.next() == ["1:0×2"])
  }

  @Test func aDeadDeviceCostsOneTimeoutAProbe() throws {
    var bench = try PollerBench()
    var asked: [Int64] = []
    for slot in 0..<26 as Range<Int64> {
      bench.due(slot: slot)
      while !bench.next().isEmpty {
        asked.append(slot)
        bench.answer(.failed(.timeout))
        bench.pass(milliseconds: 2)
      }
      bench.pass(milliseconds: 60_000 - (bench.now.wall - PollerBench.start) % 60_000)
    }
    // Twice in the first slot, once in the second: three failures. Then after 1, 2, 4, 8 minutes.
    #expect(asked == [0, 0, 1, 2, 4, 8, 16])
    #expect(bench.missed.allSatisfy { $0 == .probing } && bench.missed.count + bench.recorded.count == 26)
    // It answers: from the next probe on every slot is polled, all requests of it.
    bench.due(slot: 26)
    #expect(bench.next() == ["1:0×2"])
    bench.answer(PollerBench.data)
    #expect(bench.next() == ["1:100×2"])
    bench.answer(PollerBench.data)
    #expect(bench.outcomes.last == [.ok, .ok])
  }

  @Test(arguments: [10, 11] as [UInt8])
  func aConverterThatFindsNobodyMeansTheDeviceFailed(code: UInt8) throws {
    var bench = try PollerBench()
    for slot in 0..<3 as Range<Int64> {
      bench.due(slot: slot)
      #expect(bench.next() == ["1:0×2"])
      bench.answer(.exception(code))
      #expect(bench.next() == [])
      bench.pass(milliseconds: 60_000)
    }
    #expect(bench.outcomes == Array(repeating: [.exception(code), .notAsked], count: 3))
    #expect(bench.poller.devices[1]?.probeAt != nil)
  }

  @Test(arguments: [5, 6] as [UInt8])
  func aBusyDeviceIsWaitedFor(code: UInt8) throws {
    var bench = try PollerBench(units: [1, 2], addresses: [0])
    bench.due("m0")
    bench.due("m1")
    for pause in [100, 200, 400] as [Int64] {
      #expect(bench.next() == ["1:0×2"])
      bench.answer(.exception(code))
      if pause == 100 {
        #expect(bench.next() == ["2:0×2"])
        bench.answer(PollerBench.data)
      }
      bench.pass(milliseconds: pause - 1)
      #expect(bench.next() == [])
      bench.pass(milliseconds: 1)
    }
    _ = bench.next()
    bench.answer(PollerBench.data)
    #expect(bench.outcomes.last == [.exception(code), .exception(code), .exception(code), .ok])
    #expect(bench.poller.devices[1]?.failures == 0)
  }

  @Test func aDeviceThatIsAlwaysBusyIsGivenUpForTheSlot() throws {
    var bench = try PollerBench(addresses: [0])
    bench.due()
    var asked = 0
    while asked < 100, !bench.next().isEmpty {
      asked += 1
      bench.answer(.exception(6))
      bench.pass(milliseconds: 10_000)
    }
    #expect(asked == 6 && bench.outcomes == [Array(repeating: .exception(6), count: 6)])
  }

  @Test(arguments: [2, 3] as [UInt8])
  func aRefusedRequestIsSplitAtItsHolesAndThatIsRemembered(code: UInt8) throws {
    var bench = try PollerBench(addresses: [0, 20, 40])
    bench.due()
    #expect(bench.next() == ["1:0×42"])
    bench.answer(.exception(code))
    for part in ["1:0×2", "1:20×2", "1:40×2"] {
      #expect(bench.next() == [part])
      bench.answer(PollerBench.data)
    }
    #expect(bench.outcomes == [[.exception(code), .ok, .ok, .ok]])
    bench.pass(milliseconds: 60_000)
    bench.due(slot: 1)
    for part in ["1:0×2", "1:20×2", "1:40×2"] {
      #expect(bench.next() == [part])
      bench.answer(PollerBench.data)
    }
    #expect(bench.outcomes.last == [.ok, .ok, .ok])
  }

  @Test func valuesSideBySideAreSplitUntilTheOneThatIsRefusedStandsAlone() throws {
    var bench = try PollerBench(addresses: [0, 2, 4, 6])
    bench.due()
    var asked: [String] = []
    while let request = bench.next().first {
      asked.append(request)
      // The device has no register 4.
      let touches = ["1:0×8", "1:4×4", "1:4×2"].contains(request)
      bench.answer(touches ? .exception(2) : PollerBench.data)
    }
    #expect(asked == ["1:0×8", "1:0×4", "1:4×4", "1:4×2", "1:6×2"])
    bench.pass(milliseconds: 60_000)
    bench.due(slot: 1)
    asked = []
    while let request = bench.next().first {
      asked.append(request)
      bench.answer(request == "1:4×2" ? .exception(2) : PollerBench.data)
    }
    #expect(asked == ["1:0×4", "1:4×2", "1:6×2"])
  }

  @Test func aDeviceThatRefusesEverythingForAWhileIsNotSplitForEver() throws {
    var bench = try PollerBench(addresses: [0, 20])
    for slot in 0..<3 as Range<Int64> {
      bench.due(slot: slot)
      while !bench.next().isEmpty { bench.answer(.exception(2)) }
      bench.pass(milliseconds: 60_000)
    }
    // Split once, to no use: afterwards it costs one request a slot.
    #expect(bench.outcomes == [[.exception(2), .exception(2), .exception(2)], [.exception(2)], [.exception(2)]])
    bench.due(slot: 3)
    #expect(bench.next() == ["1:0×22"])
  }

  @Test func otherExceptionsAreRefusalsOfThatRequestAlone() throws {
    var bench = try PollerBench()
    bench.due()
    _ = bench.next()
    bench.answer(.exception(4))
    _ = bench.next()
    bench.answer(PollerBench.data)
    #expect(bench.outcomes == [[.exception(4), .ok]] && bench.poller.devices[1]?.failures == 0)
  }

  @Test func metersOfOneUnitShareItsState() throws {
    var bench = try PollerBench(units: [7, 7], addresses: [0])
    for slot in 0..<2 as Range<Int64> {
      for meter in ["m0", "m1"] { bench.due(meter, slot: slot) }
      while !bench.next().isEmpty {
        bench.answer(.failed(.timeout))
        bench.pass(milliseconds: 2)
      }
      bench.pass(milliseconds: 50_000)
    }
    #expect(bench.poller.devices.count == 1 && bench.missed.contains(.probing))
  }

  @Test func aSlotThatWaitsWhenTheNextOneComesIsLate() throws {
    var bench = try PollerBench(units: [1, 2], addresses: [0])
    bench.due("m0")
    bench.due("m1")
    _ = bench.next()
    bench.pass(milliseconds: 60_000)
    bench.due("m1", slot: 1)
    bench.answer(PollerBench.data)
    #expect(bench.missed.isEmpty && bench.poller.skipped == 1 || bench.missed == [.late])
    #expect(bench.poller.meters["m1"]?.slots.due == 2 && bench.poller.meters["m1"]?.slots.onTime == 0)
  }

  @Test func whatIsHeldIsAskedWhenNoLateAnswerCanComeAnyMore() throws {
    var bench = try PollerBench(addresses: [0], rtu: true)
    bench.due()
    _ = bench.next()
    bench.answer(.failed(.held(nanoseconds: 500_000_000)))
    #expect(bench.next() == [] && bench.recorded.isEmpty)
    bench.pass(milliseconds: 500)
    #expect(bench.next() == ["1:0×2"])
  }

  @Test func aPipelineFillsUpWithTheRequestsOfSeveralMetersAndSpareSickOnes() throws {
    var bench = try PollerBench(units: [1, 2, 3], pipeline: 4)
    for meter in ["m0", "m1", "m2"] { bench.due(meter) }
    #expect(bench.next() == ["1:0×2", "1:100×2", "2:0×2", "2:100×2"])
    bench.answer(PollerBench.data, PollerBench.data, .failed(.timeout), .failed(.timeout))
    // Two requests in flight to a dead device are one failure.
    #expect(bench.poller.devices[2]?.failures == 1 && bench.outcomes == [[.ok, .ok]])
    #expect(bench.next() == ["3:0×2", "3:100×2"])
    bench.answer(PollerBench.data, PollerBench.data)
    bench.pass(milliseconds: 2)
    #expect(bench.next() == ["2:0×2"])  // A device that has failed is asked one thing at a time.
  }

  @Test func valuesWithTheirOwnIntervalAreReadInTheirSlotsOnly() throws {
    var bench = try PollerBench(intervals: [nil, 180_000])
    for slot in 0..<4 as Range<Int64> {
      bench.due(slot: slot)
      var asked: [String] = []
      while let request = bench.next().first {
        asked.append(request)
        bench.answer(PollerBench.data)
      }
      #expect(asked == (slot % 3 == 0 ? ["1:0×2", "1:100×2"] : ["1:0×2"]), "slot \(slot)")
      bench.pass(milliseconds: 60_000)
    }
  }

  /// design/modbus.md: at 9600 baud 10 registers are worth bridging where the device answers at once, 24 at 30 ms.
  @Test func aQuickDeviceIsReadWithFewerHoles() throws {
    var bench = try PollerBench(addresses: [0, 20], rtu: true)
    for slot in 0..<6 as Range<Int64> {
      bench.due(slot: slot)
      var asked: [String] = []
      while let request = bench.next().first {
        asked.append(request)
        bench.answer(PollerBench.data, turnaround: 0)
      }
      #expect(asked == (slot < 5 ? ["1:0×22"] : ["1:0×2", "1:20×2"]), "slot \(slot)")
      bench.pass(milliseconds: 60_000)
    }
  }

  @Test func aLinkThatIsDownIsNotTheDevicesFailure() throws {
    var bench = try PollerBench()
    bench.due()
    _ = bench.next()
    bench.answer(.failed(.link("x:502: refused")))
    #expect(bench.outcomes == [[.linkDown, .notAsked]] && bench.poller.devices[1]?.failures == 0)
    #expect(bench.poller.devices[1]?.isReachable == false)
  }
}
