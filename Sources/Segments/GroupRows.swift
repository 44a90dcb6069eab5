/// Which rows are wanted, and which columns of their payloads.
struct RowFilter {
  var seqs: ClosedRange<UInt64>
  var times: ClosedRange<Int64>
  var columns: ((String) -> Bool)?

  func passes(_ seq: UInt64, _ time: Int64) -> Bool { seqs.contains(seq) && times.contains(time) }

  func passes(_ extent: Extent) -> Bool { seqs.overlaps(extent.seqs) && times.overlaps(extent.times) }
}

/// The rows of one group that pass a filter, decoded when the first is asked for.
final class GroupRows {
  let chunks: SourceChunks
  private let group: SourceIndex.Group
  private let filter: RowFilter
  /// Octets of the source that were read before.
  private let shared: [SourceChunks.Block]?

  private var odd: [Row] = []
  private var shape: DecodedShape?
  private var seqs: [UInt64] = []
  private var times: [UInt64] = []
  private var dues: [UInt64] = []
  private var received: [UInt64] = []
  /// Kept until the payloads are decoded.
  private var blocks: [SourceChunks.Block] = []
  private var payloads: [UInt8]?
  private var place = 0
  private var count = 0

  init(_ chunks: SourceChunks, _ group: SourceIndex.Group, _ filter: RowFilter, shared: [SourceChunks.Block]?) {
    self.chunks = chunks
    self.group = group
    self.filter = filter
    self.shared = shared
  }

  /// Reads the group.
  ///
  /// - Returns: seq of its first row, whether it passes or not.
  func load() throws(SegmentFault) -> UInt64 {
    let index = chunks.index
    count = group.rows
    if index.isOdd(group) {
      try loadOdd()
    } else {
      let list = index.lists[group.list]
      let wanted = list.indices.filter { position in
        switch index.labels[list[position]].role {
        case .value(let name, _): filter.columns?(name) ?? true
        case .rows, .quarter, .quarters: false
        case .shape, .due, .time, .received, .seq: true
        }
      }
      blocks = try read(wanted.map { index.chunk($0, of: group) })
      shape = try chunks.shape(of: group, blocks)
      seqs = try column(.seq)
      guard zip(seqs, seqs.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw fault(.seq, "does not ascend")
      }
      times = try column(.time)
      if shape?.header.hasDue == true {
        dues = try column(.due)
        for row in 0..<count { times[row] &+= dues[row] }
      }
      received = try column(.received)
      for row in 0..<count { received[row] &+= times[row] }
    }
    let first = seqs.first ?? odd.first?.seq ?? 0
    skip()
    return first
  }

  private func read(_ numbers: [Int]) throws(SegmentFault) -> [SourceChunks.Block] {
    if let shared { return shared }
    return try chunks.read(numbers)
  }

  private func loadOdd() throws(SegmentFault) {
    let number = chunks.index.chunk(0, of: group)
    let octets = try chunks.decode(number, try read([number]), limit: Limits.oddChunk)
    var reader = OctetReader(
      octets, file: chunks.storage.name, at: chunks.index.chunks[number].offset, of: "odd rows of \(chunks.name)")
    odd = try OddRows.read(&reader, rows: count)
  }

  private func column(_ role: ColumnLabel.Role) throws(SegmentFault) -> [UInt64] {
    guard let number = chunks.index.chunk(role, of: group) else { return [] }
    var values = [UInt64](repeating: 0, count: count)
    try values.withUnsafeMutableBufferPointer { values throws(SegmentFault) in
      try chunks.decode(number, blocks, .time, into: values)
    }
    return values
  }

  private func fault(_ role: ColumnLabel.Role, _ problem: String) -> SegmentFault {
    guard let number = chunks.index.chunk(role, of: group) else { return SegmentFault(chunks.storage.name, problem) }
    return chunks.fault(chunks.index.chunks[number], problem)
  }

  /// Of the row that `next` gives; nil at the end.
  var seq: UInt64? {
    guard place < count else { return nil }
    return shape == nil ? odd[place].seq : seqs[place]
  }

  private func skip() {
    while place < count {
      if shape == nil {
        if filter.passes(odd[place].seq, odd[place].time) { return }
      } else if filter.passes(seqs[place], Int64(bitPattern: times[place])) {
        return
      }
      place += 1
    }
    // The group may be referred to for long.
    odd = []
    (seqs, times, dues, received) = ([], [], [], [])
    blocks = []
    payloads = nil
  }

  func next() throws(SegmentFault) -> Row? {
    guard place < count else { return nil }
    defer {
      place += 1
      skip()
    }
    guard let shape else { return odd[place] }
    if payloads == nil {
      payloads = try decodePayloads(shape)
      blocks = []
    }
    let length = shape.plan.length
    let payload = payloads.map { Array($0[(place * length)..<((place + 1) * length)]) }
    return Row(
      seq: seqs[place], kind: shape.header.kind, marks: shape.header.marks, boot: shape.header.boot,
      definition: shape.header.definition, time: Int64(bitPattern: times[place]),
      due: shape.header.hasDue ? Int64(bitPattern: dues[place]) : nil, received: Int64(bitPattern: received[place]),
      payload: payload ?? [])
  }

  /// All payloads, one behind the other; zeros where columns are not wanted.
  private func decodePayloads(_ shape: DecodedShape) throws(SegmentFault) -> [UInt8] {
    let fixed = shape.header.shape.fixed
    var payloads: [UInt8] = []
    payloads.reserveCapacity(count * fixed.count)
    for _ in 0..<count { payloads.append(contentsOf: fixed) }
    var values = [UInt64](repeating: 0, count: count)
    for (column, position) in zip(shape.header.shape.columns, shape.positions) {
      guard filter.columns?(column.name) ?? true else { continue }
      try values.withUnsafeMutableBufferPointer { values throws(SegmentFault) in
        try chunks.decode(chunks.index.chunk(position, of: group), blocks, column.format, into: values)
      }
      payloads.withUnsafeMutableBufferPointer { payloads in
        var shift = UInt64(8 * column.width)
        for place in column.places {
          shift -= 8
          var target = place
          for value in values {
            payloads[target] = UInt8(truncatingIfNeeded: value >> shift)
            target &+= fixed.count
          }
        }
      }
    }
    return payloads
  }
}
