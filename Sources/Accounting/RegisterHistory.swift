import Metering

/// Which devices had a meter's place, as far as one quantity is concerned.
struct RegisterHistory: Sendable {
  /// A declared exchange and a change of the serial number this near to each other are one event, and so are an exchange and
  /// the place where the register visibly became another: who writes the time down may err.
  static let toleranceMilliseconds: Int64 = 86_400_000
  /// A final reading that is noted without decimals lies below the last one that was taken.
  static let noteTolerance = 1.0

  let quantity: String
  /// Ascending.
  let exchanges: [Exchange]
  /// Ascending; undeclared ones only.
  let serialChanges: [SerialChange]

  init(quantity: String, exchanges: [Exchange], serialChanges: [SerialChange]) {
    self.quantity = quantity
    self.exchanges = exchanges.sorted { $0.at < $1.at }
    self.serialChanges = serialChanges.filter { change in
      !exchanges.contains {
        $0.at > change.after - RegisterHistory.toleranceMilliseconds
          && $0.at <= change.by + RegisterHistory.toleranceMilliseconds
      }
    }.sorted { $0.by < $1.by }
  }

  /// How many exchanges and serial changes are over at a time.
  /// - Parameter isRestarted: the register began anew there: a change that may be what was seen is over as well.
  func behind(_ time: Timestamp, isRestarted: Bool = false) -> (exchanges: Int, serialChanges: Int) {
    let slack = isRestarted ? RegisterHistory.toleranceMilliseconds : 0
    return (
      exchanges.count { $0.at <= time + slack }, serialChanges.count { isRestarted ? $0.after < time : $0.by <= time }
    )
  }

  /// Whether a device whose serial number changed may have come between `anchor` and `time`.
  func isSerialChangePending(at time: Timestamp, after anchor: CounterJudge.Anchor) -> Bool {
    serialChanges.dropFirst(anchor.serialChanges).contains { $0.after < time }
  }

  /// Whether nothing happened to the register from `anchor` to `time`.
  func isQuiet(from anchor: CounterJudge.Anchor, through time: Timestamp) -> Bool {
    (anchor.exchanges >= exchanges.count || exchanges[anchor.exchanges].at > time)
      && (anchor.serialChanges >= serialChanges.count || serialChanges[anchor.serialChanges].after >= time)
  }

  /// The step across an exchange that was declared for a time near, but not between these readings.
  func exchange(near entry: CounterJudge.Entry, from anchor: CounterJudge.Anchor, _ rule: CounterRule)
    -> CounterJudge.Step?
  {
    guard anchor.value != nil, anchor.exchanges < exchanges.count,
      abs(exchanges[anchor.exchanges].at - entry.time) <= RegisterHistory.toleranceMilliseconds
    else { return nil }
    return step(across: anchor.exchanges..<(anchor.exchanges + 1), from: anchor, to: entry, rule)
  }

  /// (old final − last before) + (first after − new start), over every exchange in between.
  /// - Returns: nil where that cannot be; a broken step where the numbers were not noted.
  func step(
    across range: Range<Int>, from anchor: CounterJudge.Anchor, to entry: CounterJudge.Entry, _ rule: CounterRule
  ) -> CounterJudge.Step? {
    guard var register = anchor.value else { return nil }
    var after = anchor
    after.time = entry.time
    after.value = entry.value
    after.exchanges = range.upperBound
    var counted = ExactDecimal.zero
    for exchange in exchanges[range] {
      guard let noted = exchange.registers(of: quantity) else {
        return CounterJudge.Step(anchor: after, isBroken: true, mark: .exchanged)
      }
      guard let part = part(from: register, to: noted.oldFinal, rule), let sum = counted.adding(part) else {
        return nil
      }
      counted = sum
      register = noted.newStart
    }
    guard let part = part(from: register, to: entry.value, rule), let sum = counted.adding(part),
      let odometer = anchor.odometer.adding(sum),
      rule.allows(sum, milliseconds: entry.time - anchor.time, steps: range.count + 1)
    else { return nil }
    after.odometer = odometer
    return CounterJudge.Step(anchor: after, isBroken: false, mark: .exchanged)
  }

  private func part(from old: ExactDecimal, to new: ExactDecimal, _ rule: CounterRule) -> ExactDecimal? {
    guard let difference = new.subtracting(old) else { return nil }
    if difference.significand >= 0 || -difference.size < RegisterHistory.noteTolerance { return difference }
    return rule.advance(from: old, to: new, milliseconds: .max)
  }
}
