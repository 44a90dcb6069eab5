import FoundationEssentials
import GRDB
import GRDBSQLite
import Metering

/// One SQLite file of the hot store. Used from one thread.
struct HotFile {
  static let format = "meterd-hot-1"

  let name: String
  let path: String
  let queue: DatabaseQueue
  private var meters: [String: Interned] = [:]
  private var definitions: [String: Interned] = [:]
  private var boots: [String: Interned] = [:]

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
      try db.execute(sql: HotFile.journalTable)
      try db.execute(
        sql: "INSERT OR IGNORE INTO about VALUES ('format', ?), ('site', ?), ('file', ?)",
        arguments: [HotFile.format, site, name])
      for row in try Row.fetchAll(db, sql: "SELECT id, meter_id FROM meter") {
        meters[row[1]] = Interned(id: row[0], row[1])
      }
      for row in try Row.fetchAll(db, sql: "SELECT id, sha256 FROM definition") {
        definitions[row[1]] = Interned(id: row[0], row[1])
      }
      for row in try Row.fetchAll(db, sql: "SELECT id, boot_id FROM boot") {
        boots[row[1]] = Interned(id: row[0], row[1])
      }
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
        func intern(_ text: String, _ known: inout [String: Interned], _ sql: String) throws -> Interned {
          if let interned = known[text] { return interned }
          try db.execute(sql: sql, arguments: [text])
          let interned = Interned(id: db.lastInsertedRowID, text)
          known[text] = interned
          return interned
        }
        let row = RowInsert(try db.cachedStatement(sql: RowInsert.sql), db)
        defer { row.reset() }
        var payload: [UInt8] = []
        // By index: a copy of an observation counts references up and down that the buses' threads share.
        for index in observations.indices {
          let meter = try intern(observations[index].meterID, &meters, "INSERT INTO meter(meter_id) VALUES (?)")
          let definition = try intern(
            observations[index].definition, &definitions, "INSERT INTO definition(sha256) VALUES (?)")
          let boot = try intern(
            observations[index].marks.contains(.untrustedClock) ? bootID : "", &boots,
            "INSERT INTO boot(boot_id) VALUES (?)")
          payload.removeAll(keepingCapacity: true)
          ObservationRow.encode(observations[index].content, into: &payload)
          try payload.withUnsafeBytes { payload in
            try row.insert(observations[index], meter: meter, definition: definition, boot: boot, payload: payload)
          }
        }
        return .commit
      }
    }
    (self.meters, self.definitions, self.boots) = (meters, definitions, boots)
  }

  func close() throws { try queue.close() }
}

/// A text that rows refer to by its id.
private struct Interned {
  let id: Int64
  /// As the checksum takes it.
  let octets: [UInt8]

  init(id: Int64, _ text: String) {
    self.id = id
    octets = ObservationRow.terminated(text)
  }
}

/// Inserts rows through SQLite's own interface: GRDB's arguments, an array and a `Data` a row, cost more than the row.
private struct RowInsert {
  static let sql = "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

  private let owner: Statement
  private let statement: OpaquePointer
  private let connection: OpaquePointer?

  init(_ statement: Statement, _ db: Database) {
    owner = statement
    self.statement = statement.sqliteStatement
    connection = db.sqliteConnection
  }

  func insert(
    _ o: Observation, meter: Interned, definition: Interned, boot: Interned, payload: UnsafeRawBufferPointer
  ) throws {
    let fields = ObservationRow.Fields(o)
    let checksum = ObservationRow.checksum(
      fields, meter: meter.octets, definition: definition.octets, boot: boot.octets, payload: payload)
    sqlite3_bind_int64(statement, 1, Int64(bitPattern: fields.seq))
    sqlite3_bind_int64(statement, 2, fields.kind.rawValue)
    sqlite3_bind_int64(statement, 3, meter.id)
    sqlite3_bind_int64(statement, 4, definition.id)
    sqlite3_bind_int64(statement, 5, Int64(fields.marks))
    sqlite3_bind_int64(statement, 6, boot.id)
    sqlite3_bind_int64(statement, 7, fields.time)
    bind(fields.due, 8)
    sqlite3_bind_int64(statement, 9, fields.received)
    bind(ObservationRow.until(of: o.content)?.milliseconds, 10)
    sqlite3_bind_int64(statement, 11, Int64(ObservationRow.outcome(of: o.content)))
    // No destructor: the payload stays where it is until the row is in the file.
    sqlite3_bind_blob(statement, 12, payload.baseAddress, CInt(payload.count), nil)
    sqlite3_bind_int64(statement, 13, Int64(checksum))
    let code = sqlite3_step(statement)
    sqlite3_reset(statement)
    guard code == SQLITE_DONE else {
      throw DatabaseError(
        resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
        message: String(cString: sqlite3_errmsg(connection)), sql: RowInsert.sql)
    }
  }

  private func bind(_ value: Int64?, _ place: CInt) {
    if let value { sqlite3_bind_int64(statement, place, value) } else { sqlite3_bind_null(statement, place) }
  }

  /// Lets go of the payload.
  func reset() { sqlite3_clear_bindings(statement) }
}
