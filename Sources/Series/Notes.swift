import Accounting
import Archive
import Metering

/// What an archive's journal says of readings: which exchanges and corrections hold.
public struct Notes: Sendable {
  public private(set) var corrections = Corrections()
  private var exchanges: [String: [Timestamp: Exchange]] = [:]

  /// What is left out, and why: it was written by another version, or does not go with what was recorded before it. The rest
  /// holds: what was once written down cannot be taken out.
  public private(set) var problems: [String] = []

  /// - Parameter entries: `ArchiveReader.notes`.
  public init(_ entries: [JournalEntry]) {
    for entry in entries {
      do {
        switch entry.kind {
        case .exchange:
          let note = try NoteJSON.decode(ExchangeNote.self, from: entry.body)
          exchanges[note.meterID, default: [:]][note.exchange.at] = note.isWithdrawn == true ? nil : note.exchange
        case .correction: try corrections.add(try NoteJSON.decode(Correction.self, from: entry.body))
        case .definition, .use: break
        }
      } catch {
        problems.append("journal entry \(entry.number) of \(entry.recordedAt.rfc3339()) is left out: \(error)")
      }
    }
  }

  /// Those of a meter that hold, by time.
  public func exchanges(of meterID: String) -> [Exchange] {
    (exchanges[meterID] ?? [:]).values.sorted { $0.at < $1.at }
  }
}
