import Glibc

/// How the payloads of a shape are taken apart into the octets of their columns, packed one behind the other, and put together.
struct PayloadPlan {
  struct Run {
    let offset: Int
    let count: Int
  }

  let length: Int
  /// Octets of all columns together.
  let packed: Int
  /// Runs of octets that belong to columns, and runs of those that do not.
  private let columnRuns: [Run]
  private let fixedRuns: [Run]
  private let fixed: [UInt8]
  /// For each column the places of its octets among the packed ones, most significant first.
  let places: [[Int]]

  init(_ shape: Shape) {
    length = shape.fixed.count
    fixed = shape.fixed
    var columnRuns: [Run] = []
    var fixedRuns: [Run] = []
    var places: [[Int]] = []
    var end = 0
    var packed = 0
    for column in shape.columns {
      if column.offset > end { fixedRuns.append(Run(offset: end, count: column.offset - end)) }
      if let last = columnRuns.last, column.offset == end, end == last.offset + last.count {
        columnRuns[columnRuns.count - 1] = Run(offset: last.offset, count: last.count + column.width)
      } else {
        columnRuns.append(Run(offset: column.offset, count: column.width))
      }
      places.append(column.places.map { $0 - column.offset + packed })
      packed += column.width
      end = column.offset + column.width
    }
    if length > end { fixedRuns.append(Run(offset: end, count: length - end)) }
    self.columnRuns = columnRuns
    self.fixedRuns = fixedRuns
    self.places = places
    self.packed = packed
  }

  /// Whether the payload is of this shape.
  func matches(_ payload: UnsafeRawBufferPointer) -> Bool {
    guard payload.count == length, length > 0 else { return payload.count == length }
    return fixed.withUnsafeBytes { fixed in
      guard let fixed = fixed.baseAddress, let payload = payload.baseAddress else { return false }
      return fixedRuns.allSatisfy { memcmp(payload + $0.offset, fixed + $0.offset, $0.count) == 0 }
    }
  }

  /// Appends the octets of the columns.
  func pack(_ payload: UnsafeRawBufferPointer, into packed: inout [UInt8]) {
    for run in columnRuns { packed.append(contentsOf: payload[run.offset..<(run.offset + run.count)]) }
  }

  /// One column of packed rows, as numbers.
  func gather(_ column: Int, of rows: [UInt8], into values: inout [UInt64]) {
    values.removeAll(keepingCapacity: true)
    guard packed > 0 else { return }
    let places = places[column]
    rows.withUnsafeBufferPointer { rows in
      for base in stride(from: 0, to: rows.count, by: packed) {
        var value: UInt64 = 0
        for place in places { value = value << 8 | UInt64(rows[base &+ place]) }
        values.append(value)
      }
    }
  }
}
