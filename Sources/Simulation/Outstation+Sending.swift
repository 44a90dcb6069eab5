import IEC104
import Metering

extension Outstation {
  /// Fills the window of the started connection.
  mutating func transmit(at now: Instant) {
    guard let id = started, !isSilent(id) else { return }
    let window = UInt64(min(max(parameters.k, 1), 32_767))
    while links[id]?.hasRoom(window) == true, let asdu = nextASDU(at: now) {
      _ = links[id]?.session.send(asdu, at: now.monotonic)
    }
    write(id, answering: false, at: now)
  }

  private mutating func nextASDU(at now: Instant) -> OutgoingASDU? {
    if let asdu = buffer.next(isInterrogated: !jobs.isEmpty) { return asdu }
    while !jobs.isEmpty {
      let (cause, originator) = (jobs[0].cause, jobs[0].header.originator)
      if let asdu = image.answer(&jobs[0].rest, cause: cause, originator: originator, at: now.wall) {
        return buffer.takeTurn(asdu)
      }
      let job = jobs.removeFirst()
      if let end = try? OutgoingASDU.mirror(job.request, cause: .activationTermination, format: format) {
        return buffer.takeTurn(end)
      }
    }
    return nil
  }

  mutating func noteAcknowledgements(_ id: Int) {
    guard started == id, let confirmed = links[id]?.session.confirmed, let known = links[id]?.confirmed else { return }
    buffer.acknowledge(Int(confirmed - known))
    links[id]?.confirmed = confirmed
  }

  mutating func takeEvents(of id: Int) {
    for event in links[id]?.session.takeEvents() ?? [] {
      switch event {
      case .close: actions.append(.close(link: id))
      case .stopped where started == id: endTransfer()
      case .started, .stopped, .wantsCommit: break
      }
    }
  }

  mutating func endTransfer() {
    started = nil
    jobs.removeAll()
    buffer.endTransfer()
  }

  func isSilent(_ id: Int) -> Bool {
    guard let endpoint = links[id]?.endpoint else { return true }
    return faults[endpoint] == .silent || faults[endpoint] == .refusesConnections
  }

  /// Hands over what a session has to write.
  ///
  /// - Parameter answering: there may be STARTDT con in it. A session does not say when it is started again, after
  ///   another connection had taken over.
  mutating func write(_ id: Int, answering: Bool, at now: Instant) {
    guard let endpoint = links[id]?.endpoint, var bytes = links[id]?.session.takeOutgoing(), !bytes.isEmpty else {
      return
    }
    if answering, UFunction.startConfirmation.isAmong(bytes) {
      if faults[endpoint] == .refusesStart {
        bytes = UFunction.startConfirmation.removed(from: bytes)
        if bytes.isEmpty { return }
      } else if started != id, links[id]?.session.state == .started {
        endTransfer()
        started = id
        if let confirmed = links[id]?.session.confirmed { links[id]?.confirmed = confirmed }
        counts.starts += 1
      }
    }
    let last = links[id]?.delayed.last?.due
    if case .slow(let milliseconds) = faults[endpoint] {
      let due = now.monotonic + UInt64(min(max(0, milliseconds), 86_400_000)) * 1_000_000
      links[id]?.delayed.append(Link.Delayed(due: max(due, last ?? 0), bytes: bytes))
    } else if let last {
      links[id]?.delayed.append(Link.Delayed(due: last, bytes: bytes))
    } else {
      actions.append(.write(link: id, bytes))
    }
  }

  mutating func writeDelayed(_ id: Int, at now: Instant) {
    while let first = links[id]?.delayed.first, first.due <= now.monotonic {
      _ = links[id]?.delayed.popFirst()
      actions.append(.write(link: id, first.bytes))
    }
  }
}

extension UFunction {
  /// Whether this frame is among those of a session's output.
  fileprivate func isAmong(_ frames: [UInt8]) -> Bool { places(in: frames).first != nil }

  fileprivate func removed(from frames: [UInt8]) -> [UInt8] {
    var frames = frames
    for place in places(in: frames).reversed() { frames.removeSubrange(place..<(place + APCI.size)) }
    return frames
  }

  private func places(in frames: [UInt8]) -> [Int] {
    var result: [Int] = []
    var place = 0
    while place + APCI.size <= frames.count {
      if frames[place + 2] == rawValue { result.append(place) }
      place += 2 + Int(frames[place + 1])
    }
    return result
  }
}
