extension SegmentReader {
  /// Days are read together up to this many octets.
  static let seriesOctets = 4 << 20

  /// Columns of a source, group after group: rows of a batch ascend by seq, batches do not. Every group with rows in the ranges
  /// comes, also one that has none of the columns: why, its fixed octets say. Rows that are in no group come by `odd`.
  ///
  /// - Parameters:
  ///   - columns: is asked once for each name.
  ///   - times: of `Row.time`.
  ///   - withoutQuarters: leaves out the groups for whose wanted columns `quarters` gives everything.
  public func series(
    of source: String, columns: (String) -> Bool, seqs: ClosedRange<UInt64> = .min ... .max,
    times: ClosedRange<Int64> = .min ... .max, fields: SeriesFields = [], withoutQuarters: Bool = false,
    odd: (Row) throws -> Void, _ body: (SeriesBatch) throws -> Void
  ) throws {
    guard let chunks = try open(source) else { return }
    let index = chunks.index
    let filter = RowFilter(seqs: seqs, times: times)
    let choice = ColumnChoice(index, columns)
    let decoder = SeriesDecoder(chunks, filter, fields)
    try decoder.forEachRun { day in
      index.days[day].groups.compactMap { group in
        if index.isOdd(group) { return SeriesDecoder.Task(day: day, group: group, positions: [], chunks: []) }
        if withoutQuarters, choice.isInQuarters(group) { return nil }
        return decoder.task(day, group, choice)
      }
    } body: { task, blocks in
      if !index.isOdd(task.group) { return try decoder.decode(task, blocks).map(body) ?? () }
      let rows = GroupRows(chunks, task.group, filter, shared: nil)
      _ = try rows.load()
      while let row = try rows.next() { try odd(row) }
    }
  }

  /// Aggregates of a source, group after group; quarters that overlap `times`. Groups that have none are left out:
  /// `series(withoutQuarters: true)` gives those. The same quarter can come in several batches.
  public func quarters(
    of source: String, columns: (String) -> Bool, times: ClosedRange<Int64> = .min ... .max,
    _ body: (QuarterBatch) throws -> Void
  ) throws {
    guard let chunks = try open(source) else { return }
    let index = chunks.index
    let choice = ColumnChoice(index, columns)
    let decoder = SeriesDecoder(chunks, RowFilter(seqs: .min ... .max, times: times), [])
    try decoder.forEachRun { day in
      index.days[day].groups.compactMap { group in
        choice.isInQuarters(group) ? decoder.quarterTask(day, group, choice) : nil
      }
    } body: { task, blocks in
      if let batch = try decoder.decodeQuarters(task, blocks) { try body(batch) }
    }
  }
}

/// Which columns of a source are wanted.
struct ColumnChoice {
  private let index: SourceIndex
  /// For each label: a wanted value, wanted quarters.
  private let values: [Bool]
  private let quarters: [Bool]

  init(_ index: SourceIndex, _ isWanted: (String) -> Bool) {
    var known: [String: Bool] = [:]
    func ask(_ name: String) -> Bool {
      if let answer = known[name] { return answer }
      let answer = isWanted(name)
      known[name] = answer
      return answer
    }
    self.index = index
    values = index.labels.map { if case .value(let name, _) = $0.role { ask(name) } else { false } }
    quarters = index.labels.map { if case .quarters(let name, _, _) = $0.role { ask(name) } else { false } }
  }

  /// Positions in the list of a group.
  func valuePositions(_ group: SourceIndex.Group) -> [Int] {
    let list = index.lists[group.list]
    return list.indices.filter { values[list[$0]] }
  }

  func quarterPositions(_ group: SourceIndex.Group) -> [Int] {
    let list = index.lists[group.list]
    return list.indices.filter { quarters[list[$0]] }
  }

  /// Whether the group has wanted columns, and quarters of all of them.
  func isInQuarters(_ group: SourceIndex.Group) -> Bool {
    let list = index.lists[group.list]
    let wanted = list.count { values[$0] }
    return wanted > 0 && wanted == list.count { quarters[$0] }
  }
}
