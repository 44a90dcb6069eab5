import Metering
import ModbusProtocol
import Testing

@testable import Acquisition
@testable import Modbus

/// One rule of the poller a test, on a clock turned by hand. The bus is never there: answers are given.
@Suite struct PollerTests {
  private static let start = Timestamp(rfc3339: "2026-11-21T12:00:00Z")!
  private static let data: ReadResult = .data([0, 1, 0, 2])

  /// Meters of two registers at 0 and two at 100 (a hole too wide to bridge on TCP), due once a minute.
  private struct Bench {
    var poller: Poller
    var now = Poller.Moment(wall: PollerTests.start, nanoseconds: 1, trusted: true)
    var effects: [Poller.Effect] = []

    init(
      units: [UInt8] = [1], addresses: [UInt16] = [0, 100], every: Int64 = 60_000, pipeline: Int = 1,
      rtu: Bool = false, intervals: [Int64?] = []
    ) throws {
      let transport: BusSettings.Transport =
        rtu ? .rtu(device: "x", format: SerialFormat(), rs485: false) : .tcp(host: "x", port: 502)
      var settings = BusSettings(id: "b", transport: transport)
      settings.pipeline = pipeline
      poller = Poller(BusPlan(settings: settings, probeEveryMilliseconds: 60_000))
      for (number, unit) in units.enumerated() {
        let points = addresses.enumerated().map { place, address in
          Definition.Point(
            quantity: "x_\(address)", unit: "1", kind: .gauge,
            register: .init(table: .holding, address: address, type: .u32),
            everyMilliseconds: intervals.indices.contains(place) ? intervals[place] : nil)
        }
        poller.set(
          try MeterPlan(
            Definition(
              meterID: "m\(number)", bus: "b", unitID: unit, everyMilliseconds: every, timeZone: "UTC", points: points))
        )
      }
    }

    mutating func due(_ meter: String = "m0", slot: Int64 = 0) {
      poller.due(meter, slot: PollerTests.start + slot * 60_000, repeated: false, at: now)
    }

    mutating func pass(milliseconds: Int64) {
      now.wall = now.wall + milliseconds
      now.nanoseconds += UInt64(milliseconds) * 1_000_000
    }

    /// What is asked next, as `unit:address×count`.
    mutating func next() -> [String] {
      defer { effects += poller.takeEffects() }
      guard case .ask(let asks) = poller.next(at: now) else { return [] }
      return asks.map { ask in
        guard case .read(let request) = ask.query else { return "?" }
        return "\(ask.device.unitID):\(request.address)×\(request.count)"
      }
    }

    mutating func answer(_ results: ReadResult..., turnaround: UInt64? = nil) {
      poller.finish(results.map { Answer($0, nanoseconds: 1000, turnaroundNanoseconds: turnaround) }, at: now)
      effects += poller.takeEffects()
    }

    var recorded: [Observation] { effects.compactMap { if case .record(let o) = $0 { o } else { nil } } }
    var missed: [MissedReason] { effects.compactMap { if case .missed(_, _, let r, _) = $0 { r } else { nil } } }
    var outcomes: [[Outcome]] {
      recorded.map { if case .poll(let blocks) = $0.content { blocks.map(\.outcome) } else { [] } }
    }
  }

  @Test func aPollIsEveryRequestOfTheSlotAndOneObservation() throws {
    var bench = try Bench()
    bench.due()
    #expect(bench.next() == ["1:0×2"])
    bench.answer(Self.data)
    bench.pass(milliseconds: 30)
    #expect(bench.next() == ["1:100×2"] && bench.recorded.isEmpty)
    bench.answer(Self.data)
    #expect(bench.outcomes == [[.ok, .ok]] && bench.next() == [])
    let observation = bench.recorded[0]
    #expect(
      observation.due == Self.start && observation.time == Self.start + 30 && observation.received == Self.start + 30)
  }

  @Test func aDeviceThatFailsGetsASecondChanceWhenTheOthersHadTheirTurn() throws {
    var bench = try Bench(units: [1, 2], addresses: [0])
    bench.due("m0")
    bench.due("m1")
    #expect(bench.next() == ["1:0×2"])
    bench.answer(.failed(.timeout))
    #expect(bench.next() == ["2:0×2"])
    bench.answer(Self.data)
    bench.pass(milliseconds: 2)
    #expect(bench.next() == ["1:0×2"])
    bench.answer(Self.data)
    #expect(bench.outcomes == [[.ok], [.timeout, .ok]])
    #expect(bench.poller.devices[1]?.failures == 0)
  }

  @Test func onASerialLineTheSecondChanceComesAfterTheLateWindow() throws {
    var bench = try Bench(addresses: [0], rtu: true)
    bench.due()
    _ = bench.next()
    bench.answer(.failed(.timeout))
    bench.pass(milliseconds: 1999)
    #expect(bench.next() == [])
    bench.pass(milliseconds: 1)
    #expect(bench.next() == ["1:0×2"])
  }

  @Test func aDeadDeviceCostsOneTimeoutAProbe() throws {
    var bench = try Bench()
    var asked: [Int64] = []
    for slot in 0..<26 as Range<Int64> {
      bench.due(slot: slot)
      while !bench.next().isEmpty {
        asked.append(slot)
        bench.answer(.failed(.timeout))
        bench.pass(milliseconds: 2)
      }
      bench.pass(milliseconds: 60_000 - (bench.now.wall - Self.start) % 60_000)
    }
    // Twice in the first slot, once in the second: three failures. Then after 1, 2, 4, 8 minutes.
    #expect(asked == [0, 0, 1, 2, 4, 8, 16])
    #expect(bench.missed.allSatisfy { $0 == .probing } && bench.missed.count + bench.recorded.count == 26)
    // It answers: from the next probe on every slot is polled, all requests of it.
    bench.due(slot: 26)
    #expect(bench.next() == ["1:0×2"])
    bench.answer(Self.data)
    #expect(bench.next() == ["1:100×2"])
    bench.answer(Self.data)
    #expect(bench.outcomes.last == [.ok, .ok])
  }

  @Test(arguments: [10, 11] as [UInt8])
  func aConverterThatFindsNobodyMeansTheDeviceFailed(code: UInt8) throws {
    var bench = try Bench()
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
    var bench = try Bench(units: [1, 2], addresses: [0])
    bench.due("m0")
    bench.due("m1")
    for pause in [100, 200, 400] as [Int64] {
      #expect(bench.next() == ["1:0×2"])
      bench.answer(.exception(code))
      if pause == 100 {
        #expect(bench.next() == ["2:0×2"])
        bench.answer(Self.data)
      }
      bench.pass(milliseconds: pause - 1)
      #expect(bench.next() == [])
      bench.pass(milliseconds: 1)
    }
    _ = bench.next()
    bench.answer(Self.data)
    #expect(bench.outcomes.last == [.exception(code), .exception(code), .exception(code), .ok])
    #expect(bench.poller.devices[1]?.failures == 0)
  }

  @Test func aDeviceThatIsAlwaysBusyIsGivenUpForTheSlot() throws {
    var bench = try Bench(addresses: [0])
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
    var bench = try Bench(addresses: [0, 20, 40])
    bench.due()
    #expect(bench.next() == ["1:0×42"])
    bench.answer(.exception(code))
    for part in ["1:0×2", "1:20×2", "1:40×2"] {
      #expect(bench.next() == [part])
      bench.answer(Self.data)
    }
    #expect(bench.outcomes == [[.exception(code), .ok, .ok, .ok]])
    bench.pass(milliseconds: 60_000)
    bench.due(slot: 1)
    for part in ["1:0×2", "1:20×2", "1:40×2"] {
      #expect(bench.next() == [part])
      bench.answer(Self.data)
    }
    #expect(bench.outcomes.last == [.ok, .ok, .ok])
  }

  @Test func valuesSideBySideAreSplitUntilTheOneThatIsRefusedStandsAlone() throws {
    var bench = try Bench(addresses: [0, 2, 4, 6])
    bench.due()
    var asked: [String] = []
    while let request = bench.next().first {
      asked.append(request)
      // The device has no register 4.
      let touches = ["1:0×8", "1:4×4", "1:4×2"].contains(request)
      bench.answer(touches ? .exception(2) : Self.data)
    }
    #expect(asked == ["1:0×8", "1:0×4", "1:4×4", "1:4×2", "1:6×2"])
    bench.pass(milliseconds: 60_000)
    bench.due(slot: 1)
    asked = []
    while let request = bench.next().first {
      asked.append(request)
      bench.answer(request == "1:4×2" ? .exception(2) : Self.data)
    }
    #expect(asked == ["1:0×4", "1:4×2", "1:6×2"])
  }

  @Test func aDeviceThatRefusesEverythingForAWhileIsNotSplitForEver() throws {
    var bench = try Bench(addresses: [0, 20])
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
    var bench = try Bench()
    bench.due()
    _ = bench.next()
    bench.answer(.exception(4))
    _ = bench.next()
    bench.answer(Self.data)
    #expect(bench.outcomes == [[.exception(4), .ok]] && bench.poller.devices[1]?.failures == 0)
  }

  @Test func metersOfOneUnitShareItsState() throws {
    var bench = try Bench(units: [7, 7], addresses: [0])
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
    var bench = try Bench(units: [1, 2], addresses: [0])
    bench.due("m0")
    bench.due("m1")
    _ = bench.next()
    bench.pass(milliseconds: 60_000)
    bench.due("m1", slot: 1)
    bench.answer(Self.data)
    #expect(bench.missed.isEmpty && bench.poller.skipped == 1 || bench.missed == [.late])
    #expect(bench.poller.meters["m1"]?.slots.due == 2 && bench.poller.meters["m1"]?.slots.onTime == 0)
  }

  @Test func whatIsHeldIsAskedWhenNoLateAnswerCanComeAnyMore() throws {
    var bench = try Bench(addresses: [0], rtu: true)
    bench.due()
    _ = bench.next()
    bench.answer(.failed(.held(nanoseconds: 500_000_000)))
    #expect(bench.next() == [] && bench.recorded.isEmpty)
    bench.pass(milliseconds: 500)
    #expect(bench.next() == ["1:0×2"])
  }

  @Test func aPipelineFillsUpWithTheRequestsOfSeveralMetersAndSpareSickOnes() throws {
    var bench = try Bench(units: [1, 2, 3], pipeline: 4)
    for meter in ["m0", "m1", "m2"] { bench.due(meter) }
    #expect(bench.next() == ["1:0×2", "1:100×2", "2:0×2", "2:100×2"])
    bench.answer(Self.data, Self.data, .failed(.timeout), .failed(.timeout))
    // Two requests in flight to a dead device are one failure.
    #expect(bench.poller.devices[2]?.failures == 1 && bench.outcomes == [[.ok, .ok]])
    #expect(bench.next() == ["3:0×2", "3:100×2"])
    bench.answer(Self.data, Self.data)
    bench.pass(milliseconds: 2)
    #expect(bench.next() == ["2:0×2"])  // A device that has failed is asked one thing at a time.
  }

  @Test func valuesWithTheirOwnIntervalAreReadInTheirSlotsOnly() throws {
    var bench = try Bench(intervals: [nil, 180_000])
    for slot in 0..<4 as Range<Int64> {
      bench.due(slot: slot)
      var asked: [String] = []
      while let request = bench.next().first {
        asked.append(request)
        bench.answer(Self.data)
      }
      #expect(asked == (slot % 3 == 0 ? ["1:0×2", "1:100×2"] : ["1:0×2"]), "slot \(slot)")
      bench.pass(milliseconds: 60_000)
    }
  }

  /// design/modbus.md: at 9600 baud 10 registers are worth bridging where the device answers at once, 24 at 30 ms.
  @Test func aQuickDeviceIsReadWithFewerHoles() throws {
    var bench = try Bench(addresses: [0, 20], rtu: true)
    for slot in 0..<6 as Range<Int64> {
      bench.due(slot: slot)
      var asked: [String] = []
      while let request = bench.next().first {
        asked.append(request)
        bench.answer(Self.data, turnaround: 0)
      }
      #expect(asked == (slot < 5 ? ["1:0×22"] : ["1:0×2", "1:20×2"]), "slot \(slot)")
      bench.pass(milliseconds: 60_000)
    }
  }

  @Test func aLinkThatIsDownIsNotTheDevicesFailure() throws {
    var bench = try Bench()
    bench.due()
    _ = bench.next()
    bench.answer(.failed(.link("x:502: refused")))
    #expect(bench.outcomes == [[.linkDown, .notAsked]] && bench.poller.devices[1]?.failures == 0)
    #expect(bench.poller.devices[1]?.isReachable == false)
  }

  // MARK: - Bugs, each with the case that showed it

  /// A reload between two requests asked another unit for the rest, and filed both under the new definition.
  @Test func aReloadInBetweenMixesNeitherDevicesNorDefinitions() throws {
    var bench = try Bench()
    bench.due()
    #expect(bench.next() == ["1:0×2"])
    let before = try #require(bench.poller.meters["m0"]?.plan)
    var definition = before.definition
    definition.unitID = 2
    bench.poller.set(try MeterPlan(definition).stored(as: "new"))
    bench.answer(Self.data)
    #expect(bench.next() == [] && bench.outcomes == [[.ok, .notAsked]])
    #expect(bench.recorded.first?.definition == before.definitionHash && bench.poller.devices[2] == nil)
    bench.due(slot: 1)
    #expect(bench.next() == ["2:0×2"])
  }

  /// A meter that was removed with its slot waiting left that slot without a word.
  @Test func aMeterThatGoesLeavesNoSlotUnexplained() throws {
    var bench = try Bench(units: [1, 2], addresses: [0])
    bench.due("m0")
    bench.due("m1")
    bench.poller.remove("m0", at: bench.now)
    bench.poller.abandon(at: bench.now)
    #expect(bench.next() == [] && bench.missed == [.late, .late])
  }

  /// A split that was interrupted by timeouts was never tried again, and the value was lost for ever.
  @Test func aSplitThatWasInterruptedIsKept() throws {
    var bench = try Bench(addresses: [0, 10])
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
    bench.answer(Self.data)
    #expect(bench.next() == ["1:10×2"])
  }

  /// A device that refused everything while it started was never split again, though later it refused holes only.
  @Test func aDeviceThatRefusedEverythingWhileItStartedIsSplitLater() throws {
    var bench = try Bench(addresses: [0, 10])
    var good: [Int64] = []
    for slot in 0..<14 as Range<Int64> {
      bench.due(slot: slot)
      while let request = bench.next().first {
        bench.answer(slot == 0 || request == "1:0×12" ? .exception(2) : Self.data)
      }
      if bench.outcomes.last?.suffix(2) == [.ok, .ok] { good.append(slot) }
      bench.pass(milliseconds: 60_000)
    }
    #expect(good == [10, 11, 12, 13])
  }

  /// One lost batch of a device with three circuits was three failures, and sent it into probing.
  @Test func aBatchThatIsLostIsOneFailureHoweverManyMetersAreInIt() throws {
    var bench = try Bench(units: [1, 1, 1], addresses: [0], pipeline: 4)
    for meter in ["m0", "m1", "m2"] { bench.due(meter) }
    #expect(bench.next().count == 3)
    bench.answer(.failed(.timeout), .failed(.timeout), .failed(.timeout))
    #expect(bench.poller.devices[1]?.failures == 1 && bench.recorded.isEmpty)
    bench.pass(milliseconds: 2)
    #expect(bench.next() == ["1:0×2"])
  }

  /// Values of a live meter got the time at which a dead one in the same batch had timed out.
  @Test func eachAnswerOfABatchHasItsOwnTime() throws {
    var bench = try Bench(units: [1, 2], addresses: [0], pipeline: 4)
    bench.due("m0")
    bench.due("m1")
    #expect(bench.next().count == 2)
    bench.pass(milliseconds: 5000)
    bench.poller.finish(
      [Answer(Self.data, nanoseconds: 5_000_000), Answer(.failed(.timeout), nanoseconds: 5_000_000_000)], at: bench.now)
    bench.effects += bench.poller.takeEffects()
    #expect(bench.recorded.first.map { $0.time - Self.start } == 5)
    // From then on the one that fails is asked alone.
    bench.due("m0", slot: 0)
    bench.pass(milliseconds: 2)
    #expect(bench.next() == ["1:0×2"])
  }

  /// What had been read waited a whole late window for the second chance of the rest, and took that time.
  @Test func whatHasBeenReadDoesNotWaitForASecondChance() throws {
    var bench = try Bench(addresses: [0, 100], rtu: true)
    bench.due()
    #expect(bench.next() == ["1:0×2"])
    bench.answer(Self.data)
    #expect(bench.next() == ["1:100×2"])
    bench.pass(milliseconds: 500)
    bench.answer(.failed(.timeout))
    #expect(bench.outcomes == [[.ok, .timeout]] && bench.recorded.first?.time == Self.start)
  }

  /// Two blocks that are always refused logged a line each, every slot, for ever.
  @Test func aRefusalIsToldOnce() throws {
    var bench = try Bench()
    for slot in 0..<5 as Range<Int64> {
      bench.due(slot: slot)
      while !bench.next().isEmpty { bench.answer(.exception(4)) }
      bench.pass(milliseconds: 60_000)
    }
    #expect(bench.effects.count { if case .warn = $0 { true } else { false } } == 2)
  }

  /// On a loaded line dead meters cost live ones their slots: they wait until nobody else does, but not for ever.
  @Test func aDeadDeviceIsAskedWhenNobodyElseWaits() throws {
    var bench = try Bench(units: [1, 2], addresses: [0])
    bench.due("m0")
    while !bench.next().isEmpty {
      bench.answer(.failed(.timeout))
      bench.pass(milliseconds: 2)
    }
    bench.pass(milliseconds: 50_000)  // Not as long as `probe_every`: then it would be its turn.
    bench.due("m0", slot: 1)
    bench.due("m1", slot: 1)
    #expect(bench.next() == ["2:0×2"])
    bench.answer(Self.data)
    #expect(bench.next() == ["1:0×2"])
  }

  @Test func aSlotInWhichNothingIsDueIsNoneAndALinkThatIsDownIsNotOnTime() throws {
    var bench = try Bench(addresses: [0], intervals: [180_000])
    for slot in 0..<4 as Range<Int64> {
      bench.due(slot: slot)
      while !bench.next().isEmpty { bench.answer(slot == 0 ? Self.data : .failed(.link("x"))) }
      bench.pass(milliseconds: 60_000)
    }
    #expect(bench.poller.meters["m0"]?.slots == SlotCounts(due: 2, onTime: 1))
  }
}
