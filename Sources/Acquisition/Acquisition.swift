import Archive
import Decoding
import Dispatch
import Logging
import Metering
import Modbus
import Schedule
import Synchronization
import Threads

/// Drives the buses into the archive: says which meter is due when, and keeps a worker per bus.
public final class Acquisition: Sendable {
  private let archive: Archive
  private let clock: TrustedClock
  private let logger: Logger
  private let recorder: Recorder
  /// Where the archive stood when this run began.
  private let started: (time: Timestamp, headSeq: UInt64)
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  private struct State {
    var timetable = Timetable<String>()
    var meters: [String: MeterPlan] = [:]
    var workers: [String: BusWorker] = [:]
    var runs: [String: Task<Void, Never>] = [:]
    var beats: UInt64 = 0
    var stopping = false
  }

  public init(archive: Archive, clock: TrustedClock, logger: Logger) {
    self.archive = archive
    self.clock = clock
    self.logger = logger
    recorder = Recorder(archive: archive, clock: clock)
    started = (clock.now(), archive.health.headSeq)
  }

  /// Starts the scheduler's thread.
  public func start() throws { try OwnThread.start(name: "scheduler") { [self] in scheduleLoop() } }

  /// Makes these the buses and meters: new ones start, others stop, unchanged ones are not disturbed.
  ///
  /// - Returns: what could not be started, in words.
  public func configure(buses: [BusPlan], meters: [MeterPlan]) async throws -> [String] {
    // What was due before the start is the downtime's; from then on it is ours, however long the start takes.
    let isFirst = state.withLock { $0.beats == 0 && $0.meters.isEmpty }
    let from = isFirst ? started.time : clock.now()
    let hashes = try await archive.use(meters.map(\.definition), from: from)
    let wanted = Dictionary(
      meters.map { ($0.id, $0.stored(as: hashes[$0.id] ?? "")) }, uniquingKeysWith: { $1 })
    let plans = Dictionary(buses.map { ($0.settings.id, $0) }, uniquingKeysWith: { $1 })
    var problems: [String] = []
    let ended = state.withLock { state -> [Task<Void, Never>] in
      var ended: [Task<Void, Never>] = []
      for (id, worker) in state.workers where plans[id] != worker.plan {
        worker.stop(isReplaced: true)
        state.workers[id] = nil
        if let run = state.runs.removeValue(forKey: id) { ended.append(run) }
      }
      for (id, meter) in state.meters where wanted[id]?.busID != meter.busID { state.workers[meter.busID]?.remove(id) }
      for (id, meter) in state.meters where wanted[id]?.slots != meter.slots { state.timetable.remove(id) }
      return ended
    }
    for run in ended { await run.value }  // A serial device is free before its bus is opened anew.
    state.withLock { state in
      for (id, plan) in plans where state.workers[id] == nil {
        do {
          let worker = try BusWorker(plan, recorder: recorder, clock: clock, logger: logger)
          state.workers[id] = worker
          state.runs[id] = Task { await worker.run() }
        } catch { problems.append("bus \(id): \(error)") }
      }
      let now = isFirst ? started.time : clock.now()
      for meter in wanted.values {
        state.workers[meter.busID]?.set(meter)
        if state.meters[meter.id]?.slots != meter.slots { state.timetable.add(meter.id, slots: meter.slots, now: now) }
      }
      state.meters = wanted
    }
    wake.signal()
    return problems
  }

  /// Records for every meter the slots that passed while meterd was not running. Blocks; call it before `configure`.
  ///
  /// While the clock is not trusted it waits until it is.
  public func recordDowntime() throws {
    if clock.isTrusted { try recordDowntime(until: started.time) }
  }

  private func recordDowntime(until now: Timestamp) throws {
    if started.headSeq == 0 { return }
    let gaps = try ArchiveReader.unrecordedSlots(path: archive.path, throughSeq: started.headSeq, until: now)
    for gap in gaps {
      recorder.record(
        recorder.missed(
          gap.meterID, gap.definitionHash, gap.from, gap.to, UInt32(clamping: gap.count), .gatewayDown, []))
    }
    if let first = gaps.map(\.from).min() {
      logger.notice(
        "was not running from \(first) on: \(gaps.reduce(0) { $0 + $1.count }) slots recorded as gateway-down")
    }
  }

  /// Stops polling; what is under way is given up.
  public func stop() async {
    let (workers, runs) = state.withLock { state in
      state.stopping = true
      return (Array(state.workers.values), Array(state.runs.values))
    }
    for worker in workers { worker.stop() }
    wake.signal()
    for run in runs { await run.value }
  }

  /// Grows while the scheduler lives; the watchdog looks at it.
  public var beats: UInt64 { state.withLock { $0.beats } }

  public struct MeterState: Sendable {
    /// Of the unit that the meter is on; shared with the other meters there.
    public let device: DeviceState
    public let unitID: UInt8
    public let slots: SlotCounts
  }

  public struct BusState: Sendable {
    public let id: String
    public let statistics: BusStatistics
    public let queued: Int
    public let skipped: UInt64
    public let meters: [String: MeterState]
  }

  public var buses: [BusState] {
    state.withLock { Array($0.workers.values) }.map { worker in
      let status = worker.status
      return BusState(
        id: worker.plan.settings.id, statistics: worker.bus.currentStatistics, queued: status.queued,
        skipped: status.skipped, meters: status.meters)
    }
  }

  // MARK: - The scheduler's thread

  private func scheduleLoop() {
    var (lastWall, lastMonotonic) = readClocks()
    while true {
      if !clock.isTrusted, let offset = clock.reconsider() { becameTrusted(offsetMilliseconds: offset) }
      let (wall, monotonic) = readClocks()
      // How much further the wall clock went than time did.
      let step = (wall - lastWall) - Int64((monotonic - lastMonotonic) / 1_000_000)
      if abs(step) > 1000 { logger.warning("the clock stepped by \(step) ms to \(wall)") }
      (lastWall, lastMonotonic) = (wall, monotonic)
      let (events, next, stopping) = state.withLock { state in
        state.beats += 1
        return (state.timetable.advance(to: wall), state.timetable.nextDue, state.stopping)
      }
      if stopping { return }
      for event in events { handle(event, stepMilliseconds: step) }
      // At most a second, by the monotonic clock: a step of the wall clock is seen within that.
      let wait = min(max((next ?? (wall + 1000)) - clock.now(), 0), 1000)
      _ = wake.wait(timeout: .now() + .milliseconds(Int(wait)))
    }
  }

  /// Both clocks at one moment: a thread that is put aside between the two would see a step that was none.
  private func readClocks() -> (wall: Timestamp, monotonicNanoseconds: UInt64) {
    var before = clock.monotonicNanoseconds()
    while true {
      let wall = clock.now()
      let after = clock.monotonicNanoseconds()
      if after - before < 100_000_000 { return (wall, after) }
      before = after
    }
  }

  private func handle(_ event: Timetable<String>.Event, stepMilliseconds: Int64) {
    switch event {
    case .due(let id, let slot, let repeated):
      let worker = state.withLock { state in (state.meters[id]?.busID).flatMap { state.workers[$0] } }
      worker?.due(id, slot: slot, repeated: repeated)
    case .missed(let id, let from, let to, let count):
      guard let meter = state.withLock({ $0.meters[id] }) else { return }
      recorder.recordMissed(
        meter, from: from, to: to, count: count, reason: stepMilliseconds > 1000 ? .clockStep : .late)
    }
  }

  /// Archives what the times given so far were off by, and goes on by the true time.
  private func becameTrusted(offsetMilliseconds: Int64) {
    let now = clock.now()
    logger.notice("the clock is trusted now: \(now); earlier times are corrected by \(offsetMilliseconds) ms")
    recorder.record(
      Observation(
        meterID: "", time: now, due: nil, received: now, definition: "",
        content: .clockOffset(bootID: archive.bootID, offsetMilliseconds: offsetMilliseconds)))
    do { try recordDowntime(until: started.time + offsetMilliseconds) } catch {
      logger.error("the time before the start could not be accounted for: \(error)")
    }
    state.withLock { state in
      for meter in state.meters.values {
        state.timetable.remove(meter.id)
        state.timetable.add(meter.id, slots: meter.slots, now: now)
      }
    }
  }
}
