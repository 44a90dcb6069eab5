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
      let number = UInt64(bitPattern: row[0] as Int64)
      guard let kind = JournalEntry.Kind(rawValue: UInt8(truncatingIfNeeded: row[1] as Int64)) else {
        throw ArchiveError(.damaged, "\(path): journal \(number) is of a kind that this meterd does not know")
      }
      let entry = JournalEntry(
        number: number, kind: kind, recordedAt: Timestamp(milliseconds: row[2]), body: Array(row[3] as Data))
      guard Int64(entry.checksum) == row[4] as Int64 else {
        throw ArchiveError(.damaged, "\(path): journal \(number) does not match its checksum; the disk may be failing")
      }
      return entry
    }
  }
}
