/// Residuals as tokens in asymmetric numeral systems with ranges (Duda, arXiv:1311.2540), words of 16 bits.
struct TokenCoder: ~Copyable {
  static let stateFloor: UInt64 = 1 << 16

  private var words = Scratch<UInt16>()
  private var counts = Scratch<UInt32>(5 * 256)
  private var frequencies = Scratch<UInt16>(5 * 256)
  private var starts = Scratch<UInt16>(5 * 256)
  /// Where the table of the next token begins, by the place of a residual among the thresholds.
  private var rows = Scratch<Int>(5)

  mutating func write(_ residuals: UnsafeBufferPointer<UInt64>, _ plan: TokenPlan, into chunk: inout [UInt8]) {
    let (tokens, contexts) = (plan.tokens, plan.contexts)
    chunk.append(UInt8(tokens.split | tokens.lead << 3 | plan.precision << 5))
    chunk.append(contexts.chosen)
    chunk.append(UInt8(plan.last))
    for place in 0...TokenContexts.thresholds.count { rows.start[place] = contexts.context(place: place) * 256 }
    counts.start.update(repeating: 0, count: contexts.count * 256)
    var row = 0
    for residual in residuals {
      counts.start[row &+ tokens.token(residual).token] &+= 1
      row = rows.start[TokenContexts.place(residual)]
    }
    var writer = BitWriter()
    for context in 0..<contexts.count {
      let table = frequencies.start + context * 256
      let largest = TokenFrequencies.round(
        counts.start + context * 256, last: plan.last, precision: plan.precision, into: table)
      TokenFrequencies.write(
        table, last: plan.last, precision: plan.precision, largest: largest, &writer, into: &chunk)
      var start: UInt16 = 0
      if largest == nil { continue }
      for token in 0...plan.last {
        starts.start[context * 256 + token] = start
        start += table[token]
      }
    }
    writer.finish(into: &chunk)

    // The last token goes first, so that the reader meets the first one first.
    words.reserve(residuals.count)
    var next = residuals.count
    var state = TokenCoder.stateFloor
    for index in stride(from: residuals.count - 1, through: 0, by: -1) {
      let row = index == 0 ? rows.start[0] : rows.start[TokenContexts.place(residuals[index &- 1])]
      let place = row &+ tokens.token(residuals[index]).token
      let frequency = UInt32(frequencies.start[place])
      if state >= UInt64(frequency) &<< UInt64(32 - TokenFrequencies.scaleBits) {
        next &-= 1
        words.start[next] = UInt16(truncatingIfNeeded: state)
        state &>>= 16
      }
      let low = UInt32(truncatingIfNeeded: state)
      let (quotient, remainder) = low.quotientAndRemainder(dividingBy: frequency)
      state =
        UInt64(quotient) &<< UInt64(TokenFrequencies.scaleBits) &+ UInt64(remainder)
        &+ UInt64(starts.start[place])
    }
    appendVarint(UInt64(residuals.count - next), to: &chunk)
    for index in next..<residuals.count {
      chunk.append(UInt8(truncatingIfNeeded: words.start[index]))
      chunk.append(UInt8(truncatingIfNeeded: words.start[index] >> 8))
    }
    for octet in 0..<4 { chunk.append(UInt8(truncatingIfNeeded: state >> UInt64(8 * octet))) }
    for residual in residuals {
      let extra = tokens.token(residual).extra
      writer.writeLong(residual & ((1 &<< UInt64(truncatingIfNeeded: extra)) &- 1), extra, into: &chunk)
    }
    writer.finish(into: &chunk)
  }
}
