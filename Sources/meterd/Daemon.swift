import Acquisition
import Archive
import Decoding
import Forwarding
import Logging
import Metering
import ServiceLifecycle
import Settings
import StatusAPI
import Threads
import UnixSignals

/// Why the daemon does not run.
struct DaemonError: Error, CustomStringConvertible {
  let description: String
}

/// The daemon: archive first, then acquisition, then what reads the archive. What cannot be had yet is tried again, and the
/// status shows it meanwhile.
actor Daemon: Service {
  private let path: String
  private let logger: Logger
  private let status: StatusBoard
  private let zone: Zone
  private var settings: Settings
  private var running: Running?

  private struct Running {
    let archive: Archive
    let clock: TrustedClock
    let acquisition: Acquisition
    let board: MeterBoard
    var forwarders: [Forwarder] = []
    var caretaker: Caretaker?
  }

  private static let retry = Duration.seconds(5)
  private static let diskInterval = Duration.seconds(30)

  init(settings: Settings, path: String, logger: Logger) throws {
    self.settings = settings
    self.path = path
    self.logger = logger
    zone = try Zone(named: settings.site.timeZone)
    status = StatusBoard(settings: settings, zone: zone)
  }

  func run() async throws {
    // The archive first: whoever has its lock is the daemon, and only that one takes the status socket.
    try await tryToStart()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.serveStatus() }
      group.addTask { try await self.collect() }
      group.addTask { await self.reloadOnSignal() }
      group.addTask { await self.keepLookingAtDisk() }
      // Each of them ends at graceful shutdown, or with the error that ends the daemon.
      while try await group.next() != nil {}
    }
    ServiceManager.notify("STOPPING=1")
    await stop()
    logger.notice("stopped")
  }

  // MARK: - Collecting

  private func collect() async throws {
    while running == nil {
      // Started and alive: systemd is told why nothing is collected yet.
      ServiceManager.notify("READY=1\nWATCHDOG=1\nSTATUS=waiting for the archive")
      await Daemon.sleep(Daemon.retry)
      if Daemon.isEnding { return }
      try await tryToStart()
    }
    ServiceManager.notify("READY=1\nSTATUS=collecting \(Daemon.size(of: settings))")
    logger.notice("meterd \(Meterd.version) collects \(Daemon.size(of: settings))")
    await feedWatchdog()
  }

  /// What does not work is reported and can be tried again; an archive that another daemon has is the end.
  private func tryToStart() async throws {
    do {
      try await start()
      status.update { $0.problems["archive"] = nil }
    } catch let error as ArchiveError where error.isInUse {
      throw DaemonError(description: error.description)
    } catch {
      let problem = error is ArchiveError ? "\(error)" : "archive \(settings.archive.path): \(error)"
      logger.error("\(problem)")
      status.update { $0.problems["archive"] = [problem] }
    }
  }

  private func start() async throws {
    let bootID = Daemon.bootID()
    let archiveSettings = Archive.Settings(
      path: settings.archive.path, site: settings.site.id,
      commitEveryMilliseconds: settings.archive.commitEveryMilliseconds, bootID: bootID)
    let archive = try await OwnThread.run(name: "open") { try Archive(archiveSettings, clock: SystemClock()) }
    let clock = TrustedClock(
      SystemClock(), lastCommit: archive.health.lastReceived, isSynchronised: TrustedClock.kernelSynchronised)
    let acquisition = Acquisition(archive: archive, clock: clock, logger: logger)
    let board = MeterBoard(zone: zone, now: clock.now())
    archive.onCommit { board.take($0) }
    archive.onChange { [logger] failure in
      if let failure { logger.error("\(failure)") } else { logger.notice("archive: commits again") }
    }
    running = Running(archive: archive, clock: clock, acquisition: acquisition, board: board)
    let before = archive.health.headSeq
    do {
      await recordDowntime(acquisition)
      try await configure()
      try acquisition.start()
    } catch {
      await stop()
      throw error
    }
    status.update { parts in
      parts.archive = archive
      parts.clock = clock
      parts.acquisition = acquisition
      parts.board = board
    }
    await lookAtDisk(archive.path)
    startCaretaker()
    recallToday(board, path: archive.path, throughSeq: before, now: clock.now())
  }

  /// Collecting goes on also where nothing can be sealed.
  private func startCaretaker() {
    guard let running else { return }
    let caretaker = Caretaker(
      running.archive, keyPath: settings.archive.keyPath,
      retentionMilliseconds: Int64(settings.archive.retention.days) * 86_400_000,
      clock: running.clock, logger: logger
    ) { [status] name, problems in status.update { $0.problems[name] = problems } }
    do {
      try caretaker.start()
      self.running?.caretaker = caretaker
    } catch {
      logger.error("archive: nothing is sealed: \(error)")
      status.update { $0.problems["seal"] = ["nothing is sealed: \(error)"] }
    }
  }

  /// What the archive cannot tell of the past must not keep it from taking in the present.
  private func recordDowntime(_ acquisition: Acquisition) async {
    do { try await OwnThread.run(name: "downtime") { try acquisition.recordDowntime() } } catch {
      let problem = "the time before this start could not be accounted for: \(error)"
      logger.error("\(problem)")
      status.update { $0.problems["downtime"] = [problem] }
    }
  }

  /// Hands the present settings to acquisition and forwarding.
  private func configure() async throws {
    guard let running else { return }
    let plans = try settings.meterPlans()
    let stations = try settings.stationPlans()
    let problems = try await running.acquisition.configure(
      buses: settings.buses.map(\.plan), meters: plans, stations: stations, changes: settings.changes)
    let path = running.archive.path
    let meters = try await OwnThread.run(name: "configure") {
      let reader = try ArchiveReader(path: path)
      return try (plans.map(\.definition) + stations.flatMap(\.definitions)).map {
        (decoder: try Decoder($0), activeSince: reader.firstUse(of: $0.meterID) ?? SystemClock().now())
      }
    }
    try running.board.configure(meters)
    await recordExchanges()
    try await configureForwards()
    let bytesPerSecond = PollingPlan(settings, meters: plans).bytesPerSecond
    status.update { [settings] parts in
      parts.settings = settings
      parts.problems["acquisition"] = problems
      parts.bytesPerSecond = bytesPerSecond
    }
  }

  /// A daemon that cannot write down an exchange collects all the same.
  private func recordExchanges() async {
    guard let running else { return }
    do {
      let lines = try await OwnThread.run(name: "exchanges") { [settings] in
        try ExchangeJournal.update(running.archive, from: settings, now: running.clock.now())
      }
      for line in lines { logger.notice("archive: \(line)") }
      status.update { $0.problems["exchanges"] = nil }
    } catch {
      logger.error("exchanges: \(error)")
      status.update { $0.problems["exchanges"] = ["exchanges of meters are not written down: \(error)"] }
    }
  }

  private func configureForwards() async throws {
    guard var running else { return }
    let wanted = try settings.forwardPlans()
    for forwarder in running.forwarders where !wanted.contains(forwarder.plan) { await forwarder.stop() }
    var forwarders = running.forwarders.filter { wanted.contains($0.plan) }
    for plan in wanted where !forwarders.contains(where: { $0.plan == plan }) {
      let clock = running.clock
      let forwarder = Forwarder(
        plan, archive: running.archive, clock: clock, isTrusted: { clock.isTrusted }, logger: logger)
      try forwarder.start()
      forwarders.append(forwarder)
    }
    running.forwarders = forwarders
    self.running = running
    status.update { [forwarders] in $0.forwarders = forwarders }
  }

  /// Reads what the archive already has of today, so that a restart does not make the day look empty.
  private nonisolated func recallToday(_ board: MeterBoard, path: String, throughSeq seq: UInt64, now: Timestamp) {
    let dayStart = zone.startOfDay(zone.localDate(at: now))
    do {
      try OwnThread.start(name: "recall", stackBytes: 1024 * 1024) { [logger] in
        do {
          try ArchiveReader(path: path).forEachEntry(receivedSince: dayStart, throughSeq: seq) { entry in
            board.take(
              [entry.observation], clockOffsetMilliseconds: entry.clockOffsetMilliseconds, isRecalled: true)
          }
        } catch { logger.warning("today's figures start now: \(error)") }
      }
    } catch { logger.warning("today's figures start now: \(error)") }
  }

  /// Collection first ends, then what is collected is committed, then forwarding and the archive close.
  private func stop() async {
    guard let running else { return }
    await running.acquisition.stop()
    for forwarder in running.forwarders { await forwarder.stop() }
    await running.caretaker?.stop()
    let waiting = running.archive.health.waiting
    if await !running.archive.close() {
      logger.error("\(waiting) observations could not be committed: \(running.archive.health.failure ?? "unknown")")
    }
    self.running = nil
  }

  // MARK: - Beside collecting

  /// A socket that cannot be had does not stop collection.
  private nonisolated func serveStatus() async {
    let settings = await settings
    while !Daemon.isEnding {
      do {
        let server = StatusServer(socketPath: settings.status.socket, logger: logger, provider: status)
        try await server.run { [status] in status.update { $0.problems["status"] = nil } }
        return
      } catch {
        logger.error("status socket: \(error)")
        status.update { $0.problems["status"] = ["\(error)"] }
        await Daemon.sleep(Daemon.retry)
      }
    }
  }

  private nonisolated func reloadOnSignal() async {
    let signals = await UnixSignalsSequence(trapping: .sighup)
    for await _ in signals.cancelOnGracefulShutdown() { await reload() }
  }

  private func reload() async {
    let microseconds = SystemClock().monotonicNanoseconds() / 1000
    ServiceManager.notify("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
    defer { ServiceManager.notify("READY=1") }
    let before = settings
    do {
      let path = path
      let new = try await OwnThread.run(name: "reload") { try Settings.load(path: path) }
      guard new.site == before.site, new.archive == before.archive, new.status == before.status else {
        logger.error("\(path): [site], [archive] and [status] change at a restart only; the old settings stay in force")
        return
      }
      settings = new
      try await configure()
      logger.notice("\(path): read again; \(Daemon.size(of: new))")
    } catch let error as SettingsError {
      for problem in error.problems { logger.error("\(problem)") }
      logger.error("\(path): refused; the old settings stay in force")
    } catch {
      settings = before
      logger.error("\(path): \(error); the old settings stay in force")
    }
  }

  /// The scheduler and the committer must both have moved since the last look; a stuck bus is degraded and left behind.
  private func feedWatchdog() async {
    guard let running else { return }
    let interval = Duration.microseconds(Int64(ServiceManager.watchdogMicroseconds ?? 30_000_000) / 3)
    var last: (scheduler: UInt64, committer: UInt64) = (0, 0)
    while !Daemon.isEnding {
      let now = (scheduler: running.acquisition.beats, committer: running.archive.health.beats)
      if now.scheduler != last.scheduler, now.committer != last.committer { ServiceManager.notify("WATCHDOG=1") }
      last = now
      await Daemon.sleep(interval)
    }
  }

  private nonisolated func keepLookingAtDisk() async {
    let path = await settings.archive.path
    while !Daemon.isEnding {
      await lookAtDisk(path)
      await Daemon.sleep(Daemon.diskInterval)
    }
  }

  private nonisolated func lookAtDisk(_ path: String) async {
    do {
      let disk = try await OwnThread.run(name: "disk") { DiskSpace(directory: path) }
      status.update { $0.disk = disk }
    } catch { logger.warning("disk: \(error)") }
  }

  private static func size(of settings: Settings) -> String {
    Words.plant(meters: settings.meters.count, buses: settings.buses.count, stations: settings.stations.count)
  }

  private nonisolated static var isEnding: Bool { Task.isShuttingDownGracefully || Task.isCancelled }

  /// Sleeps, or returns at once when the daemon is to stop.
  private nonisolated static func sleep(_ duration: Duration) async {
    // It throws when it is time to go.
    try? await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) }
  }

  /// Names the clock of this boot.
  private static func bootID() -> String {
    let bytes = FileBytes.read("/proc/sys/kernel/random/boot_id", limit: 64) ?? []
    return String(decoding: bytes, as: UTF8.self).filter { $0.isHexDigit }
  }
}
