import Accounting
import Archive
import Metering
import Testing

@testable import Series

/// What people said of readings, on, off, and as it was known.
@Suite struct CorrectionsTests {
  /// A kWh an hour for two days, sealed but for the last hour; every correction is recorded a day later than the one before.
  private func book() async throws -> (book: Book, start: Timestamp) {
    let start = try at("2026-11-20T00:00:00Z")
    let book = try Book()
    try await book.use([definition(zone: "UTC")], from: start)
    var slot = start
    var register: UInt32 = 10_000
    while slot <= start + 2 * day {
      try book.poll(slot, answer(register))
      register += slot.milliseconds / (3 * minute) % 2 == 0 ? 1 : 0
      slot = slot + 3 * minute
    }
    try await book.seal(now: slot)
    return (book, start)
  }

  private func shown(_ rows: [TotalRow], _ start: Timestamp) -> [String] {
    rows.map { row in
      "\((row.start - start) / minute)-\((row.end - start) / minute) \(row.total?.description ?? "-")"
        + row.flags.map { " " + $0 }.joined()
    }
  }

  @Test func eachKindOfCorrection() async throws {
    let (book, start) = try await book()
    let known = start + 10 * day
    try book.correct(.exclude(from: start + 60 * minute, to: start + 90 * minute), "one", at: known)
    try book.correct(
      .substituteTotal(from: start + 4 * hour, to: start + 5 * hour, total: decimal("7.5")), "two", at: known + day)
    try book.correct(.commissioning(from: start + 7 * hour, to: start + 8 * hour), "three", at: known + 2 * day)
    try book.correct(
      .substituteValue(at: start + 60 * minute, value: decimal("1001")), "four", at: known + 3 * day)
    try book.correct(.withdraw(id: "two"), "five", quantity: nil, at: known + 4 * day)
    let (from, to) = (start, start + 9 * hour)
    let plain = (0..<9).map { "\(60 * $0)-\(60 * $0 + 60) 1" }
    #expect(try shown(book.reader(isCorrected: false).totals(from: from, to: to), start) == plain)
    #expect(try shown(book.reader(asOf: known - 1).totals(from: from, to: to), start) == plain)

    let excluded = [
      "0-60 - excluded", "0-90 1.5 spanning", "60-120 - excluded", "90-120 0.5 spanning",
    ]
    #expect(try shown(book.reader(asOf: known).totals(from: from, to: to), start) == excluded + plain[2...])
    let two = try book.reader(asOf: known + day).totals(from: from, to: to)
    #expect(shown(two, start) == excluded + plain[2...3] + ["240-300 7.5 corrected"] + plain[5...])
    // What the register counted outside is as it was: 24 hours of the day with 7.5 in place of 1, and 0 in place of 1.
    let three = try book.reader(asOf: known + 2 * day)
    #expect(sum(try three.totals(by: .day, from: from, to: from + day)) == decimal("29.5"))
    #expect(sum(try three.totals(from: from, to: from + day)) == decimal("29.5"))
    let four = try book.reader(asOf: known + 3 * day).totals(from: from, to: start + 2 * hour)
    #expect(shown(four, start) == ["0-60 1 corrected", "60-120 1 corrected"])
    #expect(sum(try book.reader().totals(by: .day, from: from, to: from + day)) == decimal("23"))
    await book.archive.close()
  }

  @Test func readingsShowThem() async throws {
    let (book, start) = try await book()
    try book.correct(.exclude(from: start + 60 * minute, to: start + 66 * minute), "one", at: start + 3 * day)
    try book.correct(.substituteValue(at: start + 64 * minute, value: decimal("1001.2")), "two", at: start + 3 * day)
    func values(_ reader: SeriesReader) throws -> [String] {
      try reader.readings(from: start + 58 * minute, to: start + 70 * minute).map { item in
        let reading = item.reading
        return "\(reading.value?.description ?? "-") \(reading.quality.rawValue) \(reading.flags.joined())"
      }
    }
    #expect(
      try values(book.reader()) == [
        "1001 bad excluded", "1001.1 bad excluded", "1001.2 uncertain corrected", "1001.1 bad implausible",
        "1001.2 good ",
      ])
    #expect(
      try values(book.reader(isCorrected: false)) == ["1001 good ", "1001.1 good ", "1001.1 good ", "1001.2 good "])
    await book.archive.close()
  }

  /// A ratio that was wrong corrects the totals of the past, made from aggregates.
  @Test func aDeclaredRatioCorrectsThePast() async throws {
    let (book, start) = try await book()
    let declared = start + 3 * day
    var present = definition(ct: "2", zone: "UTC")
    present.vtRatio = decimal("10")
    let change = Definition.Change(
      validFrom: start + 12 * hour + 2 * minute, ctRatio: decimal("2"), vtRatio: decimal("10"), reason: "transformers")
    try await book.use([present], changes: ["m1": [change]], from: declared)
    let reader = try book.reader()
    let rows = try reader.totals(from: start, to: start + day)
    #expect(rows.prefix(12).allSatisfy { $0.total == decimal("1") } && rows.count == 24)
    #expect(rows.suffix(11).allSatisfy { $0.total == decimal("20") })
    #expect(reader.aggregatesTaken > 80)
    let volts = try reader.statistics("voltage_l1", from: start + 11 * hour, to: start + 14 * hour)
    // One of twenty readings of that hour was before it.
    #expect(volts.map(\.mean) == [decimal("230"), decimal("2196.5"), decimal("2300")])
    let hashes = reader.definitions(of: "m1", from: start + 11 * hour, to: start + 13 * hour)
    #expect(hashes.map(\.since) == [start, start + 12 * hour + 2 * minute])
    let readings = try reader.readings(from: start + 12 * hour, to: start + 12 * hour + 4 * minute)
    #expect(readings.map(\.definition) == hashes.map(\.sha256))
    #expect(readings.map { $0.reading.value } == [decimal("1012"), decimal("20242")])
    let before = try book.reader(asOf: declared - 1).totals(from: start, to: start + day)
    #expect(before.allSatisfy { $0.total == decimal("1") })
    await book.archive.close()
  }

  /// The same body with a new number: it was written once more when its month was let go.
  @Test func whatIsWrittenOnceMoreCountsOnce() async throws {
    let (book, start) = try await book()
    let time = start + 3 * day
    let exchange = Exchange(at: start + hour, oldFinal: [:], newStart: [:])
    for _ in 0..<2 {
      try book.correct(.exclude(from: start, to: start + hour), "one", at: time)
      try book.exchange(exchange, at: time)
    }
    #expect(try book.reader().notes.corrections.all.count == 1)
    #expect(try book.reader().notes.exchanges(of: "m1") == [exchange])
    try book.exchange(exchange, isWithdrawn: true, at: time + 1)
    #expect(try book.reader().notes.exchanges(of: "m1").isEmpty)
    // What cannot be used is said, and spoils nothing.
    try book.correct(.withdraw(id: "nothing"), "two", quantity: nil, at: time + 1)
    _ = try book.archive.record(.correction, Array("{}".utf8), at: time + 1)
    #expect(try book.reader().notes.problems.count == 2 && book.reader().notes.corrections.all.count == 1)
    try book.exchange(exchange, at: time + 2)
    #expect(try book.reader().notes.exchanges(of: "m1") == [exchange])
    await book.archive.close()
  }
}
