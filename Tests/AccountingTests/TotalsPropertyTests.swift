import Metering
import Testing

@testable import Accounting

/// Totals add up to last − first, whatever happened: over random series with outages, garbage, wraps, exchanges, changes of
/// summer time, steps of the clock. A failure names its seed.
@Suite struct TotalsPropertyTests {
  struct Place: Sendable {
    var zone: String
    var around: String
  }

  static let places = [
    Place(zone: "Europe/Berlin", around: "2026-10-25T01:00:00Z"),
    Place(zone: "Europe/Berlin", around: "2026-03-29T01:00:00Z"),
    Place(zone: "Australia/Lord_Howe", around: "2026-04-04T15:00:00Z"),
    Place(zone: "Asia/Kolkata", around: "2026-11-21T00:00:00Z"),
    Place(zone: "Asia/Shanghai", around: "2026-11-21T00:00:00Z"),
  ]

  static func world(_ seed: UInt64, _ change: (inout World.Options) -> Void) throws -> World {
    var options = World.Options()
    options.everyMilliseconds = [minute, 5 * minute, 15 * minute][Int(seed % 3)]
    options.modulusCounts = seed % 4 == 0 ? 9_000 : nil
    change(&options)
    let place = places[Int(seed % 5)]
    let length: Intervals.Length = [.hour, .quarterHour, .day, .hour][Int(seed % 4)]
    let days: Int64 = options.everyMilliseconds < minute ? 1 : options.everyMilliseconds == minute ? 3 : 12
    return try World(
      seed: seed, options, zone: place.zone, around: at(place.around), days: days, length: length)
  }

  /// Of the rows: what is known of it.
  static func sum(_ rows: [TotalRow]) -> ExactDecimal {
    rows.compactMap(\.total).reduce(.zero) { $0.adding($1) ?? $0 }
  }

  @Test(arguments: [1115] + Array(0..<12) as [UInt64]) func totalsAreTrue(seed: UInt64) throws {
    let world = try TotalsPropertyTests.world(seed) { _ in }
    let judged = judged(world.readings, by: world.judge)
    #expect(judged.map(\.reading.seq) == world.readings.map(\.seq))
    for one in judged where one.reading.value != nil {
      let isGarbage = world.isGarbage[Int(one.reading.seq)]
      try #require((one.point == nil) == isGarbage, "\(one.reading.time) \(one.reading)")
      try #require(one.reading.flags.contains("implausible") == isGarbage)
    }
    let rows = totals(judged, world.intervals, every: world.everyMilliseconds)
    let shown = rows.filter { $0.total != nil }.map {
      "\($0.start) \($0.end) \($0.total ?? .zero)\($0.flags.contains("spanning") ? " spanning" : "")"
    }
    #expect(shown == world.rowsByTheRule(judged))
    // Every interval has its row, with or without a total.
    let ends = rows.filter { !$0.flags.contains("spanning") }.map(\.end)
    var boundary = world.intervals.start
    for end in ends {
      boundary = world.intervals.boundary(after: boundary)
      try #require(end == boundary)
    }
    #expect(boundary == world.intervals.end)
    #expect(world.garbage > 0)
  }

  @Test(arguments: [2002, 2174, 2326, 2438] + Array(100..<106) as [UInt64]) func totalsAddUpWhateverTheClockDoes(
    seed: UInt64
  ) throws {
    let world = try TotalsPropertyTests.world(seed) {
      $0.everyMilliseconds = minute
      $0.hasClockSteps = true
      $0.hasSpikes = false
      $0.exchanges = 0
      $0.hasLimit = seed % 2 == 0
    }
    let judged = judged(world.readings, by: world.judge)
    let rows = totals(judged, world.intervals, every: world.everyMilliseconds)
    let tolerance = world.everyMilliseconds / 2
    let usable = judged.filter {
      $0.point != nil && $0.reading.time >= world.intervals.start - tolerance
        && $0.reading.time < world.intervals.end + tolerance
    }
    #expect(usable.allSatisfy { $0.point?.isBroken == false })
    // What is labelled once is used; of what is labelled twice, the first time.
    let usual = judged.filter { $0.reading.value != nil && !$0.reading.flags.contains("clock") }
    #expect(usual.count { $0.point != nil } > usual.count * 95 / 100)
    let first = try #require(rows.first { $0.total != nil })
    let cut = usable.filter { $0.reading.time <= first.start + tolerance }
      .min { abs($0.reading.time - first.start) < abs($1.reading.time - first.start) }
    let end = try #require(rows.last { $0.total != nil }).end
    let final = usable.filter { abs($0.reading.time - end) <= tolerance }
      .min { abs($0.reading.time - end) < abs($1.reading.time - end) }
    let truth = world.truth[Int(try #require(final).reading.seq)] - world.truth[Int(try #require(cut).reading.seq)]
    #expect(TotalsPropertyTests.sum(rows) == World.value(truth))
  }

  @Test(arguments: [3293, 3362] + Array(200..<206) as [UInt64]) func aResetCostsNoMoreThanItself(seed: UInt64) throws {
    let world = try TotalsPropertyTests.world(seed) {
      $0.modulusCounts = nil
      $0.exchanges = 0
      $0.resets = 2
      $0.hasLimit = seed % 2 == 0
    }
    let judged = judged(world.readings, by: world.judge)
    let rows = totals(judged, world.intervals, every: world.everyMilliseconds)
    let tolerance = min(world.everyMilliseconds / 2, 60_000)
    var expected: Int64 = 0
    var breaks = 0
    var before: JudgedReading?
    // From the nearest reading to the first boundary to the nearest one to the last.
    func nearest(_ boundary: Timestamp) -> Timestamp? {
      judged.filter { $0.point != nil && abs($0.reading.time - boundary) <= tolerance }
        .min { abs($0.reading.time - boundary) < abs($1.reading.time - boundary) }?.reading.time
    }
    let from = nearest(world.intervals.start) ?? world.intervals.start
    let to = nearest(world.intervals.end) ?? world.intervals.end
    for one in judged where one.point != nil && one.reading.time >= from && one.reading.time <= to {
      if one.point?.isBroken == true {
        breaks += 1
      } else if let before {
        expected += world.truth[Int(one.reading.seq)] - world.truth[Int(before.reading.seq)]
      }
      before = one
    }
    #expect(breaks > 0)
    #expect(breaks <= 2)
    #expect(judged.count { $0.reading.flags.contains("implausible") } == world.garbage + breaks)
    #expect(TotalsPropertyTests.sum(rows) == World.value(expected))
    #expect(rows.contains { $0.flags.contains("restarted") && $0.quality != .good })
  }
}
