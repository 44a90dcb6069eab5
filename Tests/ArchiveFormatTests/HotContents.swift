import Archive
import GRDB
import TestSupport

/// What is in the hot store of an archive, read by SQL alone; nil where SQLite cannot read it.
struct HotContents: Hashable {
  var rows: [String] = []
  var journal: [String] = []

  init?(_ archive: String) {
    for name in TextFile.names(in: "\(archive)/hot") where name.hasSuffix(".sqlite") {
      do {
        let (rows, journal) = try DurableDatabase.openForReading("\(archive)/hot/\(name)").read { db in
          func lines(_ sql: String) throws -> [String] { try Row.fetchAll(db, sql: sql).map { "\($0)" } }
          return (
            try lines(
              """
              SELECT seq, kind, meter_id, sha256, boot_id, marks, time, due, received, hex(payload), o.crc32c
              FROM observation o LEFT JOIN meter m ON m.id = o.meter LEFT JOIN definition d ON d.id = o.definition
              LEFT JOIN boot b ON b.id = o.boot ORDER BY seq
              """),
            try lines("SELECT number, kind, recorded_at, hex(body), crc32c FROM journal ORDER BY number")
          )
        }
        self.rows += rows
        self.journal += journal
      } catch { return nil }
    }
  }

  /// Whether this is the other, or the other before its last rows had come.
  func isBeginning(of other: HotContents) -> Bool {
    other.rows.starts(with: rows) && other.journal.starts(with: journal)
  }
}
