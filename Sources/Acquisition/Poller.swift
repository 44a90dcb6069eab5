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

  init(_ plan: BusPlan) { self.plan = plan }

  mutating func takeEffects() -> [Effect] {
    defer { effects.removeAll(keepingCapacity: true) }
    return effects
  }

  mutating func add(_ effect: Effect) { effects.append(effect) }

  mutating func set(_ meter: MeterPlan) {
    if var known = meters[meter.id] {
      if known.plan.device.unitID != meter.device.unitID { forget(unitID: known.plan.device.unitID, except: meter.id) }
      if known.plan.groups != meter.groups || known.plan.device != meter.device {
        known.requests = RequestMemory(format: meter.device.format ?? plan.settings.format)
      }
      known.requests.forgetPlans()
      known.plan = meter
      meters[meter.id] = known
    } else {
      meters[meter.id] = Meter(
        plan: meter, requests: RequestMemory(format: meter.device.format ?? plan.settings.format))
    }
  }

  mutating func remove(_ meterID: String) {
    guard let meter = meters.removeValue(forKey: meterID) else { return }
    forget(unitID: meter.plan.device.unitID, except: meterID)
    queue.removeAll { $0.meterID == meterID }
    waiting.remove(meterID)
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
    if job.hasBegun { return record(job, at: now) }
    skipped += 1
    add(.missed(meter.plan, slot: job.slot, .late, job.marks))
  }

  /// What to do now.
  mutating func next(at now: Moment) -> Step {
    var asks: [Ask] = []
    var units: Set<UInt8> = []
    asked = []
    var place = 0
    while place < queue.count, asks.count < plan.settings.pipeline {
      guard queue[place].readyAtNanoseconds <= now.nanoseconds, let meter = meters[queue[place].meterID] else {
        place += 1
        continue
      }
      let unitID = meter.plan.device.unitID
      // A device that fails is asked one thing at a time: it costs one timeout, not several.
      let isSound = devices[unitID].map { $0.failures == 0 } ?? true
      if units.contains(unitID), !isSound {
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
      units.insert(unitID)
      asks += places.map { Ask(.read(job.requests[$0]), of: meter.plan.device) }
      asked.append((job, places))
    }
    if !asks.isEmpty { return .ask(asks) }
    return .wait(untilNanoseconds: queue.map(\.readyAtNanoseconds).min())
  }

  /// False where the slot is not polled; what is to be said of that has been recorded.
  private mutating func begin(_ job: inout PollJob, at now: Moment) -> Bool {
    guard let meter = meters[job.meterID], job.trusted == now.trusted else { return false }
    let device = devices[meter.plan.device.unitID] ?? DeviceState()
    guard device.mayBeTried(at: now.wall, probeEveryMilliseconds: plan.probeEveryMilliseconds) else {
      add(.missed(meter.plan, slot: job.slot, .probing, job.marks))
      return false
    }
    // The machine slept, or the clock went on: that slot is over.
    if now.wall - job.slot >= meter.plan.slots.everyMilliseconds {
      skipped += 1
      add(.missed(meter.plan, slot: job.slot, .late, job.marks))
      return false
    }
    job.begin(meters[job.meterID]?.requests.requests(of: meter.plan, at: job.slot) ?? [])
    return job.hasBegun  // Where no value is due in this slot there is nothing to ask, and nothing is missing.
  }

  /// Takes the answers to what `next` asked, in that order.
  mutating func finish(_ answers: [Answer], at now: Moment) {
    var answers = answers[...]
    let jobs = asked
    asked = []
    for (job, places) in jobs {
      var job = job
      job.hasCountedFailure = false
      for place in places {
        if let answer = answers.popFirst() { take(answer, place, &job, at: now) }
      }
      goOn(job, at: now)
    }
  }

  /// Back into the queue, or into the archive.
  private mutating func goOn(_ job: PollJob, at now: Moment) {
    guard meters[job.meterID] != nil, !job.isStopped else {
      waiting.remove(job.meterID)
      return
    }
    let isReplaced = queue.contains { $0.meterID == job.meterID }
    if !isReplaced, !job.isOver {
      // What can go on at once goes on before the others: a poll is one moment. What has to wait goes behind them.
      if job.readyAtNanoseconds <= now.nanoseconds { queue.insert(job, at: 0) } else { queue.append(job) }
      return
    }
    if !isReplaced { waiting.remove(job.meterID) }
    record(job, at: now)
  }

  private mutating func record(_ job: PollJob, at now: Moment) {
    guard let meter = meters[job.meterID], job.trusted == now.trusted else { return }
    meters[job.meterID]?.requests.learn(from: job, meter.plan)
    if job.isOver, now.wall - job.slot < meter.plan.slots.everyMilliseconds {
      meters[job.meterID]?.slots.onTime += 1
    }
    add(
      .record(
        Observation(
          meterID: job.meterID, time: job.answeredAt ?? job.slot, due: job.slot,
          received: job.answeredAt ?? now.wall,
          definition: meter.plan.definitionHash, marks: job.marks.union(now.trusted ? [] : .untrustedClock),
          content: .poll(job.finishedBlocks))))
  }
}

/// How many slots a meter had, and how many of them were polled before the next one came.
public struct SlotCounts: Sendable, Hashable {
  public internal(set) var due: UInt64 = 0
  public internal(set) var onTime: UInt64 = 0
}
