import Decoding
import GRDB
import Metering
import Schedule

extension ArchiveReader {
  /// Slots of one meter of which the archive says nothing.
  public struct Gap: Hashable, Sendable {
    public let meterID: String
    public let definitionHash: String
    public let from: Timestamp
    public let to: Timestamp
    public let count: Int
  }

  private struct Round: Hashable {
    let station: String
    let kind: Interrogation.Kind
    let commonAddress: UInt16
  }

  /// How far back from the end the last slot of each meter is looked for.
  private static let lookBack: UInt64 = 200_000

  /// What was due since the last record of each meter until `now`, by the definitions that were in force: the slots of the
  /// time in which nobody was writing. Blocks.
  ///
  /// - Parameter head: the last sequence number before the present run.
  public static func unrecordedSlots(path: String, throughSeq head: UInt64, until now: Timestamp) throws -> [Gap] {
    let reader = try ArchiveReader(path: path)
    if head == 0 { return [] }
    var lastSlot: [String: Timestamp] = [:]
    var lastRounds: [Round: Timestamp] = [:]
    var lastReceived = Timestamp.distantPast
    try reader.forEachEntry(seqs: (head > lookBack ? head - lookBack : 1)...head) { entry in
      let o = entry.observation
      lastReceived = o.received + entry.clockOffsetMilliseconds
      guard let due = entry.due else { return }
      var last = due
      switch o.content {
      case .missed(_, let to, _, _): last = to + entry.clockOffsetMilliseconds
      // An interrogation that was under way when meterd ended has no end on record: its slot is lost.
      case .interrogation(let interrogation):
        let round = Round(station: o.meterID, kind: interrogation.kind, commonAddress: interrogation.commonAddress)
        lastRounds[round] = max(lastRounds[round] ?? last, last)
        return
      case .asdu, .link: return
      default: break
      }
      lastSlot[o.meterID] = max(lastSlot[o.meterID] ?? last, last)
    }
    var gaps: [Gap] = []
    for meterID in reader.meterIDs {
      // Of a meter that was taken out of service nothing was due.
      guard let (hash, definition) = reader.definitionInService(of: meterID) else { continue }
      let decoder = try Decoder(definition)
      let slots = decoder.slots
      // Of a meter on a station the earliest slot of which any of its interrogations has no end on record.
      let open = (definition.stationPoints ?? []).map { point in
        let round = Round(
          station: definition.station?.id ?? "", kind: point.isIntegratedTotal ? .counter : .general,
          commonAddress: point.commonAddress)
        let last = [lastSlot[meterID], lastRounds[round]].compactMap { $0 }.max()
        return decoder.slots(of: point.quantity).next(after: last ?? lastReceived)
      }
      let from = open.min() ?? slots.next(after: lastSlot[meterID] ?? lastReceived)
      let to = slots.last(atOrBefore: now)
      if from > to { continue }
      gaps.append(
        Gap(meterID: meterID, definitionHash: hash, from: from, to: to, count: slots.count(from: from, through: to)))
    }
    return gaps
  }
}
