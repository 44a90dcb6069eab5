import Decoding
import IEC104
import Metering

/// What is made of what one station sends: observations, and requests at the slots. Without I/O; time is passed in.
struct StationIntake {
  /// The gateway's clock.
  struct Moment: Sendable {
    var wall: Timestamp
    var isTrusted: Bool
  }

  enum Effect: Sendable {
    case record(Observation)
    case request(Procedures.Request)
    case warn(String)
  }

  struct Key: Hashable {
    let kind: Interrogation.Kind
    let commonAddress: UInt16
  }

  /// An interrogation of one common address, of one slot or of the station's start.
  struct Round {
    /// Nil: nobody scheduled it.
    var slot: Timestamp?
    var repeated = false
    /// Nil: the procedures' own.
    var request: UInt64?
    var qualifier: UInt8
    /// Qualifiers that follow.
    var rest: ArraySlice<UInt8> = []
    var absent: Set<UInt32>
    let wanted: Int
    var outcome = Interrogation.Outcome.complete
  }

  private(set) var plan: StationPlan
  private(set) var state = StationCounts()
  private(set) var objectsSeen = ObjectList()
  private var wanted: [Interrogation.Kind: [UInt16: Set<UInt32>]] = [:]
  private var rounds: [Key: Round] = [:]
  /// Slots that wait for a round of the start to end.
  private var waiting: [Key: (slot: Timestamp, repeated: Bool)] = [:]
  private var repeats = RepeatFilter()
  private var frozen = FrozenTotals()
  private var isStarted = false
  /// What went wrong on the present connection, in words.
  private var said: Set<String> = []
  private var lastRequest: UInt64 = 0
  private var objects: [InformationObject] = []
  private var effects: [Effect] = []

  init(_ plan: StationPlan) {
    self.plan = plan
    wanted = [.general: plan.wanted(.general), .counter: plan.wanted(.counter)]
  }

  /// The same connections, other points.
  mutating func set(_ plan: StationPlan) {
    self.plan = plan
    wanted = [.general: plan.wanted(.general), .counter: plan.wanted(.counter)]
    objectsSeen = ObjectList()
  }

  mutating func takeEffects() -> [Effect] {
    defer { effects.removeAll(keepingCapacity: true) }
    return effects
  }

  /// What came before the present run, oldest first: the station may send it again.
  mutating func recall(_ asdus: [ReceivedASDU]) {
    for asdu in asdus {
      objects.removeAll(keepingCapacity: true)
      guard let header = try? ASDU.decode(asdu.bytes, format: plan.format, into: &objects).header else { continue }
      if header.type.isMonitor, !header.isTest, !header.isNegative {
        _ = repeats.take(objects, header)
        if header.cause.isCounterInterrogated { _ = frozen.take(objects, header) }
      }
    }
  }

  // MARK: - What the station sends

  /// The observation of an ASDU, whatever it is.
  mutating func received(_ bytes: UnsafeRawBufferPointer, link: Int, at now: Moment) -> Observation {
    state.asdus += 1
    var asdu = ReceivedASDU(bytes: Array(bytes), link: UInt8(clamping: link))
    var observation = Observation(
      meterID: plan.id, time: now.wall, due: nil, received: now.wall, definition: "",
      marks: now.isTrusted ? [] : .untrustedClock, content: .asdu(asdu))
    objects.removeAll(keepingCapacity: true)
    let decoded: ASDU.Decoded
    do throws(ASDUFault) {
      decoded = try ASDU.decode(bytes, format: plan.format, into: &objects)
    } catch {
      state.malformed += 1
      note(
        "an ASDU that cannot be read: \(error); it is kept in the archive, no reading is made of it", at: now,
        once: "malformed")
      return observation
    }
    if decoded.trailingOctets > 0 { state.trailingOctets += 1 }
    let header = decoded.header
    guard header.type.isMonitor else { return observation }
    if header.isTest {
      state.testASDUs += 1
      return observation
    }
    // Nothing that was refused is a value.
    if header.isNegative { return observation }
    state.objects += UInt64(objects.count)
    asdu.repeated = repeats.take(objects, header)
    if header.cause.isCounterInterrogated, plan.counterMode == .freezeReset {
      asdu.repeated += frozen.take(objects, header)
    }
    state.repeatedObjects += UInt64(asdu.repeated.count)
    observation.content = .asdu(asdu)
    let key = Key(kind: header.type.isIntegratedTotal ? .counter : .general, commonAddress: header.commonAddress)
    let isAnswer = key.kind == .general ? header.cause.isInterrogated : header.cause.isCounterInterrogated
    if isAnswer, let round = rounds[key], let slot = round.slot {
      observation.due = slot
      if round.repeated { observation.marks.insert(.repeatedLabel) }
    }
    for object in objects { take(object, header, key, &observation) }
    return observation
  }

  private mutating func take(
    _ object: InformationObject, _ header: ASDUHeader, _ key: Key, _ observation: inout Observation
  ) {
    // The earliest time that a reading of the row may have, by whatever definition: it is found by that.
    observation.time = min(observation.time, plan.decoder.time(of: object, header.type, in: observation))
    let place = StationDecoder.ObjectPlace(commonAddress: header.commonAddress, objectAddress: object.address)
    if plan.decoder.names(place, as: header.type) {
      state.namedObjects += 1
      if !rounds.isEmpty { rounds[key]?.absent.remove(object.address) }
    } else {
      objectsSeen.note(object, place, header, at: observation.received)
    }
  }

  /// A connection ended.
  mutating func closed(_ reason: CloseReason) {
    if reason.isBrokenRule { state.brokenRules += 1 }
  }

  mutating func happened(_ event: StationLinkEvent, at now: Moment) {
    switch event {
    case .up(let reason):
      if isStarted { return }
      isStarted = true
      said = []
      repeats.connectionChanged()
      record(.link(isUp: true, reason: reason), at: now)
    case .down(let reason):
      for key in rounds.keys.sorted() { end(key, .linkDown, at: now) }
      for (key, late) in waiting.sorted(by: { $0.key < $1.key }) {
        fail(key, late.slot, late.repeated, .linkDown, at: now)
      }
      waiting.removeAll()
      if !isStarted { return }
      isStarted = false
      record(.link(isUp: false, reason: reason), at: now)
    case .switched(let reason):
      // The one before was down before this one was up.
      isStarted = true
      said = []
      repeats.connectionChanged()
      record(.link(isUp: true, reason: reason), at: now)
    }
  }

  // MARK: - Interrogations

  /// Slots were labelled by a clock that is no longer in use: what runs goes on for no slot.
  mutating func clockBecameTrusted() {
    for key in rounds.keys { rounds[key]?.slot = nil }
    waiting.removeAll()
  }

  /// A slot has come.
  mutating func due(_ kind: Interrogation.Kind, slot: Timestamp, repeated: Bool, at now: Moment) {
    for commonAddress in (wanted[kind] ?? [:]).keys.sorted() {
      let key = Key(kind: kind, commonAddress: commonAddress)
      if !isStarted {
        fail(key, slot, repeated, .linkDown, at: now)
      } else if let round = rounds[key] {
        if round.slot != nil || waiting[key] != nil {
          fail(key, slot, repeated, .late, at: now)
        } else {
          waiting[key] = (slot, repeated)
        }
      } else {
        if let older = waiting.removeValue(forKey: key) { fail(key, older.slot, older.repeated, .late, at: now) }
        begin(key, slot, repeated, at: now)
      }
    }
  }

  private mutating func begin(_ key: Key, _ slot: Timestamp, _ repeated: Bool, at now: Moment) {
    let qualifiers = key.kind == .general ? plan.generalQualifiers : plan.counterQualifiers
    guard let first = qualifiers.first else { return }
    let absent = wanted[key.kind]?[key.commonAddress] ?? []
    rounds[key] = Round(
      slot: slot, repeated: repeated, qualifier: first, rest: qualifiers.dropFirst(), absent: absent,
      wanted: absent.count)
    request(key)
  }

  private mutating func request(_ key: Key) {
    guard let round = rounds[key] else { return }
    lastRequest += 1
    rounds[key]?.request = lastRequest
    effects.append(
      .request(
        Procedures.Request(
          kind: key.kind == .general
            ? .general(qualifier: round.qualifier) : .counter(plan.counterMode, qualifier: round.qualifier),
          commonAddress: key.commonAddress, id: lastRequest)))
  }

  /// The procedures began one of their own: after the start, or after an end of initialization.
  mutating func began(_ request: Procedures.Request, at now: Moment) {
    if case .counter(.freezeReset, _) = request.kind { frozen.reset(request.commonAddress) }
    guard request.id == 0, let (key, qualifier) = Self.key(of: request), rounds[key] == nil else { return }
    let absent = wanted[key.kind]?[key.commonAddress] ?? []
    rounds[key] = Round(slot: nil, request: nil, qualifier: qualifier, absent: absent, wanted: absent.count)
  }

  mutating func ended(_ request: Procedures.Request, _ outcome: Procedures.Outcome, at now: Moment) {
    state.count(outcome)
    if let refusal = StationWords.words(of: request, outcome) { note(refusal, at: now) }
    guard let (key, _) = Self.key(of: request), let round = rounds[key], round.request ?? 0 == request.id else {
      return
    }
    if outcome == .alreadyRunning, let slot = round.slot {
      // The start's own is queued: after it.
      rounds[key] = nil
      waiting[key] = (slot, round.repeated)
      return
    }
    let result = StationIntake.outcome(outcome)
    if result != .complete, round.outcome == .complete { rounds[key]?.outcome = result }
    if let next = round.rest.first, result != .linkDown {
      rounds[key]?.qualifier = next
      rounds[key]?.rest = round.rest.dropFirst()
      return self.request(key)
    }
    if key.kind == .general { repeats.interrogationEnded() }
    end(key, nil, at: now)
    if let next = waiting.removeValue(forKey: key) { begin(key, next.slot, next.repeated, at: now) }
  }

  private mutating func end(_ key: Key, _ outcome: Interrogation.Outcome?, at now: Moment) {
    guard let round = rounds.removeValue(forKey: key) else { return }
    let nothingCame = round.absent.count == round.wanted
    let interrogation = Interrogation(
      kind: key.kind, commonAddress: key.commonAddress, qualifier: round.qualifier, outcome: outcome ?? round.outcome,
      absent: nothingCame ? nil : round.absent.sorted())
    state.interrogations[key.name] = StationCounts.Last(
      kind: key.kind, commonAddress: key.commonAddress, slot: round.slot, endedAt: now.wall,
      outcome: interrogation.outcome, absent: round.absent.count)
    if interrogation.outcome == .notSent { state.skippedSlots += 1 }
    record(.interrogation(interrogation), slot: round.slot, repeated: round.repeated, at: now)
  }

  /// A slot without an interrogation.
  private mutating func fail(
    _ key: Key, _ slot: Timestamp, _ repeated: Bool, _ outcome: Interrogation.Outcome, at now: Moment
  ) {
    let qualifiers = key.kind == .general ? plan.generalQualifiers : plan.counterQualifiers
    if outcome == .late { state.skippedSlots += 1 }
    state.interrogations[key.name] = StationCounts.Last(
      kind: key.kind, commonAddress: key.commonAddress, slot: slot, endedAt: now.wall, outcome: outcome,
      absent: wanted[key.kind]?[key.commonAddress]?.count ?? 0)
    let interrogation = Interrogation(
      kind: key.kind, commonAddress: key.commonAddress, qualifier: qualifiers.first ?? 0, outcome: outcome, absent: nil)
    record(.interrogation(interrogation), slot: slot, repeated: repeated, at: now)
  }

  private mutating func record(
    _ content: Observation.Content, slot: Timestamp? = nil, repeated: Bool = false, at now: Moment
  ) {
    var marks: Observation.Marks = now.isTrusted ? [] : .untrustedClock
    if repeated { marks.insert(.repeatedLabel) }
    effects.append(
      .record(
        Observation(
          meterID: plan.id, time: slot ?? now.wall, due: slot, received: now.wall, definition: "", marks: marks,
          content: content)))
  }

  /// Says what went wrong, once a connection.
  ///
  /// - Parameter once: of what there are too many ways to word it.
  private mutating func note(_ words: String, at now: Moment, once: String? = nil) {
    if said.insert(once ?? words).inserted { effects.append(.warn("\(plan.id): \(words)")) }
    state.lastError = words
    state.lastErrorAt = now.wall
  }

  private static func key(of request: Procedures.Request) -> (Key, UInt8)? {
    switch request.kind {
    case .general(let qualifier): (Key(kind: .general, commonAddress: request.commonAddress), qualifier)
    case .counter(_, let qualifier): (Key(kind: .counter, commonAddress: request.commonAddress), qualifier)
    default: nil
    }
  }
}
