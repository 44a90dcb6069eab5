import Metering
import ModbusProtocol
import Testing

@testable import Acquisition
@testable import Modbus

/// Bugs of the poller, each with the case that showed it.
@Suite struct PollerBugTests {
  /// A reload between two requests asked another unit for the rest, and filed both under the new definition.
  @Test func aReloadInBetweenMixesNeitherDevicesNorDefinitions() throws {
    var bench = try PollerBench()
    bench.due()
    #expect(bench.next() == ["1:0×2"])
    let before = try #require(bench.poller.meters["m0"]?.plan)
    var definition = before.definition
    definition.unitID = 2
    bench.poller.set(try MeterPlan(definition).stored(as: "new"))
    bench.answer(PollerBench.data)
    #expect(bench.next() == [] && bench.outcomes == [[.ok, .notAsked]])
    #expect(bench.recorded.first?.definition == before.definitionHash && bench.poller.devices[2] == nil)
    bench.due(slot: 1)
    #expect(bench.next() == ["2:0×2"])
  }

  /// A meter that was removed with its slot waiting left that slot without a word.
  @Test func aMeterThatGoesLeavesNoSlotUnexplained() throws {
    var bench = try PollerBench(units: [1, 2], addresses: [0])
    bench.due("m0")
    bench.due("m1")
    bench.poller.remove("m0", at: bench.now)
    bench.poller.abandon(at: bench.now)
    #expect(bench.next() == [] && bench.missed == [.late, .late])
  }

  /// A split that was interrupted by timeouts was never tried again, and the value was lost for ever.
  @Test func aSplitThatWasInterruptedIsKept() throws {
    var bench = try PollerBench(addresses: [0, 10])
    bench.due()
    #expect(bench.next() == ["1:0×12"])
    bench.answer(.exception(2))
    #expect(bench.next() == ["1:0×2"])
    bench.answer(.failed(.timeout))
    bench.pass(milliseconds: 5)
    #expect(bench.next() == ["1:0×2"])
    bench.answer(.failed(.timeout))
    bench.pass(milliseconds: 60_000)
    bench.due(slot: 1)
    #expect(bench.next() == ["1:0×2"])
    bench.answer(PollerBench.data)
    #expect(bench.next() == ["1:10×2"])
  }

  /// A device that refused everything while it started was never split again, though later it refused holes only.
  @Test func aDeviceThatRefusedEverythingWhileItStartedIsSplitLater() throws {
    var bench = try PollerBench(addresses: [0, 10])
    var good: [Int64] = []
    for slot in 0..<14 as Range<Int64> {
      bench.due(slot: slot)
      while let request = bench.next().first {
        bench.answer(slot == 0 || request == "1:0×12" ? .exception(2) : PollerBench.data)
      }
      if bench.outcomes.last?.suffix(2) == [.ok, .ok] { good.append(slot) }
      bench.pass(milliseconds: 60_000)
    }
    #expect(good == [10, 11, 12, 13])
  }

  /// One lost batch of a device with three circuits was three failures, and sent it into probing.
  @Test func aBatchThatIsLostIsOneFailureHoweverManyMetersAreInIt() throws {
    var bench = try PollerBench(units: [1, 1, 1], addresses: [0], pipeline: 4)
    for meter in ["m0", "m1", "m2"] { bench.due(meter) }
    #expect(bench.next().count == 3)
    bench.answer(.failed(.timeout), .failed(.timeout), .failed(.timeout))
    #expect(bench.poller.devices[1]?.failures == 1 && bench.recorded.isEmpty)
    bench.pass(milliseconds: 2)
    #expect(bench.next() == ["1:0×2"])
  }

  /// Values of a live meter got the time at which a dead one in the same batch had timed out.
  @Test func eachAnswerOfABatchHasItsOwnTime() throws {
    var bench = try PollerBench(units: [1, 2], addresses: [0], pipeline: 4)
    bench.due("m0")
    bench.due("m1")
    #expect(bench.next().count == 2)
    bench.pass(milliseconds: 5000)
    bench.poller.finish(
      [Answer(PollerBench.data, nanoseconds: 5_000_000), Answer(.failed(.timeout), nanoseconds: 5_000_000_000)],
      at: bench.now)
    bench.effects += bench.poller.takeEffects()
    #expect(bench.recorded.first.map { $0.time - PollerBench.start } == 5)
    // From then on the one that fails is asked alone.
    bench.due("m0", slot: 0)
    bench.pass(milliseconds: 2)
    #expect(bench.next() == ["1:0×2"])
  }

  /// What had been read waited a whole late window for the second chance of the rest, and took that time.
  @Test func whatHasBeenReadDoesNotWaitForASecondChance() throws {
    var bench = try PollerBench(addresses: [0, 100], rtu: true)
    bench.due()
    #expect(bench.next() == ["1:0×2"])
    bench.answer(PollerBench.data)
    #expect(bench.next() == ["1:100×2"])
    bench.pass(milliseconds: 500)
    bench.answer(.failed(.timeout))
    #expect(bench.outcomes == [[.ok, .timeout]] && bench.recorded.first?.time == PollerBench.start)
  }

  /// Two blocks that are always refused logged a line each, every slot, for ever.
  @Test func aRefusalIsToldOnce() throws {
    var bench = try PollerBench()
    for slot in 0..<5 as Range<Int64> {
      bench.due(slot: slot)
      while !bench.next().isEmpty { bench.answer(.exception(4)) }
      bench.pass(milliseconds: 60_000)
    }
    #expect(bench.effects.count { if case .warn = $0 { true } else { false } } == 2)
  }

  /// On a loaded line dead meters cost live ones their slots: they wait until nobody else does, but not for ever.
  @Test func aDeadDeviceIsAskedWhenNobodyElseWaits() throws {
    var bench = try PollerBench(units: [1, 2], addresses: [0])
    bench.due("m0")
    while !bench.next().isEmpty {
      bench.answer(.failed(.timeout))
      bench.pass(milliseconds: 2)
    }
    bench.pass(milliseconds: 50_000)  // Not as long as `probe_every`: then it would be its turn.
    bench.due("m0", slot: 1)
    bench.due("m1", slot: 1)
    #expect(bench.next() == ["2:0×2"])
    bench.answer(PollerBench.data)
    #expect(bench.next() == ["1:0×2"])
  }

  @Test func aSlotInWhichNothingIsDueIsNoneAndALinkThatIsDownIsNotOnTime() throws {
    var bench = try PollerBench(addresses: [0], intervals: [180_000])
    for slot in 0..<4 as Range<Int64> {
      bench.due(slot: slot)
      while !bench.next().isEmpty { bench.answer(slot == 0 ? PollerBench.data : .failed(.link("x"))) }
      bench.pass(milliseconds: 60_000)
    }
    #expect(bench.poller.meters["m0"]?.slots == SlotCounts(due: 2, onTime: 1))
  }
}
