import Archive
import Metering

/// The readings of a meter in the order of their time, whenever they were received, in bounded memory.
///
/// An archive's days are those of receipt; a station that was cut off sends old values, and slots that passed without the
/// gateway are written down at its start. So readings are gathered by windows of time, as long as they may be for their number,
/// and each window is put in order.
struct OrderedReadings {
  let context: SeriesContext
  /// One, or those that are wanted; nil: all.
  let quantities: Set<String>?
  /// The most that is kept at a time.
  private let limit: Int
  private var windowMilliseconds: Int64

  private struct TooMany: Error {}

  init(_ context: SeriesContext, quantities: Set<String>?, limit: Int = 50_000) {
    self.limit = limit
    self.context = context
    self.quantities = quantities
    let latest = context.reader.latestDefinition(of: context.meterID)
    let count = max(1, quantities?.count ?? latest?.quantities.count ?? 1)
    let every = max(1, latest?.everyMilliseconds ?? 60_000)
    windowMilliseconds = max(1000, Int64(max(1, limit / 2 / count)) * every)
  }

  /// Readings with times in [from, to), by time, those of one time by their number.
  mutating func forEach(from: Timestamp, to: Timestamp, _ body: (SeriesReading) throws -> Void) throws {
    var start = from
    while start < to {
      let end = min(to, start + windowMilliseconds)
      do {
        let readings = try gather(from: start, to: end)
        for reading in readings { try body(reading) }
        if readings.count < limit / 8, end < to {
          windowMilliseconds = min(2 * windowMilliseconds, 400 * 86_400_000)
        }
        start = end
      } catch is TooMany {
        windowMilliseconds /= 2
      }
    }
  }

  /// In no order.
  func forEachUnordered(from: Timestamp, to: Timestamp, _ body: (SeriesReading) throws -> Void) throws {
    if from >= to { return }
    let reader = context.reader
    let only = quantities.flatMap { $0.count == 1 ? $0.first : nil }
    var stretches: Set<UInt64> = []
    try reader.forEachEntry(meterID: context.meterID, quantity: only, from: from, to: to) { entry in
      if case .missed = entry.observation.content { stretches.insert(entry.observation.seq) }
      try forEachReading(of: entry, only, from..<to, body)
    }
    let any = only ?? quantities?.first ?? ""
    try reader.forEachStretch(meterID: context.meterID, quantity: any, reaching: from, to: to) { entry in
      if !stretches.contains(entry.observation.seq) { try forEachReading(of: entry, only, from..<to, body) }
    }
  }

  private func forEachReading(
    of entry: ArchiveReader.Entry, _ only: String?, _ range: Range<Timestamp>, _ body: (SeriesReading) throws -> Void
  ) throws {
    let reader = context.reader
    var hash: String?
    try reader.forEachReading(of: entry, meterID: context.meterID, quantity: only, within: range) { reading in
      guard range.contains(reading.time), quantities?.contains(reading.quantity) ?? true else { return }
      // All readings of a poll are made by one definition, each object of a station by that of its own time.
      let definition = hash ?? reader.definitionHash(of: entry, meterID: context.meterID, at: reading.time)
      if !entry.observation.isOfStation { hash = definition }
      try body(SeriesReading(reading, definition: definition))
    }
  }

  private func gather(from: Timestamp, to: Timestamp) throws -> [SeriesReading] {
    var readings: [SeriesReading] = []
    var isOrdered = true
    // What cannot be divided is kept whole.
    let limit = to - from > 1 ? limit : .max
    try forEachUnordered(from: from, to: to) { reading in
      if readings.count == limit { throw TooMany() }
      if let last = readings.last, !OrderedReadings.isInOrder(last.reading, reading.reading) { isOrdered = false }
      readings.append(reading)
    }
    if isOrdered { return readings }
    // Points of one poll stay in the order of the definition.
    return readings.enumerated().sorted { a, b in
      if OrderedReadings.isBefore(a.element.reading, b.element.reading) { return true }
      return !OrderedReadings.isBefore(b.element.reading, a.element.reading) && a.offset < b.offset
    }.map(\.element)
  }

  private static func isBefore(_ a: Reading, _ b: Reading) -> Bool {
    (a.time, a.seq, a.index) < (b.time, b.seq, b.index)
  }

  private static func isInOrder(_ a: Reading, _ b: Reading) -> Bool { !isBefore(b, a) }
}
