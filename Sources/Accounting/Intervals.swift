import Metering
import Schedule

/// Intervals that follow each other without a hole: the site's local quarters of an hour, hours, days or months.
///
/// Hours and quarters go by the wall clock (`Slots`): a day on which the clock is set back has 25 hours, one on which it
/// is set forward 23; where half an hour is skipped or repeated one hour is 30 or 90 minutes long.
public struct Intervals: Hashable, Sendable {
  public enum Length: String, Hashable, Sendable, CaseIterable {
    case quarterHour = "quarter-hour"
    case hour, day, month
  }

  public let length: Length
  public let zone: Zone
  /// The start of the first interval.
  public let start: Timestamp
  /// The end of the last one.
  public let end: Timestamp
  private let slots: Slots?

  /// - Parameters:
  ///   - from: the first interval is the one that holds it.
  ///   - to: the last interval is the one that holds the instant before it.
  public init(_ length: Length, zone: Zone, from: Timestamp, to: Timestamp) {
    self.length = length
    self.zone = zone
    let every: Int64? =
      switch length {
      case .quarterHour: 900_000
      case .hour: 3_600_000
      case .day, .month: nil
      }
    slots = every.flatMap { Slots(everyMilliseconds: $0, zone: zone) }
    let start = Intervals.boundary(atOrBefore: from, length, zone, slots)
    self.start = start
    var end = Intervals.boundary(atOrBefore: max(to, from + 1), length, zone, slots)
    if end < to || end <= start { end = Intervals.boundary(after: max(end, start), length, zone, slots) }
    self.end = end
  }

  /// Walks along the boundaries, from `start` on. Within a stretch of one offset that is an addition.
  struct Cursor: Sendable {
    let intervals: Intervals
    private(set) var boundary: Timestamp
    /// The boundary after it.
    private(set) var following: Timestamp
    private let every: Int64
    private var periodEnd = Timestamp.distantPast

    init(_ intervals: Intervals) {
      self.intervals = intervals
      every = intervals.slots?.everyMilliseconds ?? 0
      boundary = intervals.start
      following = intervals.start
      follow()
    }

    /// Goes to the next boundary, beyond `end` as well.
    mutating func advance() {
      boundary = following
      if following + every < periodEnd {
        following = following + every
      } else {
        follow()
      }
    }

    private mutating func follow() {
      following = intervals.boundary(after: following)
      if every == 0 { return }
      // A boundary that stands for a skipped label is not a multiple of `every` from the next one.
      let period = intervals.zone.period(containing: following)
      let isAligned =
        (following.milliseconds + Int64(period.offsetSeconds) * 1000).flooredRemainder(by: every) == 0
      periodEnd = isAligned ? period.end ?? .distantFuture : .distantPast
    }
  }

  /// The first boundary later than `instant`.
  public func boundary(after instant: Timestamp) -> Timestamp {
    Intervals.boundary(after: instant, length, zone, slots)
  }

  private static func boundary(after instant: Timestamp, _ length: Length, _ zone: Zone, _ slots: Slots?) -> Timestamp {
    if let slots { return slots.next(after: instant) }
    if length == .day { return zone.nextDayStart(after: instant) }
    var date = zone.localDate(at: instant)
    while true {
      date = CivilDate(year: date.month == 12 ? date.year + 1 : date.year, month: date.month % 12 + 1, day: 1)
      let start = zone.startOfDay(date)
      if start > instant { return start }
    }
  }

  private static func boundary(atOrBefore instant: Timestamp, _ length: Length, _ zone: Zone, _ slots: Slots?)
    -> Timestamp
  {
    if let slots { return slots.last(atOrBefore: instant) }
    var date = zone.localDate(at: instant)
    if length == .month { date.day = 1 }
    while true {
      let start = zone.startOfDay(date)
      if start <= instant { return start }
      // Where the clock was set back over midnight the wall shows a day that has not begun again.
      date = CivilDate(daysSinceEpoch: date.daysSinceEpoch - 1)
      if length == .month { date.day = 1 }
    }
  }
}
