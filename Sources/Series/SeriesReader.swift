import Accounting
import Archive
import Metering

/// Series of an archive as people ask for them: in the order of time, by the definitions that hold, counters judged, corrected
/// where that is wanted. Used from one thread; memory is bounded whatever the range.
public final class SeriesReader {
  public let reader: ArchiveReader
  public let notes: Notes
  let isCorrected: Bool
  /// For tests: whether aggregates stand for readings where that is certain.
  var usesAggregates = true
  /// For tests: how many of them did.
  var aggregatesTaken = 0
  private var contexts: [String: SeriesContext] = [:]

  /// - Parameters:
  ///   - reader: opened `asOf` a time where that is wanted.
  ///   - isCorrected: whether corrections are applied. Exchanges and implausible readings are seen in any case.
  public init(_ reader: ArchiveReader, isCorrected: Bool = true) {
    self.reader = reader
    self.isCorrected = isCorrected
    notes = Notes(reader.notes)
  }

  /// The quantities that a meter has or had, those of its last definition first.
  public func quantities(of meterID: String) -> [String] {
    let all =
      [reader.latestDefinition(of: meterID)].compactMap { $0 }
      + reader.definitionsInForce(of: meterID).reversed().compactMap { reader.definition($0.sha256) }
    var quantities: [String] = []
    for quantity in all.flatMap(\.quantities) where !quantities.contains(quantity) { quantities.append(quantity) }
    return quantities
  }

  /// As its last definition says; nil where the meter has no such quantity.
  public func kind(of meterID: String, _ quantity: String) throws -> Quantity.Kind? {
    try context(meterID).rules(quantity).last?.kind
  }

  /// The definitions that hold in [from, to), ascending; what is older than the first one is read by it.
  public func definitions(of meterID: String, from: Timestamp, to: Timestamp) -> [(since: Timestamp, sha256: String)] {
    let all = reader.definitionsInForce(of: meterID)
    let first = all.lastIndex { $0.since <= from } ?? 0
    return Array(all[first...].prefix { $0.since < to || $0.since == all[first].since })
  }

  func context(_ meterID: String) throws -> SeriesContext {
    if let known = contexts[meterID] { return known }
    let context = try SeriesContext(reader, meterID: meterID, notes: notes)
    contexts[meterID] = context
    return context
  }

  func pipeline(
    _ context: SeriesContext, _ quantity: String, from start: Timestamp, to end: Timestamp,
    ordinals: Ordinals = Ordinals()
  ) throws -> SeriesPipeline {
    let corrections = isCorrected ? notes.corrections.of(context.meterID, quantity) : nil
    let isCounter = context.rules(quantity).contains { $0.kind == .counter }
    return SeriesPipeline(
      context, quantity, corrections: corrections.flatMap { $0.isEmpty ? nil : $0 },
      serialChanges: isCounter ? try context.serialChanges(from: start, to: end) : [], start: start,
      ordinals: ordinals)
  }

  /// Readings with times in [from, to) of some quantities of a meter, in the order of time; implausible ones are bad.
  ///
  /// - Parameter quantities: nil for all.
  public func forEachReading(
    meterID: String, quantities: Set<String>? = nil, from: Timestamp, to: Timestamp,
    _ body: (SeriesReading) throws -> Void
  ) throws {
    let context = try context(meterID)
    let names = self.quantities(of: meterID).filter { quantities?.contains($0) ?? true }
    try ReadingPass(self, context, names, from: from, to: to).run(body)
  }
}
