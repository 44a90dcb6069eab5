import Accounting
import Metering

/// Cuts a running count into rows.
///
/// A row belongs to the range in which it ends, so that ranges that follow each other give each row once: what begins before
/// `lower` goes on from the last usable reading before it.
final class TotalsSink {
  private let length: Intervals.Length
  private let zone: Zone
  private let everyMilliseconds: Int64
  private let substitutes: [SubstituteTotal]
  private let unit: String
  /// The first instant that is counted.
  let begin: Timestamp
  let lower: Timestamp
  let upper: Timestamp
  var totals: IntervalTotals
  private(set) var isStarted = false
  private var pending: JudgedReading?
  private var body: (TotalRow) throws -> Void
  /// Nothing came yet: rows before the first reading of the series say nothing.
  private var isEmpty = true

  init(
    _ length: Intervals.Length, zone: Zone, from: Timestamp, to: Timestamp, everyMilliseconds: Int64, unit: String,
    substitutes: [SubstituteTotal], _ body: @escaping (TotalRow) throws -> Void
  ) {
    self.length = length
    self.zone = zone
    self.everyMilliseconds = everyMilliseconds
    self.substitutes = substitutes
    self.unit = unit
    self.body = body
    let intervals = Intervals(length, zone: zone, from: from, to: to)
    (lower, upper) = (intervals.start, intervals.end)
    // A given total that begins before the range and ends in it is counted from its start.
    var begin = intervals.start
    for total in substitutes.reversed() where total.from < begin && total.to >= begin { begin = total.from }
    self.begin = begin
    totals = IntervalTotals(
      Intervals(length, zone: zone, from: begin, to: upper), everyMilliseconds: everyMilliseconds, unit: unit,
      substitutes: substitutes)
  }

  var toleranceMilliseconds: Int64 { totals.toleranceMilliseconds }

  func add(_ judged: JudgedReading) throws {
    if !isStarted {
      if judged.reading.time < begin - toleranceMilliseconds {
        if judged.point != nil { pending = judged }
        return
      }
      try start()
    }
    try totals.add(judged, give)
    isEmpty = false
  }

  /// A point that stands for no reading.
  func add(_ point: CountedPoint) throws {
    if !isStarted {
      if point.time < begin - toleranceMilliseconds { return }
      try start()
    }
    try totals.add(point, give)
    isEmpty = false
  }

  private func start() throws {
    isStarted = true
    guard let pending else { return }
    if pending.reading.time < totals.intervals.start {
      totals = IntervalTotals(
        Intervals(length, zone: zone, from: pending.reading.time, to: upper), everyMilliseconds: everyMilliseconds,
        unit: unit, substitutes: substitutes)
    }
    try totals.add(pending, give)
    isEmpty = false
  }

  /// - Parameter through: intervals that end later are not over yet.
  func finish(through: Timestamp) throws {
    if !isStarted { try start() }
    try totals.finish(through: through, give)
  }

  func give(_ row: TotalRow) throws {
    if isEmpty, row.total == nil { return }
    if row.end > lower, row.end <= upper { try body(row) }
  }
}
