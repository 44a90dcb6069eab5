import Metering
import Testing

@testable import Schedule

@Suite struct SlotsTests {
  @Test(
    arguments: [
      0, -60_000, 7_000, 86_400_001, 172_800_000, 25 * 60_000,
    ] as [Int64])
  func refusesWhatDoesNotDivideTheDay(every: Int64) {
    #expect(Slots(everyMilliseconds: every, zone: .utc) == nil)
  }

  @Test(arguments: [
    // zone, every, from, through, how many
    ("Europe/Berlin", 15 * minute, "2026-03-29T00:00:00+01:00", "2026-03-29T23:59:59+02:00", 92),
    ("Europe/Berlin", 15 * minute, "2026-10-25T00:00:00+02:00", "2026-10-25T23:59:59+01:00", 100),
    ("Europe/Berlin", 15 * minute, "2026-10-26T00:00:00+01:00", "2026-10-26T23:59:59+01:00", 96),
    ("Europe/Berlin", day, "2026-01-01T00:00:00+01:00", "2026-12-31T23:59:59+01:00", 365),
    ("America/Sao_Paulo", day, "2018-11-03T00:00:00-03:00", "2018-11-05T00:00:00-02:00", 3),
    ("Pacific/Apia", day, "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00", 3),
    ("Pacific/Apia", hour, "2011-12-29T23:00:00-10:00", "2011-12-31T01:00:00+14:00", 3),
    ("America/St_Johns", day, "2010-11-06T00:00:00-02:30", "2010-11-08T00:00:00-03:30", 4),  // 00:00 comes twice
    ("Australia/Lord_Howe", hour, "2026-10-04T00:00:00+10:30", "2026-10-04T23:59:59+11:00", 24),
    ("Australia/Lord_Howe", hour, "2026-04-05T00:00:00+11:00", "2026-04-05T23:59:59+10:30", 24),
    ("Asia/Shanghai", minute, "2026-01-01T00:00:00+08:00", "2026-12-31T23:59:59+08:00", 525_600),
    ("UTC", 100, "2026-01-01T00:00:00Z", "2026-12-31T23:59:59.999Z", 315_360_000),
    ("UTC", day, "2026-01-01T00:00:00.001Z", "2026-01-01T23:59:59Z", 0),
    ("UTC", day, "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", 0),
  ])
  func count(zone: String, every: Int64, from: String, through: String, expected: Int) throws {
    #expect(try slots(every, zone).count(from: at(from), through: at(through)) == expected)
  }

  @Test(arguments: [
    // the hour that is skipped: 02:00+01:00 is 03:00+02:00, and half an hour in
    ("Europe/Berlin", 2 * hour, "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00"),
    ("Europe/Berlin", 2 * hour, "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"),
    ("Europe/Berlin", 6 * hour, "2026-03-29T00:00:00+01:00", "2026-03-29T06:00:00+02:00"),
    // the hour that comes twice
    ("Europe/Berlin", hour, "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"),
    ("Europe/Berlin", 2 * hour, "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"),
    // half an hour skipped: 02:00 is not shown, 02:30 stands for it
    ("Australia/Lord_Howe", hour, "2026-10-04T01:00:00+10:30", "2026-10-04T02:30:00+11:00"),
    ("Australia/Lord_Howe", hour, "2026-10-04T02:30:00+11:00", "2026-10-04T03:00:00+11:00"),
    // no midnight
    ("America/Sao_Paulo", day, "2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00"),
    ("America/Sao_Paulo", day, "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"),
    // alignment is local
    ("Asia/Shanghai", 12 * hour, "2026-11-21T00:00:00+08:00", "2026-11-21T12:00:00+08:00"),
    ("Asia/Kolkata", hour, "2026-11-21T00:00:00+05:30", "2026-11-21T01:00:00+05:30"),
    // before 1970, and with an offset of odd seconds (local mean time)
    ("Asia/Shanghai", hour, "1890-01-01T00:00:00Z", "1890-01-01T00:54:17Z"),
  ])
  func next(zone: String, every: Int64, after: String, expected: String) throws {
    let slots = try slots(every, zone)
    let (from, to) = (try at(after), try at(expected))
    #expect(slots.next(after: from) == to)
    #expect(slots.next(after: to - 1) == to)
    #expect(slots.last(atOrBefore: to) == to)
    #expect(slots.count(from: from + 1, through: to) == 1)
    #expect(slots.last(atOrBefore: to - 1) <= from)
  }

  @Test(arguments: [
    "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "UTC",
  ])
  func agreesWithTheWall(zone: String) throws {
    var random = SplitMix64(state: 20_261_121)
    for (from, through) in [
      ("2010-10-25T00:00:00Z", "2010-11-20T00:00:00Z"), ("2011-12-20T00:00:00Z", "2012-01-09T00:00:00Z"),
      ("2018-01-01T00:00:00Z", "2019-03-01T00:00:00Z"),
      ("2040-03-01T00:00:00Z", "2040-11-10T00:00:00Z"),
    ] {
      let (from, through) = (try at(from), try at(through))
      for every in [5 * minute, 15 * minute, 2 * hour, 8 * hour, day] {
        let slots = try slots(every, zone)
        let expected = slotsByLookingAtTheWall(
          slots, from: from, through: through, step: zone == "America/St_Johns" ? minute : min(every, 15 * minute))
        var found: [Timestamp] = []
        slots.forEach(from: from, through: through) { found.append($0) }
        #expect(found == expected)
        #expect(slots.count(from: from, through: through) == expected.count)
        for _ in 0..<50 {
          let instant = from + Int64.random(in: day...(through - from - day), using: &random)
          let after = expected.partitioningIndex { $0 > instant }
          #expect(slots.next(after: instant) == expected[after])
          #expect(slots.last(atOrBefore: instant) == expected[after - 1])
          #expect(
            slots.count(from: instant, through: through) == expected.count
              - expected.partitioningIndex { $0 >= instant })
        }
      }
    }
  }

  @Test func forEachPassesErrorsOn() {
    struct Stop: Error {}
    var seen = 0
    #expect(throws: Stop.self) {
      try Slots(everyMilliseconds: 1000, zone: .utc)?.forEach(from: .epoch, through: .distantFuture) { _ throws(Stop) in
        seen += 1
        if seen == 3 { throw Stop() }
      }
    }
    #expect(seen == 3)
  }
}

extension Array where Element == Timestamp {
  /// The first index at which `condition` holds, where it holds for all that follow.
  func partitioningIndex(where condition: (Timestamp) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
