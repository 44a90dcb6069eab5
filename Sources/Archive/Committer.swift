import FoundationEssentials
import GRDB
import Metering

/// Writes batches into the files of the hot store. Lives on the committer's thread.
struct Committer: Sendable {
  let layout: ArchiveLayout
  private let settings: Archive.Settings
  private let clock: any WallClock
  private(set) var catalog: Catalog
  private(set) var hot: HotFile?
  /// Files given up after a disk error are never written again.
  private var givenUp: Set<String> = []
  /// A disk that fails all the time must not fill the directory with files.
  private static let maximumGeneration = 100
  private(set) var headSeq: UInt64 = 0
  private(set) var lastReceived: Timestamp?
  private var journalHead: UInt64 = 0

  init(_ layout: ArchiveLayout, _ settings: Archive.Settings, clock: any WallClock) throws {
    self.layout = layout
    self.settings = settings
    self.clock = clock
    catalog = try Catalog(layout, site: settings.site)
    (headSeq, lastReceived, journalHead) = try Committer.recover(&catalog, layout)
  }

  /// Runs what changes the catalog, between commits.
  mutating func withCatalog<T>(_ body: (inout Catalog) throws -> T) rethrows -> T { try body(&catalog) }

  /// These definitions hold from now on, and no others; those that are in force already are left alone.
  ///
  /// - Parameter changes: by meter, what was declared of other times.
  mutating func use(
    _ items: [(sha256: String, json: Data, definition: Definition)], changes: [String: [Definition.Change]],
    from time: Timestamp
  ) throws {
    let known = catalog.contents
    var entries: [JournalEntry] = []
    var hashes: Set<String> = Set(known.definitions.keys)
    func record(_ meterID: String, _ sha256: String, _ validFrom: Timestamp, _ change: Definition.Change?) throws {
      let last = (known.uses[meterID] ?? []).filter { $0.validFrom == validFrom }.map(\.recordedAt).max()
      let use = CatalogContents.Use(
        definition: sha256, validFrom: validFrom, recordedAt: max(time, last.map { $0 + 1 } ?? time), change: change)
      let body = try UseRecord(meterID, use).json()
      entries.append(JournalEntry(kind: .use, recordedAt: use.recordedAt, body: body))
    }
    let wanted = Set(items.map(\.definition.meterID))
    for (meterID, uses) in known.uses.sorted(by: { $0.key < $1.key }) where !wanted.contains(meterID) {
      // Nothing is due of that meter any more, nor will be.
      for use in uses where use.isToCome && use.validFrom > time { try record(meterID, "", use.validFrom, nil) }
      guard let last = uses.last(where: { !$0.isToCome }), last.definition != "" else { continue }
      try record(meterID, "", max(time, last.validFrom + 1), nil)
    }
    for item in items {
      let meterID = item.definition.meterID
      let timeline = DefinitionTimeline(known.uses[meterID] ?? []) { known.definitions[$0] }
      for new in timeline.news(item.definition, changes: changes[meterID] ?? [], now: time) {
        let json = new.definition == item.definition ? item.json : try new.definition.canonicalJSON()
        let sha256 = new.definition == item.definition ? item.sha256 : sha256Hex(json)
        if hashes.insert(sha256).inserted {
          entries.append(JournalEntry(kind: .definition, recordedAt: time, body: Array(json)))
        }
        try record(meterID, sha256, new.validFrom, new.change)
      }
    }
    try self.record(entries, at: time)
  }

  /// Writes entries into the journal, numbered; on return they are on disk.
  ///
  /// - Returns: their numbers.
  @discardableResult
  mutating func record(_ entries: [JournalEntry], at time: Timestamp) throws -> [UInt64] {
    if entries.isEmpty { return [] }
    var entries = entries
    for index in entries.indices { entries[index].number = journalHead + 1 + UInt64(index) }
    if hot == nil { try open(day: ArchiveLayout.hotName(of: time)) }
    try hot?.append(entries)
    journalHead += UInt64(entries.count)
    try catalog.apply(entries)
    return entries.map(\.number)
  }

  /// Numbers the batch and writes it.
  ///
  /// - Returns: how many of it are on disk now, and why the rest is not.
  mutating func commit(_ batch: inout [Observation]) -> (count: Int, failure: String?) {
    // In place and by index: a copy of an observation counts references up and down that other threads share.
    for index in batch.indices { batch[index].seq = headSeq + 1 + UInt64(index) }
    var done = 0
    while done < batch.count {
      let number = Committer.dayNumber(batch[done].received)
      let end = batch.indices[done...].first { Committer.dayNumber(batch[$0].received) != number } ?? batch.count
      do {
        try write(batch[done..<end], day: ArchiveLayout.hotName(of: batch[done].received))
      } catch {
        let kept = giveUpFile(after: error)
        if kept >= batch[end - 1].seq { done = end }
        headSeq = max(headSeq, kept)
        return (done, Committer.describe(error, layout.root))
      }
      headSeq = batch[end - 1].seq
      lastReceived = batch[end - 1].received
      done = end
    }
    return (done, nil)
  }

  private static func dayNumber(_ time: Timestamp) -> Int64 { time.milliseconds.flooredDivision(by: 86_400_000) }

  private mutating func write(_ run: ArraySlice<Observation>, day: String) throws {
    if hot.map({ !$0.name.hasPrefix(day) }) ?? true { try open(day: day) }
    guard let name = hot?.name else { return }
    try catalog.widenReach(name, to: Committer.times(of: run))
    for index in run.indices {
      if case .clockOffset(let boot, let offset) = run[index].content {
        try catalog.recordClockOffset(bootID: boot, milliseconds: offset)
      }
    }
    // Last of all: nothing may fail once the rows are on disk, or they would be given their numbers twice.
    let bootID = settings.bootID
    try hot?.append(run, bootID: bootID)
  }

  /// Goes over to the file of a day, or to a new one where that was left before: each file holds one run of sequence numbers.
  private mutating func open(day: String) throws {
    let taken = Set(catalog.contents.openings.map(\.file))
    let last = catalog.contents.openings.last?.file
    var name = day
    if let last, last.hasPrefix(day), !givenUp.contains(last), catalog.contents.sealed[last] == nil {
      name = last
    } else {
      let free = (1...Committer.maximumGeneration).lazy.map { $0 == 1 ? day : "\(day).\($0)" }
        .first { !taken.contains($0) }
      // Enough is enough: then it goes on in the file that there is, whatever its day.
      name = free ?? last ?? day
    }
    if name == hot?.name { return }
    try hot?.close()
    hot = nil
    let file = try HotFile(layout, name: name, site: settings.site)
    if name != last { try catalog.recordOpening(name, firstSeq: headSeq + 1) }
    hot = file
  }

  /// After a failed write or sync nobody knows what is on disk: the file is closed, what it kept is read anew and, unless
  /// the disk was merely full or read-only, it is never written again.
  ///
  /// - Returns: the last sequence number that the file kept, 0 where that cannot be told.
  private mutating func giveUpFile(after error: any Error) -> UInt64 {
    let name = hot?.name
    try? hot?.close()  // The error that counts is reported already.
    hot = nil
    let code = (error as? DatabaseError)?.resultCode
    if code == .SQLITE_IOERR || code == .SQLITE_CORRUPT {
      if let name { givenUp.insert(name) }
    }
    guard let name, let queue = try? DurableDatabase.openForReading(layout.hotFile(name)) else { return 0 }
    let last = try? queue.read { db in try Int64.fetchOne(db, sql: "SELECT max(seq) FROM observation") }
    return last.flatMap { $0 }.map { UInt64(bitPattern: $0) } ?? 0
  }

  private static func times(of run: ArraySlice<Observation>) -> ClosedRange<Timestamp> {
    var low = Timestamp.distantFuture
    var high = Timestamp.distantPast
    for index in run.indices {
      let time = run[index].time
      low = min(low, time, run[index].due ?? time)
      high = max(high, time, ObservationRow.until(of: run[index].content) ?? time)
    }
    return low...high
  }

  private static func describe(_ error: any Error, _ root: String) -> String {
    guard let error = error as? DatabaseError else { return "archive \(root): \(error)" }
    let advice =
      switch error.resultCode {
      case .SQLITE_FULL: "the disk is full; free space, collection waits in memory"
      case .SQLITE_READONLY: "the disk is read-only; remount it or look at the kernel log"
      case .SQLITE_IOERR: "the disk fails; look at the kernel log. Going on in a new file"
      case .SQLITE_CANTOPEN: "a file cannot be opened; look at owner, modes and free space"
      default: "SQLite says"
      }
    return "archive \(root): \(advice) (\(error.extendedResultCode): \(error.message ?? "no message"))"
  }

  mutating func close() {
    do {
      try hot?.close()
      try catalog.close()
    } catch {
      // Everything is committed; what a close could not tidy up, the next start does.
    }
  }
}
