/// Reads what `TokenCoder` writes.
struct TokenReader: ~Copyable {
  /// For each context and each number below 512: frequency (bits 0–9), what is added to the state (10–18), digits that follow
  /// (19–24), the next context's first entry (25–39), token (40–47).
  private var entries = Scratch<UInt64>(5 * TokenFrequencies.scale)
  private var least = Scratch<UInt64>(256)
  private var frequencies = Scratch<UInt16>(256)

  /// Reads residuals, with their sign, from the octet where `reader` stands to the end of the chunk.
  mutating func read(
    _ reader: inout ChunkReader, into residuals: UnsafeMutableBufferPointer<UInt64>
  ) throws(ColumnFault) {
    try readTables(&reader)
    let countOffset = reader.offset
    let count = try reader.varint()
    // A residual takes one word at most; the state stands behind them.
    guard count <= UInt64(residuals.count), reader.offset + 2 * Int(count) + 4 <= reader.bytes.count else {
      throw ColumnFault("\(count) words, more than there can be", at: countOffset)
    }
    let words = reader.offset
    let end = Int(count)
    let stateOffset = words + 2 * end
    var state = UInt64(UInt32(littleEndian: reader.bytes.loadUnaligned(fromByteOffset: stateOffset, as: UInt32.self)))
    var bits = BitReader(reader.bytes, from: stateOffset + 4)
    let (entries, least) = (UnsafePointer(entries.start), UnsafePointer(least.start))
    var row = 0
    var word = 0
    for index in 0..<residuals.count {
      let entry = entries[row &+ Int(truncatingIfNeeded: state & UInt64(TokenFrequencies.scale - 1))]
      state = (entry & 0x3FF) &* (state &>> UInt64(TokenFrequencies.scaleBits)) &+ (entry &>> 10 & 0x1FF)
      // Behind the last word the state's octets are read, in vain: what is wrong then shows below.
      let next = UInt64(
        UInt16(
          littleEndian: reader.bytes.loadUnaligned(fromByteOffset: words &+ 2 &* min(word, end), as: UInt16.self)))
      let isShort = state < TokenCoder.stateFloor
      state = isShort ? state &<< 16 | next : state
      word &+= isShort ? 1 : 0
      row = Int(truncatingIfNeeded: entry &>> 25 & 0x7FFF)
      let extra = Int(truncatingIfNeeded: entry &>> 19 & 0x3F)
      let residual = least[Int(truncatingIfNeeded: entry &>> 40)] | bits.readLong(extra)
      residuals[index] = UInt64(bitPattern: unzigzag(residual))
    }
    guard word == end, state == TokenCoder.stateFloor else {
      throw ColumnFault("its words do not end with the last value", at: stateOffset)
    }
    guard let end = bits.end() else { throw ColumnFault("ends within its residuals", at: reader.bytes.count) }
    reader.skip(to: end)
  }

  private mutating func readTables(_ reader: inout ChunkReader) throws(ColumnFault) {
    let start = reader.offset
    let shape = Int(try reader.octet())
    let tokens = Tokens(split: shape & 7, lead: shape >> 3 & 3)
    let precision = shape >> 5
    guard tokens.lead <= Tokens.largestLead, tokens.lead <= tokens.split, precision <= TokenFrequencies.largestPrecision
    else { throw ColumnFault("tokens of a kind that is unknown, \(shape)", at: start) }
    let contexts = TokenContexts(chosen: try reader.octet())
    guard contexts.chosen >> TokenContexts.thresholds.count == 0 else {
      throw ColumnFault("contexts that are unknown, \(contexts.chosen)", at: start + 1)
    }
    let last = Int(try reader.octet())
    guard tokens.residuals(last) != nil else { throw ColumnFault("token \(last) beyond 64 digits", at: start + 2) }
    var bits = BitReader(reader.bytes, from: reader.offset)
    for context in 0..<contexts.count {
      try TokenFrequencies.read(&bits, last: last, precision: precision, into: frequencies.start)
      var slot = entries.start + context * TokenFrequencies.scale
      for token in 0...last {
        let frequency = Int(frequencies.start[token])
        guard frequency > 0, let (least, extra) = tokens.residuals(token) else { continue }
        self.least.start[token] = least
        let next = contexts.context(place: TokenContexts.place(least)) * TokenFrequencies.scale
        let common = UInt64(frequency) | UInt64(extra) << 19 | UInt64(next) << 25 | UInt64(token) << 40
        for remainder in 0..<frequency { slot[remainder] = common | UInt64(remainder) << 10 }
        slot += frequency
      }
    }
    guard let end = bits.end() else { throw ColumnFault("ends within its frequencies", at: reader.bytes.count) }
    reader.skip(to: end)
  }
}
