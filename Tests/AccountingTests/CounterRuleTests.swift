import Metering
import Testing

@testable import Accounting

@Suite struct CounterRuleTests {
  /// 8 Wh at 100 MWh in Wh, and every other size: one step back is a float's, several are not.
  @Test(arguments: [1, 0.001] as [Double]) func aFloatMayStepBack(scale: Double) throws {
    let scale = decimal(scale.description)
    let rule = CounterRule(step: scale, precision: .float32)
    var random = SplitMix64(state: 1)
    for _ in 0..<20_000 {
      let high = Float(bitPattern: UInt32.random(in: 0x3f80_0000...0x4e80_0000, using: &random))  // 1 to 10^9
      func value(_ number: Float) throws -> ExactDecimal {
        try #require(ExactDecimal(shortest: number)?.multiplied(by: scale))
      }
      let (old, near, far) = try (value(high), value(high.nextDown), value(high - 6 * high.ulp))
      try #require(rule.advance(from: old, to: near, milliseconds: 0) == near.subtracting(old), "\(high)")
      try #require(rule.advance(from: old, to: far, milliseconds: 0) == nil, "\(high)")
    }
    #expect(rule.advance(from: decimal("100000008"), to: decimal("100000000"), milliseconds: 0) == decimal("-8"))
    let exact = CounterRule(step: scale)
    #expect(exact.advance(from: decimal("100000008"), to: decimal("100000000"), milliseconds: 0) == nil)
  }

  @Test func aDoubleMayStepBack() {
    let rule = CounterRule(precision: .float64)
    let high = 123_456_789.123
    for (low, isTaken) in [(high.nextDown, true), (high - 6 * high.ulp, false)] {
      let advance = ExactDecimal(shortest: high).flatMap { old in
        ExactDecimal(shortest: low).flatMap { rule.advance(from: old, to: $0, milliseconds: 0) }
      }
      #expect((advance != nil) == isTaken)
    }
  }

  @Test(
    arguments: [
      // limit an hour, step, from, to, milliseconds, expected
      ("60", "0", "100", "101", minute, "1"),
      ("60", "0", "100", "101.001", minute, nil),
      ("60", "1", "100", "102", minute, "2"),
      ("60", "1", "100", "103", minute, nil),
      ("60", "1", "100", "101", 0, "1"),
      ("60", "1", "100", "101", -5000, "1"),
      ("60", "1", "100", "160", hour, "60"),
      ("0.3", "0", "0", "0.1", 20 * minute, "0.1"),
      // numbers that 128 bits cannot hold the difference of
      ("60", "0", "1e38", "0.001", hour, nil),
      (nil, "0", "0.001", "1e38", hour, nil),
    ] as [(String?, String, String, String, Int64, String?)])
  func limits(limit: String?, step: String, from: String, to: String, milliseconds: Int64, expected: String?) {
    let rule = CounterRule(maximumPerHour: limit.map(decimal), step: decimal(step))
    #expect(
      rule.advance(from: decimal(from), to: decimal(to), milliseconds: milliseconds) == expected.map(decimal))
  }

  /// Whatever comes: each reading is given once, in order, and not many are held back.
  @Test(arguments: 0..<40 as Range<UInt64>) func survivesEverything(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: choices.indices, using: &random)] }
    let numbers = ["0", "1", "100", "100.5", "101", "1e38", "-1e38", "1e-60", "-5", "999999", "1e4000", "0.1e-4000"]
    let flags = ["carry", "adjusted", "clock", "commissioning", "timeout", "duplicate", "excluded"]
    let start = try at("2026-11-21T00:00:00Z")
    let exchanges = (0..<4).map { _ in
      Exchange(
        at: start + Int64.random(in: 0...300, using: &random) * minute,
        oldFinal: Bool.random(using: &random) ? ["energy_active_import": decimal(pick(numbers))] : [:],
        newStart: ["energy_active_import": decimal(pick(numbers))])
    }
    let rule = CounterRule(
      modulus: pick([nil, decimal("1000"), decimal("1e38")]), maximumPerHour: pick([nil, decimal("60")]),
      step: decimal(pick(["0", "1", "0.001"])), precision: pick([.exact, .float32, .float64]))
    var judge = CounterJudge(
      rule, quantity: "energy_active_import", exchanges: exchanges,
      serialChanges: [SerialChange(after: start + hour, by: start + 2 * hour, oldSerial: "A", newSerial: "B")])
    var totals = IntervalTotals(
      Intervals(.quarterHour, zone: .utc, from: start, to: start + 4 * hour), everyMilliseconds: minute, unit: "kWh",
      substitutes: [SubstituteTotal(from: start + hour, to: start + 2 * hour, total: decimal(pick(numbers)))])
    var given: [UInt64] = []
    var rows = 0
    for seq in 0..<400 as Range<UInt64> {
      let time = start + Int64(seq) * minute - (seq % 50 == 7 ? hour : 0)
      let isBad = Int.random(in: 0..<3, using: &random) == 0
      let one = reading(
        time, isBad ? nil : decimal(pick(numbers)),
        quality: pick([.good, .uncertain, .bad]),
        flags: Int.random(in: 0..<4, using: &random) == 0 ? [pick(flags)] : [],
        seq: seq)
      judge.judge(one) {
        given.append($0.reading.seq)
        totals.add($0) { _ in rows += 1 }
      }
      try #require(seq + 1 - UInt64(given.count) <= UInt64(CounterJudge.heldLimit))
    }
    judge.finish {
      given.append($0.reading.seq)
      totals.add($0) { _ in rows += 1 }
    }
    totals.finish { _ in rows += 1 }
    #expect(given == Array(0..<400))
    #expect(rows >= 16)
  }
}
