extension SegmentReader {
  /// Up to this size a source is read at once where all its columns are wanted.
  private static let readWhole = 8 << 20

  /// The rows of a source by ascending seq; none where the file has no such source.
  ///
  /// - Parameters:
  ///   - times: of `Row.time`.
  ///   - columns: octets of a column that is not wanted are zero in `Row.payload`; nil: all are wanted. Odd rows are whole.
  public func rows(
    of source: String, seqs: ClosedRange<UInt64> = .min ... .max, times: ClosedRange<Int64> = .min ... .max,
    columns: ((String) -> Bool)? = nil
  ) throws(SegmentFault) -> RowCursor {
    let cursor = RowCursor()
    guard let chunks = try open(source) else { return cursor }
    let filter = RowFilter(seqs: seqs, times: times, columns: columns)
    cursor.add(chunks, filter, shared: try whole(chunks, filter))
    return cursor
  }

  /// The octets of all chunks of the source, where nearly all will be asked for.
  private func whole(_ chunks: SourceChunks, _ filter: RowFilter) throws(SegmentFault) -> [SourceChunks.Block]? {
    guard filter.columns == nil, let first = chunks.index.chunks.first, let last = chunks.index.chunks.last else {
      return nil
    }
    let wanted = chunks.index.days.count {
      filter.passes(Extent(rows: 0, seqs: $0.seqs, times: $0.times))
    }
    let count = last.offset + last.length - first.offset
    guard 2 * wanted > chunks.index.days.count, count <= SegmentReader.readWhole else { return nil }
    return [SourceChunks.Block(offset: first.offset, octets: try storage.read(at: first.offset, count: count))]
  }

  /// The rows of all sources, merged by seq.
  public func rows(
    seqs: ClosedRange<UInt64> = .min ... .max, times: ClosedRange<Int64> = .min ... .max
  ) throws(SegmentFault) -> RowCursor {
    let cursor = RowCursor()
    let filter = RowFilter(seqs: seqs, times: times, columns: nil)
    for place in directory.sources.indices where filter.passes(directory.sources[place].extent) {
      cursor.add(try open(place), filter, shared: nil)
    }
    return cursor
  }

  /// `rows` in a loop.
  public func forEachRow(
    of source: String, seqs: ClosedRange<UInt64> = .min ... .max, times: ClosedRange<Int64> = .min ... .max,
    columns: ((String) -> Bool)? = nil, _ body: (Row) throws -> Void
  ) throws {
    let cursor = try rows(of: source, seqs: seqs, times: times, columns: columns)
    while let row = try cursor.next() { try body(row) }
  }

  /// `rows` in a loop.
  public func forEachRow(
    seqs: ClosedRange<UInt64> = .min ... .max, times: ClosedRange<Int64> = .min ... .max,
    _ body: (_ source: String, Row) throws -> Void
  ) throws {
    let cursor = try rows(seqs: seqs, times: times)
    while let row = try cursor.next() { try body(cursor.source, row) }
  }

  /// For comparing what was written with the rows from which it was made.
  public func comparison(of source: String) throws(SegmentFault) -> RowComparison {
    RowComparison(try rows(of: source), file: storage.name, source: source)
  }
}

/// Compares the rows of a source in a file with those that are given, one after the other.
public struct RowComparison {
  private let cursor: RowCursor
  private let file: String
  private let source: String

  init(_ cursor: RowCursor, file: String, source: String) {
    self.cursor = cursor
    self.file = file
    self.source = source
  }

  /// - Throws: where the file's next row is not this one, octet by octet.
  public func expect(_ row: Row) throws(SegmentFault) {
    try row.payload.withOctets { payload throws(SegmentFault) in
      try expect(
        seq: row.seq, kind: row.kind, marks: row.marks, boot: row.boot, definition: row.definition, time: row.time,
        due: row.due, received: row.received, payload: payload)
    }
  }

  /// - Throws: where the file's next row is not this one, octet by octet.
  public func expect(
    seq: UInt64, kind: UInt8, marks: UInt8, boot: String, definition: String, time: Int64, due: Int64?,
    received: Int64, payload: UnsafeRawBufferPointer
  ) throws(SegmentFault) {
    guard let row = try cursor.next() else { throw fault("ends before seq \(seq)") }
    guard row.seq == seq else { throw fault("has seq \(row.seq) where seq \(seq) was written") }
    guard row.kind == kind, row.marks == marks, isSame(row.boot, boot), isSame(row.definition, definition),
      row.time == time, row.due == due, row.received == received
    else { throw fault("seq \(seq) comes back with another head") }
    let isSamePayload = row.payload.withUnsafeBytes { own in
      own.count == payload.count && own.elementsEqual(payload)
    }
    guard isSamePayload else { throw fault("seq \(seq) comes back with another payload") }
  }

  /// - Throws: where the file has more rows.
  public func finish() throws(SegmentFault) {
    if let row = try cursor.next() { throw fault("goes on with seq \(row.seq)") }
  }

  private func fault(_ problem: String) -> SegmentFault { SegmentFault(file, "\(source) \(problem)") }
}
