import Archive
import GRDB
import Metering

/// What became of each period of one forward: a cache of what the archive says, in SQLite. Used from one thread.
struct Ledger {
  struct Waiting: Hashable {
    let file: SpoolFile
    let seqs: ClosedRange<UInt64>
    /// SHA-256 of the revision before, where there was one.
    let previousSHA256: String?
  }

  struct Totals: Hashable, Sendable {
    var filesDelivered = 0
    var rowsDelivered = 0
    var waiting = 0
    var lastFile: String?
    var lastDeliveredAt: Timestamp?
  }

  private let queue: DatabaseQueue

  init(path: String) throws {
    queue = try DurableDatabase.openForWriting(path)
    try queue.write { db in
      try db.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS progress(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS period(
            start INTEGER PRIMARY KEY, end INTEGER NOT NULL,
            min_seq INTEGER NOT NULL, max_seq INTEGER NOT NULL, changed_at INTEGER NOT NULL);
          CREATE TABLE IF NOT EXISTS file(
            start INTEGER NOT NULL, revision INTEGER NOT NULL, end INTEGER NOT NULL, cut_seq INTEGER NOT NULL,
            cut_at INTEGER NOT NULL, name TEXT, sha256 TEXT, rows INTEGER, delivered_at INTEGER,
            PRIMARY KEY(start, revision)) WITHOUT ROWID;
          CREATE INDEX IF NOT EXISTS file_waiting ON file(start) WHERE delivered_at IS NULL;
          CREATE TABLE IF NOT EXISTS file_meter(
            start INTEGER NOT NULL, meter_id TEXT NOT NULL, rows INTEGER NOT NULL, taken INTEGER NOT NULL,
            PRIMARY KEY(start, meter_id)) WITHOUT ROWID;
          """)
    }
  }

  func close() throws { try queue.close() }

  // MARK: - Taking in what the archive says

  /// The last observation that was looked at.
  func scannedSeq() throws -> UInt64 { UInt64(bitPattern: try progress("scanned_seq") ?? 0) }

  /// The first period that files are cut for; nil for a forward that is new.
  func begin() throws -> Timestamp? { try progress("begin").map(Timestamp.init(milliseconds:)) }

  /// The number of the last sealed day whose head was placed with the spool files.
  func headPlaced() throws -> UInt64 { UInt64(bitPattern: try progress("head_placed") ?? 0) }

  func recordHeadPlaced(_ number: UInt64) throws {
    try queue.write { db in
      try db.execute(
        sql: "INSERT OR REPLACE INTO progress VALUES ('head_placed', ?)", arguments: [Int64(bitPattern: number)])
    }
  }

  private func progress(_ key: String) throws -> Int64? {
    try queue.read { db in
      try Int64.fetchOne(db, sql: "SELECT value FROM progress WHERE key = ?", arguments: [key])
    }
  }

  /// In one transaction: periods that observations up to `seq` belong to, and events of forwarding itself.
  func takeIn(
    periods: [Range<Timestamp>: ClosedRange<UInt64>], events: [ForwardEvent], plan: ForwardPlan, scannedTo seq: UInt64,
    now: Timestamp
  ) throws {
    try queue.write { db in
      for (period, seqs) in periods {
        try db.execute(
          sql: """
            INSERT INTO period VALUES (?, ?, ?, ?, ?) ON CONFLICT(start) DO UPDATE SET
              min_seq = min(min_seq, excluded.min_seq), max_seq = max(max_seq, excluded.max_seq),
              changed_at = excluded.changed_at
            """,
          arguments: [
            period.lowerBound.milliseconds, period.upperBound.milliseconds, Int64(bitPattern: seqs.lowerBound),
            Int64(bitPattern: seqs.upperBound), now.milliseconds,
          ])
      }
      for event in events { try Ledger.apply(event, plan, at: now, db) }
      try db.execute(
        sql: "INSERT OR REPLACE INTO progress VALUES ('scanned_seq', ?)", arguments: [Int64(bitPattern: seq)])
    }
  }

  private static func apply(_ event: ForwardEvent, _ plan: ForwardPlan, at now: Timestamp, _ db: Database) throws {
    let start = event.periodStart.milliseconds
    switch event.event {
    case .begin: try db.execute(sql: "INSERT OR IGNORE INTO progress VALUES ('begin', ?)", arguments: [start])
    case .cut:
      try db.execute(
        sql: "INSERT OR IGNORE INTO file(start, revision, end, cut_seq, cut_at) VALUES (?, ?, ?, ?, ?)",
        arguments: [
          start, event.revision, event.periodEnd.milliseconds, Int64(bitPattern: event.cutSeq), now.milliseconds,
        ])
    case .delivered:
      let file = SpoolFile(
        period: event.periodStart..<event.periodEnd, revision: event.revision, cutSeq: event.cutSeq)
      try db.execute(
        sql: """
          UPDATE file SET name = ?, sha256 = ?, rows = ?, delivered_at = ?
          WHERE start = ? AND revision = ? AND delivered_at IS NULL
          """,
        arguments: [file.name(plan), event.sha256, event.rows, now.milliseconds, start, event.revision])
    }
  }

  // MARK: - What is to be done

  /// Periods that are over and hold observations that no revision has yet, oldest first.
  func periodsToCut(closedBefore: Timestamp, quietSince: Timestamp, limit: Int) throws -> [(
    period: Range<Timestamp>, revision: Int
  )] {
    try queue.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT p.start, p.end, coalesce(max(f.revision) + 1, 0) AS next_revision FROM period p
          LEFT JOIN file f ON f.start = p.start
          WHERE p.end <= ?1 GROUP BY p.start
          HAVING p.max_seq > coalesce(max(f.cut_seq), 0)
            AND p.start >= (SELECT value FROM progress WHERE key = 'begin')
            AND (next_revision = 0 OR p.changed_at <= ?2)
          ORDER BY p.start LIMIT ?3
          """, arguments: [closedBefore.milliseconds, quietSince.milliseconds, limit]
      ).map { row in
        (Timestamp(milliseconds: row[0])..<Timestamp(milliseconds: row[1]), row[2])
      }
    }
  }

  /// Files that were cut and do not lie in the directory yet, oldest first.
  func waiting(limit: Int) throws -> [Waiting] {
    try queue.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT f.start, f.end, f.revision, f.cut_seq, p.min_seq, p.max_seq,
            (SELECT sha256 FROM file b WHERE b.start = f.start AND b.revision = f.revision - 1)
          FROM file f JOIN period p ON p.start = f.start WHERE f.delivered_at IS NULL
          ORDER BY f.start, f.revision LIMIT ?
          """, arguments: [limit]
      ).map { row in
        let cut = UInt64(bitPattern: row[3] as Int64)
        let low = UInt64(bitPattern: row[4] as Int64)
        return Waiting(
          file: SpoolFile(
            period: Timestamp(milliseconds: row[0])..<Timestamp(milliseconds: row[1]), revision: row[2], cutSeq: cut),
          seqs: low...max(low, min(UInt64(bitPattern: row[5] as Int64), cut)), previousSHA256: row[6])
      }
    }
  }

  func totals() throws -> Totals {
    try queue.read { db in
      var totals = Totals()
      if let row = try Row.fetchOne(
        db, sql: "SELECT count(delivered_at), coalesce(sum(rows), 0), count(*) - count(delivered_at) FROM file")
      {
        (totals.filesDelivered, totals.rowsDelivered, totals.waiting) = (row[0], row[1], row[2])
      }
      let last = "SELECT name, delivered_at FROM file WHERE delivered_at IS NOT NULL ORDER BY start DESC, revision DESC"
      if let row = try Row.fetchOne(db, sql: last + " LIMIT 1") {
        totals.lastFile = row[0]
        totals.lastDeliveredAt = Timestamp(milliseconds: row[1])
      }
      return totals
    }
  }

  // MARK: - Rows delivered by meter, for the upload rate of the last days

  func recordMeters(_ file: SpoolFile, _ meters: [String: (rows: Int, taken: Int)], keepFrom: Timestamp) throws {
    try queue.write { db in
      let start = file.period.lowerBound.milliseconds
      try db.execute(
        sql: "DELETE FROM file_meter WHERE start = ? OR start < ?", arguments: [start, keepFrom.milliseconds])
      for (meter, count) in meters {
        try db.execute(
          sql: "INSERT INTO file_meter VALUES (?, ?, ?, ?)", arguments: [start, meter, count.rows, count.taken])
      }
    }
  }

  /// By meter: rows of the files of periods from `start` on, and those of them with a usable value.
  func delivered(from start: Timestamp) throws -> [String: (rows: Int, taken: Int)] {
    try queue.read { db in
      let sql = "SELECT meter_id, sum(rows), sum(taken) FROM file_meter WHERE start >= ? GROUP BY meter_id"
      return try Row.fetchAll(db, sql: sql, arguments: [start.milliseconds]).reduce(into: [:]) { table, row in
        table[row[0]] = (row[1], row[2])
      }
    }
  }
}
