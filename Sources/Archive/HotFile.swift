import FoundationEssentials
import GRDB
import Metering

/// One SQLite file of the hot store. Used from one thread.
struct HotFile {
  let name: String
  let path: String
  private let queue: DatabaseQueue
  private var meters: [String: Int64] = [:]
  private var definitions: [String: Int64] = [:]
  private var boots: [String: Int64] = [:]

  /// Opens the file for appending, making it where there is none.
  init(_ layout: ArchiveLayout, name: String, site: String) throws {
    self.name = name
    path = layout.hotFile(name)
    queue = try DurableDatabase.openForWriting(path)
    try queue.write { db in
      try db.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS about(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS meter(id INTEGER PRIMARY KEY, meter_id TEXT NOT NULL UNIQUE);
          CREATE TABLE IF NOT EXISTS definition(id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE);
          CREATE TABLE IF NOT EXISTS boot(id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE);
          CREATE TABLE IF NOT EXISTS observation(
            seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, meter INTEGER NOT NULL, definition INTEGER NOT NULL,
            marks INTEGER NOT NULL, boot INTEGER NOT NULL,
            time INTEGER NOT NULL, due INTEGER, received INTEGER NOT NULL, until INTEGER,
            outcome INTEGER NOT NULL, payload BLOB NOT NULL, crc32c INTEGER NOT NULL);
          """)
      try db.execute(
        sql: "INSERT OR IGNORE INTO about VALUES ('format', 'meterd-hot-1'), ('site', ?), ('file', ?)",
        arguments: [site, name])
      for row in try Row.fetchAll(db, sql: "SELECT meter_id, id FROM meter") { meters[row[0]] = row[1] }
      for row in try Row.fetchAll(db, sql: "SELECT sha256, id FROM definition") { definitions[row[0]] = row[1] }
      for row in try Row.fetchAll(db, sql: "SELECT boot_id, id FROM boot") { boots[row[0]] = row[1] }
    }
  }

  /// The last observation in the file.
  func last() throws -> (seq: UInt64, received: Timestamp)? {
    try queue.read { db in
      try Row.fetchOne(db, sql: "SELECT seq, received FROM observation ORDER BY seq DESC LIMIT 1").map { row in
        (UInt64(bitPattern: row[0] as Int64), Timestamp(milliseconds: row[1]))
      }
    }
  }

  /// Clock offsets that were archived in this file.
  func clockOffsets() throws -> [(bootID: String, milliseconds: Int64)] {
    try queue.read { db in
      try Row.fetchAll(
        db, sql: "SELECT payload FROM observation WHERE kind = ?",
        arguments: [ObservationRow.Kind.clockOffset.rawValue]
      ).compactMap { row in
        guard case .clockOffset(let boot, let offset) = ObservationRow.decode(.clockOffset, Array(row[0] as Data))
        else {
          return nil
        }
        return (boot, offset)
      }
    }
  }

  /// Appends in one transaction: on return all of them are on disk; after an error none is.
  mutating func append(_ observations: ArraySlice<Observation>, bootID: String) throws {
    var (meters, definitions, boots) = (meters, definitions, boots)
    try queue.writeWithoutTransaction { db in
      try db.inTransaction(.immediate) {
        func intern(_ text: String, _ ids: inout [String: Int64], _ sql: String) throws -> Int64 {
          if let id = ids[text] { return id }
          try db.execute(sql: sql, arguments: [text])
          ids[text] = db.lastInsertedRowID
          return db.lastInsertedRowID
        }
        let statement = try db.cachedStatement(
          sql: "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        for o in observations {
          let meter = try intern(o.meterID, &meters, "INSERT INTO meter(meter_id) VALUES (?)")
          let definition = try intern(o.definition, &definitions, "INSERT INTO definition(sha256) VALUES (?)")
          let boot = o.marks.contains(.untrustedClock) ? bootID : ""
          let bootRow = try intern(boot, &boots, "INSERT INTO boot(boot_id) VALUES (?)")
          var payload: [UInt8] = []
          ObservationRow.encode(o.content, into: &payload)
          statement.setUncheckedArguments([
            Int64(bitPattern: o.seq), ObservationRow.kind(of: o.content).rawValue, meter, definition, o.marks.rawValue,
            bootRow, o.time.milliseconds, o.due?.milliseconds, o.received.milliseconds,
            ObservationRow.until(of: o.content)?.milliseconds, ObservationRow.outcome(of: o.content), Data(payload),
            ObservationRow.checksum(o, boot: boot, payload: payload),
          ])
          try statement.execute()
        }
        return .commit
      }
    }
    (self.meters, self.definitions, self.boots) = (meters, definitions, boots)
  }

  func close() throws { try queue.close() }
}
