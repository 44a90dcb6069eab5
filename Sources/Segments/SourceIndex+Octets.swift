extension SourceIndex {
  var octets: [UInt8] {
    var octets: [UInt8] = []
    octets.append(varint: labels.count)
    for label in labels {
      octets.append(varint: label.octets.count)
      octets.append(contentsOf: label.octets)
    }
    octets.append(varint: lists.count)
    for list in lists {
      octets.append(varint: list.count)
      // Steps, nearly all of them 1.
      var next = 0
      for label in list {
        octets.append(varint: label - next)
        next = label + 1
      }
    }
    octets.append(varint: days.count)
    for day in days {
      octets.append(varint: day.segment)
      octets.append(varint: day.firstLeaf)
      octets.append(Extent(rows: day.rows, seqs: day.seqs, times: day.times))
      octets.append(varint: day.groups.count)
      for group in day.groups {
        octets.append(varint: group.list)
        octets.append(varint: group.rows)
        octets.append(varint: group.quarters)
      }
    }
    for chunk in chunks { octets.append(varint: chunk.length) }
    for chunk in chunks { octets.append(littleEndian: chunk.check) }
    return octets
  }

  /// Reads an index; everything in it fits together, or it throws.
  ///
  /// - Parameters:
  ///   - chunks: where the chunks of the source lie.
  ///   - known: labels of another source, which are probably these as well: reading them anew takes longer.
  init(
    _ reader: inout OctetReader, segments: Int, chunks area: Range<Int>, known: [ColumnLabel]
  ) throws(SegmentFault) {
    let labels = try SourceIndex.labels(&reader, known)
    let lists = try SourceIndex.lists(&reader, labels)
    var days: [Day] = []
    let dayCount = try reader.count("days", of: 8, limit: Limits.segments)
    guard dayCount > 0 else { throw reader.fault("no days") }
    for _ in 0..<dayCount {
      let day = try Day(&reader, segments: segments, labels: labels, lists: lists)
      if let last = days.last, last.segment >= day.segment { throw reader.fault("days do not ascend") }
      days.append(day)
    }
    // A length and a check each: so what is made room for is there.
    var slots = 0
    for day in days {
      for group in day.groups {
        slots += lists[group.list].count
        guard slots <= reader.remaining / 5 else { throw reader.fault("more chunks than there is room for") }
      }
    }
    self.init(labels: labels, lists: lists, days: days)
    var offset = area.lowerBound
    var lengths: [Int] = []
    lengths.reserveCapacity(slots)
    for _ in chunks.indices { lengths.append(try reader.count("octets of a chunk", 1...max(1, area.count))) }
    for place in chunks.indices {
      guard lengths[place] <= area.upperBound - offset else { throw reader.fault("chunks past their area") }
      self.place(place, offset: offset, length: lengths[place], check: try reader.littleEndian())
      offset += lengths[place]
    }
    guard offset == area.upperBound else { throw reader.fault("chunks do not fill their area") }
    guard reader.isAtEnd else { throw reader.fault("goes on behind its end") }
  }

  private static func labels(
    _ reader: inout OctetReader, _ known: [ColumnLabel]
  ) throws(SegmentFault) -> [ColumnLabel] {
    var labels: [ColumnLabel] = []
    // Known labels ascend as long as all of them are the known ones.
    var areKnown = true
    for place in 0..<(try reader.count("columns", of: 2, limit: Limits.columns)) {
      let octets = try reader.octets(try reader.count("octets of a label", 1...Limits.text))
      areKnown = areKnown && place < known.count && octets.elementsEqual(known[place].octets)
      if areKnown {
        labels.append(known[place])
        continue
      }
      guard let label = ColumnLabel(octets) else { throw reader.fault("not a column's label") }
      if let last = labels.last, !(last < label) { throw reader.fault("columns do not ascend") }
      labels.append(label)
    }
    return labels
  }

  private static func lists(_ reader: inout OctetReader, _ labels: [ColumnLabel]) throws(SegmentFault) -> [[Int]] {
    var lists: [[Int]] = []
    for _ in 0..<(try reader.count("lists of columns", of: 2, limit: Limits.columns)) {
      var list: [Int] = []
      var next = 0
      for _ in 0..<(try reader.count("columns of a list", of: 1, limit: labels.count)) {
        let label = next + (try reader.count("is no column", 0...labels.count))
        guard label < labels.count else { throw reader.fault("a list past the columns") }
        list.append(label)
        next = label + 1
      }
      guard isList(list, labels) else { throw reader.fault("columns that are no group") }
      lists.append(list)
    }
    return lists
  }

  /// Whether these columns are odd rows, or all that a group needs.
  private static func isList(_ list: [Int], _ labels: [ColumnLabel]) -> Bool {
    let roles = list.map { labels[$0].role }
    if roles == [.rows] { return true }
    var rest = roles[...]
    guard rest.popFirst() == .shape else { return false }
    if rest.first == .due { rest.removeFirst() }
    guard rest.popFirst() == .time, rest.popFirst() == .received, rest.popFirst() == .seq else { return false }
    // Whether the columns are those of the shape is seen when it is read. Labels ascend, so the others stand in order.
    let hasQuarter = rest.contains(.quarter)
    return rest.allSatisfy { role in
      switch role {
      case .value, .quarter: true
      case .quarters: hasQuarter
      default: false
      }
    }
  }
}

extension SourceIndex.Day {
  fileprivate init(
    _ reader: inout OctetReader, segments: Int, labels: [ColumnLabel], lists: [[Int]]
  ) throws(SegmentFault) {
    segment = try reader.count("is no segment", 0...max(0, segments - 1))
    firstLeaf = try reader.count("leaves", 0...Limits.leaves)
    let extent = try reader.extent()
    seqs = extent.seqs
    times = extent.times
    groups = []
    var rows = 0
    for _ in 0..<(try reader.count("groups", of: 3, limit: Limits.chunks)) {
      let list = try reader.count("is no list", 0...max(0, lists.count - 1))
      guard list < lists.count else { throw reader.fault("no lists") }
      let group = SourceIndex.Group(
        list: list, rows: try reader.count("rows of a group", 1...Limits.groupRows),
        quarters: try reader.count("quarters", 0...Limits.groupRows))
      let hasQuarters = lists[list].contains { labels[$0].role == .quarter }
      guard hasQuarters == (group.quarters > 0), group.quarters <= group.rows else {
        throw reader.fault("\(group.quarters) quarters of \(group.rows) rows")
      }
      rows += group.rows
      groups.append(group)
    }
    guard rows == extent.rows else { throw reader.fault("\(extent.rows) rows, and \(rows) in the groups") }
  }
}

/// Rows, and the ranges that they span.
struct Extent: Hashable {
  var rows: Int
  var seqs: ClosedRange<UInt64>
  var times: ClosedRange<Int64>

  mutating func join(_ other: Extent) {
    rows += other.rows
    seqs = min(seqs.lowerBound, other.seqs.lowerBound)...max(seqs.upperBound, other.seqs.upperBound)
    times = min(times.lowerBound, other.times.lowerBound)...max(times.upperBound, other.times.upperBound)
  }
}

extension [UInt8] {
  mutating func append(_ extent: Extent) {
    append(varint: extent.rows)
    append(varint: extent.seqs.lowerBound)
    append(varint: extent.seqs.upperBound - extent.seqs.lowerBound)
    append(zigzag: extent.times.lowerBound)
    append(varint: UInt64(bitPattern: extent.times.upperBound &- extent.times.lowerBound))
  }
}

extension OctetReader {
  mutating func extent() throws(SegmentFault) -> Extent {
    let rows = try count("rows", 1...Limits.rowsOfFile)
    let firstSeq = try varint()
    let (lastSeq, isOver) = firstSeq.addingReportingOverflow(try varint())
    let firstTime = try zigzag()
    let lastTime = firstTime &+ Int64(bitPattern: try varint())
    guard !isOver, firstTime <= lastTime else { throw fault("a range that ends before it begins") }
    return Extent(rows: rows, seqs: firstSeq...lastSeq, times: firstTime...lastTime)
  }
}
