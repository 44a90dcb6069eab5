import FoundationEssentials
import GRDB
import Metering

/// The catalog's file, for the one process that writes it. Used from the committer's thread only.
struct Catalog {
  static let format = "meterd-archive-2"

  private(set) var contents: CatalogContents
  private let queue: DatabaseQueue
  private let layout: ArchiveLayout

  init(_ layout: ArchiveLayout, site: String) throws {
    let queue = try DurableDatabase.openForWriting(layout.catalog)
    contents = try queue.write { db in
      try db.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS opening(
            id INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL UNIQUE, first_seq INTEGER NOT NULL);
          CREATE TABLE IF NOT EXISTS reach(
            file TEXT PRIMARY KEY, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS definition(
            sha256 TEXT PRIMARY KEY, json BLOB NOT NULL, recorded_at INTEGER NOT NULL);
          CREATE TABLE IF NOT EXISTS definition_use(
            meter_id TEXT NOT NULL, valid_from INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
            sha256 TEXT NOT NULL, change BLOB,
            PRIMARY KEY(meter_id, valid_from, recorded_at)) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS clock(
            boot_id TEXT PRIMARY KEY, offset_ms INTEGER NOT NULL) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS note(
            number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, recorded_at INTEGER NOT NULL, body BLOB NOT NULL);
          CREATE TABLE IF NOT EXISTS scrub(file TEXT PRIMARY KEY, time INTEGER NOT NULL) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS sealed(
            name TEXT PRIMARY KEY, file TEXT NOT NULL, number INTEGER NOT NULL, first_seq INTEGER NOT NULL,
            last_seq INTEGER NOT NULL, last_journal INTEGER NOT NULL, untrusted INTEGER NOT NULL) WITHOUT ROWID;
          """)
      try db.execute(
        sql: "INSERT OR IGNORE INTO about VALUES ('format', ?), ('site', ?)", arguments: [Catalog.format, site])
      return try CatalogContents.load(db, path: layout.catalog)
    }
    self.queue = queue
    self.layout = layout
    guard contents.site == site else {
      throw ArchiveError(
        .foreignFormat,
        "archive \(layout.root) belongs to site '\(contents.site)', the settings say '\(site)'; name another archive.path"
      )
    }
  }

  /// Writing goes over to `file` with that sequence number: each file holds one run of them.
  mutating func recordOpening(_ file: String, firstSeq: UInt64) throws {
    try queue.write { db in
      try db.execute(
        sql: "INSERT INTO opening(file, first_seq) VALUES (?, ?)", arguments: [file, Int64(bitPattern: firstSeq)])
    }
    contents.openings.append(.init(file: file, firstSeq: firstSeq))
  }

  /// Makes sure that readers look for these times in that file.
  mutating func widenReach(_ file: String, to times: ClosedRange<Timestamp>) throws {
    let known = contents.reach(of: file)
    if known.lowerBound <= times.lowerBound && times.upperBound <= known.upperBound { return }
    let wide = min(known.lowerBound, times.lowerBound)...max(known.upperBound, times.upperBound)
    try queue.write { db in
      try db.execute(
        sql: "INSERT OR REPLACE INTO reach VALUES (?, ?, ?)",
        arguments: [file, wide.lowerBound.milliseconds, wide.upperBound.milliseconds])
    }
    contents.reach[file] = wide
  }

  mutating func recordClockOffset(bootID: String, milliseconds: Int64) throws {
    try queue.write { db in
      try db.execute(sql: "INSERT OR REPLACE INTO clock VALUES (?, ?)", arguments: [bootID, milliseconds])
    }
    contents.clockOffsets[bootID] = milliseconds
  }

  /// Takes in what was said of definitions, and by people; entries that it has already change nothing.
  mutating func apply(_ entries: [JournalEntry]) throws {
    if entries.isEmpty { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    contents = try queue.write { [layout] db in
      for entry in entries {
        switch entry.kind {
        case .definition:
          try db.execute(
            sql: "INSERT OR IGNORE INTO definition VALUES (?, ?, ?)",
            arguments: [sha256Hex(entry.body), Data(entry.body), entry.recordedAt.milliseconds])
        case .use:
          let use = try JSONDecoder().decode(UseRecord.self, from: Data(entry.body))
          try db.execute(
            sql: "INSERT OR IGNORE INTO definition_use VALUES (?, ?, ?, ?, ?)",
            arguments: [
              use.meterID, use.validFrom.milliseconds, use.recordedAt.milliseconds, use.definition,
              try use.change.map { try encoder.encode($0) },
            ])
        case .exchange, .correction:
          try db.execute(
            // What outlived its day is in the journal twice.
            sql: """
              INSERT OR IGNORE INTO note SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (
                SELECT 1 FROM note WHERE kind = ?2 AND recorded_at = ?3 AND body = ?4)
              """,
            arguments: [
              Int64(bitPattern: entry.number), Int64(entry.kind.rawValue), entry.recordedAt.milliseconds,
              Data(entry.body),
            ])
        }
      }
      return try CatalogContents.load(db, path: layout.catalog)
    }
  }

  /// From now on the rows of a hot file are read from a segment.
  mutating func recordSealed(_ name: String, _ sealed: CatalogContents.Sealed, firstSeq: UInt64, lastSeq: UInt64) throws
  {
    try queue.write { db in
      try db.execute(
        sql: "INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?, ?, ?, ?)",
        arguments: [
          name, sealed.file, Int64(bitPattern: sealed.number), Int64(bitPattern: firstSeq), Int64(bitPattern: lastSeq),
          Int64(bitPattern: sealed.lastJournal), sealed.hasUntrustedClock,
        ])
    }
    contents.sealed[name] = sealed
  }

  /// The segments of these hot files are in another file now; an empty one: they are gone, after their time.
  mutating func move(_ names: [String], to file: String) throws {
    try queue.write { db in
      for name in names {
        try db.execute(sql: "UPDATE sealed SET file = ? WHERE name = ?", arguments: [file, name])
      }
    }
    for name in names { contents.sealed[name]?.file = file }
  }

  /// When each sealed file was last read again.
  func scrubbed() throws -> [String: Timestamp] {
    try queue.read { db in
      var times: [String: Timestamp] = [:]
      for row in try Row.fetchAll(db, sql: "SELECT file, time FROM scrub") {
        times[row[0]] = Timestamp(milliseconds: row[1])
      }
      return times
    }
  }

  mutating func recordScrub(of file: String, at time: Timestamp) throws {
    try queue.write { db in
      try db.execute(sql: "INSERT OR REPLACE INTO scrub VALUES (?, ?)", arguments: [file, time.milliseconds])
    }
  }

  func close() throws { try queue.close() }
}
