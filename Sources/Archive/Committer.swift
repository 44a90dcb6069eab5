import FoundationEssentials
import GRDB
import Metering

/// Writes batches into the files of the hot store. Lives on the committer's thread.
struct Committer: Sendable {
  private let layout: ArchiveLayout
  private let settings: Archive.Settings
  private let clock: any WallClock
  private var catalog: Catalog
  private var hot: HotFile?
  /// Files given up after a disk error: their day goes on in a file of the next generation.
  private var generation: [String: Int] = [:]
  /// A disk that fails all the time must not fill the directory with files.
  private static let maximumGeneration = 100
  private(set) var headSeq: UInt64 = 0
  private(set) var lastReceived: Timestamp?

  init(_ layout: ArchiveLayout, _ settings: Archive.Settings, clock: any WallClock) throws {
    self.layout = layout
    self.settings = settings
    self.clock = clock
    catalog = try Catalog(layout, site: settings.site)
    guard let opening = catalog.contents.openings.last else { return }
    headSeq = opening.firstSeq - 1
    let file = try HotFile(layout, name: opening.file, site: settings.site)
    hot = file
    for offset in try file.clockOffsets() where catalog.contents.clockOffsets[offset.bootID] == nil {
      try catalog.recordClockOffset(bootID: offset.bootID, milliseconds: offset.milliseconds)
    }
    generation[String(opening.file.prefix(10))] = Int(opening.file.dropFirst(11)) ?? 1
    var last = try file.last()
    // A file that was opened just before power went may be empty: the one before it tells.
    for earlier in catalog.contents.openings.reversed() where last == nil && earlier.file != opening.file {
      let file = try HotFile(layout, name: earlier.file, site: settings.site)
      last = try file.last()
      try file.close()
    }
    headSeq = max(headSeq, last?.seq ?? 0)
    lastReceived = last?.received
  }

  mutating func use(_ items: [(sha256: String, json: Data, definition: Definition)], from time: Timestamp) throws {
    try catalog.use(items, from: time)
  }

  /// - Returns: the observations that are on disk now, numbered, and why the rest is not.
  mutating func commit(_ batch: [Observation]) -> (committed: [Observation], failure: String?) {
    var numbered = batch
    for index in numbered.indices { numbered[index].seq = headSeq + 1 + UInt64(index) }
    var done = 0
    while done < numbered.count {
      let day = ArchiveLayout.hotName(of: numbered[done].received)
      let end =
        numbered[done...].firstIndex { ArchiveLayout.hotName(of: $0.received) != day } ?? numbered.count
      do {
        try write(numbered[done..<end], day: day)
      } catch {
        let kept = giveUpFile(day: day, after: error)
        if kept >= numbered[end - 1].seq { done = end }
        headSeq = max(headSeq, kept)
        return (Array(numbered[..<done]), Committer.describe(error, layout.root))
      }
      headSeq = numbered[end - 1].seq
      lastReceived = numbered[end - 1].received
      done = end
    }
    return (numbered, nil)
  }

  private mutating func write(_ run: ArraySlice<Observation>, day: String) throws {
    let number = generation[day] ?? 1
    let name = number == 1 ? day : "\(day).\(number)"
    if hot?.name != name {
      try hot?.close()
      hot = nil
      let file = try HotFile(layout, name: name, site: settings.site)
      if catalog.contents.openings.last?.file != name { try catalog.recordOpening(name, firstSeq: headSeq + 1) }
      hot = file
    }
    try catalog.widenReach(name, to: Committer.times(of: run))
    for observation in run {
      if case .clockOffset(let boot, let offset) = observation.content {
        try catalog.recordClockOffset(bootID: boot, milliseconds: offset)
      }
    }
    // Last of all: nothing may fail once the rows are on disk, or they would be given their numbers twice.
    let bootID = settings.bootID
    try hot?.append(run, bootID: bootID)
  }

  /// After a failed write or sync nobody knows what is on disk: the file is closed, what it kept is read anew and, unless
  /// the disk was merely full or read-only, it is never written again.
  ///
  /// - Returns: the last sequence number that the file kept, 0 where that cannot be told.
  private mutating func giveUpFile(day: String, after error: any Error) -> UInt64 {
    let name = hot?.name
    try? hot?.close()  // The error that counts is reported already.
    hot = nil
    let code = (error as? DatabaseError)?.resultCode
    if code == .SQLITE_IOERR || code == .SQLITE_CORRUPT {
      generation[day] = min((generation[day] ?? 1) + 1, Committer.maximumGeneration)
    }
    guard let name, let queue = try? DurableDatabase.openForReading(layout.hotFile(name)) else { return 0 }
    let last = try? queue.read { db in try Int64.fetchOne(db, sql: "SELECT max(seq) FROM observation") }
    return last.flatMap { $0 }.map { UInt64(bitPattern: $0) } ?? 0
  }

  private static func times(of run: ArraySlice<Observation>) -> ClosedRange<Timestamp> {
    var low = Timestamp.distantFuture
    var high = Timestamp.distantPast
    for o in run {
      low = min(low, o.time, o.due ?? o.time)
      high = max(high, o.time, ObservationRow.until(of: o.content) ?? o.time)
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
