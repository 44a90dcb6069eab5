/// What stands before the residuals of a chunk: how the values come from them. See docs/COLUMNS.md.
struct ChunkHead {
  enum Coder: UInt8 {
    /// Every residual is 0 and nothing follows.
    case zeros = 0
    case rice = 1
    case tokens = 2
    case planes = 3
  }

  enum Mapping: UInt8 {
    /// A number is its pattern.
    case pattern = 0
    /// A number is the place of its pattern among all IEEE 754 numbers, negative ones first.
    case ordered = 1
    /// A pattern is that of number / 10^exponent.
    case decimal = 2
    /// Likewise, but for a few numbers that stand for patterns.
    case decimalWithSpecials = 3
  }

  struct Special {
    var number: Int64
    var pattern: UInt64
  }

  static let largestExponent = 9
  static let mostSpecials = 4

  var coder = Coder.zeros
  /// 0: residuals are the numbers less `base`, in units of `quantum`; 1: their differences; 2: the differences of those.
  var order = 0
  var mapping = Mapping.pattern
  var exponent = 0
  var quantum: UInt64 = 1
  var base: Int64 = 0
  /// Order 2: the first difference.
  var slope: Int64 = 0
  var specials: [Special] = []

  /// How many residuals there are for `count` values: a first value, and a first difference, stand in the head.
  static func residuals(_ count: Int, order: Int) -> Int { max(0, count - order) }

  func write(_ format: ColumnFormat, into chunk: inout [UInt8]) {
    chunk.append(coder.rawValue | UInt8(order) << 2 | mapping.rawValue << 4 | (quantum > 1 ? 1 << 6 : 0))
    if mapping == .decimal || mapping == .decimalWithSpecials { chunk.append(UInt8(exponent)) }
    if mapping == .decimalWithSpecials {
      chunk.append(UInt8(specials.count))
      for special in specials {
        appendVarint(zigzag(special.number), to: &chunk)
        for octet in 0..<(format.bits / 8) {
          chunk.append(UInt8(truncatingIfNeeded: special.pattern >> UInt64(8 * octet)))
        }
      }
    }
    if quantum > 1 { appendVarint(quantum, to: &chunk) }
    appendVarint(zigzag(base), to: &chunk)
    if order == 2 { appendVarint(zigzag(slope), to: &chunk) }
  }

  init() {}

  init(_ reader: inout ChunkReader, _ format: ColumnFormat) throws(ColumnFault) {
    let tag = try reader.octet()
    guard let coder = Coder(rawValue: tag & 3), tag >> 2 & 3 < 3, let mapping = Mapping(rawValue: tag >> 4 & 3),
      tag < 128
    else { throw ColumnFault("method \(tag) is unknown", at: 0) }
    guard mapping == .pattern || format.isFloat else {
      throw ColumnFault("method \(tag) is one of floats, and these are integers", at: 0)
    }
    self.coder = coder
    self.mapping = mapping
    order = Int(tag >> 2 & 3)
    if mapping == .decimal || mapping == .decimalWithSpecials {
      exponent = Int(try reader.octet())
      guard exponent <= ChunkHead.largestExponent else {
        throw ColumnFault("exponent \(exponent) is beyond \(ChunkHead.largestExponent)", at: reader.offset - 1)
      }
    }
    if mapping == .decimalWithSpecials {
      let count = Int(try reader.octet())
      guard 1...ChunkHead.mostSpecials ~= count else {
        throw ColumnFault("\(count) specials, not 1 to \(ChunkHead.mostSpecials)", at: reader.offset - 1)
      }
      for _ in 0..<count {
        let number = unzigzag(try reader.varint())
        var pattern: UInt64 = 0
        for octet in 0..<(format.bits / 8) { pattern |= UInt64(try reader.octet()) << UInt64(8 * octet) }
        specials.append(Special(number: number, pattern: pattern))
      }
    }
    if tag & 1 << 6 != 0 {
      let start = reader.offset
      quantum = try reader.varint()
      guard quantum > 1 else { throw ColumnFault("quantum \(quantum)", at: start) }
    }
    base = unzigzag(try reader.varint())
    if order == 2 { slope = unzigzag(try reader.varint()) }
  }
}
