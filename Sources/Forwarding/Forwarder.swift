import Archive
import Dispatch
import Files
import Glibc
import Logging
import Metering
import Schedule
import Synchronization
import Threads

/// Cuts the periods of one forward into files, on a thread of its own: a cursor over the archive.
///
/// Each decision goes into the archive before it is carried out (which observations a revision holds; that it lies in the
/// directory), so after a crash at any point the same files come out with the same bytes.
public final class Forwarder: Sendable {
  public let plan: ForwardPlan
  private let archive: Archive
  private let clock: any WallClock
  private let isTrusted: @Sendable () -> Bool
  private let logger: Logger
  private let state: Mutex<State>
  private let wake = DispatchSemaphore(value: 0)

  private struct State {
    var status = ForwardStatus()
    var stopping = false
    var thread: RunningThread?
    /// The day that the figures of `status` are of.
    var countedOn: CivilDate?
  }

  /// Observations looked at in one transaction; files made before looking again.
  private static let scanBatch: UInt64 = 50_000
  private static let fileBatch = 64
  private static let meterCountsKeptMilliseconds: Int64 = 3 * 86_400_000

  /// - Parameter isTrusted: no file is cut while the gateway's clock is not trusted.
  public init(
    _ plan: ForwardPlan, archive: Archive, clock: any WallClock, isTrusted: @escaping @Sendable () -> Bool,
    logger: Logger
  ) {
    self.plan = plan
    self.archive = archive
    self.clock = clock
    self.isTrusted = isTrusted
    self.logger = logger
    state = Mutex(State())
  }

  public func start() throws {
    let thread = try RunningThread(name: "forward-\(plan.id)", stackBytes: 1024 * 1024) { [self] in run() }
    state.withLock { $0.thread = thread }
  }

  /// Returns when the file under way is finished or given up.
  public func stop() async {
    let thread = state.withLock { state in
      state.stopping = true
      return state.thread
    }
    wake.signal()
    await thread?.end()
  }

  public var status: ForwardStatus { state.withLock { $0.status } }

  // MARK: - The forward's thread

  private func run() {
    var session: (ledger: Ledger, reader: ArchiveReader)?
    while !state.withLock({ $0.stopping }) {
      do {
        if session == nil {
          let path = "\(archive.path)/forward-\(plan.id).sqlite"
          session = (try Ledger(path: path), try ArchiveReader(path: archive.path))
          state.withLock { $0.countedOn = nil }
        }
        if let (ledger, reader) = session { try work(ledger, reader) }
        note(failure: nil)
      } catch {
        session = nil
        note(failure: "forward \(plan.id): \(error)")
      }
      _ = wake.wait(timeout: .now() + .seconds(1))
    }
    do { try session?.ledger.close() } catch { logger.warning("forward \(plan.id): \(error)") }
  }

  private func note(failure: String?) {
    let before = state.withLock { state in
      defer { state.status.failure = failure }
      return state.status.failure
    }
    if let failure, failure != before { logger.error("\(failure)") }
    if failure == nil, before != nil { logger.notice("forward \(plan.id): goes on") }
  }

  private func work(_ ledger: Ledger, _ reader: ArchiveReader) throws {
    try scan(ledger, reader, through: archive.health.headSeq)
    var changed = false
    if isTrusted() {
      if try ledger.begin() == nil { try begin(ledger, reader) }
      while try deliver(ledger, reader) || cut(ledger, reader) {
        changed = true
        if state.withLock({ $0.stopping }) { break }
      }
    }
    try placeHeads(ledger, reader)
    let today = plan.periods.zone.localDate(at: clock.now())
    if !changed, state.withLock({ $0.countedOn == today }) { return }
    let totals = try ledger.totals()
    let delivered = try ledger.delivered(from: plan.periods.zone.startOfDay(today))
    state.withLock { state in
      state.countedOn = today
      state.status.totals(totals)
      state.status.deliveredToday = delivered.mapValues { .init(rows: $0.rows, taken: $0.taken) }
    }
  }

  /// The head of each sealed day goes out with the spool files: who holds the archive's key could write it anew as a whole,
  /// but not what has left the house.
  private func placeHeads(_ ledger: Ledger, _ reader: ArchiveReader) throws {
    try reader.refresh()
    for head in try reader.heads(after: try ledger.headPlaced()) {
      try makeDirectory()
      let file = try AtomicFile(directory: plan.directory, name: "\(plan.site)-\(head.segment).head")
      try file.write(head.bytes[...])
      try file.publish()
      try ledger.recordHeadPlaced(head.number)
    }
  }

  /// Finds out which periods the observations since the last scan belong to.
  private func scan(_ ledger: Ledger, _ reader: ArchiveReader, through head: UInt64) throws {
    var from = try ledger.scannedSeq() + 1
    while from <= head {
      let to = min(head, from + Forwarder.scanBatch - 1)
      try reader.refresh()
      var periods: [Range<Timestamp>: ClosedRange<UInt64>] = [:]
      var events: [ForwardEvent] = []
      var latest: Range<Timestamp> = .distantPast ..< .distantPast
      var end = to
      try reader.forEachEntry(seqs: from...to) { entry in
        let seq = entry.observation.seq
        // Times of this boot that are not true yet: come back when they are.
        if entry.unknownClockOfBoot == archive.bootID { end = min(end, seq - 1) }
        if seq > end { return }
        func belongs(to time: Timestamp) {
          if !latest.contains(time) { latest = plan.period(containing: time) }
          let known = periods[latest] ?? seq...seq
          periods[latest] = known.lowerBound...seq
        }
        switch entry.observation.content {
        case .poll(let blocks):
          if blocks.contains(where: { $0.outcome == .ok }) { belongs(to: entry.time) }
          if blocks.contains(where: { $0.outcome != .ok }) { belongs(to: entry.due ?? entry.time) }
        case .missed(let first, let last, _, _):
          var time = first + entry.clockOffsetMilliseconds
          while time <= last + entry.clockOffsetMilliseconds {
            belongs(to: time)
            time = latest.upperBound
          }
        case .forward(let text):
          if let event = ForwardEvent(text: text), event.forward == plan.id { events.append(event) }
        case .asdu, .interrogation, .link:
          // Each object has its own time, by the definition of its meter.
          try reader.forEachReading(of: entry) { belongs(to: $0.time) }
        case .clockOffset: break
        }
      }
      try ledger.takeIn(periods: periods, events: events, plan: plan, scannedTo: end, now: clock.now())
      if end < to { return }
      from = to + 1
    }
  }

  /// A new forward starts with the period that it is set up in.
  private func begin(_ ledger: Ledger, _ reader: ArchiveReader) throws {
    let event = ForwardEvent(plan, .begin, plan.period(containing: clock.now()))
    logger.notice("forward \(plan.id): starts with the period from \(event.periodStart) on; earlier data are not sent")
    try record([event], ledger, reader)
  }

  /// Decides on the revisions of periods that are over. True where there was one.
  private func cut(_ ledger: Ledger, _ reader: ArchiveReader) throws -> Bool {
    let closed = clock.now() - plan.graceMilliseconds
    func ready() throws -> [(period: Range<Timestamp>, revision: Int)] {
      try ledger.periodsToCut(closedBefore: closed, quietSince: closed, limit: Forwarder.fileBatch)
    }
    if try ready().isEmpty { return false }
    // Whatever was observed until now is on disk and looked at before the cut is made.
    guard archive.flushBlocking() else { throw SpoolError("the archive cannot commit: see its state") }
    let head = archive.health.headSeq
    try scan(ledger, reader, through: head)
    let events = try ready().map { item in
      var event = ForwardEvent(plan, .cut, item.period)
      event.revision = item.revision
      event.cutSeq = head
      return event
    }
    try record(events, ledger, reader)
    return !events.isEmpty
  }

  /// Writes the files that were decided on. True where there was one.
  private func deliver(_ ledger: Ledger, _ reader: ArchiveReader) throws -> Bool {
    let waiting = try ledger.waiting(limit: Forwarder.fileBatch)
    var events: [ForwardEvent] = []
    do {
      for item in waiting {
        if state.withLock({ $0.stopping }) { break }
        let result = try write(item, reader)
        var event = ForwardEvent(plan, .delivered, item.file.period)
        event.revision = item.file.revision
        event.cutSeq = item.file.cutSeq
        event.sha256 = result.sha256
        event.rows = result.rows
        events.append(event)
        let keep = clock.now() - Forwarder.meterCountsKeptMilliseconds
        try ledger.recordMeters(item.file, result.meters, keepFrom: keep)
      }
    } catch {
      // The files before it have their receipts, or each retry would write them again.
      if !events.isEmpty { try record(events, ledger, reader) }
      throw error
    }
    if !events.isEmpty { try record(events, ledger, reader) }
    return !events.isEmpty
  }

  private func write(_ item: Ledger.Waiting, _ reader: ArchiveReader) throws -> SpoolWriter.Result {
    try reader.refresh()
    try makeDirectory()
    let writer = SpoolWriter(plan: plan, file: item.file)
    let name = item.file.name(plan)
    let data = try AtomicFile(directory: plan.directory, name: name)
    let result = try writer.write(from: reader, seqs: item.seqs, to: data)
    // A revision that says the same as the one before is no news to anybody.
    if result.sha256 == item.previousSHA256 { return result }
    try data.publish()
    let manifest = try AtomicFile(directory: plan.directory, name: name + ".sha256")
    try manifest.write(Array(writer.manifest(result).utf8)[...])
    try manifest.publish()
    return result
  }

  private func makeDirectory() throws {
    if mkdir(plan.directory, 0o755) == 0 || errno == EEXIST { return }
    throw FileFault(plan.directory, "cannot be made")
  }

  /// Into the archive first, and only when it is on disk there into the ledger.
  private func record(_ events: [ForwardEvent], _ ledger: Ledger, _ reader: ArchiveReader) throws {
    let now = clock.now()
    for event in events {
      let observation = Observation(
        meterID: "", time: now, due: nil, received: now, definition: "", content: .forward(try event.text()))
      guard archive.offer(observation) else { throw SpoolError("the archive takes nothing more: see its state") }
    }
    guard archive.flushBlocking() else { throw SpoolError("the archive cannot commit: see its state") }
    try scan(ledger, reader, through: archive.health.headSeq)
  }
}

/// How one forward does.
public struct ForwardStatus: Sendable, Hashable {
  public var filesDelivered = 0
  public var rowsDelivered = 0
  public var waiting = 0
  public var lastFile: String?
  public var lastDeliveredAt: Timestamp?
  /// Why it does not go on, in words.
  public var failure: String?
  /// Rows of today's files by meter.
  public var deliveredToday: [String: Count] = [:]

  public struct Count: Sendable, Hashable {
    public var rows: Int
    /// Rows that carry a usable value.
    public var taken: Int
  }

  public init() {}

  mutating func totals(_ totals: Ledger.Totals) {
    filesDelivered = totals.filesDelivered
    rowsDelivered = totals.rowsDelivered
    waiting = totals.waiting
    lastFile = totals.lastFile
    lastDeliveredAt = totals.lastDeliveredAt
  }
}
