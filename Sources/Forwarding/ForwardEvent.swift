import FoundationEssentials
import Metering

/// What forwarding writes into the archive, so that its ledger can be made again from there.
struct ForwardEvent: Codable, Hashable {
  enum Kind: String, Codable {
    /// Files are cut from this period on.
    case begin
    /// A revision of a period was decided on: which observations are in it.
    case cut
    /// The file lies whole in the directory.
    case delivered
  }

  var forward: String
  var event: Kind
  var periodStart: Timestamp
  var periodEnd: Timestamp
  var revision = 0
  var cutSeq: UInt64 = 0
  /// Of the uncompressed bytes.
  var sha256: String?
  var rows: Int?

  enum CodingKeys: String, CodingKey {
    case forward, event, revision, sha256, rows
    case periodStart = "period_start_ms"
    case periodEnd = "period_end_ms"
    case cutSeq = "cut_seq"
  }

  func text() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// Nil for what another version wrote.
  init?(text: String) {
    guard let event = try? JSONDecoder().decode(ForwardEvent.self, from: Data(text.utf8)) else { return nil }
    self = event
  }

  init(_ plan: ForwardPlan, _ event: Kind, _ period: Range<Timestamp>) {
    forward = plan.id
    self.event = event
    periodStart = period.lowerBound
    periodEnd = period.upperBound
  }
}
