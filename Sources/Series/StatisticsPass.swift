import Accounting
import Archive
import Metering

/// One walk over a gauge for its statistics: over aggregates where they are certain to say the same, over readings elsewhere.
final class StatisticsPass {
  private let context: SeriesContext
  private let quantity: String
  private var statistics: GaugeStatistics
  private let pipeline: SeriesPipeline
  private var ordered: OrderedReadings
  private let series: SeriesReader
  private var isEmpty = true

  init(_ series: SeriesReader, _ context: SeriesContext, _ quantity: String, _ statistics: GaugeStatistics) throws {
    self.context = context
    self.quantity = quantity
    self.statistics = statistics
    self.series = series
    let intervals = statistics.intervals
    pipeline = try series.pipeline(context, quantity, from: intervals.start, to: intervals.end)
    ordered = OrderedReadings(context, quantities: [quantity])
  }

  /// - Parameter now: intervals that end later are not over yet.
  func run(now: Timestamp, _ body: (GaugeRow) throws -> Void) throws {
    /// Rows before the first reading of the series say nothing.
    func give(_ row: GaugeRow) throws { if !isEmpty || row.count > 0 { try body(row) } }
    var start = statistics.intervals.start
    let end = statistics.intervals.end
    while start < end {
      let next = min(end, start + TotalsPass.spanMilliseconds)
      let first = start.milliseconds.flooredRemainder(by: QuarterAggregate.milliseconds)
      if series.usesAggregates, first == 0,
        let map = try QuarterMap(context, quantity, from: start, to: next)
      {
        try walk(map, to: next, give)
      } else {
        try read(from: start, to: next, give)
      }
      start = next
    }
    try statistics.finish(through: now, give)
  }

  private func walk(_ map: QuarterMap, to end: Timestamp, _ body: (GaugeRow) throws -> Void) throws {
    var place = 0
    while place < map.quarters.count {
      if !mustRead(map, place) {
        var isTaken = true
        if case .gauge(let quarter, let rule) = map.quarters[place] {
          let (step, offset) = (map.rules[rule].step, map.rules[rule].offset)
          isTaken = try statistics.count(quarter, step: step, offset: offset, body)
          if isTaken {
            isEmpty = false
            series.aggregatesTaken += 1
          }
        }
        if isTaken {
          try fail(map.failures[place] ?? [], body)
          place += 1
          continue
        }
      }
      let first = place
      repeat { place += 1 } while place < map.quarters.count && mustRead(map, place)
      try read(from: map.start(of: first), to: min(end, map.start(of: place)), body)
    }
  }

  private func fail(_ failures: [QuarterMap.Failure], _ body: (GaugeRow) throws -> Void) throws {
    for failure in failures {
      var reading = failure.reading
      for time in Set([failure.first, failure.last]).sorted() {
        reading.time = time
        try add(reading, body)
      }
    }
  }

  private func mustRead(_ map: QuarterMap, _ place: Int) -> Bool {
    if map.quarters[place].isUnknown { return true }
    let start = map.start(of: place)
    return pipeline.corrections?.touches(from: start, to: start + QuarterAggregate.milliseconds) ?? false
  }

  private func read(from: Timestamp, to: Timestamp, _ body: (GaugeRow) throws -> Void) throws {
    try ordered.forEach(from: from, to: to) { item in
      try pipeline.feed(item.reading, item.definition) { try add($0.judged.reading, body) }
    }
    try pipeline.feedSubstitutes(through: to - 1) { try add($0.judged.reading, body) }
  }

  private func add(_ reading: Reading, _ body: (GaugeRow) throws -> Void) throws {
    try statistics.add(reading, body)
    isEmpty = false
  }
}
