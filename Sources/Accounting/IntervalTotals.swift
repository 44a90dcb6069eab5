import Metering

/// Totals of a counter by interval, from its judged readings in the order of time.
///
/// A total is the running count at the interval's end minus that at its start. At each boundary the nearest usable reading within
/// `toleranceMilliseconds` is taken. Where a boundary has none, the intervals on both sides get no total; the next usable
/// reading gives one row flagged `spanning` from the last boundary that had a reading up to itself, and what is left from there
/// to the next boundary is such a row again. So the totals of all rows add up to last − first, whatever was missing.
///
/// Rows come in the order of their ends.
public struct IntervalTotals: Sendable {
  public let intervals: Intervals
  /// min(every / 2, 60 s)
  public let toleranceMilliseconds: Int64
  /// Of the readings; what was given at the start until there is one.
  public private(set) var unit: String

  var cursor: Intervals.Cursor
  /// The boundary before `cursor.boundary`; nil at the start.
  var previous: Timestamp?
  /// Where the next row begins.
  var cut: Cut?
  /// The usable reading nearest to `cursor.boundary`, so far.
  var nearest: CountedPoint?
  /// From `cut` to `nearest`, where there is one, else to the last point; and from `nearest` on.
  var upTo = Stretch()
  var beyond = Stretch()
  var last: CountedPoint?
  /// Usable readings and failures since `previous`, and from `cursor.boundary` on.
  var counts = Counts()
  var isOver = false
  var substitution: TotalSubstitution?

  /// Where a row ends and the next one begins.
  struct Cut: Sendable {
    var at: Timestamp
    var point: CountedPoint
    var isBoundary: Bool
  }

  /// What lies between two cuts.
  struct Stretch: Sendable {
    /// Whether any of it was counted.
    var isKnown = false
    var isBroken = false
    /// Part of it was given.
    var isCorrected = false
    var flags = FlagSet()

    mutating func include(_ point: CountedPoint) {
      if point.isBroken { isBroken = true } else { isKnown = true }
      if point.flags.isEmpty { return }
      flags.insert(point.flags.filter(Stretch.notable.contains))
      // A single substituted reading matters at a boundary only, what stands for a given total everywhere.
      if point.rows == 0, point.flags.contains("corrected") {
        isCorrected = true
        flags.insert("corrected")
      }
    }

    mutating func include(_ other: Stretch) {
      isKnown = isKnown || other.isKnown
      isBroken = isBroken || other.isBroken
      isCorrected = isCorrected || other.isCorrected
      flags.insert(other.flags.flags)
    }

    /// What a row says of its inside; all other flags matter at its boundaries only.
    static let notable: Set<String> = ["adjusted", "exchanged", "restarted", "redefined", "commissioning"]
  }

  struct Counts: Sendable {
    /// In the interval that ends at the boundary, and since the cut.
    var inInterval = 0
    var sinceCut = 0
    /// At the boundary and after it.
    var after = 0
    var failures = FlagSet()
    var failuresAfter = FlagSet()
  }

  /// - Parameters:
  ///   - everyMilliseconds: how often the point is due.
  ///   - substitutes: totals that somebody gave instead.
  public init(
    _ intervals: Intervals, everyMilliseconds: Int64, unit: String, substitutes: [SubstituteTotal] = []
  ) {
    self.intervals = intervals
    toleranceMilliseconds = max(0, min(everyMilliseconds / 2, 60_000))
    self.unit = unit
    cursor = Intervals.Cursor(intervals)
    if !substitutes.isEmpty {
      substitution = TotalSubstitution(substitutes, toleranceMilliseconds: toleranceMilliseconds)
    }
  }

  /// Takes the next reading, usable or not.
  public mutating func add(_ judged: JudgedReading, _ body: (TotalRow) throws -> Void) rethrows {
    if let point = judged.point {
      if last == nil { unit = judged.reading.unit }
      return try add(point, body)
    }
    if judged.reading.flags.isEmpty { return }
    let time = judged.reading.time
    try pass(time, body)
    if isOver || time < intervals.start - toleranceMilliseconds { return }
    if time <= cursor.boundary + toleranceMilliseconds { counts.failures.insert(judged.reading.flags) }
    if time >= cursor.boundary { counts.failuresAfter.insert(judged.reading.flags) }
  }

  /// Takes the next usable reading.
  public mutating func add(_ point: CountedPoint, _ body: (TotalRow) throws -> Void) rethrows {
    guard substitution != nil else { return try count(point, body) }
    var points: [CountedPoint] = []
    substitution?.add(point) { points.append($0) }
    for point in points { try count(point, body) }
  }

  /// The end of the series.
  ///
  /// - Parameter through: intervals that end later than this, and have no reading at their end, are not over yet: they get no
  ///   row, only what was counted in them so far.
  public mutating func finish(through: Timestamp = .distantFuture, _ body: (TotalRow) throws -> Void) rethrows {
    if substitution != nil {
      var points: [CountedPoint] = []
      substitution?.finish { points.append($0) }
      for point in points { try count(point, body) }
    }
    while !isOver, nearest != nil || cursor.boundary <= through { try decide(body) }
    guard let last, let cut, last.time > cut.point.time else { return }
    upTo.include(beyond)
    beyond = Stretch()
    try end(at: last.time, last, isBoundary: false, body)
  }

  /// Whether a boundary, or the edge of a substituted total, lies strictly between two instants.
  func hasEdge(after start: Timestamp, before end: Timestamp) -> Bool {
    if substitution?.hasEdge(after: start, before: end) ?? false { return true }
    // The boundary that is not decided yet may be the start itself.
    if cursor.boundary > start { return cursor.boundary < end }
    if cursor.following > start { return cursor.following < end }
    return intervals.boundary(after: start) < end
  }
}
