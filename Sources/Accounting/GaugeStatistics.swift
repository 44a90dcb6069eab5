import Metering

/// The least, mean and greatest value of a gauge in an interval.
public struct GaugeRow: Hashable, Sendable {
  public var start: Timestamp
  public var end: Timestamp
  public var least: ExactDecimal?
  /// Of the readings, each counting alike; rounded to nine significant digits, halves away from zero.
  public var mean: ExactDecimal?
  public var greatest: ExactDecimal?
  public var unit: String
  /// Good where every reading that it is made of is; bad without any.
  public var quality: Quality
  /// Of the readings that it is made of; without any, why readings failed.
  public var flags: [String]
  /// Usable readings in [start, end).
  public var count: Int
}

/// Least, mean and greatest values by interval, from the readings of one gauge in the order of time, or from aggregates of
/// quarters of an hour.
///
/// Sums are exact; only where they need more than 128 bits (floats of very different sizes) are they binary from there on.
public struct GaugeStatistics: Sendable {
  public let intervals: Intervals
  public private(set) var unit: String
  private var cursor: Intervals.Cursor
  private var previous: Timestamp
  private var isOver = false
  private var least: ExactDecimal?
  private var greatest: ExactDecimal?
  private var sum = Sum.exact(.zero)
  private var count = 0
  private var isUncertain = false
  private var flags = FlagSet()
  private var failures = FlagSet()

  public init(_ intervals: Intervals, unit: String) {
    self.intervals = intervals
    self.unit = unit
    cursor = Intervals.Cursor(intervals)
    previous = intervals.start
    cursor.advance()
  }

  /// Takes the next reading, usable or not.
  public mutating func add(_ reading: Reading, _ body: (GaugeRow) throws -> Void) rethrows {
    guard reading.time >= intervals.start, try begin(reading.time, body) else { return }
    guard reading.quality != .bad, let value = reading.value else { return failures.insert(reading.flags) }
    unit = reading.unit
    include(value, value, .exact(value), 1)
    if reading.quality == .uncertain { isUncertain = true }
    flags.insert(reading.flags)
  }

  /// Counts a quarter of an hour without its readings.
  ///
  /// - Parameters:
  ///   - step: what one count of the raw numbers is worth.
  ///   - offset: what is added to it.
  /// - Returns: false, having counted nothing, where an interval begins inside the quarter or a number is none: then
  ///   feed the quarter's readings.
  public mutating func count(
    _ quarter: GaugeQuarter, step: ExactDecimal, offset: ExactDecimal = .zero, _ body: (GaugeRow) throws -> Void
  ) rethrows -> Bool {
    let start = Timestamp(milliseconds: quarter.quarter * QuarterAggregate.milliseconds)
    guard quarter.rows > 0, start >= intervals.start else { return false }
    let boundary = cursor.boundary > start ? cursor.boundary : intervals.boundary(after: start)
    guard boundary >= start + QuarterAggregate.milliseconds,
      let low = quarter.least.value?.multiplied(by: step)?.adding(offset),
      let high = quarter.greatest.value?.multiplied(by: step)?.adding(offset),
      let total = quarter.sum.scaled(by: step, adding: offset, times: quarter.rows)
    else { return false }
    guard try begin(start, body) else { return true }
    // A ratio below zero turns the order round.
    include(min(low, high), max(low, high), total, quarter.rows)
    return true
  }

  /// The end of the series; intervals that end later than `through` get a row only where they have readings.
  public mutating func finish(through: Timestamp = .distantFuture, _ body: (GaugeRow) throws -> Void) rethrows {
    while !isOver, count > 0 || cursor.boundary <= through { try end(body) }
  }

  /// Ends the intervals before `time`; false where it lies after the last one.
  private mutating func begin(_ time: Timestamp, _ body: (GaugeRow) throws -> Void) rethrows -> Bool {
    while !isOver, time >= cursor.boundary { try end(body) }
    return !isOver
  }

  private mutating func include(_ low: ExactDecimal, _ high: ExactDecimal, _ total: Sum, _ rows: Int) {
    least = least.map { min($0, low) } ?? low
    greatest = greatest.map { max($0, high) } ?? high
    sum.add(total)
    count += rows
  }

  private mutating func end(_ body: (GaugeRow) throws -> Void) rethrows {
    let quality: Quality = count == 0 ? .bad : isUncertain ? .uncertain : .good
    try body(
      GaugeRow(
        start: previous, end: cursor.boundary, least: least, mean: sum.mean(of: count), greatest: greatest, unit: unit,
        quality: quality, flags: count == 0 ? failures.flags : flags.flags, count: count))
    previous = cursor.boundary
    cursor.advance()
    isOver = previous >= intervals.end
    least = nil
    greatest = nil
    sum = .exact(.zero)
    count = 0
    isUncertain = false
    flags = FlagSet()
    failures = FlagSet()
  }
}

/// What a gauge's register did in one UTC quarter of an hour: raw numbers of rows that were all answered and whose clock
/// was sure. Value = raw number × step + offset.
public struct GaugeQuarter: Hashable, Sendable {
  /// Quarters since 1970: it begins at `quarter` × 900,000 ms.
  public var quarter: Int64
  public var rows: Int
  public var least: RawNumber
  public var greatest: RawNumber
  public var sum: Sum

  public init(quarter: Int64, rows: Int, least: RawNumber, greatest: RawNumber, sum: Sum) {
    self.quarter = quarter
    self.rows = rows
    self.least = least
    self.greatest = greatest
    self.sum = sum
  }
}
