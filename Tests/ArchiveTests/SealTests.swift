import Archive
import Metering
import Proof
import Segments
import Testing

@Suite struct SealTests {
  private let scratch = Scratch()

  @Test func aSealedDayReadsAsItDidBefore() async throws {
    let plant = try await Plant(scratch)
    try await plant.run(days: 3)
    let before = try entries(scratch)
    let readingsBefore = try readings(scratch, "m1")
    let report = try await plant.maintain()
    #expect(report.sealed.count == 3 && report.expired.isEmpty)
    #expect(plant.files("hot").filter { $0.hasSuffix(".sqlite") } == ["2026-11-24.sqlite"])
    #expect(plant.files("segments") == ["2026-11-21.mseg", "2026-11-22.mseg", "2026-11-23.mseg"])
    #expect(try entries(scratch) == before)
    #expect(try readings(scratch, "m1") == readingsBefore)
    await plant.archive.close()
  }

  @Test func oneQuantityOfASealedDayIsWhatAllQuantitiesSayOfIt() async throws {
    let plant = try await Plant(scratch)
    try await plant.run(days: 2)
    func both() throws -> (one: [Reading], all: [Reading]) {
      let reader = try ArchiveReader(path: scratch.path + "/archive")
      var (one, all): ([Reading], [Reading]) = ([], [])
      try reader.forEachReading(meterID: "m1", quantity: "voltage_l1", from: start, to: start + 3 * 86_400_000) {
        one.append($0)
      }
      try reader.forEachReading(meterID: "m1", from: start, to: start + 3 * 86_400_000) {
        if $0.quantity == "voltage_l1" { all.append($0) }
      }
      return (one, all)
    }
    let hot = try both()
    #expect(hot.one == hot.all && hot.one.count > 90)
    try await plant.maintain()
    let sealed = try both()
    #expect(sealed.one == hot.one && sealed.all == hot.all)
    await plant.archive.close()
  }

  @Test func aMonthThatIsOverIsOneFileOfTheSameRows() async throws {
    let plant = try await Plant(scratch, at: Timestamp(rfc3339: "2026-11-28T20:00:00Z")!)
    try await plant.run(days: 5)
    let before = try entries(scratch)
    let report = try await plant.maintain()
    #expect(report.repacked == ["2026-11"])
    #expect(plant.files("segments") == ["2026-11.mseg", "2026-12-01.mseg", "2026-12-02.mseg"])
    #expect(try entries(scratch) == before)
    // Nothing is left to do.
    let again = try await plant.maintain()
    #expect(again == Maintenance.Report())
    await plant.archive.close()
  }

  @Test func wholeMonthsGoAfterTheirTimeAndNothingYounger() async throws {
    let plant = try await Plant(scratch, at: Timestamp(rfc3339: "2026-10-30T20:00:00Z")!)
    try await plant.run(days: 35)
    try await plant.maintain()
    let before = try entries(scratch)
    let day: Int64 = 86_400_000
    let almost = Timestamp(rfc3339: "2026-11-01T00:00:00Z")! + 1826 * day - 1
    #expect(try await plant.maintain(trustedNow: almost).expired == [])
    #expect(try await plant.maintain(trustedNow: nil).expired == [])
    #expect(try await plant.maintain(trustedNow: almost + 1).expired == ["2026-10"])
    #expect(!plant.files("segments").contains("2026-10.mseg"))
    #expect(plant.files("checkpoints").first == "2026-10.checkpoint")
    let kept = before.filter { $0.received >= Timestamp(rfc3339: "2026-11-01T00:00:00Z")! }
    #expect(try entries(scratch) == kept && !kept.isEmpty)
    // The definitions of what is kept are still there, also where the catalog is lost.
    let some = try readings(scratch, "m1")
    await plant.archive.close()
    plant.loseCatalog()
    let again = try open(scratch)
    await again.close()
    #expect(try readings(scratch, "m1") == some && !some.isEmpty)
  }

  @Test func aLostCatalogIsMadeAnewFromTheFiles() async throws {
    let plant = try await Plant(scratch, at: Timestamp(rfc3339: "2026-11-29T20:00:00Z")!)
    try await plant.run(days: 4)
    try await plant.maintain()
    try await plant.run(days: 2)
    let (before, of) = (try entries(scratch), try readings(scratch, "m1"))
    let stationBefore = try readings(scratch, "feeder-1")
    await plant.archive.close()
    plant.loseCatalog()
    let again = try open(scratch)
    #expect(again.health.headSeq == before.last?.seq)
    await again.close()
    #expect(try entries(scratch) == before)
    #expect(try readings(scratch, "m1") == of)
    #expect(try readings(scratch, "feeder-1") == stationBefore && !stationBefore.isEmpty)
  }

  /// What an error, or the power, ends at any point is finished or done again by the next run.
  @Test(arguments: Maintenance.Step.allCases) func everyStepCanBeTheLastOne(step: Maintenance.Step) async throws {
    struct Stop: Error {}
    let plant = try await Plant(scratch, at: Timestamp(rfc3339: "2026-10-30T20:00:00Z")!)
    try await plant.run(days: 4)
    let before = try entries(scratch)
    let late = Timestamp(rfc3339: "2031-11-02T00:00:00Z")!
    let stopped = Stopper(step)
    await #expect(throws: (any Error).self) {
      try await plant.maintain(trustedNow: late) { try stopped.at($0) }
    }
    try await plant.reopen()
    try await plant.maintain(trustedNow: late)
    #expect(plant.files("segments") == ["2026-11-01.mseg", "2026-11-02.mseg"])
    let kept = before.filter { $0.received >= Timestamp(rfc3339: "2026-11-01T00:00:00Z")! }
    #expect(try entries(scratch) == kept && !kept.isEmpty)
    #expect(plant.files("manifests").filter { $0.hasSuffix(".manifest") }.count == 4)
    await plant.archive.close()
  }

  @Test func aClockThatHadLostTheDateMakesNoOldMonths() async throws {
    let plant = try await Plant(scratch, at: Timestamp(rfc3339: "2026-10-30T20:00:00Z")!)
    try await plant.run(days: 1)
    plant.now = Timestamp(rfc3339: "2023-01-01T00:00:00Z")!
    try await plant.run(days: 2)
    plant.now = Timestamp(rfc3339: "2026-11-02T00:00:00Z")!
    try await plant.run(days: 2)
    let before = try entries(scratch)
    try await plant.maintain(trustedNow: Timestamp(rfc3339: "2029-01-01T00:00:00Z")!)
    #expect(try entries(scratch) == before)
    await plant.archive.close()
  }
}

/// Throws once, at a step.
final class Stopper: @unchecked Sendable {
  struct Stop: Error {}
  private let step: Maintenance.Step

  init(_ step: Maintenance.Step) { self.step = step }

  func at(_ step: Maintenance.Step) throws {
    if step == self.step { throw Stop() }
  }
}
