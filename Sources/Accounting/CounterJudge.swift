import Metering

/// A reading with what the judge of its series says of it.
public struct JudgedReading: Sendable {
  /// As it was fed, or bad with the flag `implausible`; with `exchanged` or `restarted` where its register is another.
  public var reading: Reading
  /// Of a usable reading; nil where it is bad.
  public var point: CountedPoint?

  public init(reading: Reading, point: CountedPoint?) {
    self.reading = reading
    self.point = point
  }
}

/// Tells which readings of one counter are plausible, and counts across wraps, exchanges and breaks.
///
/// Feed it the readings of one series in the order of time (same time: of `seq`), beginning some readings before the
/// stretch that is asked for: the first one has nothing to be compared with. It holds back the last usable one and what
/// came since, at most `heldLimit` readings, because only what follows tells a spike from a step. The rules:
///
/// 1. A reading that follows the last good one plausibly (`CounterRule.advance`) is good, and becomes the last good one
///    when the next reading follows it in turn.
/// 2. Where the next one does not, but follows the good one before it, the two contradict each other. The one that a
///    further reading follows stays, the other is implausible: a spike upward spoils nothing after it, with `max_rate` or
///    without. Where both are followed the earlier one stays, unless its clock was doubtful and the other's not. Where the
///    clock was set back, readings with doubtful times lie between those of the first time: a reading with a sure clock may
///    follow the last sure one instead, and the running count goes back to it.
/// 3. A reading that follows neither is implausible; the base stays where it was. So a dip, or zeros that a gateway
///    answers for a dead meter, end when the true register comes back, and nothing is lost or counted twice.
/// 4. Where the readings at such another level follow each other, `confirmations` of them, and the level **counts on**, it
///    is a register that was reset or exchanged without a word. The first of them stays implausible; from the second on
///    they are good; that one carries `restarted`, and what was counted between is unknown: the difference is broken. A level
///    that stands still is no proof of anything and stays implausible until it moves.
/// 5. CA (`adjusted`) on a reading, or a commissioning window before it, breaks the difference: any value may follow.
///    CY (`carry`) explains a step backward; without a modulus nobody knows how far, and the difference is broken.
public struct CounterJudge: Sendable {
  /// So many readings at a new level, one following the other, make it the register's level.
  public static let confirmations = 3
  /// More than this are not held back: then what is doubtful is decided by what is known.
  public static let heldLimit = 32

  public internal(set) var rule: CounterRule
  let register: RegisterHistory

  /// The last reading that is settled as good.
  var anchor = Anchor()
  /// The last one before it whose clock was sure, where its own was not.
  var sure: Anchor?
  var lastWasDoubtful = true
  /// Usable readings since the last one with a doubtful clock.
  var sinceDoubtful = Int.max / 2
  /// The one after it, good so far; it stands first among the undecided.
  var tentative: Candidate?
  /// Readings that contradict `tentative`, or `anchor` as well.
  var rival: Rival?
  var held: [Held] = []
  /// A bad reading since the last usable one breaks the difference.
  var pendingBreak: Mark?
  var pendingCarry = false
  /// Where the last thing that was fed was an aggregate: stands for `anchor`.
  var tail: QuarterTail?

  /// - Parameters:
  ///   - exchanges: of the meter, in any order.
  ///   - serialChanges: of the meter; those that a declared exchange explains are left aside.
  public init(
    _ rule: CounterRule, quantity: String, exchanges: [Exchange] = [], serialChanges: [SerialChange] = []
  ) {
    self.rule = rule
    register = RegisterHistory(quantity: quantity, exchanges: exchanges, serialChanges: serialChanges)
  }

  /// Takes the next reading, and gives those that are decided, in order.
  public mutating func judge(_ reading: Reading, _ body: (JudgedReading) throws -> Void) rethrows {
    leaveQuarters()
    guard reading.quality != .bad, reading.kind == .counter, let value = reading.value else {
      notice(reading)
      if held.isEmpty { return try body(JudgedReading(reading: reading, point: nil)) }
      held.append(Held(reading: reading, verdict: .asItIs))
      return try evict(body)
    }
    var entry = Entry(time: reading.time, value: value)
    if pendingCarry || pendingBreak != nil || !reading.flags.isEmpty {
      entry.isCarried = pendingCarry || reading.flags.contains("carry")
      entry.isClockDoubtful = reading.flags.contains("clock")
      if entry.isClockDoubtful { sinceDoubtful = 0 }
      if let mark = reading.flags.contains("adjusted") ? .adjusted : pendingBreak {
        settleTentative()
        dropRival()
        anchor.breakOff(mark)
        sure = nil
      }
      pendingCarry = false
      pendingBreak = nil
    }
    sinceDoubtful += 1
    try place(entry, reading, body)
  }

  /// Gives what is held back: the end of the series, or of the stretch that is asked for.
  ///
  /// What has not been contradicted is good, what has not been confirmed implausible.
  public mutating func finish(_ body: (JudgedReading) throws -> Void) rethrows {
    leaveQuarters()
    settleTentative()
    dropRival()
    try release(body)
  }

  /// From here on values come from another definition. Call `finish` first.
  ///
  /// - Parameter base: what the register of the last usable reading is worth by the new definition, so that the
  ///   difference across is the register's, at the new ratio; nil breaks the difference (flag `redefined`).
  public mutating func redefine(_ rule: CounterRule, base: ExactDecimal?) {
    leaveQuarters()
    self.rule = rule
    if let base, anchor.value != nil { anchor.value = base } else { anchor.breakOff(.redefined) }
    sure = nil
  }

  /// What a bad reading says of the register all the same.
  private mutating func notice(_ reading: Reading) {
    if reading.flags.isEmpty { return }
    if reading.flags.contains("carry") { pendingCarry = true }
    if reading.flags.contains("clock") { sinceDoubtful = 0 }
    if reading.flags.contains("adjusted") {
      pendingBreak = .adjusted
    } else if reading.flags.contains("commissioning") {
      pendingBreak = .commissioning
    }
  }
}
