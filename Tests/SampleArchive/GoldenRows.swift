import Archive
import Files
import FoundationEssentials
import GRDB
import Metering

/// A row as the hot store had it, as a line of JSON.
struct GoldenRow: Hashable {
  struct ID: Hashable {
    let source: String
    let seq: Int64
  }

  let id: ID
  /// The hot file, which is the name of its segment.
  let file: String
  let line: String
}

/// What a reader of the archive has to come to.
enum GoldenRows {
  /// The rows of all hot files that there are, read by SQL alone.
  static func hot(_ path: String) throws -> [GoldenRow] {
    try Files.names(in: path + "/hot").filter { $0.hasSuffix(".sqlite") }.flatMap { file in
      let name = String(file.dropLast(7))
      return try DurableDatabase.openForReading("\(path)/hot/\(file)").read { db in
        try observations(db, name) + journal(db, name)
      }
    }
  }

  private static func observations(_ db: Database, _ name: String) throws -> [GoldenRow] {
    let sql = """
      SELECT o.seq, o.kind, m.meter_id, o.marks, b.boot_id, d.sha256, o.time, o.due, o.received, o.payload
      FROM observation o JOIN meter m ON m.id = o.meter JOIN definition d ON d.id = o.definition
      JOIN boot b ON b.id = o.boot
      """
    return try Row.fetchAll(db, sql: sql).map { row in
      let kind: Int64 = row[1]
      let whose = kind <= 1 ? "meter:" : kind <= 3 ? "gateway:" : "station:"
      return GoldenRow(
        name, source: whose + (row[2] as String), seq: row[0], kind: kind, marks: row[3], boot: row[4],
        definition: row[5], time: row[6], due: row[7], received: row[8], payload: row[9])
    }
  }

  private static func journal(_ db: Database, _ name: String) throws -> [GoldenRow] {
    try Row.fetchAll(db, sql: "SELECT number, kind, recorded_at, body FROM journal").map { row in
      GoldenRow(
        name, source: "journal:", seq: row[0], kind: row[1], marks: 0, boot: "", definition: "", time: row[2], due: nil,
        received: row[2], payload: row[3])
    }
  }

  /// - Parameter expired: months; their rows are gone.
  static func write(_ rows: [GoldenRow], expired: Set<String>, archive: String, to directory: String) throws {
    let kept = rows.filter { !expired.contains(String($0.file.prefix(7))) }.sorted {
      ($0.id.source, $0.id.seq) < ($1.id.source, $1.id.seq)
    }
    let hot = Set(try Files.names(in: "\(directory)/archive/hot"))
    func lines(_ isWanted: (GoldenRow) -> Bool) -> String { kept.filter(isWanted).map { $0.line + "\n" }.joined() }
    try write(lines { !hot.contains($0.file + ".sqlite") }, "\(directory)/rows.ndjson")
    try write(lines { hot.contains($0.file + ".sqlite") }, "\(directory)/hot.ndjson")
    var readings = ""
    let reader = try ArchiveReader(path: archive)
    for meter in ["feeder", "main", "water"] {
      try reader.forEachReading(meterID: meter, from: .distantPast, to: .distantFuture) {
        readings += "\($0.meterID),\($0.quantity),\($0.time.milliseconds),\($0.shown ?? "")\n"
      }
    }
    try write(readings, "\(directory)/readings.csv")
  }

  private static func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }
}

extension GoldenRow {
  /// Fields in the order in which docs/read_archive.py writes them.
  fileprivate init(
    _ file: String, source: String, seq: Int64, kind: Int64, marks: Int64, boot: String, definition: String,
    time: Int64, due: Int64?, received: Int64, payload: Data
  ) {
    id = ID(source: source, seq: seq)
    self.file = file
    let hex = payload.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    line = """
      {"source":"\(source)","seq":\(seq),"kind":\(kind),"marks":\(marks),"boot":"\(boot)","definition":"\(definition)",\
      "time":\(time),"due":\(due.map(String.init) ?? "null"),"received":\(received),"payload":"\(hex)"}
      """
  }
}
