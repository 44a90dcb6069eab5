import Decoding
import IEC104
import Metering
import Schedule
import Testing

/// Which readings an observation of a station gives, and which not.
@Suite struct StationAssemblyTests {
  private let one = "00 00 80 3F 00"
  private let two = "00 00 00 40 00"

  private func meter() -> Definition {
    stationMeter([
      stationPoint("M_ME", 700, quantity: "x_a"), stationPoint("M_ME", 701, quantity: "x_b"),
      stationPoint("M_IT", 702, quantity: "x_c", kind: .counter),
    ])
  }

  // MARK: - ASDUs

  @Test func objectsOfNamedPointsGiveReadingsInTheirOrder() throws {
    let content = asdu(.M_ME_NC_1, cause: 20, [(701, two), (9, one), (700, one)])
    let readings = try stationReadings([meter()], .asdu(content), due: noon)
    #expect(readings.map(\.quantity) == ["x_b", "x_a"])
    #expect(readings.map(\.index) == [0, 2])
    #expect(readings.map { $0.value?.description } == ["2", "1"])
    #expect(readings.map(\.raw) == [octets(two), octets(one)])
    #expect(readings.map(\.rawText) == ["13:20:0000004000", "13:20:0000803f00"])
    #expect(readings.allSatisfy { $0.due == noon && $0.received == noon + 100 && $0.time == noon + 100 })
    #expect(readings.allSatisfy { $0.seq == 7 && $0.meterID == "m" && $0.unit == "1" && $0.kind == .gauge })
    #expect(readings.allSatisfy { $0.origin == ObjectOrigin(type: 13, cause: 20) })
  }

  @Test func aSequenceCountsTheAddressesUp() throws {
    let content = asdu(.M_ME_NC_1, structure: 0x83, [(699, one + " " + two + " " + one)])
    let readings = try stationReadings([meter()], .asdu(content))
    #expect(readings.map(\.quantity) == ["x_a", "x_b"] && readings.map(\.index) == [1, 2])
    #expect(readings.map(\.raw) == [octets(two), octets(one)])
  }

  @Test func aSequenceOfTaggedTotals() throws {
    let total = "07 00 00 00 00 " + noonTag
    let content = asdu(.M_IT_TB_1, structure: 0x82, cause: 37, [(701, total + " " + total)])
    let readings = try stationReadings([meter()], .asdu(content))
    #expect(readings.map(\.quantity) == ["x_c"] && readings.map(\.index) == [1] && readings[0].time == noon)
    #expect(readings[0].rawText == "37:37:0700000000" + noonTag.filter { $0 != " " }.lowercased())
  }

  @Test func aSequenceOverTheLargestAddressGoesOnAtZero() throws {
    let points = [stationPoint("M_ME", 0xFF_FFFF, quantity: "x_a"), stationPoint("M_ME", 0, quantity: "x_b")]
    let content = asdu(.M_ME_NC_1, structure: 0x82, [(0xFF_FFFF, one + " " + two)])
    let readings = try stationReadings([stationMeter(points)], .asdu(content))
    #expect(readings.map(\.quantity) == ["x_a", "x_b"] && readings.map { $0.value?.description } == ["1", "2"])
  }

  @Test(arguments: [0x80 | 3, 0x80 | 20, 0x80 | 37, 0x40 | 3, 0x40 | 20, 0xC0 | 3] as [UInt8])
  func testDataAndRefusalsAreNoReadings(cause: UInt8) throws {
    #expect(try stationReadings([meter()], .asdu(asdu(.M_ME_NC_1, cause: cause, [(700, one)]))).isEmpty)
    #expect(try stationReadings([meter()], .asdu(asdu(.M_ME_NC_1, cause: cause & 0x3F, [(700, one)]))).count == 1)
  }

  @Test func noObjectsNoReadings() throws {
    for structure: UInt8 in [0x00, 0x80] {
      #expect(try stationReadings([meter()], .asdu(asdu(.M_ME_NC_1, structure: structure, []))).isEmpty)
      #expect(
        try stationReadings([meter()], .asdu(asdu(.M_ME_NC_1, structure: structure, [(700, one)]))).isEmpty)
    }
  }

  @Test func aTruncatedASDUGivesNoReadingAtAll() throws {
    for structure: UInt8 in [0x02, 0x82] {
      let first: UInt32 = 700
      let objects = structure == 2 ? [(first, one), (first + 1, two)] : [(first, one + " " + two)]
      let whole = asdu(.M_ME_NC_1, structure: structure, objects).bytes
      for count in 0..<whole.count {
        let content = ReceivedASDU(bytes: Array(whole[..<count]))
        #expect(try stationReadings([meter()], .asdu(content)).isEmpty, "\(count) octets")
      }
      #expect(try stationReadings([meter()], .asdu(ReceivedASDU(bytes: whole))).count == 2)
      #expect(try stationReadings([meter()], .asdu(ReceivedASDU(bytes: whole + [1, 2, 3]))).count == 2)
    }
  }

  /// Every type, with as many octets as any needs: only those of a point's family become readings.
  @Test func onlyThePointsOwnTypesAreRead() throws {
    let filler = String(repeating: "01 ", count: 14)
    for (name, expected) in [
      ("M_ME_TF_1", [36]), ("M_IT", [15, 16, 37]), ("M_ME_TF", [36]),
      ("M_ME", [9, 10, 11, 12, 13, 14, 21, 34, 35, 36]),
      ("M_SP", [1, 2, 30]), ("M_I", []), ("M_ME_TF_1_", []), ("", []), ("C_SC", []), ("P_ME", []),
    ] as [(String, [UInt8])] {
      let taken = try (UInt8.min...UInt8.max).filter { type in
        try !stationReadings(
          [stationMeter([stationPoint(name, 700)])], .asdu(asdu(TypeID(rawValue: type), [(700, filler)]))
        ).isEmpty
      }
      #expect(taken == expected, "\(name)")
    }
  }

  @Test func aPrivateTypeWithASizeIsNoReadingEither() throws {
    let own = station(privateTypes: [.init(type: 137, elementSize: 5)])
    let meter = stationMeter([stationPoint("M", 700)], on: own)
    #expect(try stationReadings([meter], .asdu(asdu(TypeID(rawValue: 137), [(700, one)]))).isEmpty)
  }

  @Test func anotherCommonAddressIsAnotherObject() throws {
    #expect(try stationReadings([meter()], .asdu(asdu(.M_ME_NC_1, commonAddress: 48, [(700, one)]))).isEmpty)
  }

  @Test func oneObjectForTwoMetersAndTwoQuantities() throws {
    let meters = [
      stationMeter(
        [stationPoint("M_ME", quantity: "x_a"), stationPoint("M_ME", quantity: "x_b", scale: "2")], id: "m1"),
      stationMeter([stationPoint("M_ME", quantity: "x_a", scale: "3")], id: "m2"),
    ]
    let content = Observation.Content.asdu(asdu(.M_ME_NC_1, [(700, one)]))
    let readings = try stationReadings(meters, content)
    #expect(readings.map { "\($0.meterID) \($0.quantity) \($0.value!)" } == ["m1 x_a 1", "m1 x_b 2", "m2 x_a 3"])
    #expect(try stationReadings(meters, content, meterID: "m2").map(\.meterID) == ["m2"])
    #expect(try stationReadings(meters, content, meterID: "m3").isEmpty)
  }

  @Test func metersOfAnotherStationAreLeftOut() throws {
    let meters = [
      stationMeter([stationPoint("M_ME")], id: "m1"), stationMeter([stationPoint("M_ME")], id: "m2", on: station("t")),
    ]
    #expect(try stationReadings(meters, .asdu(asdu(.M_ME_NC_1, [(700, one)]))).map(\.meterID) == ["m1"])
    #expect(try stationReadings([definition([])], .asdu(asdu(.M_ME_NC_1, [(700, one)]))).isEmpty)
  }

  @Test func whatWasSentAgainIsFlaggedAndNothingElse() throws {
    var content = asdu(.M_ME_NC_1, [(700, one), (701, two), (700, one)])
    content.repeated = [1]
    let readings = try stationReadings([meter()], .asdu(content))
    #expect(readings.map(\.flags) == [[], ["duplicate"], []])
    #expect(readings.allSatisfy { $0.quality == .good })
  }

  @Test(arguments: [(1, 1, 1), (1, 2, 3), (2, 1, 2)])
  func otherWidths(cause: Int, common: Int, object: Int) throws {
    let meter = stationMeter(
      [stationPoint("M_ME", 200, commonAddress: 47)], on: station(sizes: (cause, common, object)))
    var bytes: [UInt8] = [13, 2, 3] + (cause == 2 ? [9] : []) + [47] + (common == 2 ? [0] : [])
    for address: UInt8 in [199, 200] {
      bytes += [address] + Array(repeating: 0, count: object - 1) + octets(two)
    }
    let readings = try stationReadings([meter], .asdu(ReceivedASDU(bytes: bytes)))
    #expect(readings.map(\.index) == [1] && readings.map(\.raw) == [octets(two)])
  }

  @Test func widthsThatCannotBeAreAFault() {
    for sizes in [(0, 2, 3), (3, 2, 3), (2, 0, 3), (2, 3, 3), (2, 2, 0), (2, 2, 4)] {
      #expect(throws: DecodingFault.self) { try station(sizes: sizes).format() }
    }
    for type in [Definition.PrivateType(type: 127, elementSize: 1), .init(type: 128, elementSize: 250)] {
      #expect(throws: DecodingFault.self) { try station(privateTypes: [type]).format() }
    }
  }

  @Test func pointsThatCannotBeAreAFaultThatNamesThem() {
    for point in [
      stationPoint("M_ME", quantity: "no_such"), stationPoint("M_ME", quantity: "voltage_l1", unit: "kWh"),
    ] {
      let fault = #expect(throws: DecodingFault.self) { try Decoder(stationMeter([point], id: "east")) }
      #expect(fault?.description.hasPrefix("east/\(point.quantity): ") == true)
    }
    #expect(throws: DecodingFault.self) {
      try StationDecoder([Decoder(stationMeter([stationPoint("M")], on: station(zone: "Europe/Nowhere")))])
    }
  }

  // MARK: - Interrogations

  private func interrogation(
    _ outcome: Interrogation.Outcome, _ kind: Interrogation.Kind = .general, commonAddress: UInt16 = 47,
    absent: [UInt32]?
  ) -> Observation.Content {
    .interrogation(
      Interrogation(kind: kind, commonAddress: commonAddress, qualifier: 20, outcome: outcome, absent: absent))
  }

  @Test func whatAnInterrogationDidNotBringIsAFailureOfItsSlot() throws {
    let readings = try stationReadings(
      [meter()], interrogation(.complete, absent: [701, 702, 9]), received: noon + 4000, time: noon, due: noon)
    #expect(readings.count == 1)
    let reading = try #require(readings.first)
    #expect(reading.quantity == "x_b" && reading.value == nil && reading.quality == .bad)
    #expect(reading.time == noon && reading.due == noon && reading.received == noon + 4000)
    #expect(reading.flags == ["not-reported"] && reading.raw.isEmpty && reading.origin == nil && reading.index == 0)
  }

  @Test func nothingCameMeansEveryPointOfThatKindAndAddress() throws {
    let meters = [
      meter(),
      stationMeter([stationPoint("M_ME", 700, commonAddress: 48), stationPoint("M_SP_TB_1", 3)], id: "n"),
    ]
    func names(_ content: Observation.Content) throws -> [String] {
      try stationReadings(meters, content, due: noon).map { "\($0.meterID)/\($0.quantity)" }
    }
    #expect(try names(interrogation(.complete, absent: nil)) == ["m/x_a", "m/x_b", "n/x_value"])
    #expect(try names(interrogation(.complete, commonAddress: 48, absent: nil)) == ["n/x_value"])
    #expect(try names(interrogation(.complete, .counter, absent: nil)) == ["m/x_c"])
    #expect(try names(interrogation(.complete, .counter, absent: [700])).isEmpty)
    #expect(try names(interrogation(.complete, absent: [])).isEmpty)
    #expect(try stationReadings(meters, interrogation(.timeout, absent: nil), due: noon, meterID: "n").count == 1)
  }

  @Test(
    arguments: [
      (Interrogation.Outcome.complete, "not-reported"), (.freezeUnconfirmed, "not-reported"), (.timeout, "timeout"),
      (.linkDown, "link-down"), (.late, "skipped"), (.notSent, "skipped"), (.refused(cause: 46), "refused-46"),
      (.refused(cause: 7), "refused-7"),
    ] as [(Interrogation.Outcome, String)])
  func theOutcomeIsTheFlag(outcome: Interrogation.Outcome, flag: String) throws {
    let readings = try stationReadings([meter()], interrogation(outcome, absent: nil), due: noon)
    #expect(readings.map(\.flags) == [[flag], [flag]])
    #expect(Interrogation.Outcome(code: outcome.code) == outcome)
  }

  @Test func outcomeCodesAreUnambiguous() {
    let known = (UInt16.min...UInt16.max).compactMap { code in
      Interrogation.Outcome(code: code).map { ($0, code) }
    }
    #expect(known.count == 6 + 256 && known.allSatisfy { $0.0.code == $0.1 })
  }

  @Test func anInterrogationThatNobodyScheduledFailsNothing() throws {
    #expect(try stationReadings([meter()], interrogation(.timeout, absent: nil)).isEmpty)
  }

  @Test func anUntrustedClockMovesTheSlotOfAFailure() throws {
    let readings = try stationReadings(
      [meter()], interrogation(.timeout, absent: [700]), received: .epoch + 5000, time: .epoch + 1000,
      due: .epoch + 1000, marks: .untrustedClock, clockOffset: 3_600_000)
    #expect(readings.map(\.due) == [.epoch + 3_601_000] && readings.map(\.time) == [.epoch + 3_601_000])
    #expect(readings.map(\.received) == [.epoch + 3_605_000] && readings.map(\.flags) == [["timeout", "clock"]])
  }

  // MARK: - The link

  @Test func aLostLinkMakesEveryPointNotTopical() throws {
    let readings = try stationReadings([meter()], .link(isUp: false, reason: "t1"), received: noon + 7)
    #expect(readings.map(\.quantity) == ["x_a", "x_b", "x_c"])
    #expect(readings.allSatisfy { $0.flags == ["link-down", "not-topical"] && $0.quality == .bad && $0.value == nil })
    #expect(readings.allSatisfy { $0.time == noon + 7 && $0.due == nil && $0.origin == nil })
    #expect(try stationReadings([meter()], .link(isUp: true, reason: "")).isEmpty)
    #expect(try stationReadings([meter()], .link(isUp: false, reason: ""), meterID: "other").isEmpty)
  }

  // MARK: - Missed slots of a station's meter

  private func missed(_ definition: Definition, _ from: String, _ to: String) throws -> [String] {
    let (first, last) = (try #require(Timestamp(rfc3339: from)), try #require(Timestamp(rfc3339: to)))
    let decoder = try Decoder(definition)
    var result: [String] = []
    let observation = Observation(
      meterID: "m", time: first, due: first, received: last, definition: "",
      content: .missed(
        from: first, to: last, count: UInt32(decoder.slots.count(from: first, through: last)), reason: .gatewayDown))
    decoder.forEachReading(of: observation) { reading in
      #expect(reading.value == nil && reading.flags == ["gateway-down"] && reading.due == reading.time)
      result.append("\(reading.time.rfc3339(offsetSeconds: 28_800).dropFirst(11).prefix(5)) \(reading.quantity)")
    }
    #expect(result.count == decoder.readingsDue(from: first, through: last))
    return result
  }

  @Test func ofTwoIntervalsEachPointMissesItsOwn() throws {
    #expect(
      try missed(meter(), "2026-11-21T12:30:00+08:00", "2026-11-21T13:15:00+08:00") == [
        "12:30 x_a", "12:30 x_b", "12:45 x_a", "12:45 x_b", "13:00 x_a", "13:00 x_b", "13:00 x_c", "13:15 x_a",
        "13:15 x_b",
      ])
  }

  /// Ten minutes and a quarter of an hour: the meter's own slots are those of five minutes.
  @Test func theMetersOwnIntervalMayBeNobodys() throws {
    let definition = stationMeter(
      [stationPoint("M_ME", 700, quantity: "x_a"), stationPoint("M_IT", 702, quantity: "x_c", kind: .counter)],
      on: station(general: 600_000, counters: 900_000), every: 300_000)
    #expect(
      try missed(definition, "2026-11-21T12:05:00+08:00", "2026-11-21T12:35:00+08:00") == [
        "12:10 x_a", "12:15 x_c", "12:20 x_a", "12:30 x_a", "12:30 x_c",
      ])
    let decoder = try Decoder(definition)
    #expect(decoder.slots.everyMilliseconds == 300_000)
    #expect(decoder.slots(of: "x_a").everyMilliseconds == 600_000)
    #expect(decoder.slots(of: "x_c").everyMilliseconds == 900_000)
    #expect((0..<7).map { decoder.pointsDue(in: noon + $0 * 300_000) } == [2, 0, 1, 1, 1, 0, 2])
    // A day: 144 and 96.
    #expect(decoder.readingsDue(from: noon, through: noon + 86_399_999) == 240)
  }

  @Test func anIntervalThatDoesNotFitTheMetersIsAFault() {
    #expect(throws: DecodingFault.self) {
      try Decoder(stationMeter([stationPoint("M_ME")], on: station(general: 600_000), every: 900_000))
    }
  }
}
