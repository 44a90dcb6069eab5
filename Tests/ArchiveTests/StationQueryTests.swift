import Archive
import IEC104
import Metering
import Testing

/// Readings of meters on stations, by meter and time.
@Suite struct StationQueryTests {
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

  @Test func lateObjectsAreFoundByTheirOwnTime() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter()], from: start - 10 * day)
    await record(
      [
        try tagged([(700, 1, start), (700, 2, start - 5 * day), (700, 3, start - 9 * day)], received: start + 1000),
        try tagged([(700, 4, nil)], received: start + day),
      ], archive)
    await archive.close()
    #expect(try found(from: start - 5 * day, to: start - 5 * day + 1) == ["current_l1 2 @-7200"])
    #expect(try found(from: start - 9 * day, to: start - 8 * day) == ["current_l1 3 @-12960"])
    #expect(try found(from: start - 8 * day, to: start - 6 * day).isEmpty)
    #expect(try found(from: start, to: start + 1) == ["current_l1 1 @0"])
    #expect(try found(from: start + day, to: start + day + 1) == ["current_l1 4 @1440"])
    #expect(try found().count == 4)
    let late = try #require(try readings(scratch, "m1", from: start - 9 * day, to: start - 8 * day).first)
    #expect(late.received == start + 1000 && late.index == 2 && late.quality == .good && late.due == nil)
  }

  @Test func metersOfOneStationAreKeptApart() async throws {
    let archive = try open(scratch)
    _ = try await archive.use(
      [stationMeter("m1"), stationMeter("m2", [("x_a", 700, "M_ME"), ("x_b", 701, "M_ME")])], from: start)
    await record(
      [
        try tagged([(700, 1, start), (701, 2, start)], received: start),
        interrogation(.complete, due: start, received: start + 1000, absent: [700]), link(false, at: start + 60_000),
      ], archive)
    await archive.close()
    #expect(try found("m1") == ["current_l1 1 @0", "current_l1 - @0", "current_l1 - @1"])
    #expect(try found("m2") == ["x_a 1 @0", "x_b 2 @0", "x_a - @0", "x_a - @1", "x_b - @1"])
    #expect(try found("east").isEmpty)
    #expect(try readings(scratch, "m2").allSatisfy { $0.meterID == "m2" })
    // Without a meter: of all.
    var all: [String] = []
    let reader = try ArchiveReader(path: scratch.path + "/archive")
    try reader.forEachEntry(seqs: 1...10) { entry in
      try reader.forEachReading(of: entry) { all.append($0.meterID + $0.quantity) }
    }
    #expect(all.count == 8 && Set(all) == ["m1current_l1", "m2x_a", "m2x_b"])
  }

  @Test func aStationMayHaveTheNameOfAMeter() async throws {
    let archive = try open(scratch)
    let hashes = try await archive.use(
      [definition("m1"), stationMeter("m2", on: station("m1")), stationMeter("m3", on: station("m2"))], from: start)
    let hash = try #require(hashes["m1"])
    await record(
      [
        poll(start, value: 9, definition: hash), try tagged([(700, 1, start)], received: start, from: "m1"),
        try tagged([(700, 2, start)], received: start, from: "m2"), link(false, at: start + 60_000, from: "m1"),
      ], archive)
    await archive.close()
    #expect(try found("m1") == ["energy_active_import 9 @0"])
    #expect(try found("m2") == ["current_l1 1 @0", "current_l1 - @1"])
    #expect(try found("m3") == ["current_l1 2 @0"])
  }

  @Test func failuresAreFoundByTheirSlot() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter()], from: start - 3 * day)
    // Recorded a day later: the clock had been set.
    await record([interrogation(.timeout, due: start - 2 * day, received: start)], archive)
    await archive.close()
    #expect(try found(from: start - 2 * day, to: start - 2 * day + 1).count == 1)
    #expect(try found(from: start - 2 * day + 1).isEmpty)
  }

  // MARK: - Clock

  @Test func anUntrustedClockIsCorrectedAndTagsAreNot() async throws {
    let archive = try open(scratch)
    _ = try await archive.use([stationMeter()], from: .epoch)
    let early = Timestamp.epoch + 50_000
    await record(
      [
        try tagged([(700, 1, nil)], received: early, marks: .untrustedClock),
        try tagged([(700, 2, start)], received: early + 1000, marks: .untrustedClock),
      ], archive)
    #expect(try found(from: start, to: start + 1) == ["current_l1 2 @0"])
    #expect(try found(from: .epoch, to: .epoch + day).count == 1)
    await record(
      [
        Observation(
          meterID: "", time: start + hour, due: nil, received: start + hour, definition: "",
          content: .clockOffset(bootID: "boot-1", offsetMilliseconds: start + 60_000 - early))
      ], archive)
    await archive.close()
    #expect(try found(from: start) == ["current_l1 1 @1", "current_l1 2 @0"])
    #expect(try found(to: start).isEmpty)
    #expect(try readings(scratch).allSatisfy { $0.flags == ["clock"] && $0.quality == .uncertain })
  }
}
