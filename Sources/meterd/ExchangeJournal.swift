import Accounting
import Archive
import Metering
import Series
import Settings

/// Writes into the archive which exchanges of devices the settings declare (`[[meter.exchange]]`): the journal is what queries
/// read, and it remembers what was declared when.
enum ExchangeJournal {
  /// Records what is new, and takes back what the settings of a meter no longer say. Blocks.
  ///
  /// - Returns: what was done, for the log.
  static func update(_ archive: Archive, from settings: Settings, now: Timestamp) throws -> [String] {
    let notes = Notes(try ArchiveReader(path: archive.path).notes)
    var lines: [String] = []
    func record(_ note: ExchangeNote, _ what: String) throws {
      _ = try archive.record(.exchange, try note.json(), at: now)
      lines.append("\(note.meterID): the exchange of \(note.exchange.at.rfc3339()) is \(what)")
    }
    for meter in settings.meters {
      let declared = exchanges(of: meter)
      let known = notes.exchanges(of: meter.id)
      for exchange in declared where !known.contains(exchange) {
        let isChanged = known.contains { $0.at == exchange.at }
        try record(
          ExchangeNote(meterID: meter.id, exchange: exchange, recordedAt: now), isChanged ? "declared anew" : "declared"
        )
      }
      for exchange in known where !declared.contains(where: { $0.at == exchange.at }) {
        try record(
          ExchangeNote(meterID: meter.id, exchange: exchange, isWithdrawn: true, recordedAt: now), "taken back")
      }
    }
    return lines
  }

  /// The declarations of one time are one exchange of all the registers that they name.
  static func exchanges(of meter: Settings.Meter) -> [Exchange] {
    var exchanges: [Exchange] = []
    for one in meter.exchanges.sorted(by: { $0.at < $1.at }) {
      if exchanges.last?.at != one.at { exchanges.append(Exchange(at: one.at)) }
      let last = exchanges.count - 1
      exchanges[last].oldFinal[one.quantity] = one.oldFinal
      exchanges[last].newStart[one.quantity] = one.newStart
      exchanges[last].oldSerial = exchanges[last].oldSerial ?? one.oldSerial
      exchanges[last].newSerial = exchanges[last].newSerial ?? one.newSerial
      exchanges[last].reason = exchanges[last].reason ?? one.reason
    }
    return exchanges
  }
}
