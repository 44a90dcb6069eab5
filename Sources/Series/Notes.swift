import Accounting
import Archive
import Metering

/// What an archive's journal says of readings: which exchanges and corrections hold.
public struct Notes: Sendable {
  public private(set) var corrections = Corrections()
  private var exchanges: [String: [Timestamp: Exchange]] = [:]

  /// - Parameter entries: `ArchiveReader.notes`.
  /// - Throws: `SeriesError` for one that cannot be read; it was written by another version.
  public init(_ entries: [JournalEntry]) throws(SeriesError) {
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
        throw SeriesError("journal entry \(entry.number), recorded \(entry.recordedAt.rfc3339()), cannot be used: \(error)")
      }
    }
  }

  /// Those of a meter that hold, by time.
  public func exchanges(of meterID: String) -> [Exchange] {
    (exchanges[meterID] ?? [:]).values.sorted { $0.at < $1.at }
  }
}
