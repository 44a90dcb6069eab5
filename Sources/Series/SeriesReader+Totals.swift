import Accounting
import Metering

extension SeriesReader {
  /// What a counter counted, by the site's local hours, days or months, rows in the order of their ends.
  ///
  /// Each row comes in the range in which it ends; one that is `spanning` may begin before it. So the rows of ranges that
  /// follow each other add up to what was counted.
  ///
  /// - Parameters:
  ///   - from: the first interval is the one that holds it; `to`: the last one holds the instant before it.
  ///   - now: intervals that end later are not over yet.
  public func forEachTotal(
    meterID: String, _ quantity: String, by length: Intervals.Length, from: Timestamp, to: Timestamp, now: Timestamp,
    _ body: (TotalRow) throws -> Void
  ) throws {
    let context = try context(meterID)
    guard let rule = context.rules(quantity).last, rule.kind == .counter || rule.kind == .interval else {
      throw SeriesError("\(meterID)/\(quantity) is no counter: it has no totals")
    }
    try withoutActuallyEscaping(body) { body in
      let sink = TotalsSink(
        length, zone: context.zone, from: from, to: to, everyMilliseconds: rule.everyMilliseconds, unit: rule.unit,
        substitutes: isCorrected ? notes.corrections.of(meterID, quantity).totals : [], body)
      try TotalsPass(self, context, quantity, rule: rule, sink: sink).run(now: now)
    }
  }

  /// The least, mean and greatest value of a gauge by the site's local hours, days or months.
  public func forEachStatistic(
    meterID: String, _ quantity: String, by length: Intervals.Length, from: Timestamp, to: Timestamp, now: Timestamp,
    _ body: (GaugeRow) throws -> Void
  ) throws {
    let context = try context(meterID)
    guard let rule = context.rules(quantity).last, rule.kind == .gauge else {
      throw SeriesError("\(meterID)/\(quantity) is no gauge: it has no mean")
    }
    let intervals = Intervals(length, zone: context.zone, from: from, to: to)
    try StatisticsPass(self, context, quantity, GaugeStatistics(intervals, unit: rule.unit)).run(now: now, body)
  }
}
