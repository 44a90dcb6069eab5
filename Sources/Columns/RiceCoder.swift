/// Rice's code (JPL Publication 91-3) with a parameter for each block of residuals: for few values, where a table of tokens
/// would cost more than it saves.
enum RiceCoder {
  static let blockLength = 64
  private static let parameterBits = 6
  /// Parameter of a block of zeros, which takes no more.
  private static let zeros = 63
  private static let largestParameter = 56
  /// A quotient from here on: that many zeros, and the residual in 64 bits.
  private static let escape = 24

  /// The parameter of least size, and that size in bits.
  private static func best(_ block: UnsafeBufferPointer<UInt64>) -> (parameter: Int, bits: Int) {
    var all: UInt64 = 0
    var sum: UInt64 = 0
    for residual in block {
      all |= residual
      sum &+= min(residual, 1 << 56)
    }
    if all == 0 { return (zeros, parameterBits) }
    // Where the mean is 2^k, k or one beside it is best, but outliers can pull it up.
    let guess = min(max(0, digits(sum / UInt64(block.count)) - 1), largestParameter)
    var best = (parameter: guess, bits: size(block, guess))
    while best.parameter > 0 {
      let bits = size(block, best.parameter - 1)
      if bits > best.bits { break }
      best = (best.parameter - 1, bits)
    }
    if best.parameter == guess, guess < largestParameter {
      let bits = size(block, guess + 1)
      if bits < best.bits { best = (guess + 1, bits) }
    }
    return best
  }

  private static func size(_ block: UnsafeBufferPointer<UInt64>, _ parameter: Int) -> Int {
    var bits = parameterBits &+ block.count &* (1 &+ parameter)
    for residual in block {
      let quotient = residual &>> UInt64(truncatingIfNeeded: parameter)
      bits &+= quotient < UInt64(escape) ? Int(truncatingIfNeeded: quotient) : escape &+ 63 &- parameter
    }
    return bits
  }

  /// Octets that `write` will make.
  static func size(_ residuals: UnsafeBufferPointer<UInt64>) -> Int {
    var bits = 0
    forEachBlock(residuals) { bits += best($0).bits }
    return (bits + 7) / 8
  }

  static func write(_ residuals: UnsafeBufferPointer<UInt64>, into chunk: inout [UInt8]) {
    var writer = BitWriter()
    forEachBlock(residuals) { block in
      let parameter = best(block).parameter
      writer.write(UInt64(parameter), parameterBits, into: &chunk)
      if parameter == zeros { return }
      for residual in block {
        let quotient = residual >> UInt64(parameter)
        if quotient < UInt64(escape) {
          writer.write(1 << quotient, Int(quotient) + 1, into: &chunk)
          writer.write(residual & (1 << UInt64(parameter) - 1), parameter, into: &chunk)
        } else {
          writer.write(0, escape, into: &chunk)
          writer.writeLong(residual, 64, into: &chunk)
        }
      }
    }
    writer.finish(into: &chunk)
  }

  private static func forEachBlock(
    _ residuals: UnsafeBufferPointer<UInt64>, _ body: (UnsafeBufferPointer<UInt64>) -> Void
  ) {
    for start in stride(from: 0, to: residuals.count, by: blockLength) {
      body(UnsafeBufferPointer(rebasing: residuals[start..<min(start + blockLength, residuals.count)]))
    }
  }

  /// Reads residuals, with their sign, from the octet where `reader` stands to the end of the chunk.
  static func read(_ reader: inout ChunkReader, into residuals: UnsafeMutableBufferPointer<UInt64>) throws(ColumnFault)
  {
    var bits = BitReader(reader.bytes, from: reader.offset)
    for start in stride(from: 0, to: residuals.count, by: blockLength) {
      let block = start..<min(start + blockLength, residuals.count)
      let parameter = Int(bits.read(parameterBits))
      if parameter == zeros {
        for index in block { residuals[index] = 0 }
        continue
      }
      guard parameter <= largestParameter else {
        throw ColumnFault("Rice parameter \(parameter)", at: (bits.position - parameterBits) / 8)
      }
      if bits.isBeyond { throw ColumnFault("ends within its residuals", at: reader.bytes.count) }
      for index in block {
        let window = bits.window()
        let quotient = window.trailingZeroBitCount
        let residual: UInt64
        if quotient < escape {
          bits.position &+= quotient &+ 1
          residual =
            bits.read(parameter) | UInt64(truncatingIfNeeded: quotient) &<< UInt64(truncatingIfNeeded: parameter)
        } else {
          bits.position &+= escape
          residual = bits.readLong(64)
        }
        residuals[index] = UInt64(bitPattern: unzigzag(residual))
      }
    }
    guard let end = bits.end() else { throw ColumnFault("ends within its residuals", at: reader.bytes.count) }
    reader.skip(to: end)
  }
}
