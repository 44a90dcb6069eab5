import FoundationEssentials
import TestSupport
import Testing

/// What goes wrong on a gateway, done to the real daemon. One after the other: the machine is to be slow because of the
/// fault, not because of the neighbouring test.
@Suite(.serialized)
enum Faults {}

/// What `archive.py` found in an archive, without meterd's code.
struct ArchiveSummary: Decodable, Sendable {
  struct Meter: Decodable, Sendable {
    /// Polls of which every block was answered, and others.
    let good: Int
    let failed: Int
    /// Slots without a poll, by reason.
    let missed: [String: Int]
    /// The first and the last slot, in milliseconds since 1970, and how many there are from one to the other.
    let first: Int64
    let last: Int64
    let slots: Int
  }

  let head: UInt64
  /// Sequence numbers and slots that are missing or double, in words.
  let wrong: [String]
  let meters: [String: Meter]

  static func read(_ archive: String, everyMilliseconds: Int) async throws -> ArchiveSummary {
    let script = Repository.root + "/Tests/FaultTests/archive.py"
    let result = try await run([Repository.python, "-B", script, archive, "\(everyMilliseconds)"])
    guard result.isSuccess else { throw TestSupportError("archive.py: \(result.errors)") }
    return try JSONDecoder().decode(ArchiveSummary.self, from: Data(result.output.utf8))
  }

  /// Slots that no poll was made for, whatever the reason.
  var missed: [String: Int] {
    meters.values.reduce(into: [:]) { sum, meter in sum.merge(meter.missed, uniquingKeysWith: +) }
  }
}
