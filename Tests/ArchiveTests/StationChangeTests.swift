import Archive
import IEC104
import Metering
import Testing

/// Definitions that change while stations have kept something back.
@Suite struct StationChangeTests {
  private let scratch = Scratch()

  /// `quantity value @ minutes since start`
  private func found(_ meterID: String = "m1", from: Timestamp = .distantPast, to: Timestamp = .distantFuture) throws
    -> [String]
  {
    try readings(scratch, meterID, from: from, to: to).map {
      "\($0.quantity) \($0.value?.description ?? "-") @\(($0.time - start) / 60_000)"
    }
  }

  private func record(_ observations: [Observation], _ archive: Archive) async {
    for observation in observations { #expect(archive.offer(observation)) }
    #expect(await archive.flush())
  }

  @Test func anObjectIsReadByTheDefinitionOfItsOwnTime() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter(ct: "20")], from: start)
    _ = try await archive.use([stationMeter(ct: "30")], from: start + hour)
    await record(
      [
        try tagged(
          [
            (700, 1, start + 10 * 60_000), (700, 1, start + hour - 1), (700, 1, start + hour),
            (700, 1, start + 90 * 60_000),
          ],
          received: start + 2 * hour),
        try tagged([(700, 1, nil)], received: start + hour - 1), try tagged([(700, 1, nil)], received: start + hour),
      ], archive)
    await archive.close()
    #expect(
      try found() == [
        "current_l1 20 @10", "current_l1 20 @59", "current_l1 30 @60", "current_l1 30 @90", "current_l1 20 @59",
        "current_l1 30 @60",
      ])
    #expect(try readings(scratch).map(\.index) == [0, 1, 2, 3, 0, 0])
  }

  /// What a station had kept from before it was configured has no other definition.
  @Test func whatIsOlderThanTheFirstDefinitionIsReadByIt() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter(ct: "20")], from: start)
    _ = try await archive.use([stationMeter(ct: "30")], from: start + hour)
    await record([try tagged([(700, 1, start - day)], received: start + 2 * hour)], archive)
    await archive.close()
    #expect(try found() == ["current_l1 20 @-1440"])
  }

  /// Bug: two points of a meter on one object gave four readings where the object was older than the last change.
  @Test func twoPointsOnOneObjectOverAChange() async throws {
    let archive = try open(scratch)
    let points = [
      (quantity: "current_l1", address: UInt32(700), type: "M_ME"), (quantity: "x_raw", address: 700, type: "M_ME"),
    ]
    _ = try await archive.use([stationMeter(ct: "20", points)], from: start)
    _ = try await archive.use([stationMeter(ct: "30", points)], from: start + hour)
    await record([try tagged([(700, 1, start), (700, 2, start + hour)], received: start + 2 * hour)], archive)
    await archive.close()
    #expect(try found() == ["current_l1 20 @0", "x_raw 1 @0", "current_l1 60 @60", "x_raw 2 @60"])
  }

  /// Bug: a point that the last change took away, or renamed, lost the late objects of before.
  @Test func aPointThatWasTakenAwayKeepsItsPast() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter("m1", [("x_a", 700, "M_ME"), ("x_b", 701, "M_ME")])], from: start)
    _ = try await archive.use([stationMeter("m1", [("x_c", 700, "M_ME")])], from: start + hour)
    await record(
      [
        try tagged(
          [(700, 1, start), (701, 2, start), (700, 3, start + hour), (701, 4, start + hour)], received: start + 2 * hour
        )
      ], archive)
    await archive.close()
    #expect(try found() == ["x_a 1 @0", "x_b 2 @0", "x_c 3 @60"])
  }

  /// Bug: a meter that came later, and stands before the others in order, made their past vanish when the station had
  /// changed too.
  @Test func aMeterThatIsAddedWithAChangeOfTheStationLeavesTheOthersPast() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter("m1")], from: start)
    await record([try tagged([(700, 1, start + 60_000)], received: start + 60_000)], archive)
    let slower = station(general: 1_800_000)
    _ = try await archive.use(
      [
        stationMeter("m1", on: slower, every: 1_800_000),
        stationMeter("a0", on: slower, [("x_a", 701, "M_ME")], every: 1_800_000),
      ],
      from: start + hour)
    await record([try tagged([(700, 2, nil), (701, 3, nil)], received: start + 2 * hour)], archive)
    await archive.close()
    #expect(try found("m1") == ["current_l1 1 @1", "current_l1 2 @120"])
    #expect(try found("a0") == ["x_a 3 @120"])
  }

  /// Bug: objects that nobody had named became readings of a meter that was added later, so that a file of before did not
  /// come out again with the same bytes.
  @Test func aMeterThatIsAddedHasNoReadingsOfBefore() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter("m1")], from: start)
    await record(
      [
        try tagged([(700, 1, start), (701, 1, start)], received: start),
        interrogation(.timeout, due: start, received: start + 60_000), link(false, at: start + 120_000),
      ], archive)
    _ = try await archive.use([stationMeter("m1"), stationMeter("m2", [("x_a", 701, "M_ME")])], from: start + hour)
    // But what comes after that may be older.
    await record([try tagged([(701, 2, start + 30 * 60_000)], received: start + 2 * hour)], archive)
    await archive.close()
    #expect(try found("m2") == ["x_a 2 @30"])
    #expect(try found("m1").count == 3)
  }

  @Test func aMeterThatWasTakenOutOfServiceKeepsItsPastAndHasNoFailuresSince() async throws {
    let archive = try open(scratch)
    let other = stationMeter("m2", [("x_a", 701, "M_ME")])
    _ = try await archive.use([stationMeter("m1"), other], from: start)
    await record([try tagged([(700, 1, start)], received: start)], archive)
    _ = try await archive.use([other], from: start + hour)
    await record(
      [
        try tagged([(700, 2, start + 60_000), (700, 3, start + 90 * 60_000)], received: start + 2 * hour),
        interrogation(.timeout, due: start + 2 * hour, received: start + 2 * hour), link(false, at: start + 2 * hour),
      ], archive)
    _ = try await archive.use([stationMeter("m1"), other], from: start + 3 * hour)
    await record(
      [try tagged([(700, 4, start + 150 * 60_000), (700, 5, start + 4 * hour)], received: start + 4 * hour)], archive)
    await archive.close()
    #expect(try found("m1") == ["current_l1 1 @0", "current_l1 2 @1", "current_l1 5 @240"])
    #expect(try found("m2").count == 2)
  }

  /// The station's zone was wrong: its tags lay eight hours ahead, so the time of receipt was taken.
  @Test func aCorrectedZoneHoldsForWhatComesAfterwards() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter(ct: "20")], from: start)
    let local = "Asia/Shanghai"
    await record([try tagged([(700, 1, start + 60_000)], received: start + 120_000, zone: local)], archive)
    _ = try await archive.use([stationMeter(on: station(zone: local), ct: "30")], from: start + hour)
    await record(
      [
        try tagged(
          [(700, 2, start + 50 * 60_000 + 40_000), (700, 3, start - day), (700, 4, start + 61 * 60_000)],
          received: start + 80 * 60_000,
          zone: local)
      ], archive)
    await archive.close()
    #expect(try found() == ["current_l1 20 @2", "current_l1 40 @50", "current_l1 60 @-1440", "current_l1 120 @61"])
    // Bug: tags of before the correction were read in the old zone although they came after it.
    let all = try readings(scratch)
    #expect(all.map(\.flags) == [["clock"], [], [], []])
    #expect(all[1].time == start + 50 * 60_000 + 40_000)
  }

  /// Bug: what came by corrected widths was taken apart by those of before when its tags were older than the correction.
  @Test func correctedWidthsHoldForWhatComesAfterwards() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter(on: station(objectSize: 2))], from: start)
    let narrow = ASDUFormat(objectAddressSize: 2)
    await record([try tagged([(700, 1, start)], received: start, format: narrow)], archive)
    _ = try await archive.use([stationMeter()], from: start + hour)
    await record([try tagged([(700, 2, start + 60_000), (700, 3, start + hour)], received: start + 2 * hour)], archive)
    await archive.close()
    #expect(try found() == ["current_l1 1 @0", "current_l1 2 @1", "current_l1 3 @60"])
  }

  @Test func aMeterThatMovesToAnotherStationIsFoundOnBoth() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter()], from: start)
    await record([try tagged([(700, 1, nil)], received: start)], archive)
    _ = try await archive.use([stationMeter(on: station("west"))], from: start + hour)
    await record(
      [
        try tagged([(700, 2, nil)], received: start + 2 * hour, from: "west"),
        // Nobody listens to it any more, but it had something left.
        try tagged([(700, 3, start + 60_000), (700, 4, start + 2 * hour)], received: start + 2 * hour, from: "east"),
        link(false, at: start + 3 * hour, from: "east"),
      ], archive)
    await archive.close()
    #expect(try found() == ["current_l1 1 @0", "current_l1 2 @120", "current_l1 3 @1"])
  }

  @Test func aReaderThatStaysOpenSeesTheChange() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter(ct: "20")], from: start)
    await record([try tagged([(700, 1, nil)], received: start)], archive)
    let reader = try ArchiveReader(path: scratch.path + "/archive")
    func values() throws -> [String] {
      var values: [String] = []
      try reader.refresh()
      try reader.forEachEntry(seqs: 1...99) { entry in
        try reader.forEachReading(of: entry) { values.append($0.value?.description ?? "-") }
      }
      return values
    }
    #expect(try values() == ["20"])
    _ = try await archive.use([stationMeter(ct: "30")], from: start + hour)
    await record([try tagged([(700, 1, nil)], received: start + hour)], archive)
    #expect(try values() == ["20", "30"])
    await archive.close()
  }
}
