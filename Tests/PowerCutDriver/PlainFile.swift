import Archive
import GRDB
import GRDBSQLite

/// A SQLite file as `DurableDatabase` opens it, but with other settings: what the harness must find to be believed.
enum PlainFile {
  /// `rows` rows, a commit each, with `synchronous` and `psow` as said.
  static func run(_ arguments: Arguments) throws {
    let queue = try DatabaseQueue(path: "file:\(arguments.path)?psow=\(arguments.number("psow"))")
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA journal_mode=WAL; PRAGMA synchronous=\(arguments.text("synchronous"))")
      try db.execute(sql: "CREATE TABLE row(seq INTEGER PRIMARY KEY, payload BLOB NOT NULL)")
      for seq in 1...arguments.number("rows") {
        try db.execute(sql: "INSERT INTO row VALUES (?, ?)", arguments: [Int64(seq), payload(seq)])
        Output.say("acked \(seq)")
      }
    }
    try queue.close()
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
