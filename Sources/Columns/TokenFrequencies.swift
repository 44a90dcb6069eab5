import Glibc

/// Frequencies of tokens: they add up to 512. In a chunk they have a few leading digits only, but for one token that has what the
/// others leave.
enum TokenFrequencies {
  static let scaleBits = 9
  static let scale = 1 << scaleBits
  static let largestPrecision = 2

  /// −log2(frequency / 512) in 1/256 bit.
  private static let costs: [Int] = (0...scale).map { frequency in
    frequency == 0 ? 1 << 24 : Int((256 * (Double(scaleBits) - log2(Double(frequency)))).rounded())
  }

  /// Rounds `counts` of tokens 0 to `last` to frequencies.
  ///
  /// - Returns: the token that has what the others leave; nil: there are no tokens.
  static func round(
    _ counts: UnsafePointer<UInt32>, last: Int, precision: Int, into frequencies: UnsafeMutablePointer<UInt16>
  ) -> Int? {
    var total = 0
    var largest = 0
    for token in 0...last {
      total &+= Int(counts[token])
      if counts[token] > counts[largest] { largest = token }
    }
    guard total > 0 else { return nil }
    let reciprocal = Double(scale) / Double(total)
    var others = 0
    for token in 0...last {
      let count = counts[token]
      if count == 0 || token == largest {
        frequencies[token] = 0
        continue
      }
      let scaled = max(1, Int(Double(count) * reciprocal + 0.5))
      let dropped = max(0, digits(UInt64(scaled)) - 1 - precision)
      let rounded = min(((scaled + (1 << dropped) / 2) >> dropped) << dropped, scale / 2)
      frequencies[token] = UInt16(truncatingIfNeeded: rounded)
      others &+= rounded
    }
    while others >= scale {
      // Rounding up took too much: halving keeps the digits few.
      var most = largest == 0 ? last : 0
      for token in 0...last where frequencies[token] > frequencies[most] { most = token }
      others -= Int(frequencies[most] - frequencies[most] / 2)
      frequencies[most] /= 2
    }
    frequencies[largest] = UInt16(scale - others)
    return largest
  }

  /// What a table takes, and the tokens coded with it, in 1/256 bit.
  static func cost(
    _ counts: UnsafePointer<UInt32>, last: Int, precision: Int, scratch frequencies: UnsafeMutablePointer<UInt16>
  ) -> Int {
    guard let largest = round(counts, last: last, precision: precision, into: frequencies) else { return 256 }
    var bits = 1 + digits(UInt64(last))
    var cost = 0
    var before = 0
    costs.withUnsafeBufferPointer { costs in
      for token in 0...last {
        let frequency = Int(frequencies[token])
        cost &+= Int(counts[token]) &* costs[frequency]
        if token == largest { continue }
        let length = digits(UInt64(truncatingIfNeeded: frequency))
        bits &+= 2 &* digits(zigzag(Int64(length &- before)) &+ 1) &- 1 &+ max(0, min(precision, length &- 1))
        before = length
      }
    }
    return cost + bits * 256
  }

  static func write(
    _ frequencies: UnsafePointer<UInt16>, last: Int, precision: Int, largest: Int?, _ writer: inout BitWriter,
    into chunk: inout [UInt8]
  ) {
    guard let largest else { return writer.write(0, 1, into: &chunk) }
    writer.write(1, 1, into: &chunk)
    writer.write(UInt64(largest), digits(UInt64(last)), into: &chunk)
    var before = 0
    for token in 0...last where token != largest {
      let frequency = UInt64(frequencies[token])
      let length = digits(frequency)
      writer.writeGamma(zigzag(Int64(length - before)) + 1, into: &chunk)
      let kept = max(0, min(precision, length - 1))
      let leading = frequency >> UInt64(max(0, length - 1 - kept))
      writer.write(leading & (1 << UInt64(kept) - 1), kept, into: &chunk)
      before = length
    }
  }

  /// Reads one table. A context that does not occur has a table in which only token 0 does.
  static func read(
    _ reader: inout BitReader, last: Int, precision: Int, into frequencies: UnsafeMutablePointer<UInt16>
  ) throws(ColumnFault) {
    if reader.read(1) == 0 {
      for token in 0...last { frequencies[token] = token == 0 ? UInt16(scale) : 0 }
      return
    }
    let largest = Int(reader.read(digits(UInt64(last))))
    guard largest <= last else { throw ColumnFault("token \(largest) of \(last)", at: reader.position / 8) }
    var before = 0
    var others = 0
    for token in 0...last where token != largest {
      guard let coded = reader.readGamma() else { throw ColumnFault("no frequency", at: reader.position / 8) }
      let length = before + Int(unzigzag(coded - 1))
      guard 0...scaleBits ~= length else { throw ColumnFault("no frequency", at: reader.position / 8) }
      let kept = max(0, min(precision, length - 1))
      let leading = Int(reader.read(kept)) | (length > 0 ? 1 << kept : 0)
      let frequency = leading << max(0, length - 1 - kept)
      frequencies[token] = UInt16(frequency)
      others += frequency
      before = length
    }
    guard others < scale else {
      throw ColumnFault("frequencies of \(others) and more, not \(scale)", at: reader.position / 8)
    }
    frequencies[largest] = UInt16(scale - others)
  }
}
