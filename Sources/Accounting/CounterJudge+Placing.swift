import Metering

extension CounterJudge {
  /// Finds the place of a usable reading.
  mutating func place(_ entry: Entry, _ reading: Reading, _ body: (JudgedReading) throws -> Void) rethrows {
    if let tentative {
      if let step = step(from: tentative.step.anchor, to: entry) {
        if rival == nil, held.count == 1 {
          // Nearly always: nothing is doubtful.
          var settled = reading
          swap(&held[0].reading, &settled)
          let point = CounterJudge.point(&settled, tentative.step)
          settle(tentative)
          self.tentative = Candidate(step: step, isClockDoubtful: entry.isClockDoubtful)
          return try body(JudgedReading(reading: settled, point: point))
        }
        if !isOutdone(tentative, by: entry) {
          settleTentative()
          return try follow(step, entry, reading, body)
        }
      }
    } else if let step = step(from: anchor, to: entry) {
      return try follow(step, entry, reading, body)
    }
    if let sure, !entry.isClockDoubtful, let step = step(from: sure, to: entry) {
      // What lies between belongs to another time than its labels say.
      settleTentative()
      anchor = sure
      return try follow(step, entry, reading, body)
    }
    contradict(entry, reading)
    try evict(body)
  }

  private mutating func follow(
    _ step: Step, _ entry: Entry, _ reading: Reading, _ body: (JudgedReading) throws -> Void
  ) rethrows {
    dropRival()
    tentative = Candidate(step: step, isClockDoubtful: entry.isClockDoubtful)
    held.append(Held(reading: reading, verdict: .tentative))
    try release(body)
  }

  /// Of two that contradict each other and are both followed, the one whose clock was sure stays: where the clock was
  /// set back, the stretch that comes twice is that of the first time.
  private func isOutdone(_ tentative: Candidate, by entry: Entry) -> Bool {
    guard tentative.isClockDoubtful, let rival, rival.followsAnchor, !rival.isClockDoubtful else { return false }
    return step(from: rival.last, to: entry) != nil
  }

  private mutating func contradict(_ entry: Entry, _ reading: Reading) {
    // Where nothing is known before the tentative reading, it is believed like any other.
    let followsAnchor = tentative != nil && anchor.value != nil && step(from: anchor, to: entry) != nil
    if var rival, rival.followsAnchor || !followsAnchor, let step = step(from: rival.last, to: entry) {
      rival.count += 1
      if step.anchor.odometer.subtracting(rival.last.odometer).map({ $0.size > rule.tolerance($0, entry.value) })
        ?? false
      {
        rival.hasMoved = true
      }
      rival.last = step.anchor
      self.rival = rival
      held.append(Held(reading: reading, verdict: .rival))
      if rival.followsAnchor {
        preferRival()
      } else if rival.count >= CounterJudge.confirmations, rival.hasMoved {
        restart(rival)
      }
      return
    }
    dropRival()
    var last = Anchor()
    last.time = entry.time
    last.value = entry.value
    (last.exchanges, last.serialChanges) = register.behind(entry.time)
    rival = Rival(
      last: last, followsAnchor: followsAnchor, isClockDoubtful: entry.isClockDoubtful,
      isNearDoubt: sinceDoubtful <= 2 * CounterJudge.confirmations)
    held.append(Held(reading: reading, verdict: .rival))
  }

  /// The rival was followed, the tentative reading was not.
  private mutating func preferRival() {
    for index in held.indices {
      if case .tentative = held[index].verdict { held[index].verdict = .implausible }
    }
    tentative = nil
    acceptRival()
  }

  /// The register is at another level now.
  private mutating func restart(_ rival: Rival) {
    settleTentative()
    let first = held.indices.first { if case .rival = held[$0].verdict { true } else { false } }
    if let first, !rival.isEvicted {
      let reading = held[first].reading
      if let value = reading.value,
        let step = register.exchange(near: Entry(time: reading.time, value: value), from: anchor, rule)
      {
        // Declared, but for another minute: the formula holds from the last reading before to the first one after.
        held[first].accept(step)
        settle(Candidate(step: step, isClockDoubtful: false))
        return acceptRival()
      }
      if rival.isNearDoubt, let value = reading.value, let step = stepAtAnyRate(to: value, at: reading.time) {
        // The clock was set back not long ago: more was counted than the labels have time for.
        held[first].accept(step)
        settle(Candidate(step: step, isClockDoubtful: reading.flags.contains("clock")))
        return acceptRival()
      }
      held[first].verdict = .implausible
    }
    anchor.breakOff(register.isSerialChangePending(at: rival.last.time, after: anchor) ? .exchanged : .restarted)
    sure = nil
    (anchor.exchanges, anchor.serialChanges) = register.behind(rival.last.time, isRestarted: true)
    acceptRival()
  }

  /// The readings of the rival follow the anchor; the last one is tentative again.
  private mutating func acceptRival() {
    rival = nil
    var last: (index: Int, candidate: Candidate)?
    for index in held.indices {
      let reading = held[index].reading
      guard case .rival = held[index].verdict, let value = reading.value else { continue }
      let entry = Entry(
        time: reading.time, value: value, isCarried: reading.flags.contains("carry"),
        isClockDoubtful: reading.flags.contains("clock"))
      guard let step = step(from: last?.candidate.step.anchor ?? anchor, to: entry) else {
        held[index].verdict = .implausible
        continue
      }
      if let last {
        held[last.index].accept(last.candidate.step)
        settle(last.candidate)
      }
      held[index].verdict = .tentative
      last = (index, Candidate(step: step, isClockDoubtful: entry.isClockDoubtful))
    }
    tentative = last?.candidate
  }

  mutating func settleTentative() {
    guard let tentative else { return }
    for index in held.indices {
      if case .tentative = held[index].verdict { held[index].accept(tentative.step) }
    }
    settle(tentative)
    self.tentative = nil
    rival?.followsAnchor = false
  }

  private mutating func settle(_ candidate: Candidate) {
    if !candidate.isClockDoubtful {
      sure = nil
    } else if sure == nil, !lastWasDoubtful {
      sure = anchor.value == nil ? nil : anchor
    }
    lastWasDoubtful = candidate.isClockDoubtful
    anchor = candidate.step.anchor
  }

  mutating func dropRival() {
    guard rival != nil else { return }
    for index in held.indices {
      if case .rival = held[index].verdict { held[index].verdict = .implausible }
    }
    rival = nil
  }

  /// Gives what is decided, up to the first that is not.
  mutating func release(_ body: (JudgedReading) throws -> Void) rethrows {
    var count = 0
    defer { held.removeFirst(count) }
    for one in held {
      switch one.verdict {
      case .tentative, .rival: return
      case .asItIs: try body(JudgedReading(reading: one.reading, point: nil))
      case .good(let point): try body(JudgedReading(reading: one.reading, point: point))
      case .implausible:
        var reading = one.reading
        reading.quality = .bad
        if !reading.flags.contains("implausible") { reading.flags.append("implausible") }
        try body(JudgedReading(reading: reading, point: nil))
      }
      count += 1
    }
  }

  /// Gives what is decided, and decides what has been held back for too long.
  mutating func evict(_ body: (JudgedReading) throws -> Void) rethrows {
    try release(body)
    while held.count > CounterJudge.heldLimit {
      switch held[0].verdict {
      case .tentative: settleTentative()
      default:
        held[0].verdict = .implausible
        rival?.isEvicted = true
      }
      try release(body)
    }
  }
}
