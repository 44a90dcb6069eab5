import FoundationEssentials
import GRDB
import Metering

extension HotFile {
  static let journalTable = """
    CREATE TABLE IF NOT EXISTS journal(
      number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, recorded_at INTEGER NOT NULL, body BLOB NOT NULL,
      crc32c INTEGER NOT NULL);
    """

  /// Appends in one transaction: on return all of them are on disk.
  func append(_ entries: [JournalEntry]) throws {
    try queue.writeWithoutTransaction { db in
      try db.inTransaction(.immediate) {
        for entry in entries {
          try db.execute(
            sql: "INSERT INTO journal VALUES (?, ?, ?, ?, ?)",
            arguments: [
              Int64(bitPattern: entry.number), Int64(entry.kind.rawValue), entry.recordedAt.milliseconds,
              Data(entry.body), Int64(entry.checksum),
            ])
        }
        return .commit
      }
    }
  }

  func journal() throws -> [JournalEntry] { try queue.read { try HotFile.journal($0, path: path) } }

  static func journal(_ db: Database, path: String) throws -> [JournalEntry] {
    guard try db.tableExists("journal") else { return [] }
    let sql = "SELECT number, kind, recorded_at, body, crc32c FROM journal ORDER BY number"
    return try Row.fetchAll(db, sql: sql).map { row in
      // By value: where a damaged file has something of another type, GRDB's subscripts end the process.
      let values = Array(row.databaseValues)
      guard let signed = Int64.fromDatabaseValue(values[0]), let code = Int64.fromDatabaseValue(values[1]),
        let recordedAt = Int64.fromDatabaseValue(values[2]), let body = Data.fromDatabaseValue(values[3])
      else { throw ArchiveError(.damaged, "\(path): an entry of the journal is damaged; the disk may be failing") }
      let number = UInt64(bitPattern: signed)
      guard let kind = UInt8(exactly: code).flatMap(JournalEntry.Kind.init(rawValue:)) else {
        throw ArchiveError(.damaged, "\(path): journal \(number) is of a kind that this meterd does not know")
      }
      let entry = JournalEntry(
        number: number, kind: kind, recordedAt: Timestamp(milliseconds: recordedAt), body: Array(body))
      guard Int64(entry.checksum) == Int64.fromDatabaseValue(values[4]) else {
        throw ArchiveError(.damaged, "\(path): journal \(number) does not match its checksum; the disk may be failing")
      }
      return entry
    }
  }
}
