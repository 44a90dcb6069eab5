import GRDB
import GRDBSQLite

/// Opens SQLite files so that a commit survives a power cut, and so that others can read them meanwhile.
public enum DurableDatabase {
  /// A file that this process writes.
  ///
  /// psow=0: the disk is not trusted to keep neighbouring bytes whole when power fails in a write.
  /// FULL: the WAL is synced at each commit; GRDB's own WAL mode would set NORMAL, which loses what was acknowledged.
  public static func openForWriting(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.label = path
    let queue = try DatabaseQueue(path: "file:\(percentEncoded(path))?psow=0", configuration: configuration)
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=16777216")
      guard try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal",
        try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2
      else { throw ArchiveError(.unreadable, "\(path): SQLite does not give WAL with synchronous=FULL here") }
      // SQLite rounds its commits up to the end of a block, but goes on in the middle of one after a power cut: a second one
      // in that first write would take the last commit along. So the WAL is copied back first, and begun anew.
      try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
      // The -wal and -shm files stay after a clean stop: without them another user cannot open a WAL file read-only.
      var on: CInt = 1
      sqlite3_file_control(db.sqliteConnection, nil, SQLITE_FCNTL_PERSIST_WAL, &on)
    }
    return queue
  }

  /// A file that another process may be writing, or another user owns.
  public static func openForReading(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    configuration.label = path
    return try DatabaseQueue(path: "file:\(percentEncoded(path))?mode=ro", configuration: configuration)
  }

  private static func percentEncoded(_ path: String) -> String {
    var result = ""
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
