import Metering
import Testing

@testable import Accounting

/// Totals from aggregates are those from readings; where that is not certain, the aggregates are refused.
@Suite struct QuarterTests {
  /// What a segment keeps of a quarter, and whether anything else speaks of it.
  struct Quarter {
    var aggregate: QuarterAggregate
    var isClean: Bool
    var readings: [Reading]
  }

  static func raw(_ reading: Reading, _ isFloat: Bool) -> RawNumber? {
    guard let value = reading.value else { return nil }
    if isFloat { return .float32(Float(value.description)?.bitPattern ?? 0) }
    return ExactDecimal(10).multiplied(by: value).flatMap { Int64($0.description) }.map(RawNumber.integer)
  }

  static func quarters(of world: World, isFloat: Bool, keepsSteepest: Bool) -> [Quarter] {
    var quarters: [Quarter] = []
    for reading in world.readings {
      let number = reading.time.milliseconds.flooredDivision(by: 900_000)
      if quarters.last?.aggregate.quarter != number {
        quarters.append(
          Quarter(
            aggregate: QuarterAggregate(
              quarter: number, rows: 0, firstTime: reading.time, lastTime: reading.time, first: .integer(0),
              last: .integer(0), decreases: 0, steepest: keepsSteepest ? 0 : nil), isClean: true, readings: []))
      }
      let index = quarters.count - 1
      quarters[index].readings.append(reading)
      guard let raw = raw(reading, isFloat) else { continue }
      if !reading.flags.isEmpty { quarters[index].isClean = false }
      if quarters[index].aggregate.rows == 0 {
        quarters[index].aggregate.first = raw
        quarters[index].aggregate.firstTime = reading.time
      } else {
        let before = quarters[index].aggregate.last
        if !before.isFollowed(by: raw) { quarters[index].aggregate.decreases += 1 }
        let increase = raw.size - before.size - (isFloat ? 0 : 1)
        let took = Double(reading.time - quarters[index].aggregate.lastTime)
        if keepsSteepest, increase > 0 {
          quarters[index].aggregate.steepest = max(quarters[index].aggregate.steepest ?? 0, increase / took)
        }
      }
      quarters[index].aggregate.last = raw
      quarters[index].aggregate.lastTime = reading.time
      quarters[index].aggregate.rows += 1
    }
    return quarters
  }

  @Test(arguments: 300..<316 as Range<UInt64>) func aggregatesSayWhatReadingsSay(seed: UInt64) throws {
    let isFloat = seed % 3 == 2
    var world = try TotalsPropertyTests.world(seed) {
      $0.everyMilliseconds = seed % 2 == 0 ? minute : 20 * second
      $0.hasLimit = seed % 4 < 2
      $0.resets = seed % 5 == 0 ? 2 : 0
      $0.modulusCounts = seed % 7 == 0 ? 9_000 : nil
      $0.hasClockSteps = seed % 8 == 0
    }
    if isFloat {
      world.rule = CounterRule(
        modulus: world.rule.modulus, maximumPerHour: world.rule.maximumPerHour, step: .one, precision: .float32)
    }
    let keepsSteepest = seed % 8 != 1
    let expected = totals(judged(world.readings, by: world.judge), world.intervals, every: world.everyMilliseconds)

    var judge = world.judge
    var totals = IntervalTotals(world.intervals, everyMilliseconds: world.everyMilliseconds, unit: "kWh")
    var rows: [TotalRow] = []
    let quarters = QuarterTests.quarters(of: world, isFloat: isFloat, keepsSteepest: keepsSteepest)
    var taken = 0
    var clean = 0
    for (index, quarter) in quarters.enumerated() {
      var next = quarters.dropFirst(index + 1).first { $0.aggregate.rows > 0 }
      if next?.isClean == false { next = nil }
      // Failures alone (a quarter without rows) are no reason to read rows.
      if quarter.aggregate.rows > 0, quarter.isClean {
        clean += 1
        if judge.count(quarter.aggregate, before: next?.aggregate, into: &totals, { rows.append($0) }) {
          taken += 1
          continue
        }
      }
      for reading in quarter.readings { judge.judge(reading) { totals.add($0) { rows.append($0) } } }
    }
    judge.finish { totals.add($0) { rows.append($0) } }
    totals.finish { rows.append($0) }

    // Why nothing was read is not in aggregates.
    func withoutReasons(_ rows: [TotalRow]) -> [TotalRow] {
      rows.map {
        var row = $0
        if row.total == nil { row.flags = [] }
        return row
      }
    }
    #expect(withoutReasons(rows) == withoutReasons(expected))
    if world.rule.maximumPerHour == nil || keepsSteepest { #expect(taken * 3 > clean) }
    // A quarter in which something was wrong is read.
    #expect(taken < clean)
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var name: String
    var rule = CounterRule(step: .one)
    var exchanges: [Exchange] = []
    var change: @Sendable (inout [QuarterAggregate]) -> Void = { _ in }
    var zone = "UTC"
    var isTaken = false
    var testDescription: String { name }
  }

  static let refusals: [Refusal] = [
    Refusal(name: "all is well", isTaken: true),
    Refusal(name: "what a count is worth is not known", rule: CounterRule()),
    Refusal(name: "it ran backwards inside") { $0[1].decreases = 1 },
    Refusal(name: "it ran backwards before") { $0[1].first = .integer(90) },
    Refusal(name: "it ran backwards after") { $0[2].first = .integer(115) },
    Refusal(name: "its last row is none of the next quarter's past") { $0[2].firstTime = $0[1].lastTime },
    Refusal(name: "rows are not in the order of time") { $0[1].lastTime = $0[1].firstTime - 1 },
    Refusal(name: "no number") {
      $0[1].last = .float32(Float.nan.bitPattern)
      $0[2].first = .float32(Float.nan.bitPattern)
    },
    Refusal(name: "infinite") {
      for index in $0.indices {
        $0[index].first = .float32(Float(110 + 10 * index).bitPattern)
        $0[index].last = .float32(Float.infinity.bitPattern)
      }
    },
    Refusal(name: "too fast inside", rule: CounterRule(maximumPerHour: decimal("1000"), step: .one)) {
      $0[1].steepest = 0.01
    },
    Refusal(name: "how fast inside was not kept", rule: CounterRule(maximumPerHour: decimal("1000"), step: .one)) {
      $0[1].steepest = nil
    },
    Refusal(name: "too fast before", rule: CounterRule(maximumPerHour: decimal("40"), step: .one)) {
      $0[1].first = .integer(112)
    },
    Refusal(name: "not too fast", rule: CounterRule(maximumPerHour: decimal("1000"), step: .one), isTaken: true),
    Refusal(
      name: "an exchange inside", exchanges: [Exchange(at: Timestamp(milliseconds: 1_795_219_200_000 + 1_200_000))]),
    Refusal(name: "an interval begins inside", zone: "Asia/Kathmandu", isTaken: true),
    Refusal(name: "a local mean time of odd seconds", zone: "+00:07"),
  ]

  @Test(arguments: refusals) func refuses(_ one: Refusal) throws {
    let start = try at("2026-11-21T00:00:00Z")
    let zone = try Zone(offset: one.zone) ?? Zone(named: one.zone)
    let intervals = Intervals(.quarterHour, zone: zone, from: start, to: start + day)
    var totals = IntervalTotals(intervals, everyMilliseconds: minute, unit: "kWh")
    var judge = CounterJudge(one.rule, quantity: "energy_active_import", exchanges: one.exchanges)
    var quarters = (0..<3).map { index in
      let from = start + Int64(index) * 900_000
      return QuarterAggregate(
        quarter: from.milliseconds / 900_000, rows: 15, firstTime: from, lastTime: from + 14 * minute,
        first: .integer(Int64(100 + 10 * index)), last: .integer(Int64(109 + 10 * index)), decreases: 0, steepest: 0)
    }
    one.change(&quarters)
    judge.judge(reading(start - 2 * minute, decimal("98"))) { totals.add($0) { _ in } }
    judge.judge(reading(start - minute, decimal("99"))) { totals.add($0) { _ in } }
    let isFirstTaken = judge.count(quarters[0], before: quarters[1], into: &totals) { _ in }
    #expect(!one.isTaken || isFirstTaken)
    let isTaken = judge.count(quarters[1], before: quarters[2], into: &totals) { _ in }
    #expect((isFirstTaken && isTaken) == one.isTaken)
    // What follows is not known.
    #expect(!judge.count(quarters[2], before: nil, into: &totals) { _ in })
  }

  @Test func aSeriesBeginsWithReadings() throws {
    let start = try at("2026-11-21T00:00:00Z")
    let intervals = Intervals(.hour, zone: .utc, from: start, to: start + day)
    var totals = IntervalTotals(intervals, everyMilliseconds: minute, unit: "kWh")
    var judge = CounterJudge(CounterRule(step: .one), quantity: "energy_active_import")
    let quarter = QuarterAggregate(
      quarter: start.milliseconds / 900_000, rows: 15, firstTime: start, lastTime: start + minute, first: .integer(1),
      last: .integer(2), decreases: 0)
    var next = quarter
    next.firstTime = start + 900_000
    next.first = .integer(3)
    #expect(!judge.count(quarter, before: next, into: &totals) { _ in })
  }
}
