import Metering

extension CounterJudge {
  /// The step from a reading to a later one, where it is plausible.
  func step(from anchor: Anchor, to entry: Entry) -> Step? {
    var after = anchor
    after.time = entry.time
    after.value = entry.value
    guard let base = anchor.value else {
      after.breakMark = nil
      (after.exchanges, after.serialChanges) = register.behind(entry.time)
      after.exchanges = max(after.exchanges, anchor.exchanges)
      after.serialChanges = max(after.serialChanges, anchor.serialChanges)
      return Step(anchor: after, isBroken: anchor.breakMark != nil, mark: anchor.breakMark)
    }
    if anchor.exchanges < register.exchanges.count, register.exchanges[anchor.exchanges].at <= entry.time {
      return stepAcrossExchange(from: anchor, base, to: entry)
    }
    if anchor.serialChanges < register.serialChanges.count,
      register.serialChanges[anchor.serialChanges].by <= entry.time
    {
      // Which of the two devices counted what is not known.
      after.serialChanges = register.behind(entry.time).serialChanges
      return Step(anchor: after, isBroken: true, mark: .exchanged)
    }
    return plainStep(from: anchor, base, to: entry)
  }

  /// The step from the anchor, whatever time it took.
  func stepAtAnyRate(to value: ExactDecimal, at time: Timestamp) -> Step? {
    guard let base = anchor.value, register.isQuiet(from: anchor, through: time),
      let advance = rule.withoutMaximum.advance(from: base, to: value, milliseconds: 0),
      let odometer = anchor.odometer.adding(advance)
    else { return nil }
    var after = anchor
    after.time = time
    after.value = value
    after.odometer = odometer
    return Step(anchor: after)
  }

  private func plainStep(from anchor: Anchor, _ base: ExactDecimal, to entry: Entry) -> Step? {
    var after = anchor
    after.time = entry.time
    after.value = entry.value
    if let advance = rule.advance(
      from: base, to: entry.value, milliseconds: entry.time - anchor.time, isCarried: entry.isCarried)
    {
      guard let odometer = anchor.odometer.adding(advance) else { return nil }
      after.odometer = odometer
      return Step(anchor: after)
    }
    if entry.isCarried, rule.modulus == nil, entry.value < base {
      return Step(anchor: after, isBroken: true, mark: .carry)
    }
    return nil
  }

  private func stepAcrossExchange(from anchor: Anchor, _ base: ExactDecimal, to entry: Entry) -> Step? {
    let behind = register.behind(entry.time)
    let range = anchor.exchanges..<max(behind.exchanges, anchor.exchanges + 1)
    let plain = plainStep(from: anchor, base, to: entry)
    if var step = register.step(across: range, from: anchor, to: entry, rule) {
      if range.count == 1, let plain, isStillOld(entry, anchor, plain, step) { return plain }
      step.anchor.serialChanges = max(behind.serialChanges, anchor.serialChanges)
      return step
    }
    guard var plain else { return nil }
    // The exchange explains nothing here. It may be late; a day later it is taken as having left no trace.
    let last = register.exchanges[range.upperBound - 1].at
    if entry.time - last > RegisterHistory.toleranceMilliseconds { plain.anchor.exchanges = range.upperBound }
    return plain
  }

  /// Whether the old device is still there although the exchange was declared for earlier: the reading lies between the
  /// last one and what the old register showed last, and with the exchange the step would be a hundred times as large.
  private func isStillOld(_ entry: Entry, _ anchor: Anchor, _ plain: Step, _ step: Step) -> Bool {
    let exchange = register.exchanges[anchor.exchanges]
    let before = anchor.odometer
    guard let noted = exchange.registers(of: register.quantity), let base = anchor.value, base <= entry.value,
      entry.value <= noted.oldFinal,
      entry.time - exchange.at <= RegisterHistory.toleranceMilliseconds,
      let small = plain.anchor.odometer.subtracting(before), let large = step.anchor.odometer.subtracting(before)
    else { return false }
    return large.size > 100 * max(small.size, rule.stepSize)
  }
}
