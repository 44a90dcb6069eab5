extension Session {
  /// Carries out what is due by now: call it at `nextDeadline`. Earlier or later does no harm.
  public mutating func tick(at now: UInt64) {
    guard isOpen else { return }
    if mayRead {
      if let reason = expired(at: now) { return close(reason) }
      if testSent == nil, now >= deadline(lastReceived, t3) {
        testSent = now
        append(.testActivation)
        statistics.testsSent += 1
      }
    }
    settle(at: now)
  }

  /// When `tick` has something to do; nil: only after something else has happened.
  public var nextDeadline: UInt64? {
    guard isOpen else { return nil }
    var next = UInt64.max
    if mayRead {
      if let oldest = window.first { next = min(next, deadline(oldest.time, t1)) }
      if let startSent { next = min(next, deadline(startSent, t1)) }
      if let stopSent { next = min(next, deadline(stopSent, t1)) }
      next = min(next, testSent.map { deadline($0, t1) } ?? deadline(lastReceived, t3))
    }
    if let stopWaits { next = min(next, stopWaits.since &+ t1) }
    if committed > acknowledged { next = min(next, arrival(of: acknowledged + 1) &+ t2) }
    let known = max(committed, asked)
    if received > known { next = min(next, arrival(of: known + 1) &+ t2) }
    return next == .max ? nil : next
  }

  /// t1 of the oldest I frame, and of each U frame: whichever comes first ends the connection, nothing else stops it.
  private func expired(at now: UInt64) -> CloseReason? {
    if let oldest = window.first, now >= deadline(oldest.time, t1) {
      return .t1Information(sendNumber: Session.number(confirmed))
    }
    if let startSent, now >= deadline(startSent, t1) { return .t1Start }
    if let stopSent, now >= deadline(stopSent, t1) { return .t1Stop }
    if let testSent, now >= deadline(testSent, t1) { return .t1Test }
    return nil
  }

  /// While nothing was read no answer could come.
  private func deadline(_ since: UInt64, _ timeout: UInt64) -> UInt64 { max(since, readingSince) &+ timeout }
}
