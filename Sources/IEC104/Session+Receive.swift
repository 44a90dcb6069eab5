extension Session {
  /// Takes the next octets of the connection: any part of a frame, or many frames.
  ///
  /// - Parameter deliver: gets each ASDU, in order; valid only while it runs. The nth is that of I frame `received` (before) + n.
  ///   Frames before one that breaks a rule are delivered; nothing after it is.
  public mutating func receive(
    _ bytes: UnsafeRawBufferPointer, at now: UInt64, _ deliver: (UnsafeRawBufferPointer) -> Void
  ) {
    guard isOpen, !bytes.isEmpty else { return }
    statistics.octetsReceived += UInt64(bytes.count)
    let before = received
    let framesBefore = framesReceived
    let reason = takeFrames(bytes, at: now, deliver)
    if framesReceived != framesBefore { lastReceived = now }
    if received != before { noteArrival(at: now) }
    if let reason { close(reason) } else { settle(at: now) }
  }

  private var framesReceived: UInt64 {
    statistics.informationFramesReceived &+ statistics.supervisoryFramesReceived
      &+ statistics.unnumberedFramesReceived
  }

  /// Frames that lie whole in `bytes` are looked at where they are; only the beginning of one that ends later is copied.
  private mutating func takeFrames(
    _ bytes: UnsafeRawBufferPointer, at now: UInt64, _ deliver: (UnsafeRawBufferPointer) -> Void
  ) -> CloseReason? {
    var place = 0
    do throws(APCIFault) {
      if !partial.isEmpty {
        switch try completePartial(bytes, &place) {
        case nil: return nil
        case .some(var frame):
          let reason = frame.withUnsafeBytes { take($0, at: now, deliver) }
          frame.removeAll(keepingCapacity: true)
          partial = frame
          if let reason { return reason }
        }
      }
      while place < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[place...])
        guard let length = try APCI.frameLength(rest), length <= rest.count else {
          partial.append(contentsOf: rest)
          return nil
        }
        if let reason = take(UnsafeRawBufferPointer(rebasing: rest[..<length]), at: now, deliver) { return reason }
        place += length
      }
    } catch {
      return CloseReason(error)
    }
    return nil
  }

  /// The frame that had begun before, once it is whole; its buffer, to be given back. At most 255 octets are ever kept.
  private mutating func completePartial(
    _ bytes: UnsafeRawBufferPointer, _ place: inout Int
  ) throws(APCIFault) -> [UInt8]? {
    // The second octet says how long it is.
    if partial.count == 1 {
      partial.append(bytes[place])
      place += 1
    }
    let head = partial.withUnsafeBytes { head in
      Result { () throws(APCIFault) in try APCI.frameLength(head) }
    }
    guard let length = try head.get() else { return nil }
    let count = min(length - partial.count, bytes.count - place)
    partial.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[place..<(place + count)]))
    place += count
    guard partial.count == length else { return nil }
    defer { partial = [] }
    return partial
  }

  /// One whole frame.
  @inline(__always)
  private mutating func take(
    _ frame: UnsafeRawBufferPointer, at now: UInt64, _ deliver: (UnsafeRawBufferPointer) -> Void
  ) -> CloseReason? {
    let control: APCI
    do throws(APCIFault) { control = try APCI(frame: frame) } catch { return CloseReason(error) }
    switch control {
    case .i(let sendNumber, let receiveNumber):
      statistics.informationFramesReceived &+= 1
      guard frame.count > APCI.size else { return .noASDU }
      guard mayGetData else { return .dataWhileStopped }
      let expected = Session.number(received)
      guard sendNumber == expected else { return .sequenceNumber(expected: expected, got: sendNumber) }
      if let reason = confirm(receiveNumber) { return reason }
      received += 1
      deliver(UnsafeRawBufferPointer(rebasing: frame[APCI.size...]))
    case .s(let receiveNumber):
      statistics.supervisoryFramesReceived &+= 1
      return confirm(receiveNumber)
    case .u(let function):
      statistics.unnumberedFramesReceived &+= 1
      take(function, at: now)
    }
    return nil
  }

  /// Stations are seen that send before they confirm STARTDT, or without being asked: their data are taken. After STOPDT con
  /// there is no excuse.
  private var mayGetData: Bool {
    switch role {
    case .controlling: !wasStopped || state != .stopped
    case .controlled: state == .started || state == .stopping
    }
  }

  /// N(R) of the other side: from what it had acknowledged to what was sent, in the circle of 15 bits.
  @inline(__always)
  private mutating func confirm(_ number: UInt16) -> CloseReason? {
    let step = UInt64((number &- Session.number(confirmed)) & 0x7FFF)
    guard step <= sent - confirmed else {
      return .acknowledgement(
        acknowledged: Session.number(confirmed), sent: Session.number(sent), got: number)
    }
    if step > 0 {
      confirmed += step
      window.removeFirst(Int(step))
    }
    return nil
  }

  private mutating func take(_ function: UFunction, at now: UInt64) {
    switch (function, role) {
    case (.testActivation, _): append(.testConfirmation)
    case (.testConfirmation, _) where testSent != nil: testSent = nil
    case (.startConfirmation, .controlling) where startSent != nil:
      startSent = nil
      if state == .starting { becomeStarted() }
    case (.stopConfirmation, .controlling) where stopSent != nil:
      stopSent = nil
      if state == .stopping { becomeStopped() }
    case (.startActivation, .controlled):
      append(.startConfirmation)
      stopWaits = nil
      if state != .started { becomeStarted() }
    case (.stopActivation, .controlled):
      if state == .started {
        becomeStopping(at: now)
      } else if state == .stopped {
        append(.stopConfirmation)
      }
    default: statistics.unexpectedFrames += 1
    }
  }

  /// A counter as a sequence number.
  @inline(__always)
  static func number(_ count: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: count) & 0x7FFF }
}
