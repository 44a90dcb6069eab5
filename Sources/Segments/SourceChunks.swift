import Columns
import Glibc
import Proof

/// One source of an open file: its index, and its chunks, each checked as it is read.
final class SourceChunks {
  let name: String
  let index: SourceIndex
  let segments: [SegmentEntry]
  let storage: SegmentStorage
  private let decoder: ColumnDecoder
  private let line: LeafLine
  private let segmentNames: [[UInt8]]
  private var shapes: [DecodedShape] = []

  init(
    name: String, index: SourceIndex, site: String, segments: [SegmentEntry], storage: SegmentStorage,
    decoder: ColumnDecoder
  ) {
    self.name = name
    self.index = index
    self.segments = segments
    self.storage = storage
    self.decoder = decoder
    line = LeafLine(site: site, source: name)
    segmentNames = segments.map { Array($0.name.utf8) }
  }

  // MARK: Reading

  /// Octets of a file that were read at once.
  struct Block {
    let offset: Int
    let octets: [UInt8]
  }

  /// Gaps up to this are read along: one read more takes longer.
  private static let readAlong = 32 << 10

  /// Reads these chunks, neighbours at once.
  func read(_ chunks: [Int]) throws(SegmentFault) -> [Block] {
    var blocks: [Block] = []
    var range: Range<Int>?
    for number in chunks.sorted() {
      let chunk = index.chunks[number]
      if let begun = range, chunk.offset - begun.upperBound <= SourceChunks.readAlong {
        range = begun.lowerBound..<max(begun.upperBound, chunk.offset + chunk.length)
      } else {
        if let range { blocks.append(try read(range)) }
        range = chunk.offset..<(chunk.offset + chunk.length)
      }
    }
    if let range { blocks.append(try read(range)) }
    return blocks
  }

  private func read(_ range: Range<Int>) throws(SegmentFault) -> Block {
    Block(offset: range.lowerBound, octets: try storage.read(at: range.lowerBound, count: range.count))
  }

  /// Gives the octets of a chunk that was read, once they have the hash that the index says.
  func withChunk<Result>(
    _ number: Int, _ blocks: [Block], _ body: (UnsafeRawBufferPointer) throws(SegmentFault) -> Result
  ) throws(SegmentFault) -> Result {
    let chunk = index.chunks[number]
    guard let block = blocks.last(where: { $0.offset <= chunk.offset }),
      chunk.offset + chunk.length <= block.offset + block.octets.count
    else { throw fault(chunk, "was not read") }
    return try block.octets.withOctets { octets throws(SegmentFault) in
      let begin = chunk.offset - block.offset
      let octets = UnsafeRawBufferPointer(rebasing: octets[begin..<(begin + chunk.length)])
      guard digest(chunk, octets).head == chunk.check else { throw fault(chunk, "is damaged") }
      return try body(octets)
    }
  }

  func digest(_ chunk: SourceIndex.Chunk, _ octets: UnsafeRawBufferPointer) -> Digest {
    line.digest(
      segment: segmentNames[index.days[Int(chunk.day)].segment], leaf: chunk.leaf, group: Int(chunk.group),
      label: index.labels[Int(chunk.label)].octets, rows: index.rows(of: chunk), chunk: octets)
  }

  func fault(_ chunk: SourceIndex.Chunk, _ problem: String) -> SegmentFault {
    SegmentFault(
      storage.name, at: chunk.offset,
      "chunk \(index.labels[Int(chunk.label)].text) of \(name), segment "
        + "\(segments[index.days[Int(chunk.day)].segment].name), leaf \(chunk.leaf): \(problem)")
  }

  // MARK: Decoding

  func decode(
    _ number: Int, _ blocks: [Block], _ format: NumberFormat, into values: UnsafeMutableBufferPointer<UInt64>
  ) throws(SegmentFault) {
    try withChunk(number, blocks) { chunk throws(SegmentFault) in
      do throws(ColumnFault) {
        try decoder.decode(chunk, format.column, into: values)
      } catch {
        throw fault(index.chunks[number], "\(error)")
      }
    }
  }

  func decode(_ number: Int, _ blocks: [Block], limit: Int) throws(SegmentFault) -> [UInt8] {
    try withChunk(number, blocks) { chunk throws(SegmentFault) in try octets(chunk, of: number, limit: limit) }
  }

  private func octets(_ chunk: UnsafeRawBufferPointer, of number: Int, limit: Int) throws(SegmentFault) -> [UInt8] {
    do throws(ColumnFault) {
      return try decoder.decode(bytes: chunk, limit: limit)
    } catch {
      throw fault(index.chunks[number], "\(error)")
    }
  }

  /// The columns of a chunk of quarters.
  func decodeParts(
    _ number: Int, _ blocks: [Block], _ formats: [NumberFormat], count: Int
  ) throws(SegmentFault) -> [[UInt64]] {
    try withChunk(number, blocks) { chunk throws(SegmentFault) in
      var reader = OctetReader(
        Array(chunk), file: storage.name, at: index.chunks[number].offset, of: "chunk of quarters")
      var parts: [[UInt64]] = []
      for format in formats {
        let length = try reader.count("octets of a part", of: 1, limit: chunk.count)
        let part = UnsafeRawBufferPointer(rebasing: chunk[reader.place..<(reader.place + length)])
        _ = try reader.octets(length)
        var values = [UInt64](repeating: 0, count: count)
        do throws(ColumnFault) {
          try values.withUnsafeMutableBufferPointer { values throws(ColumnFault) in
            try decoder.decode(part, format.column, into: values)
          }
        } catch {
          throw reader.fault("\(error)")
        }
        parts.append(values)
      }
      guard reader.isAtEnd else { throw reader.fault("goes on behind its parts") }
      return parts
    }
  }

  /// What the rows of a group have in common. Days with the same text share it.
  func shape(of group: SourceIndex.Group, _ blocks: [Block]) throws(SegmentFault) -> DecodedShape {
    let number = index.chunk(0, of: group)
    return try withChunk(number, blocks) { chunk throws(SegmentFault) in
      if let known = shapes.first(where: { $0.isOf(chunk, list: group.list) }) { return known }
      let text = try octets(chunk, of: number, limit: Limits.shapeText)
      guard let header = GroupHeader(text: text),
        let shape = DecodedShape(header, chunk: Array(chunk), list: group.list, of: index),
        group.rows <= Limits.rowsOfGroup(payload: shape.plan.length)
      else { throw fault(index.chunks[number], "is not the shape of its group") }
      if shapes.count == SourceChunks.keptShapes { shapes.removeFirst() }
      shapes.append(shape)
      return shape
    }
  }

  private static let keptShapes = 16
}

/// A group's header with the places of its columns in the list of the group.
final class DecodedShape {
  let header: GroupHeader
  let plan: PayloadPlan
  /// For each column of the shape its position in the list, and that of its quarters.
  let positions: [Int]
  let quarterPositions: [Int?]
  private let chunk: [UInt8]
  private let list: Int

  /// Nil where the shape's columns are not those of the list.
  init?(_ header: GroupHeader, chunk: [UInt8], list: Int, of index: SourceIndex) {
    self.header = header
    self.chunk = chunk
    self.list = list
    plan = PayloadPlan(header.shape)
    let roles = index.lists[list].map { index.labels[$0].role }
    let positionOf = Dictionary(uniqueKeysWithValues: zip(roles, roles.indices))
    var positions: [Int] = []
    var quarterPositions: [Int?] = []
    var found = roles.count { [.shape, .due, .time, .received, .seq, .quarter].contains($0) }
    for column in header.shape.columns {
      guard let position = positionOf[.value(name: column.name, column.format)] else { return nil }
      positions.append(position)
      quarterPositions.append(positionOf[.quarters(name: column.name, column.format, column.keptQuarters)])
      found += quarterPositions[quarterPositions.count - 1] == nil ? 1 : 2
    }
    guard found == roles.count, (positionOf[.due] != nil) == header.hasDue else { return nil }
    self.positions = positions
    self.quarterPositions = quarterPositions
  }

  func isOf(_ chunk: UnsafeRawBufferPointer, list: Int) -> Bool {
    guard list == self.list, chunk.count == self.chunk.count else { return false }
    return self.chunk.withUnsafeBytes { own in
      guard let own = own.baseAddress, let other = chunk.baseAddress else { return true }
      return memcmp(own, other, chunk.count) == 0
    }
  }
}
