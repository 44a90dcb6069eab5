import Accounting
import Archive
import Metering

/// One walk over the readings of some quantities of a meter, which come out in the order in which they went in.
final class ReadingPass {
  private struct Done: Error {}

  private let context: SeriesContext
  private let from: Timestamp
  private let to: Timestamp
  private let pipelines: [SeriesPipeline]
  private let byQuantity: [String: SeriesPipeline]
  /// Those that look back, and ahead.
  private let counters: [SeriesPipeline]
  private let ranges: [Range<Timestamp>]
  private let lookAhead: Int64
  /// What came out before something that went in earlier.
  private var early: [Int: SeriesReading] = [:]
  private var given = 0

  /// So many readings wait for one that is still in doubt; then it is decided.
  private static let waitingLimit = 20_000

  init(_ series: SeriesReader, _ context: SeriesContext, _ quantities: [String], from: Timestamp, to: Timestamp) throws
  {
    self.context = context
    self.from = from
    self.to = max(from, to)
    let counters = Set(quantities.filter { name in context.rules(name).contains { $0.kind == .counter } })
    ranges = LookBack.merged(try counters.flatMap { try LookBack(context, $0).ranges(before: from) })
    let lookAhead = counters.map { LookBack.span(context, $0) }.max() ?? 0
    self.lookAhead = lookAhead
    let start = ranges.first?.lowerBound ?? from
    let ordinals = Ordinals()
    let pipelines = try quantities.map {
      try series.pipeline(context, $0, from: start, to: to + lookAhead, ordinals: ordinals)
    }
    self.pipelines = pipelines
    self.counters = pipelines.filter { counters.contains($0.quantity) }
    byQuantity = Dictionary(uniqueKeysWithValues: pipelines.map { ($0.quantity, $0) })
  }

  func run(_ body: (SeriesReading) throws -> Void) throws {
    if pipelines.isEmpty || from == to { return }
    let judged = Set(counters.map(\.quantity))
    if !judged.isEmpty {
      var before = OrderedReadings(context, quantities: judged)
      for range in ranges { try before.forEach(from: range.lowerBound, to: range.upperBound) { try feed($0, body) } }
    }
    var ordered = OrderedReadings(context, quantities: Set(byQuantity.keys))
    try ordered.forEach(from: from, to: to) { try feed($0, body) }
    for pipeline in pipelines {
      try pipeline.feedSubstitutes(through: to - 1) { try take($0, body) }
    }
    if counters.contains(where: { !$0.isDecided(before: to) }) {
      // What follows tells whether the last ones were true.
      var after = OrderedReadings(context, quantities: judged)
      do {
        try after.forEach(from: to, to: to + lookAhead) { item in
          try feed(item, body)
          if counters.allSatisfy({ $0.isDecided(before: to) }) { throw Done() }
        }
      } catch is Done {}
    }
    for pipeline in counters { try pipeline.finish { try take($0, body) } }
  }

  private func feed(_ item: SeriesReading, _ body: (SeriesReading) throws -> Void) throws {
    guard let pipeline = byQuantity[item.reading.quantity] else { return }
    try pipeline.feed(item.reading, item.definition) { try take($0, body) }
    if early.count > ReadingPass.waitingLimit {
      for pipeline in counters { try pipeline.finish { try take($0, body) } }
    }
  }

  private func take(_ output: SeriesPipeline.Output, _ body: (SeriesReading) throws -> Void) throws {
    let reading = SeriesReading(output.judged.reading, definition: output.definition)
    guard output.ordinal == given else {
      early[output.ordinal] = reading
      return
    }
    try give(reading, body)
    while let next = early.removeValue(forKey: given) { try give(next, body) }
  }

  private func give(_ reading: SeriesReading, _ body: (SeriesReading) throws -> Void) throws {
    given += 1
    if reading.reading.time >= from, reading.reading.time < to { try body(reading) }
  }
}
