extension Procedures {
  /// Takes every ASDU of the station, in order.
  ///
  /// - Parameter objects: the octets after the header.
  public mutating func received(_ header: ASDUHeader, objects: UnsafeRawBufferPointer, at now: UInt64) {
    guard isStarted, !header.isTest else { return }
    switch header.type {
    case .C_IC_NA_1: answered(.general, header, objects, at: now)
    case .C_CI_NA_1: answered(.counter, header, objects, at: now)
    case .C_RD_NA_1: answered(.read, header, objects, at: now)
    case .C_CS_NA_1: answered(.clock, header, objects, at: now)
    case .C_TS_NA_1, .C_TS_TA_1: answered(.test, header, objects, at: now)
    case .M_EI_NA_1: if header.cause == .initialized { initialized(header.commonAddress, at: now) }
    default: if !running.isEmpty { data(header, objects, at: now) }
    }
  }

  /// Process information, also of private types.
  private mutating func data(_ header: ASDUHeader, _ objects: UnsafeRawBufferPointer, at now: UInt64) {
    let address = header.commonAddress
    if header.cause.isInterrogated || header.cause.isCounterInterrogated {
      let sort: Sort = header.cause.isInterrogated ? .general : .counter
      guard let place = running.firstIndex(where: { $0.request.kind.sort == sort && $0.concerns(address) }) else {
        return
      }
      heard(address)
      running[place].hasData = true
      if running[place].isBroadcast { running[place].confirmed.insert(address) }
      touch(&running[place], at: now)
    } else if header.cause == .request {
      guard
        let place = running.firstIndex(where: {
          guard case .read(let wanted) = $0.request.kind, $0.concerns(address) else { return false }
          return holds(header, objects, wanted)
        })
      else { return }
      finish(place, address, at: now)
    }
  }

  /// What a station says to a system command: confirmed, terminated or refused.
  private mutating func answered(
    _ sort: Sort, _ header: ASDUHeader, _ objects: UnsafeRawBufferPointer, at now: UInt64
  ) {
    let (cause, address) = (header.cause, header.commonAddress)
    guard cause.isRefusal || [.request, .activationConfirmation, .activationTermination].contains(cause) else { return }
    let candidates = running.indices.filter {
      running[$0].request.kind.sort == sort && running[$0].concerns(address)
    }
    guard let place = candidates.first(where: { isEcho(of: running[$0], header, objects) }) else {
      if let place = candidates.first { freezeAnswered(place, header, objects, at: now) }
      return
    }
    heard(address)
    touch(&running[place], at: now)
    // A station that does not put its own address there speaks for all.
    if running[place].isBroadcast, address == parameters.format.broadcastAddress { running[place].expected = [address] }
    if cause.isRefusal || header.isNegative {
      refused(place, header, at: now)
    } else if cause == .activationConfirmation {
      confirmed(place, address, at: now)
    } else if cause == .activationTermination, sort == .general || sort == .counter, !running[place].isFreezing {
      finish(place, address, at: now)
    }
  }

  private mutating func confirmed(_ place: Int, _ address: UInt16, at now: UInt64) {
    running[place].confirmed.insert(address)
    switch running[place].request.kind {
    case .general, .counter: if running[place].isFreezing { askIfFrozen(place, at: now) }
    case .read: break
    case .clockSynchronization, .test: finish(place, address, at: now)
    }
  }

  /// One common address is done with it.
  private mutating func finish(_ place: Int, _ address: UInt16, at now: UInt64) {
    heard(address)
    running[place].finished.insert(address)
    running[place].hasCompleted = true
    endIfFinished(place, at: now)
  }

  private mutating func refused(_ place: Int, _ header: ASDUHeader, at now: UInt64) {
    if running[place].refusal == nil || header.cause.isRefusal {
      running[place].refusal = .refused(header.cause, isNegative: header.isNegative)
    }
    running[place].finished.insert(header.commonAddress)
    if header.cause != .activationConfirmation { return refusalIsKnown(place, at: now) }
    running[place].awaitsCause = true
    running[place].deadline = min(running[place].deadline, now &+ Procedures.causeNanoseconds)
  }

  /// Some stations (c104) confirm negatively, and say why in the ASDU after that.
  private static let causeNanoseconds: UInt64 = 250_000_000

  mutating func refusalIsKnown(_ place: Int, at now: UInt64) {
    running[place].awaitsCause = false
    // Others of a broadcast may still answer.
    touch(&running[place], at: now)
    if running[place].isFreezing, !running[place].confirmed.isEmpty {
      askIfFrozen(place, at: now)
    } else {
      endIfFinished(place, at: now)
    }
  }

  private mutating func askIfFrozen(_ place: Int, at now: UInt64) {
    if running[place].isAll(running[place].confirmed.union(running[place].finished)) { askForTotals(place, at: now) }
  }

  private mutating func endIfFinished(_ place: Int, at now: UInt64) {
    guard running[place].isAll(running[place].finished) else { return }
    end(place, running[place].outcome)
    beginWaiting(at: now)
  }

  /// The confirmation of a freeze that comes after its time, but before that of the request that followed: the station
  /// works in order, so the freeze was in time after all.
  private mutating func freezeAnswered(
    _ place: Int, _ header: ASDUHeader, _ objects: UnsafeRawBufferPointer, at now: UInt64
  ) {
    guard case .counter(let mode, let qualifier) = running[place].request.kind, mode != .read,
      running[place].confirmed.isEmpty, !running[place].isBroadcast,
      header.cause == .activationConfirmation, !header.isNegative,
      element(objects).first == qualifier | (mode == .freeze ? OutgoingASDU.Freeze.freeze : .freezeReset).rawValue
    else { return }
    running[place].isFreezeUnconfirmed = false
    touch(&running[place], at: now)
  }

  /// Whether this is said of that request: its qualifier comes back. What is too short to say does not contradict.
  private func isEcho(of procedure: Running, _ header: ASDUHeader, _ objects: UnsafeRawBufferPointer) -> Bool {
    let element = element(objects)
    switch procedure.request.kind {
    case .general(let qualifier): return element.isEmpty || element[0] == qualifier
    case .counter(_, let qualifier): return element.isEmpty || element[0] == qualifier | procedure.freeze.rawValue
    case .read(let wanted):
      guard let address = objectAddress(objects, at: 0) else { return true }
      return address == wanted
    case .clockSynchronization: return true
    case .test:
      guard header.type == .C_TS_TA_1, element.count >= 2 else { return true }
      return UInt16(element[0]) | UInt16(element[1]) << 8 == procedure.testCounter
    }
  }

  /// The octets after the first object's address.
  private func element(_ objects: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: objects.dropFirst(parameters.format.objectAddressSize))
  }

  private func objectAddress(_ objects: UnsafeRawBufferPointer, at place: Int) -> UInt32? {
    let size = parameters.format.objectAddressSize
    guard place >= 0, place + size <= objects.count else { return nil }
    return (0..<size).reduce(0) { $0 | UInt32(objects[place + $1]) << UInt32(8 * $1) }
  }

  private func holds(_ header: ASDUHeader, _ objects: UnsafeRawBufferPointer, _ wanted: UInt32) -> Bool {
    guard header.count > 0, let first = objectAddress(objects, at: 0) else { return false }
    if header.isSequence {
      return (wanted &- first) & parameters.format.maximumObjectAddress < UInt32(header.count)
    }
    guard let size = header.type.elementSize(parameters.format) else { return first == wanted }
    let stride = parameters.format.objectAddressSize + size
    return (0..<header.count).contains { objectAddress(objects, at: $0 * stride) == wanted }
  }

  /// Whoever answers a broadcast answers for all.
  private mutating func heard(_ address: UInt16) {
    unanswered.remove(address)
    unanswered.remove(parameters.format.broadcastAddress)
  }

  /// After a start the end of initialization is nothing new: what follows it is under way. Later it means that the station
  /// knows nothing of what it was asked before.
  private mutating func initialized(_ address: UInt16, at now: UInt64) {
    let broadcast = parameters.format.broadcastAddress
    guard let asked = parameters.commonAddresses.first(where: { $0 == address || $0 == broadcast }) else { return }
    actions.append(.endOfInitialization(commonAddress: address))
    guard !unanswered.contains(asked) else { return }
    unanswered.insert(asked)
    waiting.removeAll { $0.id == 0 && $0.commonAddress == asked }
    waitForStartup(of: asked)
    beginWaiting(at: now)
  }
}
