import Synchronization
import TestSupport

/// Remembers everything that users of a daemon were ever shown, and whether it is still so.
final class Witness: Sendable {
  private let meterd: MeterdUnderTest
  private let meters: [String]
  private let spool: String
  private let seen = Mutex(Seen())

  private struct Seen {
    /// By meter: lines of `meterd query --format ndjson --raw`.
    var lines: [String: Set<Substring>] = [:]
    /// What `meterd status METER` showed, in the form of a piece of such a line.
    var readings: [String: Set<StatusReading>] = [:]
    var headSeq: UInt64 = 0
    var files: [String: [UInt8]] = [:]
    var looks = 0
  }

  private struct StatusReading: Hashable {
    let quantity: String
    let seq: UInt64
    let raw: String
  }

  init(_ meterd: MeterdUnderTest, meters: [String], spool: String) {
    self.meterd = meterd
    self.meters = meters
    self.spool = spool
  }

  var counts: String {
    seen.withLock { seen in
      "\(seen.looks) looks, \(seen.lines.values.reduce(0) { $0 + $1.count }) readings of query, "
        + "\(seen.readings.values.reduce(0) { $0 + $1.count }) of status, \(seen.files.count) spool files"
    }
  }

  var lineCount: Int { seen.withLock { $0.lines.values.reduce(0) { $0 + $1.count } } }
  var readingCount: Int { seen.withLock { $0.readings.values.reduce(0) { $0 + $1.count } } }

  /// Looks at everything once, one meter at a time.
  ///
  /// - Parameter from: earlier readings are not asked for.
  func look(from: String) async throws {
    let number = seen.withLock { seen in
      seen.looks += 1
      return seen.looks
    }
    let meter = meters[number % meters.count]
    if let head = try await meterd.status()?.archive.headSeq {
      let before = seen.withLock { seen in
        defer { seen.headSeq = max(seen.headSeq, head) }
        return seen.headSeq
      }
      if head < before { throw TestSupportError("head_seq went back from \(before) to \(head)") }
    }
    if let readings = try await meterd.status(of: meter)?.readings {
      seen.withLock { seen in
        for reading in readings {
          seen.readings[meter, default: []].insert(
            StatusReading(quantity: reading.quantity, seq: reading.seq, raw: reading.raw))
        }
      }
    }
    let lines = try await meterd.lines(of: meter, from: from)
    seen.withLock { $0.lines[meter, default: []].formUnion(lines) }
    try lookAtSpool()
  }

  /// A name that is visible stands for a whole file that never changes.
  func lookAtSpool() throws {
    for name in TextFile.names(in: spool) where !name.hasPrefix(".") {
      guard let bytes = TextFile.bytes("\(spool)/\(name)") else { throw TestSupportError("\(name) went away") }
      let before = seen.withLock { seen in
        defer { seen.files[name] = bytes }
        return seen.files[name]
      }
      if let before, before != bytes { throw TestSupportError("\(name) has other bytes than before") }
    }
    let gone = seen.withLock { Set($0.files.keys) }.subtracting(TextFile.names(in: spool))
    if !gone.isEmpty { throw TestSupportError("gone: \(gone.sorted())") }
  }

  /// What was shown before and is not there now, in words.
  func findMissing() async throws -> [String] {
    var missing: [String] = []
    for meter in meters {
      let now = Set(try await meterd.lines(of: meter))
      let (lines, readings) = seen.withLock { ($0.lines[meter] ?? [], $0.readings[meter] ?? []) }
      missing += lines.subtracting(now).map { "query showed: \($0)" }
      if readings.isEmpty { continue }
      let found = Set(now.compactMap(Witness.statusReading))
      missing += readings.subtracting(found).map { "status showed of \(meter): \($0)" }
    }
    let head = try await ArchiveSummary.read(meterd.plant.archive, everyMilliseconds: 100).head
    let shown = seen.withLock { $0.headSeq }
    if head < shown { missing.append("status showed head_seq \(shown), the archive ends at \(head)") }
    return missing
  }

  private static func statusReading(_ line: Substring) -> StatusReading? {
    func field(_ name: String) -> Substring? {
      line.split(separator: "\"\(name)\":").dropFirst().first?.prefix { $0 != "," && $0 != "}" }
    }
    guard let quantity = field("quantity"), let seq = field("seq").flatMap({ UInt64($0) }), let raw = field("raw")
    else {
      return nil
    }
    return StatusReading(
      quantity: quantity.filter { $0 != "\"" }, seq: seq, raw: raw.filter { $0 != "\"" })
  }
}
