/// Decodes columns of groups for series and quarters. Keeps its memory from group to group.
final class SeriesDecoder {
  /// A group with the wanted columns, and what has to be read for them.
  struct Task {
    var day: Int
    var group: SourceIndex.Group
    var positions: Set<Int>
    var chunks: [Int]
  }

  private let chunks: SourceChunks
  private let filter: RowFilter
  private let fields: SeriesFields
  private var patterns: [PatternBuffer] = []
  private var scratch = PatternBuffer()
  private var seqs = PatternBuffer()
  private var times = TimeBuffer()
  private var dues = TimeBuffer()
  private var received = TimeBuffer()
  /// Places of the rows that pass, where not all do.
  private var passing: [Int] = []

  init(_ chunks: SourceChunks, _ filter: RowFilter, _ fields: SeriesFields) {
    self.chunks = chunks
    self.filter = filter
    self.fields = fields
  }

  /// Reads what the tasks of the days in range need, many days at once, and gives them one by one.
  func forEachRun(
    tasks: (_ day: Int) -> [Task], body: (Task, [SourceChunks.Block]) throws -> Void
  ) throws {
    var waiting: [Task] = []
    var octets = 0
    func work() throws {
      let blocks = try chunks.read(waiting.flatMap(\.chunks))
      for task in waiting { try body(task, blocks) }
      waiting.removeAll(keepingCapacity: true)
      octets = 0
    }
    for (day, entry) in chunks.index.days.enumerated()
    where filter.passes(Extent(rows: 0, seqs: entry.seqs, times: entry.times)) {
      for task in tasks(day) {
        waiting.append(task)
        octets += task.chunks.reduce(0) { $0 + chunks.index.chunks[$1].length }
        if octets >= SegmentReader.seriesOctets { try work() }
      }
    }
    try work()
  }

  /// Whether the numbers of rows have to be looked at.
  private func needsSeqs(_ day: Int) -> Bool {
    let range = chunks.index.days[day].seqs
    return fields.contains(.seqs) || range.lowerBound < filter.seqs.lowerBound
      || range.upperBound > filter.seqs.upperBound
  }

  func task(_ day: Int, _ group: SourceIndex.Group, _ choice: ColumnChoice) -> Task {
    let index = chunks.index
    let positions = choice.valuePositions(group)
    var roles: [ColumnLabel.Role] = [.shape, .due, .time]
    if fields.contains(.received) { roles.append(.received) }
    if needsSeqs(day) { roles.append(.seq) }
    return Task(
      day: day, group: group, positions: Set(positions),
      chunks: roles.compactMap { index.chunk($0, of: group) } + positions.map { index.chunk($0, of: group) })
  }

  /// Nil where no row is in the ranges.
  func decode(_ task: Task, _ blocks: [SourceChunks.Block]) throws(SegmentFault) -> SeriesBatch? {
    let shape = try chunks.shape(of: task.group, blocks)
    let count = task.group.rows
    let hasSeqs = needsSeqs(task.day)
    if hasSeqs { try decode(.seq, task, blocks, into: &seqs) }
    if shape.header.hasDue {
      try decode(.due, task, blocks, into: &scratch)
      dues.set(scratch, count: count)
    }
    try decode(.time, task, blocks, into: &scratch)
    times.set(scratch, count: count)
    if shape.header.hasDue { times.add(dues, count: count) }
    if fields.contains(.received) {
      try decode(.received, task, blocks, into: &scratch)
      received.set(scratch, count: count)
      received.add(times, count: count)
    }
    let passed = choosePassing(task, hasSeqs: hasSeqs)
    if passed == 0 { return nil }
    var columns: [SeriesBatch.Column] = []
    for (column, position) in zip(shape.header.shape.columns, shape.positions) where task.positions.contains(position) {
      if patterns.count == columns.count { patterns.append(PatternBuffer()) }
      let buffer = patterns[columns.count]
      buffer.reserve(count)
      try chunks.decode(
        chunks.index.chunk(position, of: task.group), blocks, column.format, into: buffer.prefix(count))
      if passed < count { buffer.keep(passing) }
      columns.append(.init(column: column, patterns: UnsafeBufferPointer(buffer.prefix(passed))))
    }
    if passed < count {
      for buffer in [times, dues, received] { buffer.keep(passing) }
      if hasSeqs { seqs.keep(passing) }
    }
    return SeriesBatch(
      segment: chunks.segments[chunks.index.days[task.day].segment].name, group: shape.header, count: passed,
      times: UnsafeBufferPointer(times.prefix(passed)),
      dues: shape.header.hasDue ? UnsafeBufferPointer(dues.prefix(passed)) : nil,
      seqs: fields.contains(.seqs) ? UnsafeBufferPointer(seqs.prefix(passed)) : nil,
      received: fields.contains(.received) ? UnsafeBufferPointer(received.prefix(passed)) : nil, columns: columns)
  }

  private func decode(
    _ role: ColumnLabel.Role, _ task: Task, _ blocks: [SourceChunks.Block], into buffer: inout PatternBuffer
  ) throws(SegmentFault) {
    buffer.reserve(task.group.rows)
    guard let chunk = chunks.index.chunk(role, of: task.group) else { return }
    try chunks.decode(chunk, blocks, .time, into: buffer.prefix(task.group.rows))
  }

  /// - Returns: how many rows pass; which ones, where not all do, stands in `passing`.
  private func choosePassing(_ task: Task, hasSeqs: Bool) -> Int {
    let count = task.group.rows
    let day = chunks.index.days[task.day].times
    if filter.times.lowerBound <= day.lowerBound, day.upperBound <= filter.times.upperBound,
      !hasSeqs || (filter.seqs.lowerBound == .min && filter.seqs.upperBound == .max)
    {
      return count
    }
    passing.removeAll(keepingCapacity: true)
    let times = times.prefix(count)
    let seqs = hasSeqs ? seqs.prefix(count) : nil
    for row in 0..<count where filter.passes(seqs?[row] ?? filter.seqs.lowerBound, times[row]) {
      passing.append(row)
    }
    return passing.count
  }

  // MARK: Quarters

  func quarterTask(_ day: Int, _ group: SourceIndex.Group, _ choice: ColumnChoice) -> Task {
    let positions = choice.quarterPositions(group)
    return Task(
      day: day, group: group, positions: Set(positions),
      chunks: [ColumnLabel.Role.shape, .quarter].compactMap { chunks.index.chunk($0, of: group) }
        + positions.map { chunks.index.chunk($0, of: group) })
  }

  /// Nil where no quarter is in the range.
  func decodeQuarters(_ task: Task, _ blocks: [SourceChunks.Block]) throws(SegmentFault) -> QuarterBatch? {
    let shape = try chunks.shape(of: task.group, blocks)
    let count = task.group.quarters
    guard let chunk = chunks.index.chunk(.quarter, of: task.group) else { return nil }
    let parts = try chunks.decodeParts(chunk, blocks, QuarterTable.formats, count: count)
    let starts = parts[0].map { Int64(bitPattern: $0) &* QuarterTable.milliseconds }
    let kept = starts.indices.filter { place in
      starts[place] <= filter.times.upperBound
        && starts[place] &+ (QuarterTable.milliseconds - 1) >= filter.times.lowerBound
    }
    if kept.isEmpty { return nil }
    var columns: [QuarterBatch.Column] = []
    for (column, position) in zip(shape.header.shape.columns, shape.quarterPositions) {
      guard let position, task.positions.contains(position) else { continue }
      let formats = QuarterTable.formats(column.format, column.keptQuarters)
      let values = try chunks.decodeParts(
        chunks.index.chunk(position, of: task.group), blocks, formats, count: count
      ).map { part in kept.map { part[$0] } }
      let numbers: QuarterBatch.Numbers =
        if column.keptQuarters == .counter {
          .counter(first: values[0], last: values[1], decreases: values[2].map { Int($0) })
        } else {
          .gauge(
            least: values[0], greatest: values[1], sums: values[2],
            finite: values.count > 3 ? values[3].map { Int($0) } : kept.map { Int(parts[1][$0]) })
        }
      columns.append(.init(column: column, numbers: numbers))
    }
    return QuarterBatch(
      segment: chunks.segments[chunks.index.days[task.day].segment].name, group: shape.header,
      quarters: kept.map { Int64(bitPattern: parts[0][$0]) }, rows: kept.map { Int(parts[1][$0]) },
      firstTimes: kept.map { starts[$0] &+ Int64(parts[2][$0]) },
      lastTimes: kept.map { starts[$0] &+ Int64(parts[3][$0]) }, columns: columns)
  }
}

/// Memory for a column that stays where it is.
final class NumberBuffer<Number: FixedWidthInteger> {
  private var memory = UnsafeMutableBufferPointer<Number>(start: nil, count: 0)

  deinit { memory.deallocate() }

  func reserve(_ count: Int) {
    guard memory.count < count else { return }
    memory.deallocate()
    memory = .allocate(capacity: max(count, 2 * memory.count))
    memory.initialize(repeating: 0)
  }

  func prefix(_ count: Int) -> UnsafeMutableBufferPointer<Number> {
    UnsafeMutableBufferPointer(rebasing: memory[..<min(count, memory.count)])
  }

  /// Moves these places, which ascend, to the front.
  func keep(_ places: [Int]) {
    guard let last = places.last, last < memory.count else { return }
    for (target, place) in places.enumerated() { memory[target] = memory[place] }
  }
}

typealias PatternBuffer = NumberBuffer<UInt64>
typealias TimeBuffer = NumberBuffer<Int64>

extension NumberBuffer<Int64> {
  func set(_ patterns: PatternBuffer, count: Int) {
    reserve(count)
    let (source, target) = (patterns.prefix(count), prefix(count))
    for place in 0..<count { target[place] = Int64(bitPattern: source[place]) }
  }

  func add(_ other: TimeBuffer, count: Int) {
    let (source, target) = (other.prefix(count), prefix(count))
    for place in 0..<count { target[place] &+= source[place] }
  }
}
