/// Takes the rows of one source of one day, in seq order, and keeps them packed until they are written.
public final class SourceBuilder {
  /// Says which octets of a payload are columns; nil where it cannot. It must depend only on kind, definition and those
  /// octets that it declares fixed: it is asked for rows only that fit no group which is there already.
  public typealias ShapeOf = (_ kind: UInt8, _ definition: String, _ payload: UnsafeRawBufferPointer) -> Shape?

  public let source: String
  public private(set) var rows = 0
  private(set) var seqs: ClosedRange<UInt64> = 0...0
  private(set) var times: ClosedRange<Int64> = 0...0
  private(set) var groups: [GroupBuilder] = []
  private(set) var odd = OddRows()
  private let shape: ShapeOf
  private var lastGroup = 0
  private var boots = TextTable()
  private var definitions = TextTable()

  /// - Parameter source: 1 to 255 octets of printable ASCII without `=` and `%`.
  public init(source: String, shape: @escaping ShapeOf) {
    self.source = source
    self.shape = shape
  }

  /// - Throws: where `seq` is not greater than the one before, or a limit of the format is passed.
  public func append(_ row: Row) throws(SegmentFault) {
    try row.payload.withOctets { payload throws(SegmentFault) in
      try append(
        seq: row.seq, kind: row.kind, marks: row.marks, boot: row.boot, definition: row.definition, time: row.time,
        due: row.due, received: row.received, payload: payload)
    }
  }

  /// - Throws: where `seq` is not greater than the one before, or a limit of the format is passed.
  public func append(
    seq: UInt64, kind: UInt8, marks: UInt8, boot: String, definition: String, time: Int64, due: Int64?,
    received: Int64, payload: UnsafeRawBufferPointer
  ) throws(SegmentFault) {
    guard rows == 0 || seq > seqs.upperBound else {
      throw SegmentFault(source, "seq \(seq) comes after seq \(seqs.upperBound)")
    }
    guard rows < Limits.rows else { throw SegmentFault(source, "more than \(Limits.rows) rows a day") }
    guard payload.count <= Limits.payload else {
      throw SegmentFault(source, "seq \(seq): a payload of \(payload.count) octets; \(Limits.payload) are the limit")
    }
    guard boot.utf8.count <= Limits.text, definition.utf8.count <= Limits.text else {
      throw SegmentFault(source, "seq \(seq): boot or definition is longer than \(Limits.text) octets")
    }
    if let group = group(kind, marks, boot, definition, due != nil, payload) {
      group.append(seq: seq, time: time, due: due, received: received, payload)
    } else {
      odd.append(
        seq: seq, kind: kind, marks: marks, boot: boot, definition: definition, time: time, due: due,
        received: received, payload: payload)
    }
    seqs = rows == 0 ? seq...seq : seqs.lowerBound...seq
    times = rows == 0 ? time...time : min(time, times.lowerBound)...max(time, times.upperBound)
    rows += 1
  }

  /// The group that the row belongs to, a new one where there is none; nil where it is odd.
  private func group(
    _ kind: UInt8, _ marks: UInt8, _ boot: String, _ definition: String, _ hasDue: Bool,
    _ payload: UnsafeRawBufferPointer
  ) -> GroupBuilder? {
    guard let bootNumber = boots.number(of: boot), let definitionNumber = definitions.number(of: definition) else {
      return nil
    }
    func fits(_ group: GroupBuilder) -> Bool {
      group.matches(
        kind: kind, marks: marks, boot: bootNumber, definition: definitionNumber, hasDue: hasDue, payload)
    }
    if lastGroup < groups.count, fits(groups[lastGroup]) { return groups[lastGroup] }
    if let index = groups.firstIndex(where: fits) {
      lastGroup = index
      return groups[index]
    }
    guard groups.count < Limits.candidates, let shape = shape(kind, definition, payload), shape.problem == nil else {
      return nil
    }
    let header = GroupHeader(
      kind: kind, marks: marks, boot: boot, definition: definition, hasDue: hasDue, shape: shape)
    let group = GroupBuilder(header, boot: bootNumber, definition: definitionNumber)
    guard fits(group) else { return nil }
    groups.append(group)
    lastGroup = groups.count - 1
    return group
  }
}

/// Numbers for texts, by their octets: Swift takes different octets for equal texts where Unicode does.
private struct TextTable {
  private var numbers: [[UInt8]: Int] = [:]
  private var last: (text: String, number: Int)?

  /// Nil for a text past the limit: numbers for ten million of them would be no help.
  mutating func number(of text: String) -> Int? {
    if let last, isSame(last.text, text) { return last.number }
    let octets = Array(text.utf8)
    let number = numbers[octets] ?? numbers.count
    if number == numbers.count {
      guard numbers.count < Limits.texts else { return nil }
      numbers[octets] = number
    }
    last = (text, number)
    return number
  }
}
