import Accounting
import Archive
import Metering
import Segments

/// What is known of a series in each UTC quarter of an hour of a span, without its readings: from the aggregates that were
/// kept when days were sealed and, where none were kept, from the numbers of whole columns.
///
/// `unknown` where something may make a difference that is not in an aggregate: rows of the hot store, rows that are kept
/// whole, doubtful clocks, a change of definition. There the readings must be read.
struct QuarterMap {
  enum Quarter {
    case empty
    case unknown
    /// With its rule's place in `rules`.
    case counter(QuarterAggregate, Int)
    case gauge(GaugeQuarter, Int)

    var isUnknown: Bool { if case .unknown = self { true } else { false } }
    var isEmpty: Bool { if case .empty = self { true } else { false } }
  }

  /// Slots of a quarter that failed for the same reason.
  struct Failure {
    var reading: Reading
    var first: Timestamp
    var last: Timestamp
  }

  let first: Int64
  private(set) var quarters: [Quarter]
  private(set) var failures: [Int: [Failure]] = [:]
  private(set) var rules: [PointRule] = []

  private let context: SeriesContext
  private let quantity: String
  private let kind: Quantity.Kind
  /// Whether aggregates are made of whole columns: what was kept does not say how fast a counter ran within a quarter.
  private let readsColumns: Bool
  /// When definitions begin to hold.
  private let starts: [Timestamp]
  private var known: [RuleKey: Int?] = [:]
  private var lastRule: (asked: String, period: Int, place: Int?)?

  private struct RuleKey: Hashable {
    let asked: String
    let period: Int
  }

  /// Nil where aggregates are of no use for the series.
  init?(_ context: SeriesContext, _ quantity: String, from: Timestamp, to: Timestamp) throws {
    let all = context.rules(quantity)
    guard to > from, let last = all.last, last.kind == .counter || last.kind == .gauge,
      all.contains(where: { $0.column != nil }), !context.reader.hasStation(context.meterID)
    else { return nil }
    self.context = context
    self.quantity = quantity
    kind = last.kind
    readsColumns = kind == .counter && all.contains { $0.counter.maximumPerHour != nil }
    first = from.milliseconds.flooredDivision(by: QuarterAggregate.milliseconds)
    let end = (to.milliseconds - 1).flooredDivision(by: QuarterAggregate.milliseconds)
    quarters = Array(repeating: .empty, count: Int(end - first) + 1)
    starts = context.reader.definitionsInForce(of: context.meterID).map(\.since)
    try fill()
    for start in starts where start.milliseconds % QuarterAggregate.milliseconds != 0 { setUnknown(start) }
  }

  func start(of place: Int) -> Timestamp {
    Timestamp(milliseconds: (first + Int64(place)) * QuarterAggregate.milliseconds)
  }

  private var start: Timestamp { start(of: 0) }
  private var end: Timestamp { start(of: quarters.count) }

  // MARK: - Filling

  private static let slackMilliseconds: Int64 = 3_600_000

  private mutating func fill() throws {
    let slack = QuarterMap.slackMilliseconds
    let (from, to) = (start - slack, end + slack)
    let source = "meter:\(context.meterID)"
    let isWanted = context.reader.isColumn(of: quantity, context.meterID)
    try context.reader.forEachFile(from: from, to: to) { times in
      // The hot store is no faster asked for aggregates than for readings.
      guard times.overlaps(start...(end - 1)) else { return }
      let last = place(of: min(times.upperBound, end - 1)) ?? quarters.count - 1
      for place in (place(of: max(times.lowerBound, start)) ?? 0)...last { quarters[place] = .unknown }
    } sealed: { segment, hasUntrustedClock in
      // What was written down later, a stretch of slots without the gateway, stands under the time of its first slot.
      let times = hasUntrustedClock ? Int64.min...Int64.max : Int64.min...to.milliseconds
      if !readsColumns {
        let own = hasUntrustedClock ? times : start.milliseconds...(end.milliseconds - 1)
        try segment.quarters(of: source, columns: isWanted, times: own) { take($0) }
      }
      try segment.series(of: source, columns: isWanted, times: times, withoutQuarters: !readsColumns) { row in
        try take(try context.reader.entry(of: row, meterID: context.meterID))
      } _: { batch in
        try take(batch)
      }
    }
  }

  /// An observation that is kept whole.
  private mutating func take(_ entry: ArchiveReader.Entry) throws {
    try context.reader.forEachReading(
      of: entry, meterID: context.meterID, quantity: quantity, within: start..<end
    ) { reading in
      if reading.quality == .bad, reading.value == nil, !reading.flags.contains("clock") {
        fail(reading, at: reading.time)
      } else {
        setUnknown(reading.time)
      }
    }
  }

  private mutating func take(_ batch: SeriesBatch) throws {
    var row = 0
    while row < batch.count {
      let number = batch.times[row].flooredDivision(by: QuarterAggregate.milliseconds)
      let next = (number + 1) * QuarterAggregate.milliseconds
      var end = row + 1
      while end < batch.count, batch.times[end] < next, batch.times[end] >= batch.times[end - 1] { end += 1 }
      try take(batch, row..<end, Int(clamping: number - first))
      row = end
    }
  }

  /// Rows of one quarter, in the order of time.
  private mutating func take(_ batch: SeriesBatch, _ rows: Range<Int>, _ place: Int) throws {
    guard isPlain(batch.group) else { return setUnknown(batch, rows) }
    let time = Timestamp(milliseconds: batch.times[rows.lowerBound])
    guard let index = rule(asked: batch.group.definition, at: time), let column = rules[index].column else {
      return setUnknown(batch, rows)
    }
    guard batch.group.shape.columns.contains(where: { $0.name == column.name }) else {
      return try takeFailure(batch, rows)
    }
    guard quarters.indices.contains(place) else { return }
    guard let values = batch.columns.first(where: { column.matches($0.column) }) else {
      quarters[place] = .unknown
      return
    }
    let numbers = ColumnRun(
      column: column, quarter: first + Int64(place),
      times: UnsafeBufferPointer(rebasing: batch.times[rows]),
      patterns: UnsafeBufferPointer(rebasing: values.patterns[rows]))
    switch kind {
    case .counter: merge(numbers.counter.map { .counter($0, index) } ?? .unknown, into: place)
    default: merge(numbers.gauge.map { .gauge($0, index) } ?? .unknown, into: place)
    }
  }

  /// Rows of polls of which the part that the series is read from was not answered.
  private mutating func takeFailure(_ batch: SeriesBatch, _ rows: Range<Int>) throws {
    let group = batch.group
    for row in rows {
      let slot = batch.dues?[row] ?? batch.times[row]
      let like = Segments.Row(
        seq: 0, kind: group.kind, marks: group.marks, boot: group.boot, definition: group.definition,
        time: batch.times[row], due: slot, received: batch.times[row], payload: group.shape.fixed)
      try take(try context.reader.entry(of: like, meterID: context.meterID))
    }
  }

  private mutating func take(_ batch: QuarterBatch) {
    guard isPlain(batch.group) else {
      let shift = context.reader.clockOffset(ofBoot: batch.group.boot)
      for time in batch.firstTimes + batch.lastTimes { setUnknown(Timestamp(milliseconds: time + shift)) }
      return
    }
    var last: (rule: Int, numbers: QuarterBatch.Numbers?)?
    for (row, number) in batch.quarters.enumerated() {
      guard let place = Int(exactly: number - first), quarters.indices.contains(place) else { continue }
      let time = Timestamp(milliseconds: batch.firstTimes[row])
      guard let rule = rule(asked: batch.group.definition, at: time), let column = rules[rule].column else {
        quarters[place] = .unknown
        continue
      }
      if last?.rule != rule { last = (rule, batch.columns.first { column.matches($0.column) }?.numbers) }
      guard let numbers = last?.numbers else {
        quarters[place] = .unknown
        continue
      }
      merge(quarter(batch, row, numbers, column, rule), into: place)
    }
  }

  private func quarter(
    _ batch: QuarterBatch, _ row: Int, _ numbers: QuarterBatch.Numbers, _ column: PointRule.PlainColumn, _ rule: Int
  ) -> Quarter {
    switch numbers {
    case .counter(let firsts, let lasts, let decreases):
      let aggregate = QuarterAggregate(
        quarter: batch.quarters[row], rows: batch.rows[row],
        firstTime: Timestamp(milliseconds: batch.firstTimes[row]),
        lastTime: Timestamp(milliseconds: batch.lastTimes[row]), first: column.raw(firsts[row]),
        last: column.raw(lasts[row]), decreases: decreases[row])
      guard kind == .counter, !column.hasInvalid(from: aggregate.first, through: aggregate.last) else {
        return .unknown
      }
      return .counter(aggregate, rule)
    case .gauge(let leasts, let greatests, let sums, let finite):
      guard kind == .gauge, finite[row] == batch.rows[row] else { return .unknown }
      let sum: Sum =
        column.number == .float
        ? .binary(Double(bitPattern: sums[row])) : .exact(ExactDecimal(Int64(bitPattern: sums[row])))
      let quarter = GaugeQuarter(
        quarter: batch.quarters[row], rows: batch.rows[row], least: column.raw(leasts[row]),
        greatest: column.raw(greatests[row]), sum: sum)
      return column.hasInvalid(from: quarter.least, through: quarter.greatest) ? .unknown : .gauge(quarter, rule)
    }
  }

  // MARK: - Places

  private func isPlain(_ group: GroupHeader) -> Bool { group.kind == 0 && group.marks == 0 && group.boot.isEmpty }

  /// The place in `rules` of the rule for polls of a time.
  private mutating func rule(asked: String, at time: Timestamp) -> Int? {
    let period = starts.partitioningIndex { $0 > time }
    if let lastRule, lastRule.period == period, lastRule.asked == asked { return lastRule.place }
    let key = RuleKey(asked: asked, period: period)
    if let place = known[key] {
      lastRule = (asked, period, place)
      return place
    }
    let hash = context.reader.polledDefinition(of: context.meterID, asked: asked, at: time)
    let place = context.rule(quantity, by: hash).flatMap { rule -> Int? in
      if let place = rules.firstIndex(of: rule) { return place }
      guard rule.kind == kind else { return nil }
      rules.append(rule)
      return rules.count - 1
    }
    known[key] = place
    lastRule = (asked, period, place)
    return place
  }

  private func place(of time: Timestamp) -> Int? {
    let place = time.milliseconds.flooredDivision(by: QuarterAggregate.milliseconds) - first
    return place >= 0 && place < Int64(quarters.count) ? Int(place) : nil
  }

  private mutating func setUnknown(_ time: Timestamp) {
    if let place = place(of: time) { quarters[place] = .unknown }
  }

  private mutating func setUnknown(_ batch: SeriesBatch, _ rows: Range<Int>) {
    let shift = context.reader.clockOffset(ofBoot: batch.group.boot)
    for row in rows {
      setUnknown(Timestamp(milliseconds: batch.times[row] + shift))
      // A part that failed belongs to its slot.
      if let dues = batch.dues { setUnknown(Timestamp(milliseconds: dues[row] + shift)) }
    }
  }

  private mutating func fail(_ reading: Reading, at time: Timestamp) {
    guard let place = place(of: time) else { return }
    var known = failures[place] ?? []
    if let index = known.firstIndex(where: { $0.reading.flags == reading.flags }) {
      known[index].first = min(known[index].first, time)
      known[index].last = max(known[index].last, time)
    } else {
      known.append(Failure(reading: reading, first: time, last: time))
    }
    failures[place] = known
  }

  private mutating func merge(_ quarter: Quarter, into place: Int) {
    switch (quarters[place], quarter) {
    case (.empty, _): quarters[place] = quarter
    case (.counter(let a, let index), .counter(let b, let other)) where index == other:
      let column = rules[index].column
      let merged = a.lastTime < b.firstTime ? a.followed(by: b, column) : b.followed(by: a, column)
      quarters[place] = merged.map { .counter($0, index) } ?? .unknown
    default: quarters[place] = .unknown
    }
  }
}

extension Array {
  /// The first place of an array that is parted by `isAfter` where it is true.
  fileprivate func partitioningIndex(where isAfter: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
