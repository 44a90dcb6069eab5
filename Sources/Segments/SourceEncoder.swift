import Columns

/// Turns the rows of one source and day into chunks. Keeps its scratch memory from source to source.
final class SourceEncoder {
  /// A source, ready to be written.
  struct Encoded {
    var index: SourceIndex
    /// By slot of `index`.
    var ranges: [Range<Int>]
    var octets: [UInt8]
    var oddRows: Int
  }

  private let columns: ColumnEncoder
  /// Odd rows can be many, and long: higher levels take ten times as long for a few percent.
  private let oddColumns: ColumnEncoder
  private static let oddLevel = 12
  private var values: [UInt64] = []

  init(level: Int) {
    columns = ColumnEncoder(level: level)
    oddColumns = ColumnEncoder(level: min(level, SourceEncoder.oddLevel))
  }

  /// A zstd-compressed byte string.
  func encode(_ octets: [UInt8]) -> [UInt8] {
    var chunk: [UInt8] = []
    octets.withUnsafeBytes { columns.encode(bytes: $0, into: &chunk) }
    return chunk
  }

  private enum Group {
    case part(GroupBuilder, GroupBuilder.Part)
    case odd(OddRows.Part)

    var firstSeq: UInt64 {
      switch self {
      case .part(_, let part): part.seqs[0]
      case .odd(let part): part.firstSeq
      }
    }
  }

  /// - Parameters:
  ///   - segment: place in the directory.
  ///   - firstLeaf: leaves that the segment has before.
  func encode(_ source: SourceBuilder, segment: Int, firstLeaf: Int) -> Encoded {
    let (groups, oddRows) = SourceEncoder.arrange(source)
    // (label, chunk) for each group, columns in the order of labels.
    var chunks: [[(label: ColumnLabel, range: Range<Int>)]] = []
    var sizes: [(rows: Int, quarters: Int)] = []
    var octets: [UInt8] = []
    for group in groups {
      var list: [(label: ColumnLabel, range: Range<Int>)] = []
      var quarters = 0
      switch group {
      case .odd(let part):
        let begin = octets.count
        part.octets.withUnsafeBytes { oddColumns.encode(bytes: $0, into: &octets) }
        list.append((ColumnLabel(.rows), begin..<octets.count))
        sizes.append((part.rows, 0))
      case .part(let group, let part):
        quarters = encode(group, part, into: &octets, &list)
        sizes.append((part.seqs.count, quarters))
      }
      list.sort { $0.label < $1.label }
      chunks.append(list)
    }
    let labels = Set(chunks.joined().map(\.label)).sorted()
    let placeOf = Dictionary(uniqueKeysWithValues: zip(labels, labels.indices))
    var lists: [[Int]] = []
    var listNumbers: [[Int]: Int] = [:]
    var indexed: [SourceIndex.Group] = []
    for (list, size) in zip(chunks, sizes) {
      let places = list.map { placeOf[$0.label] ?? 0 }
      let number = listNumbers[places] ?? lists.count
      if number == lists.count {
        listNumbers[places] = number
        lists.append(places)
      }
      indexed.append(.init(list: number, rows: size.rows, quarters: size.quarters))
    }
    let day = SourceIndex.Day(
      segment: segment, firstLeaf: firstLeaf, seqs: source.seqs, times: source.times, groups: indexed)
    return Encoded(
      index: SourceIndex(labels: labels, lists: lists, days: [day]), ranges: chunks.joined().map(\.range),
      octets: octets, oddRows: oddRows)
  }

  /// The groups in the order of their first rows.
  private static func arrange(_ source: SourceBuilder) -> (groups: [Group], oddRows: Int) {
    var odd = source.odd
    var groups: [Group] = []
    var keys = 0
    var chunks = 0
    let byRows = source.groups.enumerated().sorted { a, b in
      a.element.rows != b.element.rows ? a.element.rows > b.element.rows : a.offset < b.offset
    }
    for (_, group) in byRows {
      let isKept = keys < Limits.groupKeys
      let columns = 6 + 2 * group.header.shape.columns.count
      var isUsed = false
      for part in group.parts where !part.seqs.isEmpty {
        if isKept, part.seqs.count >= Limits.leastGroupRows, chunks + columns <= Limits.chunks {
          groups.append(.part(group, part))
          chunks += columns
          isUsed = true
        } else {
          for index in part.seqs.indices { odd.append(group.row(index, of: part)) }
        }
      }
      if isUsed { keys += 1 }
    }
    let oddParts = odd.parts()
    groups += oddParts.map(Group.odd)
    return (groups.sorted { $0.firstSeq < $1.firstSeq }, odd.count)
  }

  /// - Returns: how many quarters there are.
  private func encode(
    _ group: GroupBuilder, _ part: GroupBuilder.Part, into octets: inout [UInt8],
    _ list: inout [(label: ColumnLabel, range: Range<Int>)]
  ) -> Int {
    func add(_ role: ColumnLabel.Role, _ encode: (inout [UInt8]) -> Void) {
      let begin = octets.count
      encode(&octets)
      list.append((ColumnLabel(role), begin..<octets.count))
    }
    add(.shape) { octets in group.header.text.withUnsafeBytes { columns.encode(bytes: $0, into: &octets) } }
    if group.header.hasDue {
      add(.due) { encode(part.dues.map(UInt64.init(bitPattern:)), NumberFormat.time, into: &$0) }
      let sinceDue = zip(part.times, part.dues).map { UInt64(bitPattern: $0 &- $1) }
      add(.time) { encode(sinceDue, NumberFormat.time, into: &$0) }
    } else {
      add(.time) { encode(part.times.map(UInt64.init(bitPattern:)), NumberFormat.time, into: &$0) }
    }
    let sinceTime = zip(part.received, part.times).map { UInt64(bitPattern: $0 &- $1) }
    add(.received) { encode(sinceTime, NumberFormat.time, into: &$0) }
    add(.seq) { encode(part.seqs, NumberFormat.time, into: &$0) }
    let shape = group.header.shape
    let table = shape.columns.contains { $0.keptQuarters != .none } ? QuarterTable(times: part.times) : nil
    for (number, column) in shape.columns.enumerated() {
      group.plan.gather(number, of: part.packed, into: &values)
      add(.value(name: column.name, column.format)) { encode(values, column.format, into: &$0) }
      guard let table, column.keptQuarters != .none else { continue }
      add(.quarters(name: column.name, column.format, column.keptQuarters)) { octets in
        encode(parts: table.parts(of: column, values), into: &octets)
      }
    }
    guard let table else { return 0 }
    add(.quarter) { encode(parts: table.parts, into: &$0) }
    return table.numbers.count
  }

  private func encode(_ values: [UInt64], _ format: NumberFormat, into octets: inout [UInt8]) {
    values.withUnsafeBufferPointer { columns.encode($0, format.column, into: &octets) }
  }

  /// Several columns in one chunk, the length before each.
  private func encode(parts: [(values: [UInt64], format: NumberFormat)], into octets: inout [UInt8]) {
    var chunk: [UInt8] = []
    for part in parts {
      chunk.removeAll(keepingCapacity: true)
      encode(part.values, part.format, into: &chunk)
      octets.append(varint: chunk.count)
      octets.append(contentsOf: chunk)
    }
  }
}

extension NumberFormat {
  /// Of row columns and of exact sums.
  static let time = NumberFormat(number: .signed, width: 8)
  static let count = NumberFormat(number: .unsigned, width: 4)
  static let double = NumberFormat(number: .float, width: 8)
}

extension QuarterTable {
  /// What the chunk `quarter` holds.
  var parts: [(values: [UInt64], format: NumberFormat)] {
    [
      (numbers.map(UInt64.init(bitPattern:)), .time), (rows.map(UInt64.init), .count),
      (firstTimes.map(UInt64.init(bitPattern:)), .count), (lastTimes.map(UInt64.init(bitPattern:)), .count),
    ]
  }

  /// What the chunk of a column's quarters holds.
  func parts(of column: Shape.Column, _ values: [UInt64]) -> [(values: [UInt64], format: NumberFormat)] {
    let parts =
      column.keptQuarters == .counter ? counter(values, column.format) : gauge(values, column.format)
    return Array(zip(parts, QuarterTable.formats(column.format, column.keptQuarters)))
      .map { (values: $0.0, format: $0.1) }
  }

  static func formats(_ format: NumberFormat, _ quarters: Shape.Quarters) -> [NumberFormat] {
    if quarters == .counter { return [format, format, .count] }
    return format.number == .float ? [format, format, .double, .count] : [format, format, .time]
  }

  /// Of the chunk `quarter`.
  static let formats: [NumberFormat] = [.time, .count, .count, .count]
}
