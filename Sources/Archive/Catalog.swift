import FoundationEssentials
import GRDB
import Metering

/// What must be known to read the archive's files: which file holds which sequence numbers and times, the definitions, and
/// the clock offsets. A value, loaded whole; small.
struct CatalogContents {
  /// Writing went over to `file` with that sequence number.
  struct Opening: Hashable {
    let file: String
    let firstSeq: UInt64
  }

  /// `definition` holds for times from `validFrom` on, as far as was known from `recordedAt` on.
  struct Use: Hashable {
    /// SHA-256; empty where the meter was taken out of service.
    let definition: String
    let validFrom: Timestamp
    let recordedAt: Timestamp
  }

  var site = ""
  var openings: [Opening] = []
  /// The times that a file's rows speak of, where they go beyond the file's own day.
  var reach: [String: ClosedRange<Timestamp>] = [:]
  var definitions: [String: Definition] = [:]
  var uses: [String: [Use]] = [:]
  /// What to add to times that were taken in that boot before the clock was trusted.
  var clockOffsets: [String: Int64] = [:]

  /// The stations that a meter has ever hung on.
  func stations(of meterID: String) -> Set<String> {
    Set((uses[meterID] ?? []).compactMap { definitions[$0.definition]?.station?.id })
  }

  /// How many clocks these stations were ever said to have.
  func clocks(of stations: Set<String>) -> Int {
    struct Clock: Hashable {
      let zone: String
      let honoursSummerTime: Bool
    }
    let all = definitions.values.compactMap(\.station).filter { stations.contains($0.id) }
    return Set(all.map { Clock(zone: $0.timeZone, honoursSummerTime: $0.honoursSummerTime) }).count
  }

  /// The meters that have ever hung on a station, in order of their ids.
  func meters(of stationID: String) -> [String] {
    uses.keys.filter { stations(of: $0).contains(stationID) }.sorted()
  }

  /// The definition for readings of a meter at a time: the largest `validFrom` not after it, of those the newest record.
  func use(of meterID: String, at time: Timestamp) -> Use? {
    let uses = uses[meterID] ?? []
    let valid = uses.filter { $0.validFrom <= time }
    return valid.max { ($0.validFrom, $0.recordedAt) < ($1.validFrom, $1.recordedAt) } ?? uses.first
  }

  /// All times that a file may speak of.
  func reach(of file: String) -> ClosedRange<Timestamp> {
    guard let day = CivilDate(file.prefix(10)) else { return .distantPast ... .distantFuture }
    let start = Timestamp(milliseconds: day.daysSinceEpoch * 86_400_000)
    let own = start...(start + 86_399_999)
    guard let wide = reach[file] else { return own }
    return min(own.lowerBound, wide.lowerBound)...max(own.upperBound, wide.upperBound)
  }

  static func load(_ db: GRDB.Database, path: String) throws -> CatalogContents {
    var contents = CatalogContents()
    contents.site = try String.fetchOne(db, sql: "SELECT value FROM about WHERE key = 'site'") ?? ""
    let format = try String.fetchOne(db, sql: "SELECT value FROM about WHERE key = 'format'") ?? ""
    guard format == Catalog.format else {
      throw ArchiveError(.foreignFormat, "\(path): format '\(format)', this meterd reads '\(Catalog.format)'")
    }
    for row in try Row.fetchAll(db, sql: "SELECT file, first_seq FROM opening ORDER BY id") {
      contents.openings.append(Opening(file: row[0], firstSeq: UInt64(bitPattern: row[1] as Int64)))
    }
    for row in try Row.fetchAll(db, sql: "SELECT file, min_time, max_time FROM reach") {
      contents.reach[row[0]] = Timestamp(milliseconds: row[1])...Timestamp(milliseconds: row[2])
    }
    let decoder = JSONDecoder()
    for row in try Row.fetchAll(db, sql: "SELECT sha256, json FROM definition") {
      contents.definitions[row[0]] = try decoder.decode(Definition.self, from: row[1] as Data)
    }
    let order = "ORDER BY meter_id, valid_from, recorded_at"
    for row in try Row.fetchAll(
      db, sql: "SELECT meter_id, sha256, valid_from, recorded_at FROM definition_use \(order)")
    {
      let use = Use(
        definition: row[1], validFrom: Timestamp(milliseconds: row[2]), recordedAt: Timestamp(milliseconds: row[3]))
      contents.uses[row[0], default: []].append(use)
    }
    for row in try Row.fetchAll(db, sql: "SELECT boot_id, offset_ms FROM clock") {
      contents.clockOffsets[row[0]] = row[1]
    }
    return contents
  }
}

/// The catalog's file, for the one process that writes it. Used from the committer's thread only.
struct Catalog {
  static let format = "meterd-archive-1"

  private(set) var contents: CatalogContents
  private let queue: DatabaseQueue

  init(_ layout: ArchiveLayout, site: String) throws {
    let queue = try DurableDatabase.openForWriting(layout.catalog)
    contents = try queue.write { db in
      try db.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS opening(
            id INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL, first_seq INTEGER NOT NULL);
          CREATE TABLE IF NOT EXISTS reach(
            file TEXT PRIMARY KEY, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS definition(
            sha256 TEXT PRIMARY KEY, json BLOB NOT NULL, recorded_at INTEGER NOT NULL);
          CREATE TABLE IF NOT EXISTS definition_use(
            meter_id TEXT NOT NULL, sha256 TEXT NOT NULL,
            valid_from INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
            PRIMARY KEY(meter_id, valid_from, recorded_at)) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS clock(
            boot_id TEXT PRIMARY KEY, offset_ms INTEGER NOT NULL) WITHOUT ROWID;
          """)
      try db.execute(
        sql: "INSERT OR IGNORE INTO about VALUES ('format', ?), ('site', ?)", arguments: [Catalog.format, site])
      return try CatalogContents.load(db, path: layout.catalog)
    }
    self.queue = queue
    guard contents.site == site else {
      throw ArchiveError(
        .foreignFormat,
        "archive \(layout.root) belongs to site '\(contents.site)', the settings say '\(site)'; name another archive.path"
      )
    }
  }

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

  /// These definitions hold from now on, and no others; those that are in force already are left alone.
  mutating func use(_ definitions: [(sha256: String, json: Data, definition: Definition)], from time: Timestamp) throws
  {
    let wanted = Set(definitions.map(\.definition.meterID))
    for (meterID, uses) in contents.uses where !wanted.contains(meterID) && uses.last?.definition != "" {
      try retire(meterID, from: max(time, (uses.last?.validFrom ?? time) + 1), recordedAt: time)
    }
    let new = definitions.filter { contents.uses[$0.definition.meterID]?.last?.definition != $0.sha256 }
    if new.isEmpty { return }
    let times = new.map { item in
      // Two changes within a millisecond, or a clock that stepped back: still one after the other.
      (contents.uses[item.definition.meterID]?.last).map { max(time, $0.validFrom + 1) } ?? time
    }
    try queue.write { db in
      for (item, validFrom) in zip(new, times) {
        try db.execute(
          sql: "INSERT OR IGNORE INTO definition VALUES (?, ?, ?)",
          arguments: [item.sha256, item.json, time.milliseconds])
        try db.execute(
          sql: "INSERT INTO definition_use VALUES (?, ?, ?, ?)",
          arguments: [item.definition.meterID, item.sha256, validFrom.milliseconds, time.milliseconds])
      }
    }
    for (item, validFrom) in zip(new, times) {
      contents.definitions[item.sha256] = item.definition
      contents.uses[item.definition.meterID, default: []].append(
        .init(definition: item.sha256, validFrom: validFrom, recordedAt: time))
    }
  }

  /// Nothing is due of that meter any more.
  private mutating func retire(_ meterID: String, from time: Timestamp, recordedAt: Timestamp) throws {
    try queue.write { db in
      try db.execute(
        sql: "INSERT INTO definition_use VALUES (?, '', ?, ?)",
        arguments: [meterID, time.milliseconds, recordedAt.milliseconds])
    }
    contents.uses[meterID]?.append(.init(definition: "", validFrom: time, recordedAt: recordedAt))
  }

  func close() throws { try queue.close() }
}
