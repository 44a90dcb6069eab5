import GRDB
import GRDBSQLite

/// Streams the rows of one file of the hot store, beside its writer or after it, as any user that may read the file. Used from one
/// thread. Memory is bounded: a row is seen once.
final class HotRows {
  /// One row, as stored, its checksum verified.
  struct Row {
    let seq: UInt64
    let kind: ObservationRow.Kind
    /// Into `meters`; of a station for the kinds of stations.
    let meter: Int64
    let marks: UInt8
    /// Into `boots`.
    let boot: Int64
    /// Into `definitions`.
    let definition: Int64
    /// In milliseconds since 1970, as `due` and `received`.
    let time: Int64
    let due: Int64?
    let received: Int64
    /// Valid only while the body runs.
    let payload: UnsafeRawBufferPointer
  }

  /// What a file holds of one meter or station.
  struct Extent: Hashable {
    var rows = 0
    var payloadOctets = 0
  }

  struct Source: Hashable {
    let meter: Int64
    let kind: ObservationRow.Kind
  }

  let path: String
  let site: String
  /// Texts by their id.
  let meters: [Int64: String]
  let definitions: [Int64: String]
  let boots: [Int64: String]
  private let queue: DatabaseQueue
  private let octets: (meters: [Int64: [UInt8]], definitions: [Int64: [UInt8]], boots: [Int64: [UInt8]])

  /// - Throws: `ArchiveError` where the file cannot be read or is none of the hot store.
  init(path: String) throws {
    self.path = path
    do {
      queue = try DurableDatabase.openForReading(path)
      (site, meters, definitions, boots) = try queue.read { db in
        func texts(_ sql: String) throws -> [Int64: String] {
          var texts: [Int64: String] = [:]
          // What is not a text is left out: rows that name it are damaged.
          for row in try GRDB.Row.fetchAll(db, sql: sql) { texts[row[0]] = String.fromDatabaseValue(row[1]) }
          return texts
        }
        func about(_ key: String) throws -> String {
          let value = try DatabaseValue.fetchOne(db, sql: "SELECT value FROM about WHERE key = ?", arguments: [key])
          return value.flatMap { String.fromDatabaseValue($0) } ?? ""
        }
        let format = try about("format")
        guard format == HotFile.format else {
          throw ArchiveError(.foreignFormat, "\(path): its format is '\(format)', this meterd reads \(HotFile.format)")
        }
        return (
          try about("site"), try texts("SELECT id, meter_id FROM meter"),
          try texts("SELECT id, sha256 FROM definition"), try texts("SELECT id, boot_id FROM boot")
        )
      }
    } catch let error as DatabaseError { throw HotRows.readable(error, path) }
    octets = (
      meters.mapValues(ObservationRow.terminated), definitions.mapValues(ObservationRow.terminated),
      boots.mapValues(ObservationRow.terminated)
    )
  }

  /// How much there is of each source, by meter and kind.
  func extents() throws -> [Source: Extent] {
    var extents: [Source: Extent] = [:]
    try forEachStep("SELECT meter, kind, length(payload) FROM observation") { statement in
      guard let kind = ObservationRow.Kind(rawValue: sqlite3_column_int64(statement, 1)) else {
        throw ArchiveError(.damaged, "\(path): a row is of a kind that this meterd does not know")
      }
      let source = Source(meter: sqlite3_column_int64(statement, 0), kind: kind)
      extents[source, default: Extent()].rows += 1
      extents[source, default: Extent()].payloadOctets += Int(sqlite3_column_int64(statement, 2))
    }
    return extents
  }

  /// Calls `body` with each row in ascending order of sequence numbers.
  ///
  /// - Parameter meters: only rows of these; nil for all.
  /// - Throws: `ArchiveError` with file and sequence number at the first row that is damaged.
  func forEach(of meters: Set<Int64>? = nil, _ body: (Row) throws -> Void) throws {
    let condition = meters.map { "WHERE meter IN (\($0.sorted().map(String.init).joined(separator: ", ")))" } ?? ""
    try forEachStep(
      """
      SELECT seq, kind, meter, marks, boot, definition, time, due, received, crc32c, payload
      FROM observation \(condition) ORDER BY seq
      """
    ) { statement in
      try body(try row(statement))
    }
  }

  private func row(_ statement: OpaquePointer) throws -> Row {
    let seq = UInt64(bitPattern: sqlite3_column_int64(statement, 0))
    let payload = UnsafeRawBufferPointer(
      start: sqlite3_column_blob(statement, 10), count: Int(sqlite3_column_bytes(statement, 10)))
    guard let kind = ObservationRow.Kind(rawValue: sqlite3_column_int64(statement, 1)),
      let marks = UInt8(exactly: sqlite3_column_int64(statement, 3)), payload.first == ObservationRow.version
    else { throw ArchiveError(.damaged, "\(path): seq \(seq) is not in a format that this meterd reads") }
    let hasDue = sqlite3_column_type(statement, 7) != SQLITE_NULL
    let row = Row(
      seq: seq, kind: kind, meter: sqlite3_column_int64(statement, 2), marks: marks,
      boot: sqlite3_column_int64(statement, 4), definition: sqlite3_column_int64(statement, 5),
      time: sqlite3_column_int64(statement, 6), due: hasDue ? sqlite3_column_int64(statement, 7) : nil,
      received: sqlite3_column_int64(statement, 8), payload: payload)
    guard let meter = octets.meters[row.meter], let definition = octets.definitions[row.definition],
      let boot = octets.boots[row.boot]
    else { throw ArchiveError(.damaged, "\(path): seq \(seq) names a meter, definition or boot that is not there") }
    let checksum = ObservationRow.checksum(
      .init(
        seq: seq, kind: kind, marks: marks, time: row.time, due: row.due, received: row.received),
      meter: meter, definition: definition, boot: boot, payload: payload)
    guard Int64(checksum) == sqlite3_column_int64(statement, 9) else {
      throw ArchiveError(.damaged, "\(path): seq \(seq) does not match its checksum; the disk may be failing")
    }
    return row
  }

  private func forEachStep(_ sql: String, _ body: (OpaquePointer) throws -> Void) throws {
    do {
      try queue.read { db in
        let statement = try db.makeStatement(sql: sql)
        try withExtendedLifetime(statement) {
          while true {
            switch sqlite3_step(statement.sqliteStatement) {
            case SQLITE_ROW: try body(statement.sqliteStatement)
            case SQLITE_DONE: return
            default:
              throw DatabaseError(
                resultCode: ResultCode(rawValue: sqlite3_extended_errcode(db.sqliteConnection)),
                message: db.lastErrorMessage)
            }
          }
        }
      }
    } catch let error as DatabaseError { throw HotRows.readable(error, path) }
  }

  private static func readable(_ error: DatabaseError, _ path: String) -> ArchiveError {
    let isDamage = [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    return ArchiveError(
      isDamage ? .damaged : .unreadable,
      "\(path): \(error.message ?? "\(error.resultCode)") (\(error.extendedResultCode))")
  }
}
