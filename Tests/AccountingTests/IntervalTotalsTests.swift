import Metering
import Testing

@testable import Accounting

/// The worked examples of docs/TOTALS.md.
@Suite struct IntervalTotalsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var rule = CounterRule()
    var exchanges: [Exchange] = []
    var length = Intervals.Length.hour
    var zone = "UTC"
    var from = "2026-11-21T10:00:00Z"
    var to = "2026-11-21T14:00:00Z"
    var every = 15 * minute
    /// `10:00 100, 10:15 101 …` in UTC of the day of `from`; `-` is a failed reading.
    var readings: String
    var substitutes: [(String, String, String)] = []
    /// `10:00–11:00 4 good/4` … : start, end, total, quality, flags, count
    var expected: [String]
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(
      name: "value at end − value at start",
      readings: "10:00 100, 10:15 101, 10:30 102, 10:45 103, 11:00 104, 12:00 110, 13:00 111, 14:00 111",
      expected: [
        "10:00–11:00 4 good 4", "11:00–12:00 6 good 1", "12:00–13:00 1 good 1", "13:00–14:00 0 good 1",
      ]),
    Case(
      name: "a boundary reading within a minute, the nearest one",
      readings: "9:59:20 99, 10:00:10 100, 11:00:59 104, 11:58 109, 11:59:50 110, 12:00:20 111, 13:01:01 112",
      expected: [
        "10:00–11:00 4 good 1", "11:00–12:00 6 good 3", "12:00–13:00 nil bad 1", "12:00–13:01:01 2 good spanning 1",
      ]),
    Case(
      name: "the register wraps", rule: CounterRule(modulus: decimal("1000")),
      readings: "10:00 990, 11:00 998, 12:00 3, 13:00 4, 14:00 5",
      expected: [
        "10:00–11:00 8 good 1", "11:00–12:00 5 good 1", "12:00–13:00 1 good 1", "13:00–14:00 1 good 1",
      ]),
    Case(
      name: "an exchange",
      exchanges: [
        Exchange(
          at: Timestamp(milliseconds: 1_795_257_000_000),  // 10:30
          oldFinal: ["energy_active_import": decimal("5003")], newStart: ["energy_active_import": decimal("2")])
      ],
      readings: "10:00 5000, 10:15 5001, 10:30 -, 10:45 3, 11:00 4, 12:00 8",
      expected: ["10:00–11:00 5 good exchanged 3", "11:00–12:00 4 good 1"]),
    Case(
      name: "an outage over two boundaries",
      readings: "10:00 100, 10:15 101, 10:30 -, 11:00 -, 11:30 -, 12:20 108, 13:00 110, 14:00 111",
      expected: [
        "10:00–11:00 nil bad timeout 2", "11:00–12:00 nil bad timeout 0", "10:00–12:20 8 good spanning 2",
        "12:00–13:00 nil bad 1", "12:20–13:00 2 good spanning 1", "13:00–14:00 1 good 1",
      ]),
    Case(
      name: "an outage that ends at a boundary",
      readings: "10:00 100, 11:00 -, 12:00 108, 13:00 110",
      expected: [
        "10:00–11:00 nil bad timeout 1", "11:00–12:00 nil bad timeout 0", "10:00–12:00 8 good spanning 1",
        "12:00–13:00 2 good 1",
      ]),
    Case(
      name: "it begins and ends inside an hour", readings: "10:30 100, 11:00 101, 12:00 103, 12:30 104",
      expected: [
        "10:00–11:00 nil bad 1", "10:30–11:00 1 good spanning 1", "11:00–12:00 2 good 1",
        "12:00–12:30 1 good spanning 1",
      ]),
    Case(
      name: "an implausible reading at a boundary", readings: "10:00 100, 11:00 0, 11:15 105, 12:00 108, 12:15 109",
      expected: [
        "10:00–11:00 nil bad implausible 1", "10:00–11:15 5 good spanning 1", "11:00–12:00 nil bad implausible 1",
        "11:15–12:00 3 good spanning 1", "12:00–12:15 1 good spanning 1",
      ]),
    Case(
      name: "a restart: what is not known is not made up",
      readings: "10:00 100, 10:30 101, 10:45 0, 11:00 1, 11:15 2, 12:00 4",
      expected: ["10:00–11:00 1 uncertain restarted 2", "11:00–12:00 3 good 2"]),
    Case(
      name: "of a stretch that is a break nothing is known",
      readings: "10:00 100, 11:00 3!adjusted, 12:00 5",
      expected: ["10:00–11:00 nil bad adjusted 1", "11:00–12:00 2 good 1"]),
    Case(
      name: "a boundary whose clock is doubtful", readings: "10:00 100, 11:00 104!clock, 12:00 110, 13:00 111",
      expected: [
        "10:00–11:00 4 uncertain clock 1", "11:00–12:00 6 uncertain clock 1", "12:00–13:00 1 good 1",
      ]),
    Case(
      name: "a day of 25 hours", length: .day, zone: "Europe/Berlin", from: "2026-10-24T22:00:00Z",
      to: "2026-10-26T23:00:00Z", readings: "22:00 1000, 46:59:50 1250, 47:59 1260, 71:00 1490",
      expected: ["22:00–47:00 250 good 2", "47:00–71:00 240 good 1"]),
    Case(
      name: "a month whose last midnight is missing", length: .month, from: "2026-11-01T00:00:00Z",
      to: "2027-01-01T00:00:00Z", readings: "0:00 0, 719:50 7198, 720:20 7203, 1464:00 14640",
      expected: [
        "0:00–720:00 nil bad 2", "0:00–720:20 7203 good spanning 2", "720:00–1464:00 nil bad 1",
        "720:20–1464:00 7437 good spanning 1",
      ]),
    Case(
      name: "a given total", readings: "10:00 100, 11:00 104, 11:30 104, 12:00 104, 13:00 111",
      substitutes: [("11:00", "12:00", "7.5")],
      expected: [
        "10:00–11:00 4 good 1", "11:00–12:00 7.5 uncertain corrected 1", "12:00–13:00 7 good 1",
      ]),
    Case(
      name: "a given total within a day", length: .day, from: "2026-11-21T00:00:00Z", to: "2026-11-22T00:00:00Z",
      readings: "0:00 0, 11:00 104, 11:30 104, 12:00 104, 24:00 200", substitutes: [("11:00", "12:00", "7.5")],
      expected: ["0:00–24:00 207.5 uncertain corrected 3"]),
    Case(
      name: "a given total for an hour of an outage",
      readings: "10:00 100, 10:45 103, 12:30 112, 13:00 113", substitutes: [("11:00", "12:00", "6")],
      expected: [
        "10:00–11:00 3 uncertain corrected 2", "11:00–12:00 6 uncertain corrected 0",
        "12:00–13:00 4 uncertain corrected 1",
      ]),
  ]

  @Test(arguments: cases) func rows(_ one: Case) throws {
    let from = try at(one.from)
    let base = Timestamp(milliseconds: from.milliseconds.flooredDivision(by: day) * day)
    func instant(_ text: some StringProtocol) -> Timestamp {
      let parts = text.split(separator: ":").compactMap { Int64($0) }
      return base + (parts[0] * hour + parts[1] * minute + (parts.count > 2 ? parts[2] * second : 0))
    }
    let readings = one.readings.split(separator: ", ").map { item in
      let words = item.split(separator: " ")
      let value = words[1].split(separator: "!")
      let flags = value.dropFirst().map(String.init)
      if value[0] == "-" { return reading(instant(words[0]), nil, flags: ["timeout"]) }
      return reading(
        instant(words[0]), decimal(String(value[0])), quality: flags == ["clock"] ? .uncertain : .good, flags: flags)
    }
    let intervals = Intervals(one.length, zone: try Zone(named: one.zone), from: from, to: try at(one.to))
    let judge = CounterJudge(one.rule, quantity: "energy_active_import", exchanges: one.exchanges)
    var totals = IntervalTotals(
      intervals, everyMilliseconds: one.every, unit: "kWh",
      substitutes: one.substitutes.map {
        SubstituteTotal(from: instant($0.0), to: instant($0.1), total: decimal($0.2))
      })
    var rows: [String] = []
    func show(_ row: TotalRow) {
      func clock(_ time: Timestamp) -> String {
        let seconds = (time - base) / 1000
        let text = "\(seconds / 3600):\(seconds / 60 % 60 < 10 ? "0" : "")\(seconds / 60 % 60)"
        return seconds % 60 == 0 ? text : text + ":\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
      }
      let words =
        [
          "\(clock(row.start))–\(clock(row.end))", row.total?.description ?? "nil", row.quality.rawValue,
        ] + row.flags + ["\(row.count)"]
      rows.append(words.joined(separator: " "))
    }
    for judged in judged(readings, by: judge) { totals.add(judged) { show($0) } }
    totals.finish(through: readings.last?.time ?? from) { show($0) }
    #expect(rows == one.expected)
  }

  @Test func differencesAreSummedIntoTheHourThatEndsWithThem() throws {
    let readings = try series("9 1 1 1 1 2 2 - 2!duplicate 4 - - - -", every: 15 * minute).map { one in
      var one = one
      one.kind = .interval
      return one
    }
    let start = readings[0].time
    let intervals = Intervals(.hour, zone: .utc, from: start - hour, to: start + 3 * hour)
    var sum = DifferenceSum(everyMilliseconds: 15 * minute)
    var totals = IntervalTotals(intervals, everyMilliseconds: 15 * minute, unit: "kWh")
    var rows: [TotalRow] = []
    for reading in readings {
      sum.add(reading) {
        totals.add($0) { rows.append($0) }
      } _: {
        totals.add($0) { rows.append($0) }
      }
    }
    totals.finish(through: start + 3 * hour) { rows.append($0) }
    #expect(
      rows.map { "\($0.total?.description ?? "nil") \($0.flags.joined(separator: " "))" } == [
        "nil ", "9 spanning", "4 ", "nil timeout duplicate", "8 spanning", "nil duplicate timeout",
      ])
    #expect(rows.compactMap(\.total).reduce(ExactDecimal.zero) { $0.adding($1) ?? $0 } == ExactDecimal(21))
  }
}
