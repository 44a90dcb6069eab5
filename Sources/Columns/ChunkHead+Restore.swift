extension ChunkHead {
  /// Makes values of residuals, in place. A first value, and a first difference, are not read: they stand in the head.
  func restore(_ values: UnsafeMutableBufferPointer<UInt64>, _ format: ColumnFormat) throws(ColumnFault) {
    // Everything is modulo 2^64, and cut to the format's bits in the end.
    let base = UInt64(bitPattern: base)
    switch order {
    case 0:
      for index in 0..<values.count { values[index] = base &+ quantum &* values[index] }
    case 1:
      var number = base
      if values.count > 0 { values[0] = number }
      for index in 1..<max(1, values.count) {
        number &+= quantum &* values[index]
        values[index] = number
      }
    default:
      var number = base
      var difference = quantum &* UInt64(bitPattern: slope)
      if values.count > 0 { values[0] = number }
      if values.count > 1 {
        number &+= difference
        values[1] = number
      }
      for index in 2..<max(2, values.count) {
        difference &+= quantum &* values[index]
        number &+= difference
        values[index] = number
      }
    }
    let mask = UInt64.max >> UInt64(64 - format.bits)
    switch mapping {
    case .pattern:
      for index in 0..<values.count { values[index] &= mask }
    case .ordered:
      for index in 0..<values.count {
        values[index] = UInt64(bitPattern: FloatOrder.place(values[index], format.bits)) & mask
      }
    case .decimal, .decimalWithSpecials:
      let power = Decimals.powers[exponent]
      // A Double holds the numbers exactly, so that every reader divides the same ones.
      let limit: UInt64 = 1 << 53
      var beyond: UInt64 = 0
      let isSpecial = mapping == .decimalWithSpecials
      for index in 0..<values.count {
        let number = Int64(bitPattern: values[index])
        if isSpecial, let special = specials.first(where: { $0.number == number }) {
          values[index] = special.pattern
        } else {
          beyond |= (values[index] &+ limit) &>> 54
          values[index] = Decimals.pattern(number, power, format.bits)
        }
      }
      guard beyond == 0 else { throw ColumnFault("a decimal beyond 2^53", at: 0) }
    }
  }
}
