import Metering

extension CounterJudge {
  /// What breaks a difference, or explains it: a flag of the reading after it.
  enum Mark: String, Sendable {
    case adjusted, carry, commissioning, exchanged, redefined, restarted
  }

  /// A register's number at a time, and the running count there.
  struct Anchor: Sendable {
    var time = Timestamp.distantPast
    /// Nil at the start and after a break: anything may follow.
    var value: ExactDecimal?
    var odometer = ExactDecimal.zero
    /// Why the difference is broken; nil at the start of the series.
    var breakMark: Mark?
    /// How many of the exchanges and serial changes lie behind it.
    var exchanges = 0
    var serialChanges = 0

    mutating func breakOff(_ mark: Mark) {
      // Before the first reading there is no difference to break.
      if value == nil, breakMark == nil, time == .distantPast { return }
      value = nil
      breakMark = mark
    }
  }

  /// A reading as far as its register goes.
  struct Entry: Sendable {
    var time: Timestamp
    var value: ExactDecimal
    var isCarried = false
    var isClockDoubtful = false
  }

  /// From one reading to a later one.
  struct Step: Sendable {
    /// Where it leads.
    var anchor: Anchor
    var isBroken = false
    /// For the later reading.
    var mark: Mark?
  }

  struct Candidate: Sendable {
    var step: Step
    var isClockDoubtful: Bool
  }

  /// Readings that follow each other, but not `tentative`.
  struct Rival: Sendable {
    var last: Anchor
    /// Whether they follow the last good reading, and contradict `tentative` only.
    var followsAnchor: Bool
    var count = 1
    var hasMoved = false
    var isClockDoubtful: Bool
    /// A doubtful clock was seen not long before.
    var isNearDoubt: Bool
    /// The first of them was already given away as implausible.
    var isEvicted = false
  }

  struct Held: Sendable {
    var reading: Reading
    var verdict: Verdict

    enum Verdict: Sendable {
      case asItIs
      case implausible
      case tentative
      case rival
      case good(CountedPoint)
    }
  }
}

extension CounterJudge {
  static func point(_ reading: inout Reading, _ step: Step) -> CountedPoint {
    if let mark = step.mark, !reading.flags.contains(mark.rawValue) { reading.flags.append(mark.rawValue) }
    return CountedPoint(
      time: reading.time, odometer: Odometer(step.anchor.odometer), isBroken: step.isBroken,
      isUncertain: reading.quality == .uncertain, flags: reading.flags)
  }
}

extension CounterJudge.Held {
  /// Usable, as a step led to it.
  mutating func accept(_ step: CounterJudge.Step) { verdict = .good(CounterJudge.point(&reading, step)) }
}
