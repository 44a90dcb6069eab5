extension Procedures {
  /// Of these only one at a time runs for a common address.
  enum Sort: Hashable, Sendable { case general, counter, read, clock, test }

  struct Running: Sendable {
    let request: Request
    let began: UInt64
    /// Whose answers are awaited; empty: of whom nobody knows (broadcast, and no address configured).
    var expected: [UInt16]
    let isBroadcast: Bool
    /// FRZ of the request that was sent last; only for counters.
    var freeze = OutgoingASDU.Freeze.read
    /// The freeze was not confirmed in time.
    var isFreezeUnconfirmed = false
    /// TSC of a test.
    var testCounter: UInt16 = 0
    /// Who confirmed what was sent last.
    var confirmed: Set<UInt16> = []
    /// Who ended it: terminated, answered, refused.
    var finished: Set<UInt16> = []
    var hasData = false
    var hasCompleted = false
    var refusal: Outcome?
    /// A negative confirmation came: its cause may follow in an ASDU of its own.
    var awaitsCause = false
    var deadline: UInt64 = 0

    var isFreezing: Bool { freeze != .read }

    func concerns(_ address: UInt16) -> Bool { isBroadcast || request.commonAddress == address }

    /// Whether all whose answers are awaited are among these.
    func isAll(_ addresses: Set<UInt16>) -> Bool { !expected.isEmpty && addresses.isSuperset(of: expected) }

    var awaited: String {
      switch request.kind {
      case .general, .counter: confirmed.isEmpty && !hasData ? "the confirmation" : "the termination"
      case .read: "the value"
      case .clockSynchronization, .test: "the confirmation"
      }
    }

    var outcome: Outcome {
      if let refusal, !hasCompleted { return refusal }
      return isFreezeUnconfirmed ? .freezeUnconfirmed : .complete
    }
  }

  /// The procedures that follow a start, or the end of initialization. Totals that were reset and not fetched are fetched, even
  /// where no counter interrogation is configured.
  mutating func waitForStartup(of address: UInt16) {
    var kinds = parameters.startup
    let left = unfetched[address] ?? 0
    if left != 0, !kinds.contains(where: { $0.sort == .counter }) {
      let qualifiers: [UInt8] = left & 0x10 != 0 ? [5] : (1...4).filter { left & Kind.groups(of: $0) != 0 }
      kinds += qualifiers.map { .counter(.read, qualifier: $0) }
    }
    waiting += kinds.map { Request(kind: $0, commonAddress: address, id: 0) }
  }

  /// Begins whatever nothing stands in the way of, the longest waiting first.
  mutating func beginWaiting(at now: UInt64) {
    var place = 0
    while place < waiting.count {
      let request = waiting[place]
      if running.contains(where: { conflicts($0.request, request) })
        || waiting[..<place].contains(where: { conflicts($0, request) })
      {
        place += 1
      } else {
        waiting.remove(at: place)
        begin(request, at: now)
      }
    }
  }

  private func conflicts(_ earlier: Request, _ later: Request) -> Bool {
    let broadcast = parameters.format.broadcastAddress
    let isOwnChain = earlier.id == 0 && later.id == 0 && earlier.commonAddress == later.commonAddress
    guard !isOwnChain else { return true }
    guard earlier.kind.sort == later.kind.sort else { return false }
    return earlier.commonAddress == later.commonAddress || earlier.commonAddress == broadcast
      || later.commonAddress == broadcast
  }

  private mutating func begin(_ request: Request, at now: UInt64) {
    var request = request
    if case .counter(.freezeReset, let qualifier) = request.kind, isUnfetched(qualifier, of: request.commonAddress) {
      request.kind = .counter(.read, qualifier: qualifier)
    }
    let broadcast = parameters.format.broadcastAddress
    let isBroadcast = request.commonAddress == broadcast
    var new = Running(
      request: request, began: now,
      expected: isBroadcast ? parameters.commonAddresses.filter { $0 != broadcast } : [request.commonAddress],
      isBroadcast: isBroadcast)
    switch request.kind {
    case .counter(.freeze, _): new.freeze = .freeze
    case .counter(.freezeReset, _): new.freeze = .freezeReset
    case .test:
      lastTest &+= 1
      new.testCounter = lastTest
    default: break
    }
    do throws(ASDUFault) {
      let action = try action(for: new)
      if new.freeze == .freezeReset { unfetched[request.commonAddress, default: 0] |= request.kind.groups }
      touch(&new, at: now)
      running.append(new)
      actions.append(.began(request))
      actions.append(action)
    } catch {
      actions.append(.ended(request, .notSent(error.description)))
    }
  }

  private func action(for new: Running) throws(ASDUFault) -> Action {
    let address = new.request.commonAddress
    let (originator, format) = (parameters.originator, parameters.format)
    switch new.request.kind {
    case .general(let qualifier):
      return .send(
        try .interrogation(
          group: Int(qualifier) - 20, commonAddress: address, originator: originator, format: format))
    case .counter(_, let qualifier):
      return .send(
        try .counterInterrogation(
          request: Int(qualifier), freeze: new.freeze, commonAddress: address, originator: originator, format: format))
    case .read(let objectAddress):
      return .send(
        try .read(objectAddress: objectAddress, commonAddress: address, originator: originator, format: format))
    case .clockSynchronization: return .sendClock(commonAddress: address)
    case .test: return .sendTest(counter: new.testCounter, commonAddress: address)
    }
  }

  /// After the freeze: asks for the totals. The freeze itself is over, confirmed or not, and is never sent again.
  mutating func askForTotals(_ place: Int, at now: UInt64) {
    running[place].freeze = .read
    running[place].confirmed.removeAll()
    running[place].hasData = false
    touch(&running[place], at: now)
    // The same but for FRZ was sent before, so it can be made.
    do throws(ASDUFault) { actions.append(try action(for: running[place])) } catch {
      end(place, .notSent(error.description))
    }
  }

  /// Everything that belongs to a procedure restarts its time; but a station that never ends one does not keep it for ever.
  func touch(_ procedure: inout Running, at now: UInt64) {
    procedure.deadline = min(now &+ timeout, procedure.began &+ 60 * timeout)
  }

  mutating func timeOut(_ place: Int, at now: UInt64) {
    if running[place].awaitsCause { return refusalIsKnown(place, at: now) }
    let procedure = running[place]
    if procedure.isFreezing, now < procedure.began &+ 60 * timeout {
      // Of a broadcast whose answerers nobody knows, silence after some confirmations is the end.
      let isConfirmed = procedure.expected.isEmpty && !procedure.confirmed.isEmpty
      running[place].isFreezeUnconfirmed = !isConfirmed
      return askForTotals(place, at: now)
    }
    let isOver =
      procedure.expected.isEmpty && !procedure.finished.isEmpty
      && procedure.finished.isSuperset(of: procedure.confirmed)
    end(place, isOver ? procedure.outcome : .timedOut(procedure.awaited))
  }

  mutating func end(_ place: Int, _ outcome: Outcome) {
    let procedure = running.remove(at: place)
    if procedure.request.kind.sort == .counter {
      switch outcome {
      // The totals were fetched; or nothing was reset.
      case .complete, .freezeUnconfirmed: haveFetched(procedure.request)
      case .refused where procedure.isFreezing: haveFetched(procedure.request)
      // A station that never terminates would never be frozen again; what it had, it has sent by now.
      case .timedOut where procedure.hasData && !procedure.isFreezing: haveFetched(procedure.request)
      // Nothing went out.
      case .notSent where procedure.isFreezing: haveFetched(procedure.request)
      default: break
      }
    }
    actions.append(.ended(procedure.request, outcome))
  }

  private func isUnfetched(_ qualifier: UInt8, of address: UInt16) -> Bool {
    let broadcast = parameters.format.broadcastAddress
    let groups = Kind.groups(of: qualifier)
    return unfetched.contains {
      ($0.key == address || $0.key == broadcast || address == broadcast) && $0.value & groups != 0
    }
  }

  private mutating func haveFetched(_ request: Request) {
    let isBroadcast = request.commonAddress == parameters.format.broadcastAddress
    for address in unfetched.keys where isBroadcast || address == request.commonAddress {
      unfetched[address, default: 0] &= ~request.kind.groups
    }
  }
}

extension Procedures.Kind {
  var sort: Procedures.Sort {
    switch self {
    case .general: .general
    case .counter: .counter
    case .read: .read
    case .clockSynchronization: .clock
    case .test: .test
    }
  }

  /// What a request qualifier of counters covers: bit 0…3: group 1…4; 5 (general) covers all.
  static func groups(of qualifier: UInt8) -> UInt8 {
    switch qualifier {
    case 1...4: 1 << (qualifier - 1)
    case 5: 0x1F
    default: 0
    }
  }

  var groups: UInt8 {
    if case .counter(_, let qualifier) = self { Procedures.Kind.groups(of: qualifier) } else { 0 }
  }
}

extension Procedures.Request {
  /// Asks for the same objects in the same way; how counters are frozen makes no difference.
  func isSame(as other: Self) -> Bool {
    guard commonAddress == other.commonAddress else { return false }
    switch (kind, other.kind) {
    case (.counter(_, let own), .counter(_, let others)): return own == others
    default: return kind == other.kind
    }
  }
}
