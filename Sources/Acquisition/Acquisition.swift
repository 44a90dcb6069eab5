import Archive
import Decoding
import Dispatch
import IEC104Client
import Logging
import Metering
import Modbus
import NIOCore
import NIOPosix
import Schedule
import Synchronization
import Threads

/// Drives buses and stations into the archive: says what is due when, and keeps a worker for each.
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
    var timetable = Timetable<Due>()
    /// On buses.
    var meters: [String: MeterPlan] = [:]
    var stations: [String: StationWorker] = [:]
    /// Of meters on stations: their slots, for what passes unseen.
    var stationMeters: [String: (definition: String, slots: Slots)] = [:]
    /// One thread for all stations.
    var loops: MultiThreadedEventLoopGroup?
    var workers: [String: BusWorker] = [:]
    var runs: [String: Task<Void, Never>] = [:]
    var beats: UInt64 = 0
    var stopping = false
  }

  /// What has slots.
  enum Due: Hashable, Sendable {
    case meter(String)
    case interrogation(Interrogation.Kind, station: String)
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

  /// Makes these the buses, meters and stations: new ones start, others stop, unchanged ones are not disturbed.
  ///
  /// - Parameter changes: by meter, what was declared of other times; the plans are those of now.
  /// - Returns: what could not be started, in words.
  public func configure(
    buses: [BusPlan], meters: [MeterPlan], stations: [StationPlan] = [], changes: [String: [Definition.Change]] = [:]
  ) async throws -> [String] {
    // What was due before the start is the downtime's; from then on it is ours, however long the start takes.
    let isFirst = state.withLock { $0.beats == 0 && $0.meters.isEmpty && $0.stationMeters.isEmpty }
    let from = isFirst ? started.time : clock.now()
    let definitions = meters.map(\.definition) + stations.flatMap(\.definitions)
    let hashes = try await archive.use(definitions, changes: changes, from: from)
    let wanted = Dictionary(
      meters.map { ($0.id, $0.stored(as: hashes[$0.id] ?? "")) }, uniquingKeysWith: { $1 })
    var problems = await configure(buses, wanted)
    problems += try await configure(stations, hashes)
    let now = isFirst ? started.time : clock.now()
    state.withLock { state in
      var slots: [Due: Slots] = [:]
      for meter in wanted.values { slots[.meter(meter.id)] = meter.slots }
      for (id, meter) in state.stationMeters { slots[.meter(id)] = meter.slots }
      for plan in stations {
        if !plan.definitions.isEmpty {
          slots[.interrogation(.general, station: plan.id)] = plan.generalSlots
          slots[.interrogation(.counter, station: plan.id)] = plan.counterSlots
        }
      }
      for due in state.timetable.ids where slots[due] == nil { state.timetable.remove(due) }
      for (due, slots) in slots { state.timetable.add(due, slots: slots, now: now) }
      state.meters = wanted
    }
    wake.signal()
    return problems
  }

  private func configure(_ buses: [BusPlan], _ wanted: [String: MeterPlan]) async -> [String] {
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
      for meter in wanted.values { state.workers[meter.busID]?.set(meter) }
    }
    return problems
  }

  private func configure(_ stations: [StationPlan], _ hashes: [String: String]) async throws -> [String] {
    let plans = Dictionary(stations.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    let known = state.withLock { $0.stations }
    // A worker that is being stopped still says of each slot that its link is down.
    let leaving = known.filter { plans[$0.key]?.client != $0.value.plan.client }
    await withTaskGroup { group in
      for worker in leaving.values { group.addTask { await worker.stop() } }
    }
    state.withLock { state in for id in leaving.keys { state.stations[id] = nil } }
    var problems: [String] = []
    let isFirst = known.isEmpty
    let (path, head) = (archive.path, started.headSeq)
    let recent =
      isFirst && !plans.isEmpty
      ? try await OwnThread.run(name: "recall") { try ArchiveReader.recentASDUs(path: path, throughSeq: head) } : [:]
    for plan in stations {
      if let worker = state.withLock({ $0.stations[plan.id] }) {
        if worker.plan != plan { worker.set(plan) }
        continue
      }
      let worker = StationWorker(plan, archive: archive, clock: clock, logger: logger, loop: loop())
      do {
        try worker.start(recent: recent[plan.id] ?? [])
        state.withLock { $0.stations[plan.id] = worker }
      } catch { problems.append("station \(plan.id): \(error)") }
    }
    state.withLock { state in
      state.stationMeters = [:]
      for definition in stations.flatMap(\.definitions) {
        let id = definition.meterID
        guard
          let decoder = plans[definition.station?.id ?? ""]?.decoder.decoders.first(where: {
            $0.definition.meterID == id
          })
        else { continue }
        state.stationMeters[id] = (hashes[id] ?? "", decoder.slots)
      }
    }
    return problems
  }

  private func loop() -> any EventLoop {
    state.withLock { state in
      let loops = state.loops ?? MultiThreadedEventLoopGroup(numberOfThreads: 1)
      state.loops = loops
      return loops.next()
    }
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
    let (workers, runs, stations, loops) = state.withLock { state in
      state.stopping = true
      return (Array(state.workers.values), Array(state.runs.values), Array(state.stations.values), state.loops)
    }
    for worker in workers { worker.stop() }
    wake.signal()
    await withTaskGroup { group in
      for station in stations { group.addTask { await station.stop() } }
    }
    for run in runs { await run.value }
    do { try await loops?.shutdownGracefully() } catch { logger.warning("the stations' thread: \(error)") }
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

  public struct StationState: Sendable {
    public let id: String
    public let client: StationClientStatus
    public let counts: StationCounts
    /// Objects that no point takes.
    public let unnamed: ObjectList
    /// Observations that the archive could not take yet; the station waits for its acknowledgement.
    public let waitingForArchive: Int
    public let commitFailures: UInt64
  }

  public var stations: [StationState] { state.withLock { Array($0.stations.values) }.compactMap(\.status) }

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

  private func handle(_ event: Timetable<Due>.Event, stepMilliseconds: Int64) {
    switch event {
    case .due(.meter(let id), let slot, let repeated):
      let worker = state.withLock { state in (state.meters[id]?.busID).flatMap { state.workers[$0] } }
      worker?.due(id, slot: slot, repeated: repeated)
    case .due(.interrogation(let kind, let station), let slot, let repeated):
      state.withLock { $0.stations[station] }?.due(kind, slot: slot, repeated: repeated)
    case .missed(.meter(let id), let from, let to, let count):
      guard
        let definition = state.withLock({ $0.meters[id]?.definitionHash ?? $0.stationMeters[id]?.definition })
      else { return }
      recorder.record(
        recorder.missed(
          id, definition, from, to, UInt32(clamping: count), stepMilliseconds > 1000 ? .clockStep : .late, []))
    // Of the station's meters it is recorded.
    case .missed(.interrogation, _, _, _): return
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
    let stations = state.withLock { state in
      state.timetable.restart(at: now)
      return Array(state.stations.values)
    }
    for station in stations { station.clockBecameTrusted() }
  }
}
