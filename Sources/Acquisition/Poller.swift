import Metering
import Modbus
import ModbusProtocol
import Schedule

/// What one bus does next: which device is asked what, and what is recorded of it. Without I/O: slots, answers and instants
/// come in, questions and effects go out.
struct Poller {
  /// The clocks at one instant.
  struct Moment {
    var wall: Timestamp
    /// Of the monotonic clock.
    var nanoseconds: UInt64
    /// Whether the wall clock may be believed: labels given before and after that mean different things.
    var trusted: Bool
  }

  enum Effect {
    case record(Observation)
    /// A slot that passed without a poll.
    case missed(MeterPlan, slot: Timestamp, MissedReason, Observation.Marks)
    /// Somebody should know.
    case warn(String)
    case tell(String)
  }

  enum Step {
    /// Ask these, then call `finish` with the answers.
    case ask([Ask])
    /// Nothing to do before that instant of the monotonic clock; nil: before the next slot.
    case wait(untilNanoseconds: UInt64?)
  }

  struct Meter {
    var plan: MeterPlan
    var requests: RequestMemory
    var slots = SlotCounts()
    /// Changes with the plan.
    var version = 0
  }

  let plan: BusPlan
  private(set) var effects: [Effect] = []
  var meters: [String: Meter] = [:]
  var devices: [UInt8: DeviceState] = [:]
  /// Slots that wait for their turn or for their device, the oldest first; one a meter at most.
  var queue: [PollJob] = []
  private var waiting: Set<String> = []
  /// What was asked last: which job, and the place of the request in it.
  private var asked: [(job: PollJob, places: [Int])] = []
  private(set) var skipped: UInt64 = 0
  /// Since when the latest questions are under way.
  private var askedAtNanoseconds: UInt64 = 0
  /// Devices that fail are not tried before.
  private var failingAfterNanoseconds: UInt64 = 0
  /// Of the answers that came together: whose failure has been counted, and who was well before.
  var failedUnits: Set<UInt8> = []
  var soundUnits: Set<UInt8> = []
  /// When a failing device was asked last.
  private var triedAtNanoseconds: [UInt8: UInt64] = [:]
  /// After a failing device took so much of the bus's time, sound ones have it for as many times that.
  private static let soundShare: UInt64 = 3

  init(_ plan: BusPlan) { self.plan = plan }

  mutating func takeEffects() -> [Effect] {
    defer { effects.removeAll(keepingCapacity: true) }
    return effects
  }

  mutating func add(_ effect: Effect) { effects.append(effect) }

  mutating func set(_ meter: MeterPlan) {
    if var known = meters[meter.id] {
      if known.plan == meter { return }
      if known.plan.device.unitID != meter.device.unitID { forget(unitID: known.plan.device.unitID, except: meter.id) }
      if known.plan.groups != meter.groups || known.plan.device != meter.device {
        known.requests = RequestMemory(format: meter.device.format ?? plan.settings.format)
      }
      known.requests.forgetPlans()
      known.plan = meter
      known.version += 1
      meters[meter.id] = known
    } else {
      meters[meter.id] = Meter(
        plan: meter, requests: RequestMemory(format: meter.device.format ?? plan.settings.format))
    }
  }

  mutating func remove(_ meterID: String, at now: Moment) {
    giveUp(jobs: queue.filter { $0.meterID == meterID }, at: now)
    queue.removeAll { $0.meterID == meterID }
    waiting.remove(meterID)
    guard let meter = meters.removeValue(forKey: meterID) else { return }
    forget(unitID: meter.plan.device.unitID, except: meterID)
  }

  /// The bus goes: what waits is missed.
  mutating func abandon(at now: Moment) {
    giveUp(jobs: queue, at: now)
    queue = []
    waiting = []
  }

  private mutating func giveUp(jobs: [PollJob], at now: Moment) {
    for job in jobs { giveUp(job, at: now) }
  }

  /// Where no other meter is on that unit, nothing is known of it any more.
  private mutating func forget(unitID: UInt8, except meterID: String) {
    if !meters.contains(where: { $0.key != meterID && $0.value.plan.device.unitID == unitID }) {
      devices[unitID] = nil
    }
  }

  /// A slot has come. If the one before still waits, the bus is too slow, or its device not ready: what there is of it is
  /// recorded.
  mutating func due(_ meterID: String, slot: Timestamp, repeated: Bool, at now: Moment) {
    guard meters[meterID] != nil else { return }
    meters[meterID]?.slots.due += 1
    let job = PollJob(meterID: meterID, slot: slot, repeated: repeated, trusted: now.trusted)
    guard waiting.insert(meterID).inserted else {
      if let place = queue.firstIndex(where: { $0.meterID == meterID }) {
        giveUp(queue[place], at: now)
        queue[place] = job
      } else {
        queue.append(job)  // It is being asked right now.
      }
      return
    }
    queue.append(job)
  }

  private mutating func giveUp(_ job: PollJob, at now: Moment) {
    guard let meter = meters[job.meterID], job.trusted == now.trusted else { return }
    if job.hasOutcome { return record(job, at: now) }
    if !isSound(meter.plan.device.unitID) {
      add(.missed(meter.plan, slot: job.slot, .probing, job.marks))
      return
    }
    skipped += 1
    add(.missed(meter.plan, slot: job.slot, .late, job.marks))
  }

  /// What to do now.
  mutating func next(at now: Moment) -> Step {
    var asks: [Ask] = []
    asked = []
    askedAtNanoseconds = now.nanoseconds
    let soundWork = queue.contains { $0.readyAtNanoseconds <= now.nanoseconds && isSound(meters[$0.meterID]) }
    var place = 0
    while place < queue.count, asks.count < plan.settings.pipeline {
      guard queue[place].readyAtNanoseconds <= now.nanoseconds, let meter = meters[queue[place].meterID] else {
        place += 1
        continue
      }
      let unitID = meter.plan.device.unitID
      let isSound = isSound(unitID)
      // A device that fails is asked one thing at a time, alone, and when nobody else waits: it costs a timeout. But not
      // never.
      let mayWait = soundWork && now.nanoseconds - triedAtNanoseconds[unitID, default: 0] < longestDeferral
      if !isSound, !asks.isEmpty || mayWait {
        place += 1
        continue
      }
      var job = queue.remove(at: place)
      if !job.hasBegun, !begin(&job, at: now) {
        waiting.remove(job.meterID)
        continue
      }
      let room = isSound ? plan.settings.pipeline - asks.count : 1
      let places = Array(job.unasked.prefix(room))
      let device = job.plan?.device ?? meter.plan.device
      asks += places.map { Ask(.read(job.requests[$0]), of: device) }
      asked.append((job, places))
      if !isSound { break }
    }
    if !asks.isEmpty { return .ask(asks) }
    return .wait(untilNanoseconds: queue.map(\.readyAtNanoseconds).min())
  }

  private func isSound(_ unitID: UInt8) -> Bool { (devices[unitID]?.failures ?? 0) == 0 }
  private func isSound(_ meter: Meter?) -> Bool { meter.map { isSound($0.plan.device.unitID) } ?? false }

  private var longestDeferral: UInt64 { UInt64(plan.probeEveryMilliseconds) * 1_000_000 }

  /// Whether a failing device would take time that sound ones could use.
  private func hasOthers(than unitID: UInt8) -> Bool {
    meters.values.contains { $0.plan.device.unitID != unitID && isSound($0.plan.device.unitID) }
  }

  /// False where the slot is not polled; what is to be said of that has been recorded.
  private mutating func begin(_ job: inout PollJob, at now: Moment) -> Bool {
    guard let meter = meters[job.meterID], job.trusted == now.trusted else { return false }
    let device = devices[meter.plan.device.unitID] ?? DeviceState()
    let unitID = meter.plan.device.unitID
    let isItsTurn = isSound(unitID) || now.nanoseconds >= failingAfterNanoseconds || !hasOthers(than: unitID)
    guard isItsTurn, device.mayBeTried(at: now.wall) else {
      add(.missed(meter.plan, slot: job.slot, .probing, job.marks))
      return false
    }
    // The machine slept, or the clock went on: that slot is over.
    if now.wall - job.slot >= meter.plan.slots.everyMilliseconds {
      skipped += 1
      add(.missed(meter.plan, slot: job.slot, .late, job.marks))
      return false
    }
    job.begin(
      meters[job.meterID]?.requests.requests(of: meter.plan, at: job.slot) ?? [], of: meter.plan,
      version: meter.version)
    if !job.hasBegun { meters[job.meterID]?.slots.due -= 1 }
    return job.hasBegun  // Where no value is due in this slot there is nothing to ask, and nothing is missing.
  }

  /// Takes the answers to what `next` asked, in that order.
  mutating func finish(_ answers: [Answer], at now: Moment) {
    var answers = answers[...]
    let jobs = asked
    asked = []
    for case let unitID? in jobs.map({ meters[$0.job.meterID]?.plan.device.unitID }) where !isSound(unitID) {
      triedAtNanoseconds[unitID] = now.nanoseconds
      failingAfterNanoseconds = now.nanoseconds + Poller.soundShare * (now.nanoseconds - askedAtNanoseconds)
    }
    // Several requests of a device that fail together are one failure.
    failedUnits = []
    soundUnits = Set(jobs.compactMap { $0.job.plan?.device.unitID }.filter { isSound($0) })
    let last = answers.reduce(0) { max($0, $1.nanoseconds) }
    for (job, places) in jobs {
      var job = job
      job.isBeingRetried = false
      for place in places {
        guard let answer = answers.popFirst() else { break }
        // It came before the last one of its batch did.
        take(answer, place, &job, at: now, arrivedAt: now.wall - Int64((last - answer.nanoseconds) / 1_000_000))
      }
      goOn(job, at: now)
    }
  }

  /// Back into the queue, or into the archive.
  private mutating func goOn(_ job: PollJob, at now: Moment) {
    guard let meter = meters[job.meterID] else { return }
    let isReplaced = queue.contains { $0.meterID == job.meterID }
    if !isReplaced { waiting.remove(job.meterID) }
    // After a reload the rest would be another meter's.
    guard !isReplaced, job.isStopped || !job.isOver && job.version == meter.version else {
      return record(job, at: now)
    }
    waiting.insert(job.meterID)
    // What can go on at once goes on before the others: a poll is one moment. What has to wait goes behind them.
    if job.readyAtNanoseconds <= now.nanoseconds { queue.insert(job, at: 0) } else { queue.append(job) }
  }

  private mutating func record(_ job: PollJob, at now: Moment) {
    guard let meter = meters[job.meterID], let plan = job.plan, job.trusted == now.trusted else { return }
    if job.version == meter.version { meters[job.meterID]?.requests.learn(from: job) }
    let isLinkDown = job.finishedBlocks.contains { $0.outcome == .linkDown }
    if job.isOver, !isLinkDown, now.wall - job.slot < plan.slots.everyMilliseconds {
      meters[job.meterID]?.slots.onTime += 1
    }
    add(
      .record(
        Observation(
          meterID: job.meterID, time: job.answeredAt ?? job.slot, due: job.slot,
          received: job.answeredAt ?? now.wall,
          definition: plan.definitionHash, marks: job.marks.union(now.trusted ? [] : .untrustedClock),
          content: .poll(job.finishedBlocks))))
  }
}

/// How many slots a meter had, and how many of them were polled before the next one came.
public struct SlotCounts: Sendable, Hashable {
  public internal(set) var due: UInt64 = 0
  public internal(set) var onTime: UInt64 = 0
}
