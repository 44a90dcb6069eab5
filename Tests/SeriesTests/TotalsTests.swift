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
    Case(seed: 1, options: .init(modulus: 100_000)),
    Case(seed: 2, options: .init(maxRate: "60", exchange: true)),
    Case(seed: 3, options: .init(days: 4, modulus: 100_000, maxRate: "60", ratioChange: true, exchange: true)),
    // The day of 25 hours.
    Case(seed: 4, options: .init(from: "2026-10-23T20:00:00Z", days: 4, ratioChange: true, exchange: true)),
    Case(seed: 5, options: .init(days: 2, seals: false)),
  ]

  @Test(arguments: cases) func totalsAreRightToTheUnit(_ one: Case) async throws {
    let history = try await History(seed: one.seed, one.options)
    let (from, to) = (history.start - day, history.end + day)
    let reader = try history.book.reader()
    let rows = try reader.totals(from: from, to: to, now: history.end)
    #expect(sum(rows) == history.all)
    let plain = rows.filter { !$0.flags.contains("spanning") && $0.total != nil }
    for row in plain { #expect(row.total == history.counted(from: row.start, to: row.end), "\(row.start.rfc3339())") }
    #expect(plain.count > 20)
    if one.options.seals { #expect(reader.aggregatesTaken > 40 * Int(one.options.days - 1)) }
    for length in [Intervals.Length.day, .month] {
      #expect(sum(try reader.totals(by: length, from: from, to: to, now: history.end)) == history.all)
    }
    try readingsSayTheSame(history, from: from, to: to)
    try rangesThatFollowEachOtherAddUp(history, plain)
    await history.book.archive.close()
  }

  /// Aggregates stand for readings only where these say the same.
  private func readingsSayTheSame(_ history: History, from: Timestamp, to: Timestamp) throws {
    let (fast, slow) = (try history.book.reader(), try history.book.reader())
    slow.usesAggregates = false
    for length in [Intervals.Length.hour, .day] {
      let totals = try fast.totals(by: length, from: from, to: to, now: history.end)
      #expect(totals == (try slow.totals(by: length, from: from, to: to, now: history.end)))
      for quantity in ["temperature_flow", "voltage_l1"] {
        let statistics = try fast.statistics(quantity, by: length, from: from, to: to, now: history.end)
        #expect(statistics == (try slow.statistics(quantity, by: length, from: from, to: to, now: history.end)))
        #expect(statistics.contains { $0.count > 15 }, "\(quantity)")
      }
    }
    #expect(slow.aggregatesTaken == 0)
  }

  /// A row belongs to the range in which it ends.
  private func rangesThatFollowEachOtherAddUp(_ history: History, _ plain: [TotalRow]) throws {
    let reader = try history.book.reader()
    var random = SplitMix64(state: 1)
    var parts: [TotalRow] = []
    var from = history.start - hour
    while from < history.end + hour {
      let to = from + Int64.random(in: 1...24, using: &random) * hour
      parts += try reader.totals(from: from, to: to)
      from = to
    }
    #expect(sum(parts) == history.all)
    #expect(parts.filter { $0.total != nil && !$0.flags.contains("spanning") } == plain)
  }

  /// Local hours that begin at a quarter past or at half past.
  @Test(arguments: ["Asia/Kathmandu", "Australia/Lord_Howe"]) func hoursOfZonesOfHalfHours(zone: String) async throws {
    let start = try at("2026-04-04T06:00:00Z")
    let book = try Book()
    try await book.use([definition(zone: zone)], from: start)
    for index in 0...600 { try book.poll(start + Int64(index) * 3 * minute, answer(UInt32(1000 + index))) }
    try book.poll(start + 3 * day, answer(9000))
    try await book.seal(now: start + 3 * day)
    let (fast, slow) = (try book.reader(), try book.reader())
    slow.usesAggregates = false
    let rows = try fast.totals(from: start, to: start + 30 * hour)
    #expect(rows == (try slow.totals(from: start, to: start + 30 * hour)))
    #expect(sum(rows) == decimal("60"))
    #expect(fast.aggregatesTaken > 80)
    await book.archive.close()
  }

  /// A float that is no number in between hides nothing.
  @Test func aResetBehindNoNumberIsSeen() async throws {
    let start = try at("2026-11-20T00:00:00Z")
    let book = try Book()
    var meter = definition(zone: "UTC")
    meter.points[0].register.type = .f32
    meter.points[0].scale = .one
    try await book.use([meter], from: start)
    // All within one quarter of an hour, which begins and ends as if nothing had happened.
    let odd: [Float] = [1105, .nan, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, .nan, 1119]
    for index in 0..<1000 {
      let number = (105..<120).contains(index) ? odd[index - 105] : 1000 + Float(index)
      try book.poll(start + Int64(index) * minute, answer(number.bitPattern))
    }
    try book.poll(start + 3 * day, answer(Float(9000).bitPattern))
    try await book.seal(now: start + 3 * day)
    let (fast, slow) = (try book.reader(), try book.reader())
    slow.usesAggregates = false
    let rows = try fast.totals(from: start, to: start + 16 * hour)
    #expect(rows == (try slow.totals(from: start, to: start + 16 * hour)))
    #expect(rows.contains { $0.flags.contains("restarted") } && fast.aggregatesTaken > 30)
    await book.archive.close()
  }

  /// The register of another definition: what was counted across is not known.
  @Test func anotherRegisterBreaksTheDifference() async throws {
    let start = try at("2026-11-20T00:00:00Z")
    let book = try Book()
    try await book.use([definition(zone: "UTC")], from: start)
    for index in 0..<30 { try book.poll(start + Int64(index) * 3 * minute, answer(1000 + UInt32(index))) }
    var other = definition(zone: "UTC")
    other.points[0].register.address = 20
    try await book.use([other], from: start + 90 * minute)
    for index in 30..<60 {
      try book.poll(
        start + Int64(index) * 3 * minute,
        [Block(table: .holding, address: 20, count: 2, outcome: .ok, bytes: [0, 0, 0x80, UInt8(index)])])
    }
    #expect(await book.archive.flush())
    let rows = try book.reader().totals(from: start, to: start + 3 * hour)
    #expect(sum(rows) == decimal("5.8"))
    #expect(rows.contains { $0.flags.contains("redefined") && $0.quality == .uncertain })
    // Only a name changed: nothing happened.
    var renamed = other
    renamed.metadata["name"] = "new"
    try await book.use([renamed], from: start + 180 * minute)
    for index in 60..<90 {
      try book.poll(
        start + Int64(index) * 3 * minute,
        [Block(table: .holding, address: 20, count: 2, outcome: .ok, bytes: [0, 0, 0x80, UInt8(index)])])
    }
    #expect(await book.archive.flush())
    #expect(sum(try book.reader().totals(from: start, to: start + 5 * hour)) == decimal("8.8"))
    await book.archive.close()
  }
}
