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
    var lastOfStation: [String: Timestamp] = [:]
    var lastReceived = Timestamp.distantPast
    try reader.forEachEntry(seqs: (head > lookBack ? head - lookBack : 1)...head) { entry in
      let o = entry.observation
      lastReceived = o.received + entry.clockOffsetMilliseconds
      guard let due = entry.due else { return }
      var last = due
      switch o.content {
      case .missed(_, let to, _, _): last = to + entry.clockOffsetMilliseconds
      // An interrogation that was under way when meterd ended has no end on record: its slot is lost.
      case .interrogation:
        lastOfStation[o.meterID] = max(lastOfStation[o.meterID] ?? last, last)
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
      let slots = try Decoder(definition).slots
      let last = [lastSlot[meterID], definition.station.flatMap { lastOfStation[$0.id] }].compactMap { $0 }.max()
      let from = slots.next(after: last ?? lastReceived)
      let to = slots.last(atOrBefore: now)
      if from > to { continue }
      gaps.append(
        Gap(meterID: meterID, definitionHash: hash, from: from, to: to, count: slots.count(from: from, through: to)))
    }
    return gaps
  }
}
