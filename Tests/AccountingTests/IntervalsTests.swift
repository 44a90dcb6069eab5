import Metering
import Schedule
import Testing

@testable import Accounting

@Suite struct IntervalsTests {
  @Test(
    arguments: [
      // zone, length, from, to, how many
      ("Europe/Berlin", .hour, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 23),
      ("Europe/Berlin", .hour, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 25),
      ("Europe/Berlin", .quarterHour, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 100),
      ("Europe/Berlin", .day, "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00", 365),
      ("Europe/Berlin", .month, "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00", 12),
      ("Europe/Berlin", .hour, "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00", 8760),
      ("Asia/Kolkata", .hour, "2026-11-21T00:00:00+05:30", "2026-11-22T00:00:00+05:30", 24),
      ("Australia/Lord_Howe", .hour, "2026-04-05T00:00:00+11:00", "2026-04-06T00:00:00+10:30", 24),
      ("Australia/Lord_Howe", .hour, "2026-10-04T00:00:00+10:30", "2026-10-05T00:00:00+11:00", 24),
      ("America/Sao_Paulo", .day, "2018-11-03T00:00:00-03:00", "2018-11-05T00:00:00-02:00", 2),
      ("America/St_Johns", .day, "2010-11-06T00:00:00-02:30", "2010-11-08T00:00:00-03:30", 2),
      ("Pacific/Apia", .month, "2011-12-01T00:00:00-10:00", "2012-01-01T00:00:00+14:00", 1),
      // not on boundaries: the intervals that hold it
      ("UTC", .hour, "2026-11-21T10:20:00Z", "2026-11-21T12:01:00Z", 3),
      ("UTC", .day, "2026-11-21T10:20:00Z", "2026-11-21T10:20:00Z", 1),
      ("UTC", .month, "2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z", 1),
    ] as [(String, Intervals.Length, String, String, Int)])
  func howMany(zone: String, length: Intervals.Length, from: String, to: String, expected: Int) throws {
    let intervals = Intervals(length, zone: try Zone(named: zone), from: try at(from), to: try at(to))
    #expect(intervals.start <= (try at(from)))
    #expect(intervals.end >= (try at(to)))
    var cursor = Intervals.Cursor(intervals)
    var count = 0
    while cursor.boundary < intervals.end {
      let next = intervals.boundary(after: cursor.boundary)
      cursor.advance()
      // The cursor's short cut is the rule.
      try #require(cursor.boundary == next)
      count += 1
    }
    #expect(cursor.boundary == intervals.end)
    #expect(count == expected)
  }

  @Test(arguments: ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Casablanca"])
  func cursorGoesByTheRule(zone: String) throws {
    let zone = try Zone(named: zone)
    for length in [Intervals.Length.hour, .quarterHour] {
      let intervals = Intervals(
        length, zone: zone, from: try at("2036-01-01T00:00:00Z"), to: try at("2039-01-01T00:00:00Z"))
      var cursor = Intervals.Cursor(intervals)
      let slots = try #require(
        Slots(everyMilliseconds: length == .hour ? 3_600_000 : 900_000, zone: zone))
      var mismatches = 0
      while cursor.boundary < intervals.end {
        let before = cursor.boundary
        cursor.advance()
        if before.milliseconds % 7 == 0, cursor.boundary != slots.next(after: before) { mismatches += 1 }
        if cursor.boundary <= before { mismatches += 1 }
      }
      #expect(mismatches == 0)
      #expect(cursor.boundary == intervals.end)
    }
  }
}
