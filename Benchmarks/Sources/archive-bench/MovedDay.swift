import Columns
import Proof
import Segments

/// A sealed day as it would be on another date: the same values, with due times, quarters and sequence numbers moved. So years
/// of an archive are made in seconds. Chunks of the day's meters only; docs/SEGMENTS.md and docs/COLUMNS.md say the octets.
struct MovedDay {
  private struct Chunk {
    let label: String
    let rows: Int
    let octets: [UInt8]
  }

  private struct Source {
    let name: String
    let rows: Int
    let seqs: ClosedRange<UInt64>
    let times: ClosedRange<Int64>
    let chunks: [Chunk]
  }

  /// Of one day of one meter that was moved.
  struct Summary {
    let name: String
    let rows: Int
    let seqs: ClosedRange<UInt64>
    let times: ClosedRange<Int64>
  }

  let rows: Int
  private let site: String
  private let firstSeq: UInt64
  private let sources: [Source]

  init(_ reader: SegmentReader, day: String) throws {
    site = reader.site
    sources = try reader.sources.filter { $0.name.hasPrefix("meter:") }.compactMap { source in
      guard let own = try reader.days(of: source.name).first(where: { $0.segment == day }) else { return nil }
      let chunks = try reader.leaves(of: source.name, in: day).map { leaf in
        guard leaf.header.group == "0" else { throw BenchError("\(day), \(source.name): more than one group") }
        return Chunk(label: leaf.header.column, rows: leaf.header.rows, octets: leaf.chunk)
      }
      return Source(name: source.name, rows: own.rows, seqs: own.seqs, times: own.times, chunks: chunks)
    }
    guard let first = sources.map(\.seqs.lowerBound).min() else { throw BenchError("\(day) has no meters") }
    firstSeq = first
    rows = sources.reduce(0) { $0 + $1.rows }
  }

  /// The names of a meter's counters.
  func counters(of source: String) -> [String] {
    let suffix = ":f32:counter"
    let labels = sources.first { $0.name == source }?.chunks.map(\.label) ?? []
    return labels.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
  }

  /// Values of a column of float32, by its name; nil where the meter has none.
  func values(of column: String, _ source: String) throws -> [Float]? {
    guard let chunk = sources.first(where: { $0.name == source })?.chunks.first(where: { $0.label == "\(column):f32" })
    else { return nil }
    return try FloatChunk.decode(chunk.octets[...], rows: chunk.rows)
  }

  /// The octets of a file of that day.
  ///
  /// - Parameters:
  ///   - counters: by label, what is added to float32 counters of `counting`, so that they go on; those of others begin anew.
  func file(
    _ segment: String, firstSeq: UInt64, moved milliseconds: Int64, counting: String, counters: [String: Double],
    _ encoder: ColumnEncoder
  ) throws -> (octets: [UInt8], leaves: Int, root: Digest, sources: [Summary]) {
    let seqs = firstSeq - self.firstSeq
    let magic = Array("meterd-segment-1".utf8)
    var octets = magic
    var leaves: [Digest] = []
    var indexes: [[UInt8]] = []
    var directory: [UInt8] = []
    var summaries: [Summary] = []
    for source in sources {
      var index: [UInt8] = []
      index.append(varint: source.chunks.count)
      for chunk in source.chunks { index.append(text: chunk.label) }
      index.append(varint: 1)
      index.append(varint: source.chunks.count)
      for _ in source.chunks { index.append(varint: 0) }
      index.append(varint: 1)
      index.append(varint: 0)
      index.append(varint: UInt64(leaves.count))
      let summary = Summary(
        name: source.name, rows: source.rows,
        seqs: (source.seqs.lowerBound + seqs)...(source.seqs.upperBound + seqs),
        times: (source.times.lowerBound + milliseconds)...(source.times.upperBound + milliseconds))
      summaries.append(summary)
      index.append(summary)
      index.append(varint: 1)
      index.append(varint: 0)
      index.append(varint: source.rows)
      index.append(varint: source.chunks.first { $0.label == "quarter" }?.rows ?? 0)
      let begin = octets.count
      var checks: [UInt8] = []
      for chunk in source.chunks {
        let moved =
          if source.name == counting, let step = counters[chunk.label] {
            try FloatChunk.add(
              step, to: chunk.octets, rows: chunk.rows, isQuarters: chunk.label.hasSuffix(":counter"), encoder)
          } else {
            try MovedDay.move(chunk, seqs: Int64(seqs), milliseconds: milliseconds)
          }
        let header = LeafHeader(
          site: site, segment: segment, leaf: leaves.count, source: source.name, group: "0", column: chunk.label,
          rows: chunk.rows, bytes: moved.count)
        let leaf = header.hash(moved)
        leaves.append(leaf)
        index.append(varint: moved.count)
        checks += leaf.bytes.prefix(4)
        octets += moved
      }
      let packed = MovedDay.pack(index + checks, encoder)
      directory.append(text: source.name)
      directory.append(varint: octets.count - begin)
      directory.append(varint: packed.count)
      directory += Digest.sha256(packed).bytes.prefix(4)
      directory.append(summary)
      indexes.append(packed)
    }
    let root = MerkleTree.root(of: leaves)
    var head: [UInt8] = []
    head.append(text: site)
    head.append(varint: 1)
    head.append(text: segment)
    head.append(varint: leaves.count)
    head.append(varint: rows)
    head += root.bytes
    head.append(varint: sources.count)
    let indexPlace = octets.count
    octets += indexes.joined()
    let packed = MovedDay.pack(head + directory, encoder)
    let directoryPlace = octets.count
    octets += packed
    let places = [indexPlace, directoryPlace, octets.count]
    octets += magic
    for place in places { withUnsafeBytes(of: UInt64(place).littleEndian) { octets += $0 } }
    octets += Digest.sha256(packed).bytes.prefix(8)
    octets += Digest.sha256(Array(octets[indexPlace...])).bytes
    return (octets, leaves.count, root, summaries)
  }

  private static func pack(_ octets: [UInt8], _ encoder: ColumnEncoder) -> [UInt8] {
    var packed: [UInt8] = []
    octets.withUnsafeBytes { encoder.encode(bytes: $0, into: &packed) }
    return packed
  }

  private static func move(_ chunk: Chunk, seqs: Int64, milliseconds: Int64) throws -> [UInt8] {
    switch chunk.label {
    case "seq": return try move(chunk.octets[...], by: seqs)
    case "due": return try move(chunk.octets[...], by: milliseconds)
    case "quarter":
      // Its first column is the numbers of the quarters.
      var place = 0
      let length = Int(try varint(chunk.octets[...], &place))
      let moved = try move(chunk.octets[place..<(place + length)], by: milliseconds / 900_000)
      var octets: [UInt8] = []
      octets.append(varint: moved.count)
      return octets + moved + chunk.octets[(place + length)...]
    default: return chunk.octets
    }
  }

  /// Adds to all numbers of a column of integers: its base is all that changes.
  private static func move(_ chunk: ArraySlice<UInt8>, by step: Int64) throws -> [UInt8] {
    var place = chunk.startIndex + 1
    guard let tag = chunk.first, tag & 0x30 == 0 else { throw BenchError("a chunk of no integers") }
    if tag & 0x40 != 0 { _ = try varint(chunk, &place) }
    var octets = Array(chunk[..<place])
    let base = try varint(chunk, &place)
    octets.append(zigzag: (Int64(bitPattern: base >> 1) ^ -Int64(bitPattern: base & 1)) + step)
    return octets + chunk[place...]
  }

  fileprivate static func varint(_ octets: ArraySlice<UInt8>, _ place: inout Int) throws -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) where place < octets.endIndex {
      let octet = octets[place]
      place += 1
      value |= UInt64(octet & 0x7F) << shift
      if octet < 0x80 { return value }
    }
    throw BenchError("a number that does not end")
  }
}

/// Chunks of float32.
private enum FloatChunk {
  static let format = ColumnFormat(bits: 32, isFloat: true)

  static func decode(_ octets: ArraySlice<UInt8>, rows: Int) throws -> [Float] {
    var patterns = [UInt64](repeating: 0, count: rows)
    try octets.withUnsafeBytes { octets in
      try patterns.withUnsafeMutableBufferPointer { try ColumnDecoder().decode(octets, format, into: $0) }
    }
    return patterns.map { Float(bitPattern: UInt32($0)) }
  }

  /// To every value; of quarters to the first and the last ones, which are the first two of three columns.
  static func add(
    _ step: Double, to octets: [UInt8], rows: Int, isQuarters: Bool, _ encoder: ColumnEncoder
  ) throws -> [UInt8] {
    guard isQuarters else { return try add(step, to: octets[...], rows: rows, encoder) }
    var result: [UInt8] = []
    var place = 0
    for _ in 0..<2 {
      let length = Int(try MovedDay.varint(octets[...], &place))
      let part = try add(step, to: octets[place..<(place + length)], rows: rows, encoder)
      result.append(varint: part.count)
      result += part
      place += length
    }
    return result + octets[place...]
  }

  private static func add(
    _ step: Double, to octets: ArraySlice<UInt8>, rows: Int, _ encoder: ColumnEncoder
  ) throws -> [UInt8] {
    let patterns = try decode(octets, rows: rows).map { value in
      UInt64(Float(((Double(value) + step) * 100).rounded() / 100).bitPattern)
    }
    var result: [UInt8] = []
    patterns.withUnsafeBufferPointer { encoder.encode($0, format, into: &result) }
    return result
  }
}

extension [UInt8] {
  fileprivate mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  fileprivate mutating func append(varint value: Int) { append(varint: UInt64(value)) }
  fileprivate mutating func append(zigzag value: Int64) { append(varint: UInt64(bitPattern: value << 1 ^ value >> 63)) }

  fileprivate mutating func append(text: String) {
    append(varint: text.utf8.count)
    append(contentsOf: text.utf8)
  }

  fileprivate mutating func append(_ extent: MovedDay.Summary) {
    append(varint: extent.rows)
    append(varint: extent.seqs.lowerBound)
    append(varint: extent.seqs.upperBound - extent.seqs.lowerBound)
    append(zigzag: extent.times.lowerBound)
    append(varint: UInt64(extent.times.upperBound - extent.times.lowerBound))
  }
}
