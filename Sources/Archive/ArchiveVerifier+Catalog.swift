import FoundationEssentials
import GRDB
import Glibc
import Proof

extension ArchiveVerifier {
  /// The catalog proves nothing, but queries believe it: it has to say what the files say.
  ///
  /// - Parameters:
  ///   - manifests: by segment.
  ///   - files: the names of the files that hold a segment.
  func checkCatalog(
    _ manifests: [String: Manifest], _ files: [String: Set<String>], expiredThrough: UInt64
  ) throws -> [String] {
    guard access(layout.catalog, F_OK) == 0 else { return [] }
    let rebuild = "run meterd archive rebuild"
    var problems: [String] = []
    func check(_ db: Database) throws {
      let words = try String.fetchAll(db, sql: "PRAGMA integrity_check")
      if words != ["ok"] {
        problems.append("SQLite's integrity_check says: \(words.first ?? "nothing"); \(rebuild)")
        return
      }
      for row in try Row.fetchAll(db, sql: "SELECT sha256, json FROM definition") {
        let values = Array(row.databaseValues)
        let (sha256, json) = (String.fromDatabaseValue(values[0]) ?? "", Data.fromDatabaseValue(values[1]))
        if json.map(sha256Hex) != sha256 { problems.append("definition \(sha256) was changed; \(rebuild)") }
      }
      var sealed: Set<String> = []
      let sql = """
        SELECT name, s.file, number, s.first_seq, last_seq, o.first_seq
        FROM sealed s LEFT JOIN opening o ON o.file = s.name ORDER BY number
        """
      for row in try Row.fetchAll(db, sql: sql) {
        let values = Array(row.databaseValues)
        let (name, file) = (String.fromDatabaseValue(values[0]) ?? "", String.fromDatabaseValue(values[1]) ?? "?")
        let numbers = values[2...].map { Int64.fromDatabaseValue($0).map(UInt64.init(bitPattern:)) }
        sealed.insert(name)
        if let manifest = manifests[name],
          numbers == [manifest.number, manifest.firstSeq, manifest.lastSeq, manifest.firstSeq],
          file.isEmpty ? manifest.number <= expiredThrough : files[name]?.contains(file) ?? false
        {
          continue
        }
        problems.append("what it says of segment \(name) is not what its files say; \(rebuild)")
      }
      // What was sealed just now is entered next; until then its rows are hot.
      for name in manifests.keys.sorted() where !sealed.contains(name) && access(layout.hotFile(name), F_OK) != 0 {
        problems.append("does not know segment \(name); \(rebuild)")
      }
    }
    do { try DurableDatabase.openForReading(layout.catalog).read(check) } catch let error as DatabaseError {
      problems.append("\(error.message ?? "\(error.resultCode)"); \(rebuild)")
    }
    return problems.map { "\(layout.catalog): \($0)" }
  }
}
