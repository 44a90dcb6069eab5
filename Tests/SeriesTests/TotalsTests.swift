import Accounting
import Archive
import Metering
import Testing

@testable import Series

/// Totals of an archive that is sealed, hot, and put together to months, against what was truly counted.
@Suite struct TotalsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var seed: UInt64
    var options = History.Options()
    var testDescription: String { "seed \(seed)" }
  }

  static let cases = [
    // Over the day of 23 hours, a month's end, and the hot day.
    Case(seed: 1),
    Case(seed: 2, options: .init(modulus: 100_000)),
    Case(seed: 3, options: .init(maxRate: "40")),
    Case(seed: 4, options: .init(ratioChange: true)),
    Case(seed: 5, options: .init(maxRate: "60", exchange: true)),
    Case(seed: 6, options: .init(modulus: 100_000, maxRate: "60", ratioChange: true, exchange: true)),
    // The day of 25 hours.
    Case(seed: 7, options: .init(from: "2026-10-23T20:00:00Z", days: 3, exchange: true)),
    Case(seed: 8, options: .init(days: 2, seals: false)),
  ]

  @Test(arguments: cases) func totalsAreRightToTheUnit(_ one: Case) async throws {
    let history = try await History(seed: one.seed, one.options)
    let reader = try history.book.reader()
    let (from, to) = (history.start - day, history.end + day)
    let rows = try reader.totals(from: from, to: to, now: history.end)
    #expect(sum(rows) == history.all)
    var plain = 0
    for row in rows where !row.flags.contains("spanning") && row.total != nil {
      #expect(row.total == history.counted(from: row.start, to: row.end), "\(row.start.rfc3339())")
      plain += 1
    }
    #expect(plain > 20)
    for length in [Intervals.Length.day, .month] {
      #expect(sum(try reader.totals(by: length, from: from, to: to, now: history.end)) == history.all)
    }
    await history.book.archive.close()
  }

  @Test(arguments: cases) func aggregatesSayWhatReadingsSay(_ one: Case) async throws {
    let history = try await History(seed: one.seed + 100, one.options)
    let (from, to) = (history.start - hour, history.end + hour)
    for length in [Intervals.Length.hour, .day] {
      let fast = try history.book.reader().totals(by: length, from: from, to: to, now: history.end)
      let slow = try history.book.reader()
      slow.usesAggregates = false
      #expect(fast == (try slow.totals(by: length, from: from, to: to, now: history.end)))
      for quantity in ["temperature_flow", "voltage_l1"] {
        let quick = try history.book.reader().statistics(quantity, by: length, from: from, to: to, now: history.end)
        #expect(
          quick == (try slow.statistics(quantity, by: length, from: from, to: to, now: history.end)), "\(quantity)")
        #expect(quick.contains { $0.count > 15 })
      }
    }
    await history.book.archive.close()
  }

  /// A row belongs to the range in which it ends.
  @Test(arguments: [11, 12, 13, 14] as [UInt64]) func rangesThatFollowEachOtherAddUp(seed: UInt64) async throws {
    let history = try await History(seed: seed, .init(days: 3, exchange: seed % 2 == 0))
    let reader = try history.book.reader()
    var random = SplitMix64(state: seed)
    var parts: [TotalRow] = []
    var from = history.start - hour
    while from < history.end + hour {
      let to = from + Int64.random(in: 1...12, using: &random) * hour
      parts += try reader.totals(from: from, to: to)
      from = to
    }
    #expect(sum(parts) == history.all)
    let whole = try reader.totals(from: history.start - hour, to: from)
    #expect(parts.filter { $0.total != nil && !$0.flags.contains("spanning") }
      == whole.filter { $0.total != nil && !$0.flags.contains("spanning") })
    await history.book.archive.close()
  }
}
