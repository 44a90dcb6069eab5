import FoundationEssentials
import Segments
import TestSupport

/// A day of rows that are hard to keep, and what a reader has to come to.
struct MadeSegment {
  let name: String
  private var sources: [(name: String, rows: [Row])] = []
  private var shapes: [[Shape.Column]] = []

  init(month: Int, day: Int, after: MadeSegment?, using random: inout Random) throws {
    let month = "\(month % 12 + 1)"
    name = "20\(26 + Int(month)! / 12)-\(month.utf8.count < 2 ? "0" : "")\(month)-0\(day)"
    // The same columns on both days, so that a month has columns of several days.
    shapes = after?.shapes ?? (0..<(1 + random.below(4))).map { _ in MadeSegment.columns(&random) }
    let sourceNames = ["journal:", "meter:a", "meter:b-2", "station:east"].prefix(1 + random.below(4))
    for source in sourceNames {
      let begin = after?.sources.first { $0.name == source }?.rows.last.map { $0.seq + 1 } ?? random.next() >> 20
      sources.append((source, rows(from: begin, using: &random)))
    }
  }

  /// Columns of every width, order and format, with octets between them that belong to nobody.
  private static func columns(_ random: inout Random) -> [Shape.Column] {
    var offset = 2
    return (0..<random.below(12)).map { number in
      offset += random.below(3)
      let isFloat = random.happens(oneIn: 3)
      let width = isFloat ? random.choice([4, 8]) : 1 + random.below(8)
      defer { offset += width }
      return Shape.Column(
        name: random.choice(["holding", "x", "object/7"]) + "/\(number)", offset: offset, width: width,
        order: random.happens(oneIn: 2) ? [] : (0..<UInt8(width)).shuffled(using: &random),
        number: isFloat ? .float : random.choice([.unsigned, .signed]),
        quarters: random.choice([.none, .counter, .gauge]))
    }
  }

  private static let texts = ["", "é", "e\u{301}", "line\nfeed", "100 %", "\u{0}\u{7f}\u{1f}", "\"\\", "一"]
  private static let specials: [Double] = [
    .nan, .signalingNaN, -.nan, 0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNormalMagnitude,
    .greatestFiniteMagnitude, 0.1, 1e9, 12_345.678,
  ]

  private func rows(from begin: UInt64, using random: inout Random) -> [Row] {
    var seq = begin
    var time: Int64 = random.happens(oneIn: 8) ? .max : 1_795_219_200_000
    let boot = random.choice(MadeSegment.texts)
    let definition = random.choice(MadeSegment.texts)
    let series = (0..<12).map { _ in random.below(7) }
    return (0..<random.choice([1, 7, 8, 100, 300])).map { number in
      seq += random.happens(oneIn: 5) ? UInt64(1 + random.below(1000)) : 1
      time &+= random.happens(oneIn: 20) ? Int64(bitPattern: random.next()) : 60_000
      // The clock goes back, or stands still.
      if random.happens(oneIn: 15) { time &-= Int64(random.below(3)) * 3_600_000 }
      let isOdd = random.happens(oneIn: 10)
      let due = random.happens(oneIn: 6) ? nil : time &- Int64(random.below(500))
      return Row(
        seq: seq, kind: random.happens(oneIn: 30) ? UInt8(random.below(256)) : 4,
        marks: random.happens(oneIn: 30) ? 3 : 0, boot: isOdd ? random.choice(MadeSegment.texts) : boot,
        definition: definition, time: time, due: due,
        received: random.happens(oneIn: 30) ? Int64(bitPattern: random.next()) : time &+ 3,
        payload: isOdd
          ? random.bytes(random.below(40)) : payload(random.below(shapes.count), number, series, using: &random))
    }
  }

  /// Octet 0: which shape; then its columns, and 7 where there are none.
  private func payload(_ shape: Int, _ number: Int, _ series: [Int], using random: inout Random) -> [UInt8] {
    let columns = shapes[shape]
    var payload = [UInt8(shape)] + [UInt8](repeating: 7, count: (columns.last.map { $0.offset + $0.width } ?? 2) + 2)
    for (place, column) in columns.enumerated() {
      let value = MadeSegment.value(series[place % series.count], number, column, using: &random)
      let order = column.order.isEmpty ? Array(0..<UInt8(column.width)) : column.order
      for (significance, octet) in order.enumerated() {
        payload[column.offset + Int(octet)] = UInt8(
          truncatingIfNeeded: value >> UInt64(8 * (column.width - 1 - significance)))
      }
    }
    return payload
  }

  private static func value(_ series: Int, _ number: Int, _ column: Shape.Column, using random: inout Random) -> UInt64
  {
    func pattern(_ value: Double) -> UInt64 {
      column.number != .float
        ? UInt64(truncatingIfNeeded: Int64(value.isFinite ? max(-1e18, min(value, 1e18)) : 0))
        : column.width == 8 ? value.bitPattern : UInt64(Float(value).bitPattern)
    }
    switch series {
    case 0: return pattern(42)
    // A counter at the edge of its type.
    case 1: return column.number == .float ? pattern(Double(number) * 0.1) : 0 &- UInt64(50) &+ UInt64(7 * number)
    case 2: return pattern((230 + Double(random.below(100)) / 10) * 10 / 10)
    case 3: return random.next()
    case 4: return column.number == .float ? pattern(random.choice(specials)) : 1 << UInt64(8 * column.width - 1)
    case 5: return pattern(Double(number * number) - 1000)
    default: return random.happens(oneIn: 9) ? random.next() : pattern(Double(number / 10) / 8)
    }
  }

  // MARK: - Files

  func write(to path: String, expected: String) throws {
    let writer = try SegmentWriter(path: path, site: "site-1", segment: name, level: 3)
    for source in sources {
      let builder = SourceBuilder(source: source.name) { [shapes] _, _, payload in
        guard let first = payload.first, Int(first) < shapes.count else { return nil }
        let columns = shapes[Int(first)]
        guard payload.count == (columns.last.map { $0.offset + $0.width } ?? 2) + 3 else { return nil }
        var fixed = Array(payload)
        for column in columns { for octet in 0..<column.width { fixed[column.offset + octet] = 0 } }
        return Shape(fixed: fixed, columns: columns)
      }
      for row in source.rows { try builder.append(row) }
      try writer.add(builder)
    }
    _ = try writer.finish()
    try Data(MadeSegment.lines(of: [self]).utf8).write(to: URL(filePath: expected))
  }

  /// Source after source, of each the days, in the order of the first day and then of later ones.
  static func lines(of days: [MadeSegment]) -> String {
    var names: [String] = []
    for day in days { for source in day.sources where !names.contains(source.name) { names.append(source.name) } }
    return names.flatMap { name in
      days.flatMap { day in
        day.sources.filter { $0.name == name }.flatMap { source in source.rows.map { line($0, name) } }
      }
    }.joined()
  }

  private static func line(_ row: Row, _ source: String) -> String {
    let hex = row.payload.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return """
      {"source":"\(source)","seq":\(row.seq),"kind":\(row.kind),"marks":\(row.marks),"boot":\(quoted(row.boot)),\
      "definition":\(quoted(row.definition)),"time":\(row.time),"due":\(row.due.map(String.init) ?? "null"),\
      "received":\(row.received),"payload":"\(hex)"}

      """
  }

  /// Anything that is not plain by its UTF-16 units.
  private static func quoted(_ text: String) -> String {
    "\""
      + text.utf16.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      }.joined() + "\""
  }
}
