import Accounting
import Archive
import Metering
import Testing

@testable import Series

/// Readings in the order of time, judged, whatever lies between receipt and query.
@Suite struct ReadingsTests {
  /// What came after the range was taken for the level before it, where fewer than eight readings lie before the range: everything
  /// that stood still in between ran backwards.
  @Test func aRangeThatBeginsSoonAfterTheFirstReadingKnowsNothingOfWhatFollows() async throws {
    let book = try Book()
    let start = try at("2026-11-21T20:34:06Z")
    try await book.use([definition()], from: start)
    for slot in 0..<100 { try book.poll(start + Int64(slot) * 3 * minute, answer(slot < 60 ? 100_000 : 100_001)) }
    #expect(await book.archive.flush())
    for first in [1, 3, 7, 8, 20] {
      var flags: Set<String> = []
      try book.reader().forEachReading(
        meterID: "m1", quantities: ["energy_active_import"], from: start + Int64(first) * 3 * minute, to: start + day
      ) { flags.formUnion($0.reading.flags) }
      #expect(flags == [], "from reading \(first)")
    }
    await book.archive.close()
  }

  private static let every = 3 * minute

  private func values(_ readings: [SeriesReading]) -> [String] {
    readings.map { item in
      let reading = item.reading
      return (reading.value?.description ?? "-") + (reading.quality == .bad ? "?" : "")
        + reading.flags.map { "!" + $0 }.joined()
    }
  }

  @Test func allQuantitiesComeInTheOrderOfTime() async throws {
    let history = try await History(seed: 21, .init(days: 2))
    let (from, to) = (history.start + 5 * hour, history.start + 30 * hour)
    let found = try history.book.reader().readings(nil, from: from, to: to).map(\.reading)
    var expected: [Reading] = []
    try ArchiveReader(path: history.book.path).forEachReading(meterID: "m1", from: from, to: to) { expected.append($0) }
    #expect(found.count == expected.count && found.count > 1000)
    #expect(Set(found) == Set(expected))
    for (a, b) in zip(found, found.dropFirst()) { #expect((a.time, a.seq) <= (b.time, b.seq)) }
    await history.book.archive.close()
  }

  @Test func littleMemoryChangesNothing() async throws {
    let history = try await History(seed: 22, .init(days: 2))
    let context = try history.book.reader().context("m1")
    let (from, to) = (history.start, history.end)
    func all(limit: Int) throws -> [Reading] {
      var readings: [Reading] = []
      var ordered = OrderedReadings(context, quantities: nil, limit: limit)
      try ordered.forEach(from: from, to: to) { readings.append($0.reading) }
      return readings
    }
    let whole = try all(limit: 50_000)
    #expect(try all(limit: 40) == whole && whole.count > 2000)
    await history.book.archive.close()
  }

  /// A stretch without the gateway is one row under the time of its first slot: found from its middle as well, sealed or not.
  @Test func aLongStretchIsFoundFromItsMiddle() async throws {
    let start = try at("2026-11-20T00:00:00Z")
    let book = try Book()
    try await book.use([definition()], from: start)
    for index in 0..<5 { try book.poll(start + Int64(index) * ReadingsTests.every, answer(100)) }
    let end = start + 3 * day
    try book.missed(from: start + 5 * ReadingsTests.every, to: end - ReadingsTests.every, received: end + 200)
    for index in 0..<480 { try book.poll(end + Int64(index) * ReadingsTests.every, answer(200)) }
    try book.poll(end + 2 * day, answer(300))
    #expect(await book.archive.flush())
    let (from, to) = (start + day + hour, start + day + 2 * hour)
    let hot = try book.reader().readings(from: from, to: to)
    try await book.seal(now: end + 3 * day)
    let sealed = try book.reader().readings(from: from, to: to)
    #expect(hot.count == 20 && hot.allSatisfy { $0.reading.flags == ["gateway-down"] })
    #expect(sealed.map(\.reading) == hot.map(\.reading))
    await book.archive.close()
  }

  @Test func whatNoRegisterCanHaveDoneIsBad() async throws {
    let start = try at("2026-11-20T00:00:00Z")
    let book = try Book()
    try await book.use([definition()], from: start)
    let numbers: [UInt32] = [100, 101, 102, 9000, 103, 104, 0, 0, 105, 106, 9000, 107, 108]
    for (index, number) in numbers.enumerated() {
      try book.poll(start + Int64(index) * ReadingsTests.every, answer(number))
    }
    #expect(await book.archive.flush())
    let reader = try book.reader()
    let all = try reader.readings(from: start, to: start + hour)
    #expect(
      values(all) == [
        "10", "10.1", "10.2", "900?!implausible", "10.3", "10.4", "0?!implausible", "0?!implausible", "10.5", "10.6",
        "900?!implausible", "10.7", "10.8",
      ])
    // What comes before and after tells, wherever the range begins and ends.
    for first in numbers.indices {
      for last in first..<numbers.count {
        let part = try reader.readings(
          from: start + Int64(first) * ReadingsTests.every, to: start + Int64(last + 1) * ReadingsTests.every)
        #expect(values(part) == Array(values(all)[first...last]), "\(first) to \(last)")
      }
    }
    await book.archive.close()
  }

  /// Zeros of a gateway for a meter that is away, longer than a look back: they are not taken for the register.
  @Test(arguments: [false, true]) func zerosForDaysAreNotTheRegister(isSealed: Bool) async throws {
    let start = try at("2026-11-18T00:00:00Z")
    let book = try Book()
    try await book.use([definition()], from: start)
    var slot = start
    var register: UInt32 = 50_000
    while slot < start + 3 * day {
      register += 1
      let isAway = slot >= start + 6 * hour && slot < start + 60 * hour
      try book.poll(slot, answer(isAway ? 0 : register))
      slot = slot + ReadingsTests.every
    }
    #expect(await book.archive.flush())
    if isSealed { try await book.seal(now: slot) }
    let reader = try book.reader()
    let rows = try reader.totals(from: start + 58 * hour, to: start + 62 * hour)
    // It counted 0.1 kWh a slot all the while, from the last reading before.
    #expect(sum(rows) == decimal("112.1"), "\(rows)")
    let before = start + 6 * hour - ReadingsTests.every + 40
    #expect(rows.filter { $0.flags.contains("spanning") }.map(\.start) == [before])
    #expect(
      try reader.readings(from: start + 20 * hour, to: start + 21 * hour).allSatisfy { $0.reading.quality == .bad })
    await book.archive.close()
  }

  @Test func anotherSerialNumberBreaksTheDifference() async throws {
    let start = try at("2026-11-20T00:00:00Z")
    let book = try Book()
    var meter = definition()
    meter.points.append(
      .init(
        quantity: "serial_number", unit: "1", kind: .text,
        register: .init(table: .holding, address: 10, type: .string, length: 2)))
    try await book.use([meter], from: start)
    for index in 0..<40 {
      let isNew = index >= 25
      let text = Array((isNew ? "B777" : "A123").utf8)
      var blocks = answer(isNew ? 100_500 + UInt32(index) : 100_000 + UInt32(index))
      blocks.append(Block(table: .holding, address: 10, count: 2, outcome: .ok, bytes: text))
      try book.poll(start + Int64(index) * ReadingsTests.every, blocks)
    }
    #expect(await book.archive.flush())
    let rows = try book.reader().totals(from: start, to: start + 2 * hour)
    #expect(sum(rows) == decimal("3.8"))
    #expect(rows.contains { $0.flags.contains("exchanged") && $0.quality == .uncertain })
    await book.archive.close()
  }

  /// A clock that was not trusted: its rows are found under the times that were true.
  @Test(arguments: [false, true]) func rowsOfAnUntrustedClockAreInTheirPlace(isSealed: Bool) async throws {
    let start = try at("2026-11-20T00:00:00Z")
    let book = try Book()
    try await book.use([definition()], from: start)
    for index in 0..<240 { try book.poll(start + Int64(index) * ReadingsTests.every, answer(1000 + UInt32(index))) }
    let lost = 3 * hour
    for index in 240..<300 {
      let due = start + Int64(index) * ReadingsTests.every
      try book.poll(due - lost, answer(1000 + UInt32(index)), marks: .untrustedClock)
    }
    let now = start + 300 * ReadingsTests.every
    try book.offer(
      Observation(
        meterID: "", time: now, due: nil, received: now, definition: "",
        content: .clockOffset(bootID: "boot-1", offsetMilliseconds: lost)))
    for index in 300...480 { try book.poll(start + Int64(index) * ReadingsTests.every, answer(1000 + UInt32(index))) }
    try book.poll(start + 2 * day, answer(2000))
    #expect(await book.archive.flush())
    if isSealed { try await book.seal(now: start + 2 * day) }
    let reader = try book.reader()
    let readings = try reader.readings(from: start, to: start + day).map(\.reading)
    #expect(readings.count == 480)
    #expect(readings.map(\.value) == (0..<480).map { ExactDecimal(significand: 1000 + $0, exponent: -1) })
    #expect(readings.filter { $0.flags == ["clock"] }.count == 60)
    let rows = try reader.totals(from: start, to: start + day)
    #expect(rows.filter { $0.total != nil }.allSatisfy { $0.total == decimal("2") } && rows.count == 24)
    await book.archive.close()
  }
}
