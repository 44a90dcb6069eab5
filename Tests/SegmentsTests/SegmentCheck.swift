import Segments

/// Reads a segment of arbitrary octets in every way, and says what should not have come of it.
///
/// `Fuzz/Sources/fuzz-segment` is this file as well.
struct SegmentCheck {
  /// Why an input is not as it must be.
  struct Finding: Error, CustomStringConvertible {
    let description: String
  }

  /// Whatever is in the file, each of these gives rows or a `SegmentFault`, and two ways to the same rows give the same.
  ///
  /// - Returns: how many rows there were.
  @discardableResult static func run(_ input: [UInt8]) throws(Finding) -> Int {
    let octets = ForgedSegment.octets(input)
    let reader: SegmentReader
    do throws(SegmentFault) {
      reader = try SegmentReader(bytes: octets, name: "octets")
    } catch {
      return 0
    }
    do {
      let isSound = try reader.verify().faults.isEmpty
      var rows = 0
      for source in reader.sources {
        rows += try attempt { try SegmentCheck.rows(of: source, reader) } ?? 0
        try attempt { try SegmentCheck.quarters(of: source.name, reader) }
        try attempt {
          for day in try reader.days(of: source.name) {
            _ = try reader.leaves(of: source.name, in: day.segment)
          }
        }
      }
      try attempt {
        var merged = 0
        try reader.forEachRow { _, _ in merged += 1 }
        // Rows of a source come whole, or not at all, only where its chunks are sound.
        if isSound, merged != rows { throw Finding(description: "\(rows) rows by source, \(merged) merged") }
      }
      for segment in reader.segments { try attempt { _ = try reader.digests(of: segment.name) } }
      return rows
    } catch let finding as Finding {
      throw finding
    } catch {
      throw Finding(description: "neither rows nor a fault: \(error)")
    }
  }

  @discardableResult private static func attempt<Result>(_ body: () throws -> Result) throws -> Result? {
    do { return try body() } catch is SegmentFault { return nil }
  }

  private static func rows(of source: SourceEntry, _ reader: SegmentReader) throws -> Int {
    var last: UInt64?
    var seqs: Set<UInt64> = []
    try reader.forEachRow(of: source.name) { row in
      if let last, row.seq <= last { throw Finding(description: "seq \(row.seq) after \(last)") }
      last = row.seq
      seqs.insert(row.seq)
    }
    var inSeries = 0
    let one = seqs.first
    func take(_ batch: SeriesBatch) throws {
      inSeries += batch.count
      for seq in batch.seqs ?? .init(start: nil, count: 0) where !seqs.contains(seq) {
        throw Finding(description: "seq \(seq) is in no row")
      }
      for column in batch.columns where column.patterns.count != batch.count {
        throw Finding(description: "\(column.patterns.count) numbers of \(batch.count) rows")
      }
    }
    try reader.series(
      of: source.name, columns: { _ in true }, fields: [.seqs, .received], odd: { _ in inSeries += 1 }, take)
    if inSeries != seqs.count { throw Finding(description: "\(seqs.count) rows, \(inSeries) in series") }
    if let one { try reader.forEachRow(of: source.name, seqs: one...one, columns: { _ in false }, { _ in }) }
    return seqs.count
  }

  private static func quarters(of source: String, _ reader: SegmentReader) throws {
    func take(_ batch: QuarterBatch) throws {
      for numbers in batch.columns.map(\.numbers) {
        switch numbers {
        case .counter(let first, let last, let decreases):
          guard first.count == last.count, decreases.count == batch.quarters.count else {
            throw Finding(description: "counts of quarters differ")
          }
        case .gauge(let least, let greatest, let sums, let finite):
          guard least.count == greatest.count, sums.count == finite.count else {
            throw Finding(description: "counts of quarters differ")
          }
        }
      }
    }
    try reader.quarters(of: source, columns: { _ in true }, take)
  }
}
