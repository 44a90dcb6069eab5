import Metering

extension CounterJudge {
  /// The last row of an aggregate that was counted.
  struct QuarterTail: Sendable {
    var time: Timestamp
    var raw: RawNumber
    /// Odometer − value.
    var offset: ExactDecimal
    /// Exchanges and serial changes behind it.
    var anchor: Anchor
  }

  /// Counts a quarter of an hour without its readings, where it is certain that these would say the same.
  ///
  /// That is where the register never ran backwards in it nor from and to its neighbours, no step can have been too fast,
  /// no interval begins and nothing else (exchange, correction) happened inside, and nothing before it is still in doubt. Where a
  /// series begins, its readings decide.
  ///
  /// - Parameter next: the aggregate of the next quarter that has any rows of the series; nil where what follows is not known
  ///   as an aggregate, or nothing follows.
  /// - Returns: false, having counted nothing: then feed the quarter's readings to `judge` instead, and go on with the
  ///   next aggregate.
  public mutating func count(
    _ quarter: QuarterAggregate, before next: QuarterAggregate?, into totals: inout IntervalTotals,
    _ body: (TotalRow) throws -> Void
  ) rethrows -> Bool {
    guard let next, rule.step > .zero, quarter.rows > 0, quarter.decreases == 0, quarter.firstTime <= quarter.lastTime,
      quarter.lastTime < next.firstTime, rival == nil, pendingBreak == nil, !pendingCarry,
      isPlausible(from: quarter.last, at: quarter.lastTime, to: next.first, at: next.firstTime),
      isPlausible(within: quarter)
    else { return false }
    let start = Timestamp(milliseconds: quarter.quarter * QuarterAggregate.milliseconds)
    guard !totals.hasEdge(after: start, before: start + QuarterAggregate.milliseconds) else { return false }
    if let tail {
      guard register.isQuiet(from: tail.anchor, through: next.firstTime),
        isPlausible(from: tail.raw, at: tail.time, to: quarter.first, at: quarter.firstTime)
      else { return false }
    } else {
      guard try enterQuarters(quarter, before: next, &totals, body) else { return false }
    }
    guard let offset = tail?.offset else { return false }
    let last = CountedPoint(
      time: quarter.lastTime, odometer: Odometer(offset: offset, raw: quarter.last, step: rule.step), rows: 1)
    if !totals.skip(to: last, from: quarter.firstTime, rows: quarter.rows) {
      try totals.add(
        CountedPoint(
          time: quarter.firstTime, odometer: Odometer(offset: offset, raw: quarter.first, step: rule.step),
          rows: quarter.rows > 1 ? quarter.rows - 1 : 1), body)
      if quarter.rows > 1 { try totals.add(last, body) }
    }
    tail?.time = quarter.lastTime
    tail?.raw = quarter.last
    return true
  }

  /// From readings to aggregates: what is held back is settled by the quarter's first row.
  private mutating func enterQuarters(
    _ quarter: QuarterAggregate, before next: QuarterAggregate, _ totals: inout IntervalTotals,
    _ body: (TotalRow) throws -> Void
  ) rethrows -> Bool {
    let base = tentative?.step.anchor ?? anchor
    guard base.value != nil, register.isQuiet(from: base, through: next.firstTime),
      let value = quarter.first.value?.multiplied(by: rule.step),
      let step = step(from: base, to: Entry(time: quarter.firstTime, value: value)),
      let offset = step.anchor.odometer.subtracting(value)
    else { return false }
    settleTentative()
    try release { judged in try totals.add(judged, body) }
    tail = QuarterTail(time: quarter.firstTime, raw: quarter.first, offset: offset, anchor: step.anchor)
    return true
  }

  /// Back to readings: the last row that was counted becomes the anchor.
  mutating func leaveQuarters() {
    guard let tail else { return }
    anchor = tail.anchor
    anchor.time = tail.time
    anchor.value = tail.raw.value?.multiplied(by: rule.step)
    if let value = anchor.value, let odometer = value.adding(tail.offset) { anchor.odometer = odometer }
    self.tail = nil
  }

  private func isPlausible(from old: RawNumber, at from: Timestamp, to new: RawNumber, at to: Timestamp) -> Bool {
    guard old.isFollowed(by: new), new.size.isFinite else { return false }
    guard let perMillisecond = rule.maximumPerMillisecond else { return true }
    let difference = (new.size - old.size) * rule.step.size
    return difference <= (perMillisecond * Double(to - from) + rule.stepSize) * CounterJudge.surely
  }

  private func isPlausible(within quarter: QuarterAggregate) -> Bool {
    guard quarter.first.isFollowed(by: quarter.last), quarter.last.size.isFinite else { return false }
    guard let perMillisecond = rule.maximumPerMillisecond else { return true }
    if let steepest = quarter.steepest { return steepest * rule.step.size <= perMillisecond * CounterJudge.surely }
    return (quarter.last.size - quarter.first.size) * rule.step.size <= rule.stepSize * CounterJudge.surely
  }

  /// Where binary arithmetic is not sure, the readings decide.
  private static let surely = 1 - 1e-9
}
