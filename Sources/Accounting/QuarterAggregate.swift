import Metering

/// What a counter's register did in one UTC quarter of an hour: raw numbers of rows that were all answered and whose
/// clock was sure, in the order of time.
///
/// Value = raw number × `CounterRule.step`: a point with an offset, or with factors in other registers, has none.
public struct QuarterAggregate: Hashable, Sendable {
  public static let milliseconds: Int64 = 900_000

  /// Quarters since 1970: it begins at `quarter` × 900,000 ms.
  public var quarter: Int64
  public var rows: Int
  /// Of the first and the last row.
  public var firstTime: Timestamp
  public var lastTime: Timestamp
  public var first: RawNumber
  public var last: RawNumber
  /// How often a row's number was less than the one before, or either was none (NaN).
  public var decreases: Int
  /// The largest (increase − 1) / milliseconds from one row to the next, of a float the largest increase /
  /// milliseconds; nil where that was not kept. Without it a meter with `max_rate` is read by its readings, unless it
  /// stood still.
  public var steepest: Double?

  public init(
    quarter: Int64, rows: Int, firstTime: Timestamp, lastTime: Timestamp, first: RawNumber, last: RawNumber,
    decreases: Int, steepest: Double? = nil
  ) {
    self.quarter = quarter
    self.rows = rows
    self.firstTime = firstTime
    self.lastTime = lastTime
    self.first = first
    self.last = last
    self.decreases = decreases
    self.steepest = steepest
  }
}
