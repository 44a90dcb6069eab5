import Accounting
import Archive
import Decoding
import Metering

/// One meter of an archive: its definitions as rules, and what was said of it.
final class SeriesContext {
  let reader: ArchiveReader
  let meterID: String
  let notes: Notes
  let zone: Zone
  private var rules: [RuleKey: PointRule?] = [:]
  private var decoders: [String: Decoder] = [:]
  private var serials: (range: Range<Timestamp>, changes: [SerialChange])?

  private struct RuleKey: Hashable {
    let definition: String
    let quantity: String
  }

  /// - Throws: where the archive does not know the meter.
  init(_ reader: ArchiveReader, meterID: String, notes: Notes) throws {
    self.reader = reader
    self.meterID = meterID
    self.notes = notes
    guard let definition = reader.latestDefinition(of: meterID) else {
      throw SeriesError("the archive has no meter '\(meterID)'")
    }
    zone = try Zone(named: definition.timeZone)
  }

  /// Nil where that definition has no such quantity.
  func rule(_ quantity: String, by definition: String) -> PointRule? {
    let key = RuleKey(definition: definition, quantity: quantity)
    if let known = rules[key] { return known }
    let rule = reader.definition(definition).flatMap { PointRule(quantity, of: $0) }
    rules[key] = rule
    return rule
  }

  /// By every definition that the meter ever had, the oldest first.
  func rules(_ quantity: String) -> [PointRule] {
    reader.definitionsInForce(of: meterID).compactMap { rule(quantity, by: $0.sha256) }
  }

  /// What an observation says of a quantity by another definition than its own; nil where that says nothing of it.
  func value(of reading: Reading, by hash: String) throws -> ExactDecimal? {
    // A substitute is worth what somebody said, by any definition.
    if reading.seq == 0 { return reading.value }
    guard let entry = try reader.entry(seq: reading.seq, meterID: meterID), let decoder = try decoder(hash) else {
      return nil
    }
    var value: ExactDecimal?
    let take = { (other: Reading) in
      if other.quantity == reading.quantity, other.index == reading.index, other.quality != .bad { value = other.value }
    }
    let offset = entry.clockOffsetMilliseconds
    if entry.observation.isOfStation {
      try StationDecoder([decoder]).forEachReading(
        of: entry.observation, clockOffsetMilliseconds: offset, meterID: meterID, take)
    } else {
      decoder.forEachReading(
        of: entry.observation, clockOffsetMilliseconds: offset, quantity: reading.quantity, take)
    }
    return value
  }

  /// Of the device, as it says itself.
  func serialChanges(from: Timestamp, to: Timestamp) throws -> [SerialChange] {
    let range = from..<max(from, to)
    if let serials, serials.range == range { return serials.changes }
    let changes = try SerialChanges(self).find(from: from, to: to)
    serials = (range, changes)
    return changes
  }

  private func decoder(_ hash: String) throws -> Decoder? {
    if let known = decoders[hash] { return known }
    guard let definition = reader.definition(hash) else { return nil }
    let decoder = try Decoder(definition)
    decoders[hash] = decoder
    return decoder
  }
}
