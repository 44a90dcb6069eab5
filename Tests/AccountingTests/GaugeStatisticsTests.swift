import Metering
import Testing

@testable import Accounting

@Suite struct GaugeStatisticsTests {
  static func rows(_ readings: [Reading], _ intervals: Intervals, through: Timestamp = .distantFuture) -> [GaugeRow] {
    var statistics = GaugeStatistics(intervals, unit: "kW")
    var rows: [GaugeRow] = []
    for reading in readings { statistics.add(reading) { rows.append($0) } }
    statistics.finish(through: through) { rows.append($0) }
    return rows
  }

  static func shown(_ row: GaugeRow) -> String {
    let numbers = [row.least, row.mean, row.greatest].map { $0?.description ?? "-" }
    return (numbers + ["\(row.count)", row.quality.rawValue] + row.flags).joined(separator: " ")
  }

  @Test func countsByTheHour() throws {
    let readings = try series("1 2 4 - -7.5 0.1!clock 0.2 0.2 - - - - 3", every: 15 * minute).map { one in
      var one = one
      one.kind = .gauge
      return one
    }
    let start = readings[0].time
    let intervals = Intervals(.hour, zone: .utc, from: start, to: start + 5 * hour)
    let rows = GaugeStatisticsTests.rows(readings, intervals, through: start + 3 * hour)
    #expect(
      rows.map(GaugeStatisticsTests.shown) == [
        "1 2.33333333 4 3 good", "-7.5 -1.75 0.2 4 uncertain clock", "- - - 0 bad timeout", "3 3 3 1 good",
      ])
    #expect(rows.map(\.end) == (1...4).map { start + $0 * hour })
  }

  @Test(arguments: [
    ("10", 4, "2.5"), ("10", 3, "3.33333333"), ("20", 3, "6.66666667"), ("-20", 3, "-6.66666667"),
    ("2000000000.5", 1, "2000000000"), ("2000000005", 1, "2000000010"), ("-2000000005", 1, "-2000000010"),
    ("2000000004.99", 1, "2000000000"), ("0", 7, "0"), ("1e30", 3, "333333333000000000000000000000"),
    ("1e-30", 3, "0.000000000000000000000000000000333333333"), ("99999999999", 10, "10000000000"),
    ("123456789012345678901234567890", 1, "123456789000000000000000000000"),
  ])
  func roundsToNineDigits(sum: String, count: Int, expected: String) {
    #expect(Sum.exact(decimal(sum)).mean(of: count) == decimal(expected))
  }

  @Test func ofVeryDifferentSizesTheSumIsBinary() throws {
    let readings = try series("1e38 1e-38 1e38").map { one in
      var one = one
      one.kind = .gauge
      return one
    }
    let start = readings[0].time
    let rows = GaugeStatisticsTests.rows(
      readings, Intervals(.hour, zone: .utc, from: start, to: start + hour))
    #expect(rows.map(\.mean) == [decimal("6.66666667e37")])
    #expect(rows.first?.least == decimal("1e-38"))
  }

  @Test(arguments: 0..<12 as Range<UInt64>) func aggregatesSayWhatReadingsSay(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let zones = ["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "UTC"]
    let zone = try Zone(named: zones[Int(seed % 4)])
    let start = try at("2026-10-24T22:00:00Z")
    let intervals = Intervals(seed % 3 == 0 ? .day : .hour, zone: zone, from: start, to: start + 3 * day)
    let step = decimal(seed % 2 == 0 ? "0.01" : "-2.5")
    let offset = decimal(seed % 5 == 0 ? "-273.15" : "0")
    var readings: [Reading] = []
    var quarters: [GaugeQuarter] = []
    var time = intervals.start
    while time < intervals.end {
      let numbers = (0..<Int.random(in: 0...15, using: &random)).map { _ in
        Int64.random(in: -30_000...30_000, using: &random)
      }
      for (index, number) in numbers.enumerated() {
        let value = ExactDecimal(number).multiplied(by: step)?.adding(offset)
        readings.append(reading(time + Int64(index) * minute, value, kind: .gauge))
      }
      if let least = numbers.min(), let greatest = numbers.max() {
        quarters.append(
          GaugeQuarter(
            quarter: time.milliseconds.flooredDivision(by: 900_000), rows: numbers.count, least: .integer(least),
            greatest: .integer(greatest), sum: .exact(ExactDecimal(numbers.reduce(0, +)))))
      }
      time = time + 15 * minute
    }
    let expected = GaugeStatisticsTests.rows(readings, intervals)
    var statistics = GaugeStatistics(intervals, unit: "kWh")
    var rows: [GaugeRow] = []
    for quarter in quarters {
      let isTaken = statistics.count(quarter, step: step, offset: offset) { rows.append($0) }
      #expect(isTaken)
    }
    statistics.finish { rows.append($0) }
    #expect(rows == expected)
  }

  @Test func refusesAQuarterThatHoldsABoundary() throws {
    let start = try at("2026-11-21T00:00:00Z")
    let zone = try #require(Zone(offset: "+00:07"))
    var statistics = GaugeStatistics(Intervals(.hour, zone: zone, from: start - day, to: start + day), unit: "kW")
    var quarter = GaugeQuarter(
      quarter: start.milliseconds / 900_000 + 3, rows: 1, least: .integer(1), greatest: .integer(1),
      sum: .exact(.one))
    #expect(!statistics.count(quarter, step: .one) { _ in })
    quarter.quarter += 1
    #expect(statistics.count(quarter, step: .one) { _ in })
    quarter.quarter += 1
    quarter.greatest = .float64(Double.infinity.bitPattern)
    #expect(!statistics.count(quarter, step: .one) { _ in })
  }
}
