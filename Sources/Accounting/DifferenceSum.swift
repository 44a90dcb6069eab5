import Metering

/// Adds up a series of kind `interval`, whose values are themselves differences: a station that freezes with reset sends
/// what was counted since the last time.
///
/// Each value covers the time **before** its reading, so that the one stamped 11:00 belongs to the hour that ends there. From
/// here on the series is a running count like a counter's, and `IntervalTotals` cuts it the same way.
public struct DifferenceSum: Sendable {
  private let everyMilliseconds: Int64
  private var sum = ExactDecimal.zero
  private var hasBegun = false

  /// - Parameter everyMilliseconds: how often the point is due: the first value covers that time.
  public init(everyMilliseconds: Int64) {
    self.everyMilliseconds = everyMilliseconds
  }

  /// Gives the reading with its place in the running count; before the first usable one the point where that count begins.
  ///
  /// A value that was fetched twice (`duplicate`) counts once.
  public mutating func add(
    _ reading: Reading, start: (CountedPoint) throws -> Void, _ body: (JudgedReading) throws -> Void
  ) rethrows {
    guard reading.quality != .bad, reading.kind == .interval, let value = reading.value,
      !reading.flags.contains("duplicate"), let next = sum.adding(value)
    else { return try body(JudgedReading(reading: reading, point: nil)) }
    if !hasBegun {
      hasBegun = true
      try start(
        CountedPoint(time: reading.time - everyMilliseconds, odometer: Odometer(sum), rows: 0))
    }
    sum = next
    try body(
      JudgedReading(
        reading: reading,
        point: CountedPoint(
          time: reading.time, odometer: Odometer(sum), isUncertain: reading.quality == .uncertain,
          flags: reading.flags)))
  }
}
