import Files
import GRDB
import Glibc
import Metering
import Proof
import Segments

extension Committer {
  /// Finds out where the archive stands, after a clean stop or none. What the catalog lacks is read from the files.
  ///
  /// - Returns: the last sequence number, when it was received, and the last number of the journal.
  static func recover(
    _ catalog: inout Catalog, _ layout: ArchiveLayout
  ) throws -> (headSeq: UInt64, lastReceived: Timestamp?, journalHead: UInt64) {
    try catalog.takeInFiles(layout)
    let contents = catalog.contents
    var journalHead = contents.sealed.values.map(\.lastJournal).max() ?? 0
    var headSeq = contents.sealed.values.compactMap { $0.rows?.upperBound }.max() ?? 0
    var lastReceived: Timestamp?
    for opening in contents.openings where contents.sealed[opening.file] == nil {
      headSeq = max(headSeq, opening.firstSeq - 1)
      if access(layout.hotFile(opening.file), F_OK) != 0 {
        // Opened just before power went: the file had not become lasting.
        if opening == contents.openings.last { continue }
        throw ArchiveError(
          .damaged,
          "\(layout.hotFile(opening.file)) is missing; bring it back from a backup, or run meterd archive rebuild")
      }
      let file = try HotFile(layout, name: opening.file, site: contents.site)
      if let last = try file.last() {
        headSeq = max(headSeq, last.seq)
        lastReceived = last.received
      }
      for offset in try file.clockOffsets() where catalog.contents.clockOffsets[offset.bootID] == nil {
        try catalog.recordClockOffset(bootID: offset.bootID, milliseconds: offset.milliseconds)
      }
      let journal = try file.journal()
      try catalog.apply(journal)
      journalHead = max(journalHead, journal.last?.number ?? 0)
      try file.close()
    }
    if lastReceived == nil { lastReceived = try Committer.lastReceived(contents, layout) }
    return (headSeq, lastReceived, journalHead)
  }

  func journal(of name: String) throws -> [JournalEntry] {
    if let hot, hot.name == name { return try hot.journal() }
    return try DurableDatabase.openForReading(layout.hotFile(name)).read {
      try HotFile.journal($0, path: layout.hotFile(name))
    }
  }

  /// Where nothing is hot: what the last manifest says.
  private static func lastReceived(_ contents: CatalogContents, _ layout: ArchiveLayout) throws -> Timestamp? {
    try ManifestStore(layout: layout).head(contents.sealed)?.manifest.lastReceived.map(Timestamp.init(milliseconds:))
  }
}

extension Catalog {
  /// Enters segments and hot files that the catalog does not know: all of them, where it was lost.
  mutating func takeInFiles(_ layout: ArchiveLayout) throws {
    let store = ManifestStore(layout: layout)
    let new = try store.names().filter { contents.sealed[$0] == nil }.compactMap { try store.manifest(of: $0) }
    // A manifest that was published just before power went is the maintenance's to finish: its hot file is still there.
    let lost = new.filter { access(layout.hotFile($0.segment), F_OK) != 0 }.sorted { $0.number < $1.number }
    for manifest in lost { try takeIn(manifest, layout) }
    let known = Set(contents.openings.map(\.file))
    let hot = try Files.names(in: layout.hot).filter { $0.hasSuffix(".sqlite") }.map { String($0.dropLast(7)) }
    var openings: [Extent] = []
    for name in hot where !known.contains(name) && contents.sealed[name] == nil {
      openings.append(try Catalog.extent(of: name, layout))
    }
    // Made just before power went: it is empty, and an opening of it would have the same first number as the one before.
    // (One that holds entries of the journal has its opening in the catalog, unless the catalog was lost.)
    for opening in openings where opening.isEmpty {
      for suffix in ["-wal", "-shm", "-journal", ""] { try Files.remove(layout.hotFile(opening.name) + suffix) }
    }
    let end = max(
      contents.openings.last?.firstSeq ?? 1, (contents.sealed.values.compactMap { $0.rows?.upperBound }.max() ?? 0) + 1)
    for opening in openings.sorted(by: { ($0.first ?? .max, $0.name) < ($1.first ?? .max, $1.name) }) {
      if opening.isEmpty { continue }
      try recordOpening(opening.name, firstSeq: opening.first ?? end)
      if let times = opening.times { try widenReach(opening.name, to: times) }
    }
  }

  /// A sealed day of which only the files are left.
  private mutating func takeIn(_ manifest: Manifest, _ layout: ArchiveLayout) throws {
    let name = manifest.segment
    let month = "\(name.prefix(7)).mseg"
    var file = ""
    for candidate in ["\(name).mseg", month] where file.isEmpty && access(layout.segment(candidate), F_OK) == 0 {
      let reader = try SegmentReader(path: layout.segment(candidate))
      guard reader.segments.contains(where: { $0.name == name }) else { continue }
      file = candidate
      let days = try reader.sources.flatMap { try reader.days(of: $0.name) }.filter { $0.segment == name }
      if let low = days.map(\.times.lowerBound).min(), let high = days.map(\.times.upperBound).max() {
        try widenReach(name, to: Timestamp(milliseconds: low)...Timestamp(milliseconds: high))
      }
      try takeInContents(reader, manifest)
    }
    try recordOpening(name, firstSeq: manifest.firstSeq)
    let last = max(contents.sealed.values.map(\.lastJournal).max() ?? 0, manifest.lastJournal)
    let sealed = CatalogContents.Sealed(
      file: file, number: manifest.number,
      rows: manifest.firstSeq <= manifest.lastSeq ? manifest.firstSeq...manifest.lastSeq : nil, lastJournal: last,
      hasUntrustedClock: manifest.clock != .trusted)
    try recordSealed(name, sealed, firstSeq: manifest.firstSeq, lastSeq: manifest.lastSeq)
  }

  /// The journal and the clock offsets of a sealed day.
  private mutating func takeInContents(_ reader: SegmentReader, _ manifest: Manifest) throws {
    if manifest.lastJournal > 0 {
      var entries: [JournalEntry] = []
      try reader.forEachRow(
        of: Maintenance.journalSource, seqs: manifest.firstJournal...max(manifest.firstJournal, manifest.lastJournal)
      ) { row in
        if let entry = JournalEntry(row) { entries.append(entry) }
      }
      try apply(entries)
    }
    guard manifest.firstSeq <= manifest.lastSeq, reader.sources.contains(where: { $0.name == "gateway:" }) else {
      return
    }
    var offsets: [(String, Int64)] = []
    try reader.forEachRow(of: "gateway:", seqs: manifest.firstSeq...manifest.lastSeq) { row in
      guard row.kind == UInt8(ObservationRow.Kind.clockOffset.rawValue),
        case .clockOffset(let boot, let offset) = ObservationRow.decode(.clockOffset, row.payload)
      else { return }
      offsets.append((boot, offset))
    }
    for (boot, offset) in offsets { try recordClockOffset(bootID: boot, milliseconds: offset) }
  }

  private struct Extent {
    let name: String
    var first: UInt64?
    var times: ClosedRange<Timestamp>?
    var isEmpty = false
  }

  private static func extent(of name: String, _ layout: ArchiveLayout) throws -> Extent {
    let sql = """
      SELECT min(seq), min(min(time, coalesce(due, time))), max(max(time, coalesce(until, time))) FROM observation
      """
    // For writing: a transaction that power cut off has to be rolled back first.
    return try DurableDatabase.openForWriting(layout.hotFile(name)).read { db in
      guard try db.tableExists("observation") else { return Extent(name: name, isEmpty: true) }
      guard let row = try Row.fetchOne(db, sql: sql), let first = row[0] as Int64? else {
        return Extent(name: name, isEmpty: try Int.fetchOne(db, sql: "SELECT count(*) FROM journal") == 0)
      }
      return Extent(
        name: name, first: UInt64(bitPattern: first),
        times: Timestamp(milliseconds: row[1])...Timestamp(milliseconds: row[2]))
    }
  }
}
