import FoundationEssentials
import Metering
import Testing

@testable import Accounting

@Suite struct CorrectionTests {
  static let start = Timestamp(milliseconds: 1_795_219_200_000)  // 2026-11-21T00:00:00Z
  static func minutes(_ count: Int64) -> Timestamp { start + count * minute }

  static func correction(
    _ id: String, _ action: Correction.Action, quantity: String? = "energy_active_import", meterID: String = "main",
    author: String = "M. Huber", reason: String = "display read", recorded: Int64 = 1000
  ) -> Correction {
    Correction(
      id: id, meterID: meterID, quantity: quantity, action: action, author: author, reason: reason,
      recordedAt: minutes(recorded))
  }

  static func applied(_ corrections: [Correction], to readings: [Reading], asOf: Timestamp = .distantFuture) throws
    -> [Reading]
  {
    var series = try Corrections(corrections).of("main", "energy_active_import", asOf: asOf)
    var result: [Reading] = []
    for reading in readings { series.apply(to: reading) { result.append($0) } }
    if let last = readings.last { series.finish(through: last.time + hour, like: last) { result.append($0) } }
    return result
  }

  static func shown(_ readings: [Reading]) -> String {
    readings.map { one in
      ([one.value?.description ?? "-"] + (one.quality == .good ? [] : [one.quality.rawValue]) + one.flags)
        .joined(separator: "!")
    }.joined(separator: " ")
  }

  @Test(
    arguments: [
      ([], "1 2 3 4"),
      ([correction("a", .exclude(from: minutes(1), to: minutes(3)))], "1 2!bad!excluded 3!bad!excluded 4"),
      (
        [correction("a", .exclude(from: minutes(1), to: minutes(3)), quantity: nil)],
        "1 2!bad!excluded 3!bad!excluded 4"
      ),
      ([correction("a", .exclude(from: minutes(1), to: minutes(3)), quantity: "volume")], "1 2 3 4"),
      ([correction("a", .exclude(from: minutes(1), to: minutes(3)), meterID: "other")], "1 2 3 4"),
      (
        [correction("a", .commissioning(from: minutes(0), to: minutes(2)))],
        "1!bad!commissioning 2!bad!commissioning 3 4"
      ),
      ([correction("a", .substituteValue(at: minutes(2), value: decimal("2.5")))], "1 2 2.5!uncertain!corrected 4"),
      (
        [
          correction("a", .substituteValue(at: minutes(2), value: decimal("2.5"))),
          correction("b", .substituteValue(at: minutes(2), value: decimal("2.6")), recorded: 2000),
        ], "1 2 2.6!uncertain!corrected 4"
      ),
      (
        [correction("a", .substituteValue(at: minutes(2) + 1, value: decimal("3.1")))],
        "1 2 3 3.1!uncertain!corrected 4"
      ),
      (
        [correction("a", .substituteValue(at: minutes(9), value: decimal("9")))], "1 2 3 4 9!uncertain!corrected"
      ),
      (
        [correction("a", .substituteValue(at: minutes(-1), value: decimal("0")))], "0!uncertain!corrected 1 2 3 4"
      ),
      (
        [
          correction("a", .exclude(from: minutes(0), to: minutes(3))),
          correction("b", .substituteValue(at: minutes(1), value: decimal("2.2"))),
        ], "1!bad!excluded 2.2!uncertain!corrected 3!bad!excluded 4"
      ),
      (
        [
          correction("a", .exclude(from: minutes(1), to: minutes(3))),
          correction("b", .withdraw(id: "a"), recorded: 2000),
        ], "1 2 3 4"
      ),
      (
        [
          correction("a", .exclude(from: minutes(1), to: minutes(2))),
          correction("b", .withdraw(id: "a"), recorded: 2000),
          correction("c", .withdraw(id: "b"), recorded: 3000),
        ], "1 2!bad!excluded 3 4"
      ),
    ] as [([Correction], String)])
  func apply(corrections: [Correction], expected: String) throws {
    #expect(CorrectionTests.shown(try CorrectionTests.applied(corrections, to: try series("1 2 3 4"))) == expected)
  }

  @Test func asOfForgetsWhatWasRecordedLater() throws {
    let list = [
      CorrectionTests.correction("a", .exclude(from: CorrectionTests.minutes(1), to: CorrectionTests.minutes(2))),
      CorrectionTests.correction("b", .withdraw(id: "a"), recorded: 2000),
    ]
    for (asOf, expected) in [
      (999, "1 2 3"), (1000, "1 2!bad!excluded 3"), (1999, "1 2!bad!excluded 3"), (2000, "1 2 3"),
    ] {
      let readings = try CorrectionTests.applied(
        list, to: try series("1 2 3"), asOf: CorrectionTests.minutes(Int64(asOf)))
      #expect(CorrectionTests.shown(readings) == expected)
    }
  }

  @Test func severalReadingsOfOneTimeAreAllSubstituted() throws {
    var readings = try series("1 2 3")
    readings[2].time = readings[1].time
    let result = try CorrectionTests.applied(
      [
        CorrectionTests.correction("z", .substituteValue(at: readings[0].time, value: decimal("0.9"))),
        CorrectionTests.correction("a", .substituteValue(at: readings[1].time, value: decimal("7"))),
      ], to: readings)
    #expect(CorrectionTests.shown(result) == "0.9!uncertain!corrected 7!uncertain!corrected 7!uncertain!corrected")
  }

  /// What somebody set up is nobody's consumption, and an excluded reading is bridged by the register.
  @Test(arguments: [
    (Correction.Action.exclude(from: minutes(2), to: minutes(4)), "7", false),
    (Correction.Action.commissioning(from: minutes(2), to: minutes(4)), "3", true),
  ])
  func totalsAcross(action: Correction.Action, expected: String, isBroken: Bool) throws {
    let readings = try CorrectionTests.applied(
      [CorrectionTests.correction("a", action)], to: try series("1 2 500 500 6 8"))
    let judge = CounterJudge(CounterRule(), quantity: "energy_active_import")
    let result = judged(readings, by: judge)
    #expect(result.last?.point?.odometer.value == decimal(expected))
    #expect(result.contains { $0.point?.isBroken ?? false } == isBroken)
  }

  @Test(
    arguments: [
      (correction("A", .exclude(from: minutes(1), to: minutes(2))), "its id must be"),
      (correction("a", .exclude(from: minutes(1), to: minutes(2)), meterID: "M 1"), "no meter's id"),
      (correction("a", .exclude(from: minutes(2), to: minutes(2))), "is not later than its start"),
      (correction("a", .exclude(from: minutes(1), to: .distantFuture + 1)), "outside the years"),
      (correction("a", .exclude(from: minutes(1), to: minutes(2)), author: " "), "author is empty: say who"),
      (correction("a", .exclude(from: minutes(1), to: minutes(2)), reason: ""), "reason is empty: say why"),
      (correction("a", .exclude(from: minutes(1), to: minutes(2)), reason: "a\nb"), "control character"),
      (
        correction("a", .exclude(from: minutes(1), to: minutes(2)), reason: String(repeating: "ä", count: 501)),
        "1002 bytes"
      ),
      (correction("a", .exclude(from: minutes(1), to: minutes(2)), quantity: "energie"), "is no quantity"),
      (correction("a", .substituteValue(at: minutes(1), value: .one), quantity: nil), "name its quantity"),
      (
        correction("a", .substituteValue(at: minutes(1), value: .one), quantity: "serial_number"), "a text has no value"
      ),
      (
        correction("a", .substituteTotal(from: minutes(1), to: minutes(2), total: .one), quantity: "voltage_l1"),
        "a gauge has no total"
      ),
      (correction("a", .substituteTotal(from: minutes(1), to: minutes(2), total: decimal("-1"))), "below zero"),
      (correction("a", .withdraw(id: "a")), "withdraws itself"),
      (correction("a", .withdraw(id: "nobody")), "there is no correction 'nobody'"),
      (correction("a", .withdraw(id: "taken"), meterID: "other"), "is of meter 'main'"),
      (correction("taken", .exclude(from: minutes(1), to: minutes(2))), "that id is taken"),
      (correction("a", .substituteTotal(from: minutes(59), to: minutes(61), total: .one)), "'taken' gives a total"),
    ] as [(Correction, String)])
  func refuses(correction: Correction, reason: String) throws {
    let before = CorrectionTests.correction(
      "taken", .substituteTotal(from: CorrectionTests.minutes(0), to: CorrectionTests.minutes(60), total: .one))
    var corrections = try Corrections([before])
    let error = #expect(throws: CorrectionFault.self) { try corrections.add(correction) }
    #expect(error?.description.contains("correction '\(correction.id)': ") == true)
    #expect(error?.description.contains(reason) == true)
    #expect(corrections.all == [before])
  }

  @Test(
    arguments: [
      (
        correction("a", .exclude(from: minutes(0), to: minutes(1)), quantity: nil),
        #"{"action":"exclude","author":"M. Huber","from":1795219200000,"id":"a","meterID":"main","#
          + #""reason":"display read","recordedAt":1795279200000,"to":1795219260000}"#
      ),
      (
        correction("b", .substituteValue(at: minutes(0), value: decimal("12.50"))),
        #"{"action":"substitute-value","at":1795219200000,"author":"M. Huber","id":"b","meterID":"main","#
          + #""quantity":"energy_active_import","reason":"display read","recordedAt":1795279200000,"value":"12.5"}"#
      ),
      (
        correction("c", .substituteTotal(from: minutes(0), to: minutes(1), total: decimal("3"))),
        #"{"action":"substitute-total","author":"M. Huber","from":1795219200000,"id":"c","meterID":"main","#
          + #""quantity":"energy_active_import","reason":"display read","recordedAt":1795279200000,"#
          + #""to":1795219260000,"total":"3"}"#
      ),
      (
        correction("d", .commissioning(from: minutes(0), to: minutes(1)), quantity: nil),
        #"{"action":"commissioning","author":"M. Huber","from":1795219200000,"id":"d","meterID":"main","#
          + #""reason":"display read","recordedAt":1795279200000,"to":1795219260000}"#
      ),
      (
        correction("e", .withdraw(id: "a"), quantity: nil),
        #"{"action":"withdraw","author":"M. Huber","id":"e","meterID":"main","reason":"display read","#
          + #""recordedAt":1795279200000,"withdraws":"a"}"#
      ),
    ] as [(Correction, String)])
  func json(correction: Correction, text: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    #expect(String(decoding: try encoder.encode(correction), as: UTF8.self) == text)
    #expect(try JSONDecoder().decode(Correction.self, from: Data(text.utf8)) == correction)
  }

  @Test(arguments: [
    #"{"action":"delete","author":"a","id":"a","meterID":"m","reason":"r","recordedAt":1}"#,
    #"{"action":"withdraw","author":"a","id":"a","meterID":"m","reason":"r","recordedAt":1}"#,
    #"{"action":"substitute-value","at":1,"author":"a","id":"b","meterID":"m","reason":"r","recordedAt":1,"value":"x"}"#,
    #"{"action":"exclude","author":"a","from":"now","id":"b","meterID":"m","reason":"r","recordedAt":1,"to":2}"#,
  ])
  func refusesJSON(text: String) {
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Correction.self, from: Data(text.utf8)) }
  }

  @Test func exchangeAsJSON() throws {
    let exchange = Exchange(
      at: CorrectionTests.minutes(0), oldFinal: ["volume": decimal("99.5"), "energy_active_import": decimal("7")],
      newStart: ["volume": .zero], oldSerial: "4711", newSerial: "4712", reason: "calibration ran out")
    let text =
      #"{"at":1795219200000,"newSerial":"4712","newStart":{"volume":"0"},"oldFinal":{"energy_active_import":"7","#
      + #""volume":"99.5"},"oldSerial":"4711","reason":"calibration ran out"}"#
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    #expect(String(decoding: try encoder.encode(exchange), as: UTF8.self) == text)
    #expect(try JSONDecoder().decode(Exchange.self, from: Data(text.utf8)) == exchange)
    #expect(exchange.registers(of: "volume")?.oldFinal == decimal("99.5"))
    #expect(exchange.registers(of: "energy_active_import") == nil)
  }

  @Test func touches() throws {
    let series = try Corrections([
      CorrectionTests.correction("a", .exclude(from: CorrectionTests.minutes(10), to: CorrectionTests.minutes(20))),
      CorrectionTests.correction("b", .substituteValue(at: CorrectionTests.minutes(30), value: .one)),
    ]).of("main", "energy_active_import")
    for (from, to, expected) in [(0, 10, false), (0, 11, true), (19, 25, true), (20, 30, false), (30, 31, true)] {
      #expect(
        series.touches(from: CorrectionTests.minutes(Int64(from)), to: CorrectionTests.minutes(Int64(to))) == expected)
    }
  }
}
