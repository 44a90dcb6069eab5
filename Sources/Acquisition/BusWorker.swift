import Dispatch
import Logging
import Metering
import Modbus
import ModbusProtocol
import Schedule
import Synchronization

/// Polls the meters of one bus, on the bus's own thread, one slot a meter waiting at most.
final class BusWorker: Sendable {
  let plan: BusPlan
  let bus: ModbusBus
  private let recorder: Recorder
  private let clock: TrustedClock
  private let logger: Logger
  private let signal = DispatchSemaphore(value: 0)
  private let state = Mutex(State())

  private struct State {
    var meters: [String: MeterPlan] = [:]
    var devices: [String: DeviceState] = [:]
    /// Meters whose device refused a request with holes: asked without from then on.
    var unmerged: Set<String> = []
    var queue: [String] = []
    var pending: [String: Job] = [:]
    var skipped: UInt64 = 0
    var stopping = false
  }

  private struct Job {
    let slot: Timestamp
    let repeated: Bool
    /// Whether the label is of a clock that was trusted: when trust comes, the labels given before mean nothing any more.
    let trusted: Bool
  }

  init(_ plan: BusPlan, recorder: Recorder, clock: TrustedClock, logger: Logger) throws {
    self.plan = plan
    self.recorder = recorder
    self.clock = clock
    self.logger = logger
    bus = try ModbusBus(settings: plan.settings)
  }

  /// Runs until `stop`, on the bus's thread.
  func run() async {
    await bus.withBus { [self] bus in
      while let (meter, job) = next() { poll(meter, job, on: bus) }
      bus.close()
    }
  }

  func stop() {
    state.withLock { $0.stopping = true }
    bus.stop()
    signal.signal()
  }

  func set(_ meter: MeterPlan) {
    state.withLock { state in
      if state.meters[meter.id].map({ $0.unitID != meter.unitID || $0.merged != meter.merged }) ?? true {
        state.devices[meter.id] = DeviceState()
        state.unmerged.remove(meter.id)
      }
      state.meters[meter.id] = meter
    }
  }

  func remove(_ meterID: String) {
    state.withLock { state in
      state.meters[meterID] = nil
      state.devices[meterID] = nil
      state.pending[meterID] = nil
      state.queue.removeAll { $0 == meterID }
    }
  }

  /// A slot has come. If the one before still waits, the bus is too slow: that one is recorded as skipped.
  func due(_ meterID: String, slot: Timestamp, repeated: Bool) {
    let job = Job(slot: slot, repeated: repeated, trusted: clock.isTrusted)
    let late = state.withLock { state -> (MeterPlan, Job)? in
      guard let meter = state.meters[meterID] else { return nil }
      let before = state.pending.updateValue(job, forKey: meterID)
      guard let before else {
        state.queue.append(meterID)
        signal.signal()
        return nil
      }
      if before.trusted != job.trusted { return nil }
      state.skipped += 1
      return (meter, before)
    }
    if let (meter, job) = late {
      recorder.recordMissed(
        meter, from: job.slot, to: job.slot, count: 1, reason: .late, marks: job.repeated ? .repeatedLabel : [])
    }
  }

  var status: (queued: Int, skipped: UInt64, devices: [String: DeviceState]) {
    state.withLock { ($0.queue.count, $0.skipped, $0.devices) }
  }

  private func next() -> (MeterPlan, Job)? {
    while true {
      signal.wait()
      let (item, stopping) = state.withLock { state -> ((MeterPlan, Job)?, Bool) in
        guard !state.stopping, !state.queue.isEmpty else { return (nil, state.stopping) }
        let id = state.queue.removeFirst()
        guard let meter = state.meters[id], let job = state.pending.removeValue(forKey: id) else { return (nil, false) }
        return ((meter, job), false)
      }
      if stopping { return nil }
      if let item { return item }
    }
  }

  // MARK: - One poll

  private func poll(_ meter: MeterPlan, _ job: Job, on bus: isolated ModbusBus) {
    var (device, unmerged) = state.withLock { ($0.devices[meter.id] ?? DeviceState(), $0.unmerged.contains(meter.id)) }
    let marks: Observation.Marks = job.repeated ? .repeatedLabel : []
    if job.trusted != clock.isTrusted { return }
    guard device.mayBeTried(at: clock.now(), probeEveryMilliseconds: plan.probeEveryMilliseconds) else {
      recorder.recordMissed(meter, from: job.slot, to: job.slot, count: 1, reason: .probing, marks: marks)
      return
    }
    // The machine slept, or the clock went on: that slot is over.
    if clock.now() - job.slot >= meter.slots.everyMilliseconds {
      recorder.recordMissed(meter, from: job.slot, to: job.slot, count: 1, reason: .late, marks: marks)
      return
    }
    let before = device
    var blocks: [Block] = []
    var asking = true
    for request in unmerged ? meter.unmerged : meter.merged {
      guard asking else {
        blocks.append(Block(request, .notAsked, []))
        continue
      }
      let result = bus.read(request, unitID: meter.unitID)
      if case .failed(.stopped) = result { return }  // Its slot is found missing at the next start.
      blocks.append(Block(request, result))
      var who: String { ErrorText.who(plan.settings, meter) }
      switch result {
      case .data: if asking { device.answered() }
      case .exception(let code):
        device.refused("\(who): \(ErrorText.exception(code, request))", at: clock.now())
        if !unmerged, code == 2 || code == 3, meter.merged != meter.unmerged {
          unmerged = true
          logger.notice("\(who): refuses to read holes along; asked for each part alone from now on")
        }
      case .failed(.link(let why)):
        device.unreachable("\(who): \(why)", at: clock.now())
        asking = false
      case .failed(.held): asking = false
      case .failed(let failure):
        device.failed(
          "\(who): \(ErrorText.failure(failure, plan.settings))", at: clock.now(),
          probeEveryMilliseconds: plan.probeEveryMilliseconds, zone: meter.slots.zone)
        asking = false
      }
    }
    if job.trusted == clock.isTrusted { record(meter, job, blocks, marks) }
    state.withLock { state in
      guard state.meters[meter.id] != nil else { return }
      state.devices[meter.id] = device
      if unmerged { state.unmerged.insert(meter.id) }
    }
    logChange(meter, before, device)
  }

  private func record(_ meter: MeterPlan, _ job: Job, _ blocks: [Block], _ marks: Observation.Marks) {
    let now = clock.now()
    let answered = blocks.contains { $0.outcome == .ok }
    recorder.record(
      Observation(
        meterID: meter.id, time: answered ? now : job.slot, due: job.slot, received: now,
        definition: meter.definitionHash, marks: marks.union(clock.isTrusted ? [] : .untrustedClock),
        content: .poll(blocks)))
  }

  private func logChange(_ meter: MeterPlan, _ before: DeviceState, _ after: DeviceState) {
    if !before.isReachable, after.isReachable {
      logger.notice("\(ErrorText.who(plan.settings, meter)): the link is back")
    } else if !after.isReachable {
      if before.isReachable, let text = after.lastError { logger.warning("\(text)") }
    } else if before.failures > 0, after.failures == 0 {
      logger.notice("\(ErrorText.who(plan.settings, meter)): answers again after \(before.failures) failed polls")
    } else if after.failures == 1 || after.failures == DeviceState.failuresBeforeProbing, let text = after.lastError {
      logger.warning("\(text)")
    } else if after.failures == 0, let text = after.lastError, text != before.lastError {
      logger.warning("\(text)")
    }
  }
}

extension Block {
  init(_ request: ReadRequest, _ outcome: Outcome, _ bytes: [UInt8]) {
    self.init(
      table: request.function.table, address: request.address, count: request.count, outcome: outcome, bytes: bytes)
  }

  /// What a request and its result are in the archive.
  public init(_ request: ReadRequest, _ result: ReadResult) {
    switch result {
    case .data(let bytes): self.init(request, .ok, bytes)
    case .exception(let code): self.init(request, .exception(code), [])
    case .failed(.timeout): self.init(request, .timeout, [])
    case .failed(.crc(let bytes)): self.init(request, .crc, Array(bytes.prefix(260)))
    case .failed(.malformed(let bytes)): self.init(request, .malformed, Array(bytes.prefix(260)))
    case .failed(.link): self.init(request, .linkDown, [])
    case .failed(.held), .failed(.stopped): self.init(request, .notAsked, [])
    }
  }
}
