import Metering

/// The instants at which something is due: every so often, counted from local midnight.
///
/// **The rule.** A slot is an instant at which the local wall clock shows a multiple of `everyMilliseconds` since
/// midnight.
/// - Where the clock is set back, the labels of the repeated stretch come twice, and both instants are slots.
/// - Where the clock is set forward over labels (or midnight does not exist), the instant of the transition stands for
///   all labels that were skipped, once. If it carries a label itself, it is that one slot.
///
/// So a quarter hour in Berlin has 92 slots on the day summer begins (03:00 stands for 02:00 to 02:45 as well), 100 on
/// the day it ends, 96 on all others.
///
/// Every function expects instants between `Timestamp.distantPast` and `.distantFuture`.
public struct Slots: Sendable, Hashable {
  public static let millisecondsPerDay: Int64 = 86_400_000

  /// Milliseconds between two slots on a day without a transition.
  public let everyMilliseconds: Int64
  public let zone: Zone

  /// Nil where `everyMilliseconds` does not divide 24 hours.
  public init?(everyMilliseconds: Int64, zone: Zone) {
    guard everyMilliseconds > 0, Slots.millisecondsPerDay % everyMilliseconds == 0 else { return nil }
    self.everyMilliseconds = everyMilliseconds
    self.zone = zone
  }

  /// The first slot later than `instant`.
  public func next(after instant: Timestamp) -> Timestamp {
    var at = instant + 1
    while true {
      let period = zone.period(containing: at)
      if at == period.start, standsForSkipped(period) { return at }
      let offset = Int64(period.offsetSeconds) * 1000
      let label = at.milliseconds + offset
      let slot = Timestamp(milliseconds: label + (-label).flooredRemainder(by: everyMilliseconds) - offset)
      guard let end = period.end, slot >= end else { return slot }
      at = end
    }
  }

  /// The latest slot that is not later than `instant`.
  public func last(atOrBefore instant: Timestamp) -> Timestamp {
    var at = instant
    while true {
      let period = zone.period(containing: at)
      let label = at.milliseconds + Int64(period.offsetSeconds) * 1000
      let slot = at - label.flooredRemainder(by: everyMilliseconds)
      guard let start = period.start, slot < start else { return slot }
      if standsForSkipped(period) { return start }
      at = start - 1
    }
  }

  /// How many slots lie in [from, through]. The work grows with the transitions in between, not with the slots.
  public func count(from: Timestamp, through: Timestamp) -> Int {
    var count = 0
    forEachPeriod(from: from, through: through) { period, first, last in
      let offset = Int64(period.offsetSeconds) * 1000
      count += Int(
        (last.milliseconds + offset).flooredDivision(by: everyMilliseconds)
          - (first.milliseconds + offset - 1).flooredDivision(by: everyMilliseconds))
      if first == period.start, standsForSkipped(period) { count += 1 }
    }
    return count
  }

  /// Calls `body` with each slot in [from, through], in order.
  public func forEach<Failure: Error>(
    from: Timestamp, through: Timestamp, _ body: (Timestamp) throws(Failure) -> Void
  ) throws(Failure) {
    var slot = next(after: from - 1)
    while slot <= through {
      try body(slot)
      slot = next(after: slot)
    }
  }

  /// Cuts [from, through] at the transitions: the period, and the first and last instant of it that lie within.
  private func forEachPeriod(
    from: Timestamp, through: Timestamp, _ body: (Zone.Period, _ first: Timestamp, _ last: Timestamp) -> Void
  ) {
    var first = from
    while first <= through {
      let period = zone.period(containing: first)
      guard let end = period.end, end <= through else { return body(period, first, through) }
      body(period, first, end - 1)
      first = end
    }
  }

  /// Whether the first instant of `period` is a slot only because labels were skipped there.
  private func standsForSkipped(_ period: Zone.Period) -> Bool {
    guard let start = period.start else { return false }
    let before = Int64(zone.offsetSeconds(at: start - 1))
    let firstSkipped = start.milliseconds + before * 1000
    let shown = start.milliseconds + Int64(period.offsetSeconds) * 1000
    // The first label at or after the one that the old offset would have shown.
    let label = firstSkipped + (-firstSkipped).flooredRemainder(by: everyMilliseconds)
    return label < shown && shown.flooredRemainder(by: everyMilliseconds) != 0
  }
}
