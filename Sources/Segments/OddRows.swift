/// Rows that are kept whole, one after the other: those without a shape, and those that share theirs with few others.
struct OddRows {
  private(set) var seqs: [UInt64] = []
  private var ends: [Int] = []
  private var octets: [UInt8] = []

  var count: Int { seqs.count }

  /// Appends what `append` makes of a row where it is the first; `write` makes the chunks.
  mutating func append(
    seq: UInt64, kind: UInt8, marks: UInt8, boot: String, definition: String, time: Int64, due: Int64?,
    received: Int64, payload: UnsafeRawBufferPointer
  ) {
    seqs.append(seq)
    octets.append(kind)
    octets.append(marks)
    octets.append(littleEndian: received)
    octets.append(zigzag: time &- received)
    octets.append(due == nil ? 0 : 1)
    if let due { octets.append(zigzag: due &- time) }
    octets.append(text: boot)
    octets.append(text: definition)
    octets.append(varint: payload.count)
    octets.append(contentsOf: payload)
    ends.append(octets.count)
  }

  mutating func append(_ row: Row) {
    row.payload.withUnsafeBytes { payload in
      append(
        seq: row.seq, kind: row.kind, marks: row.marks, boot: row.boot, definition: row.definition, time: row.time,
        due: row.due, received: row.received, payload: payload)
    }
  }

  /// A run of rows for one chunk, in seq order: place and count among the sorted ones.
  struct Part {
    var firstSeq: UInt64
    var rows: Int
    var octets: [UInt8]
  }

  /// All rows by seq, in parts of a limited length.
  func parts() -> [Part] {
    var parts: [Part] = []
    var previousSeq: UInt64 = 0
    var previousReceived: Int64 = 0
    for index in seqs.indices.sorted(by: { seqs[$0] < seqs[$1] }) {
      if parts.isEmpty || parts[parts.count - 1].rows == Limits.groupRows
        || parts[parts.count - 1].octets.count >= Limits.oddOctets
      {
        parts.append(Part(firstSeq: seqs[index], rows: 0, octets: []))
        previousSeq = 0
        previousReceived = 0
      }
      let last = parts.count - 1
      let begin = index == 0 ? 0 : ends[index - 1]
      let received = octets[(begin + 2)..<(begin + 10)].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      parts[last].octets.append(varint: seqs[index] - previousSeq)
      parts[last].octets.append(contentsOf: octets[begin..<(begin + 2)])
      parts[last].octets.append(zigzag: Int64(bitPattern: received) &- previousReceived)
      parts[last].octets.append(contentsOf: octets[(begin + 10)..<ends[index]])
      parts[last].rows += 1
      previousSeq = seqs[index]
      previousReceived = Int64(bitPattern: received)
    }
    return parts
  }

  /// Reads the rows of a chunk.
  static func read(_ reader: inout OctetReader, rows: Int) throws(SegmentFault) -> [Row] {
    var result: [Row] = []
    var seq: UInt64 = 0
    var received: Int64 = 0
    for index in 0..<rows {
      let step = try reader.varint()
      let (next, isOver) = seq.addingReportingOverflow(step)
      guard !isOver, step > 0 || index == 0 else { throw reader.fault("seq does not ascend") }
      seq = next
      let kind = try reader.octet()
      let marks = try reader.octet()
      received &+= try reader.zigzag()
      let time = received &+ (try reader.zigzag())
      var due: Int64?
      switch try reader.octet() {
      case 0: break
      case 1: due = time &+ (try reader.zigzag())
      default: throw reader.fault("neither with nor without due")
      }
      let boot = try reader.text()
      let definition = try reader.text()
      let count = try reader.count("octets of payload", 0...Limits.payload)
      result.append(
        Row(
          seq: seq, kind: kind, marks: marks, boot: boot, definition: definition, time: time, due: due,
          received: received, payload: Array(try reader.octets(count))))
    }
    guard reader.isAtEnd else { throw reader.fault("goes on behind its \(rows) rows") }
    return result
  }
}
