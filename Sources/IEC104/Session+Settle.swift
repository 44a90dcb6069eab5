extension Session {
  /// Does what has become possible or due: I frames that wait, acknowledgements, commits to ask for, the end of a stop.
  mutating func settle(at now: UInt64) {
    guard isOpen else { return }
    // First: an I frame acknowledges too.
    sendQueued(at: now)
    acknowledgeIfDue(at: now)
    if state == .stopping { finishStopping(at: now) }
  }

  private mutating func sendQueued(at now: UInt64) {
    guard state == .started else { return }
    while window.count < k, let asdu = queue.first {
      queue.removeFirst(1)
      let control = APCI.i(sendNumber: Session.number(sent), receiveNumber: Session.number(committed))
      control.append(to: &outgoing, asduLength: asdu.bytes.count)
      outgoing.append(contentsOf: asdu.bytes)
      statistics.informationFramesSent += 1
      statistics.octetsSent += UInt64(APCI.size + asdu.bytes.count)
      sent += 1
      window.append(Sent(asdu: asdu, time: now))
      noteAcknowledged()
    }
  }

  /// An acknowledgement is due at w unacknowledged frames, t2 after the first of them, and at once while stopping. What is not
  /// committed is asked for then, and only once.
  private mutating func acknowledgeIfDue(at now: UInt64) {
    guard received > acknowledged else { return }
    let stopping = state == .stopping
    if committed > acknowledged, stopping || isDue(after: acknowledged, at: now) { acknowledge() }
    let known = max(committed, asked)
    if received > known, stopping || isDue(after: known, at: now) {
      asked = received
      statistics.commitsAsked += 1
      events.append(.wantsCommit(through: received))
    }
  }

  private func isDue(after frame: UInt64, at now: UInt64) -> Bool {
    received - frame >= w || now >= arrival(of: frame + 1) &+ t2
  }

  /// Sends an S frame.
  private mutating func acknowledge() {
    APCI.s(receiveNumber: Session.number(committed)).append(to: &outgoing)
    statistics.supervisoryFramesSent += 1
    statistics.octetsSent += UInt64(APCI.size)
    noteAcknowledged()
  }

  private mutating func noteAcknowledged() {
    guard committed > acknowledged else { return }
    acknowledged = committed
    arrivals.removeAll { $0.through <= acknowledged }
  }

  private mutating func finishStopping(at now: UInt64) {
    guard let wait = stopWaits else { return }
    let isCommitted = committed >= (role == .controlled ? received : wait.through)
    guard isCommitted || now >= wait.since &+ t1 else { return }
    // A controlled station confirms once all that it sent is acknowledged; if that never comes, t1 of those frames ends it.
    if role == .controlled, !window.isEmpty { return }
    stopWaits = nil
    if role == .controlled {
      append(.stopConfirmation)
      becomeStopped()
    } else {
      stopSent = now
      append(.stopActivation)
    }
  }

  mutating func becomeStarted() {
    state = .started
    wasStopped = false
    events.append(.started)
  }

  /// From now on answers are read again, however much waits for a commit.
  mutating func becomeStopping(at now: UInt64) {
    if !mayRead { readingSince = now }
    state = .stopping
    stopWaits = (received, now)
  }

  mutating func becomeStopped() {
    state = .stopped
    wasStopped = true
    events.append(.stopped)
  }

  /// Remembers when frames came, exactly as long as there are few; beyond that a frame counts as older than it is, never younger.
  mutating func noteArrival(at now: UInt64) {
    if let last = arrivals.indices.last, arrivals[last].time == now || arrivals.count >= 64 {
      arrivals[last].through = received
    } else {
      arrivals.append(Arrival(through: received, time: now))
    }
  }

  /// When an unacknowledged frame came.
  func arrival(of frame: UInt64) -> UInt64 {
    arrivals.first { $0.through >= frame }?.time ?? lastReceived
  }
}
