import Accounting
import Archive
import Metering

/// One walk over a counter for its totals: over aggregates where they are certain to say the same, over readings elsewhere.
final class TotalsPass {
  private struct Done: Error {}

  private let context: SeriesContext
  private let quantity: String
  private let sink: TotalsSink
  private let pipeline: SeriesPipeline
  private let ranges: [Range<Timestamp>]
  private let lookAhead: Int64
  private let hasCorrections: Bool
  private var differences: DifferenceSum?
  private let series: SeriesReader
  private var ordered: OrderedReadings

  /// Aggregates of so long are held at a time.
  static let spanMilliseconds: Int64 = 366 * 86_400_000
  /// So far behind the last interval the next aggregate is looked for.
  private static let beyondMilliseconds: Int64 = 4 * QuarterAggregate.milliseconds

  init(_ series: SeriesReader, _ context: SeriesContext, _ quantity: String, rule: PointRule, sink: TotalsSink) throws {
    self.context = context
    self.quantity = quantity
    self.sink = sink
    self.series = series
    let start = TotalsPass.quarter(notBefore: sink.begin)
    let lookBack = LookBack(context, quantity)
    // A series of differences has no level.
    ranges = rule.kind == .counter ? try lookBack.ranges(before: start) : [lookBack.near(before: start)]
    lookAhead = LookBack.span(context, quantity)
    pipeline = try series.pipeline(
      context, quantity, from: ranges.first?.lowerBound ?? sink.begin, to: sink.upper + lookAhead)
    hasCorrections = pipeline.corrections != nil
    ordered = OrderedReadings(context, quantities: [quantity])
    if rule.kind == .interval { differences = DifferenceSum(everyMilliseconds: rule.everyMilliseconds) }
  }

  private static func quarter(notBefore time: Timestamp) -> Timestamp {
    Timestamp(
      milliseconds: -(-time.milliseconds).flooredDivision(by: QuarterAggregate.milliseconds)
        * QuarterAggregate.milliseconds)
  }

  /// - Parameter now: intervals that end later are not over yet.
  func run(now: Timestamp) throws {
    for range in ranges { try read(from: range.lowerBound, to: range.upperBound) }
    var start = ranges.last?.upperBound ?? sink.begin
    let end = max(start, TotalsPass.quarter(notBefore: sink.upper))
    while start < end {
      let next = min(end, start + TotalsPass.spanMilliseconds)
      if series.usesAggregates,
        let map = try QuarterMap(context, quantity, from: start, to: next + TotalsPass.beyondMilliseconds)
      {
        try walk(map, to: next)
      } else {
        try read(from: start, to: next)
      }
      start = next
    }
    try readOn(from: end)
    try pipeline.finish { try take($0.judged) }
    try sink.finish(through: now)
  }

  /// What follows tells whether the last readings were true.
  private func readOn(from end: Timestamp) throws {
    let last = sink.upper + sink.toleranceMilliseconds + 1
    do {
      try ordered.forEach(from: end, to: max(end, last) + lookAhead) { item in
        if item.reading.time >= last, pipeline.isDecided(before: last) { throw Done() }
        try feed(item)
      }
      try pipeline.feedSubstitutes(through: last) { try take($0.judged) }
    } catch is Done {}
  }

  private func read(from: Timestamp, to: Timestamp) throws {
    try ordered.forEach(from: from, to: to) { try feed($0) }
    try pipeline.feedSubstitutes(through: to - 1) { try take($0.judged) }
  }

  private func feed(_ item: SeriesReading) throws {
    try pipeline.feed(item.reading, item.definition) { try take($0.judged) }
  }

  private func take(_ judged: JudgedReading) throws {
    guard differences != nil else { return try sink.add(judged) }
    try differences?.add(judged.reading, start: { try sink.add($0) }, { try sink.add($0) })
  }

  // MARK: - Aggregates

  private func walk(_ map: QuarterMap, to end: Timestamp) throws {
    let count = map.quarters.count - Int((map.start(of: map.quarters.count) - end) / QuarterAggregate.milliseconds)
    let hasFailures = !map.failures.isEmpty
    var place = 0
    var refused = 0
    /// The rule by which the pipeline judges at present, as far as that is known.
    var present: Int?
    while place < count {
      if mustRead(map, place) {
        let first = place
        repeat { place += 1 } while place < count && mustRead(map, place)
        try read(from: map.start(of: first), to: map.start(of: place))
        present = nil
        continue
      }
      let failures = hasFailures ? map.failures[place] ?? [] : []
      guard case .counter(let aggregate, let rule) = map.quarters[place] else {
        for failure in failures {
          try fail(failure, at: failure.first)
          if failure.last > failure.first { try fail(failure, at: failure.last) }
        }
        place += 1
        continue
      }
      for failure in failures where failure.first <= aggregate.firstTime { try fail(failure, at: failure.first) }
      if present == nil, !pipeline.isOther(map.rules[rule]) { present = rule }
      if sink.isStarted, present == rule, try counted(aggregate, before: following(place, rule, map)) {
        for failure in failures where failure.last > aggregate.firstTime { try fail(failure, at: failure.last) }
        refused = 0
        place += 1
        series.aggregatesTaken += 1
      } else {
        // Where one was refused the next ones may be as well.
        refused = min(refused + 1, 8)
        let next = min(count, place + 1 << max(0, refused - 2))
        try read(from: map.start(of: place), to: map.start(of: next))
        place = next
        present = nil
      }
    }
  }

  private func mustRead(_ map: QuarterMap, _ place: Int) -> Bool {
    if map.quarters[place].isUnknown { return true }
    guard hasCorrections else { return false }
    let start = map.start(of: place)
    return pipeline.corrections?.touches(from: start, to: start + QuarterAggregate.milliseconds) ?? false
  }

  /// The aggregate of the next quarter that has any rows; nil where it is not of the same rule, or must be read.
  private func following(_ place: Int, _ rule: Int, _ map: QuarterMap) -> QuarterAggregate? {
    for next in (place + 1)..<map.quarters.count {
      if mustRead(map, next) { return nil }
      switch map.quarters[next] {
      case .empty: continue
      case .counter(let aggregate, rule): return aggregate
      default: return nil
      }
    }
    return nil
  }

  private func counted(_ aggregate: QuarterAggregate, before next: QuarterAggregate?) throws -> Bool {
    try pipeline.judge?.count(aggregate, before: next, into: &sink.totals, sink.give) ?? false
  }

  private func fail(_ failure: QuarterMap.Failure, at time: Timestamp) throws {
    var reading = failure.reading
    reading.time = time
    // By way of the judge: it may hold back what was before.
    try feed(SeriesReading(reading, definition: ""))
  }
}
