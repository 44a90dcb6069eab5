import Archive
import GRDB

/// A SQLite file by itself: as `DurableDatabase` opens it, or with settings that the harness must find too weak.
enum PlainFile {
  /// `rows` rows more, a commit each.
  static func run(_ arguments: Arguments) throws {
    let queue = try open(arguments)
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "CREATE TABLE IF NOT EXISTS row(seq INTEGER PRIMARY KEY, payload TEXT NOT NULL)")
      let first = UInt64(try Int64.fetchOne(db, sql: "SELECT max(seq) FROM row") ?? 0) + 1
      for seq in first..<(first + arguments.number("rows")) {
        try db.execute(sql: "INSERT INTO row VALUES (?, ?)", arguments: [Int64(seq), payload(seq)])
        Output.say("acked \(seq)")
      }
    }
    try queue.close()
  }

  private static func open(_ arguments: Arguments) throws -> DatabaseQueue {
    let synchronous = arguments.text("synchronous")
    if synchronous.isEmpty { return try DurableDatabase.openForWriting(arguments.path) }
    let queue = try DatabaseQueue(path: "file:\(arguments.path)?psow=\(arguments.number("psow"))")
    try queue.writeWithoutTransaction {
      try $0.execute(sql: "PRAGMA journal_mode=WAL; PRAGMA synchronous=\(synchronous)")
    }
    return queue
  }

  static func check(_ arguments: Arguments) throws {
    let acked = arguments.number("acked")
    if acked == 0 { return }  // The table itself may not be there yet.
    let queue = try DatabaseQueue(path: arguments.path)
    try queue.read { db in
      var last: UInt64 = 0
      for row in try Row.fetchAll(db, sql: "SELECT seq, payload FROM row ORDER BY seq") {
        let seq = UInt64(row[0] as Int64)
        if seq != last + 1 || row[1] as String != payload(seq) { Output.problem("row \(seq) after \(last)") }
        last = seq
      }
      if last < acked { Output.problem("head \(last), but \(acked) was acknowledged") }
      let answer = try String.fetchAll(db, sql: "PRAGMA integrity_check")
      if answer != ["ok"] { Output.problem("\(answer.prefix(5))") }
    }
  }

  /// Some 30 to 500 characters.
  private static func payload(_ seq: UInt64) -> String {
    var random = Random(seed: seq)
    return (0..<(2 + random.next() % 30)).reduce("row \(seq)") { text, _ in
      text + " " + String(random.next(), radix: 36)
    }
  }
}
