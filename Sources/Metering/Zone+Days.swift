/// Local days. Day D is the stretch [startOfDay(D), startOfDay(D + 1)): every instant lies in exactly one.
extension Zone {
  /// What the calendar on the wall shows.
  ///
  /// Where a clock is set back across midnight it shows a day that was already over; `startOfDay` counts such an hour
  /// to the day that had begun.
  public func localDate(at instant: Timestamp) -> CivilDate {
    let local = instant.seconds + Int64(offsetSeconds(at: instant))
    return CivilDate(daysSinceEpoch: local.flooredDivision(by: 86_400))
  }

  /// The first instant at which local time has reached that day: local midnight, or the transition where midnight is
  /// skipped. Where the whole day is skipped (Samoa 2011-12-30) that is the start of the next one as well.
  /// - Parameter date: a valid date (`CivilDate.isValid`).
  public func startOfDay(_ date: CivilDate) -> Timestamp {
    let midnight = date.daysSinceEpoch * 86_400
    // No zone is further ahead than this, so local midnight cannot come earlier.
    var at = midnight - ZoneTable.offsetLimits.upperBound
    while true {
      let span = table.span(at: at)
      let candidate = midnight - span.offset
      if candidate <= at { return Timestamp(seconds: at) }
      guard let end = span.end, end <= candidate else { return Timestamp(seconds: candidate) }
      at = end
    }
  }

  /// The first start of a local day that lies after `instant`.
  public func nextDayStart(after instant: Timestamp) -> Timestamp {
    var day = localDate(at: instant).daysSinceEpoch
    while true {
      day += 1
      let start = startOfDay(CivilDate(daysSinceEpoch: day))
      if start > instant { return start }
    }
  }
}
