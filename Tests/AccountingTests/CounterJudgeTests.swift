import Metering
import Testing

@testable import Accounting

@Suite struct CounterJudgeTests {
  static let rate60 = CounterRule(maximumPerHour: decimal("60"), step: decimal("0.1"))  // 1 kWh a minute
  static let free = CounterRule(step: decimal("0.1"))
  static let wrapping = CounterRule(modulus: decimal("1000"), step: decimal("0.1"))
  static let wrappingAtRate = CounterRule(
    modulus: decimal("1000"), maximumPerHour: decimal("60"), step: decimal("0.1"))

  @Test(arguments: [
    // plain
    (free, "1 2 3", "1 2 3"),
    (free, "5 - 5 - 6", "5 - 5 - 6"),
    // a spike up spoils nothing, with a limit or without
    (rate60, "100 101 9000 102 103", "100 101 9000? 102 103"),
    (free, "100 101 9000 102 103", "100 101 9000? 102 103"),
    (free, "100 101 9000 - - 102 103", "100 101 9000? - - 102 103"),
    // a dip, and zeros while the meter is away
    (free, "100 101 0 102 103", "100 101 0? 102 103"),
    (free, "100 101 0 0 0 0 0 0 107 108", "100 101 0? 0? 0? 0? 0? 0? 107 108"),
    (free, "100 101 5000 5 102 103", "100 101 5000? 5? 102 103"),
    // a reset: the new level counts on
    (free, "100 101 0 0.1 0.2 0.3", "100 101 0? 0.1!restarted 0.2 0.3"),
    (free, "100 101 0 0 0 0 0.1 0.2", "100 101 0? 0!restarted 0 0 0.1 0.2"),
    (free, "100 0 0.1", "100 0? 0.1?"),
    (rate60, "100 101 5000 5001 5002 5003", "100 101 5000? 5001!restarted 5002 5003"),
    (rate60, "100 101 0 0.1 9000 0.2 0.3 0.4", "100 101 0? 0.1? 9000? 0.2? 0.3!restarted 0.4"),
    // faster than the limit; one step more is allowed; a gap allows more
    (rate60, "100 101.1 102", "100 101.1 102"),
    (rate60, "100 101.2 101.5", "100 101.2? 101.5"),
    (rate60, "100 - - 103", "100 - - 103"),
    (rate60, "100 103 103 103", "100 103? 103? 103"),
    // the first one is believed like any other
    (free, "9000 100 101 102", "9000 100? 101!restarted 102"),
    (free, "9000 100", "9000 100?"),
    (free, "100 9000", "100 9000"),
    // wraps
    (wrapping, "990 10 20", "990 10 20"),
    (wrapping, "100 99 101", "100 99? 101"),
    (wrapping, "600 200 201", "600 200? 201?"),
    (wrapping, "600 200!carry 201", "600 200 201"),
    (wrappingAtRate, "999.5 0.2 0.4", "999.5 0.2 0.4"),
    (wrappingAtRate, "990 10 990.5", "990 10? 990.5"),
    // CY without a modulus, CA
    (free, "100 3!carry 4", "100 3 4"),
    (free, "100 3!adjusted 4", "100 3 4"),
    (free, "100 -!adjusted 3 4", "100 - 3 4"),
    (free, "100 -!commissioning 3 4", "100 - 3 4"),
    // a doubtful clock does not push out the readings of a sure one
    (free, "100 200!clock 101 201!clock 102 202!clock 103 203 204", "100 200? 101 201? 102 202? 103 203 204"),
  ])
  func judges(rule: CounterRule, readings: String, expected: String) throws {
    let judge = CounterJudge(rule, quantity: "energy_active_import")
    #expect(shown(judged(try series(readings), by: judge)) == expected)
  }
}
