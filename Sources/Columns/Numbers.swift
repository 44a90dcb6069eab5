/// The values of a column as integers, in units of a quantum that divides all of them, from the first one.
struct Numbers: ~Copyable {
  /// Mapping, exponent, specials, quantum, and the first number as base.
  private(set) var head = ChunkHead()
  private var steps = Scratch<Int64>()
  private(set) var count = 0
  /// Differences are taken modulo 2^this.
  private var differenceBits = 64
  /// In the middle of most steps.
  private(set) var centre: Int64 = 0
  /// What residuals of order 0, 1 and 2 have in digits, all together: 0 where they are all zero.
  private(set) var digitsByOrder = (0, 0, 0)

  /// Takes patterns as they are, or floats by their place among all floats.
  mutating func take(_ values: UnsafeBufferPointer<UInt64>, _ format: ColumnFormat) {
    head = ChunkHead()
    head.mapping = format.isFloat ? .ordered : .pattern
    count = values.count
    steps.reserve(count)
    let (isFloat, bits) = (format.isFloat, format.bits)
    if let first = values.first {
      let base = isFloat ? FloatOrder.place(first, bits) : signed(first, bits)
      head.base = base
      for index in 0..<count {
        let number = isFloat ? FloatOrder.place(values[index], bits) : Int64(bitPattern: values[index])
        steps.start[index] = signed(UInt64(bitPattern: number &- base), bits)
      }
    }
    divide()
    differenceBits = head.quantum > 1 ? 64 : bits
    measure()
  }

  /// Takes floats as decimals. False: not all of them come back from decimals with the same bits.
  mutating func takeDecimals(_ values: UnsafeBufferPointer<UInt64>, _ format: ColumnFormat) -> Bool {
    head = ChunkHead()
    count = values.count
    steps.reserve(count)
    differenceBits = 64
    guard let decimals = Decimals.numbers(values, format, into: steps.start) else { return false }
    head.mapping = decimals.specials.isEmpty ? .decimal : .decimalWithSpecials
    head.exponent = decimals.exponent
    head.base = decimals.first
    for index in 0..<count where steps.start[index] > Decimals.firstSpecial { steps.start[index] -= decimals.first }
    divide()
    let quantum = Int64(head.quantum)
    for (place, pattern) in decimals.specials.enumerated() {
      // Beside the numbers: below the least for −0, which comes among zeros and small ones; above the greatest for others.
      let isZero = pattern == 1 << UInt64(format.bits - 1)
      let number = isZero ? decimals.least - quantum : decimals.greatest + Int64(place + 1) * quantum
      head.specials.append(.init(number: number, pattern: pattern))
    }
    if !head.specials.isEmpty {
      for index in 0..<count where steps.start[index] <= Decimals.firstSpecial {
        let special = head.specials[Int(steps.start[index] - Int64.min)]
        steps.start[index] = (special.number - decimals.first) / quantum
      }
    }
    measure()
    return true
  }

  /// Divides by what divides all steps.
  private mutating func divide() {
    var divisor: UInt64 = 0
    for index in 0..<count {
      let step = steps.start[index]
      var rest = step.magnitude
      if rest == 0 || head.mapping == .decimalWithSpecials && step <= Decimals.firstSpecial { continue }
      if divisor != 0 {
        rest %= divisor
        if rest == 0 { continue }
      }
      repeat { (divisor, rest) = (rest, divisor % rest) } while rest != 0
      if divisor == 1 { return }
    }
    if divisor < 2 || divisor > UInt64(Int64.max) { return }
    head.quantum = divisor
    let quantum = Int64(divisor)
    for index in 0..<count where head.mapping != .decimalWithSpecials || steps.start[index] > Decimals.firstSpecial {
      steps.start[index] /= quantum
    }
  }

  private mutating func measure() {
    digitsByOrder = (0, 0, 0)
    centre = 0
    if count == 0 { return }
    let stride = count / 64 + 1
    let sample = Swift.stride(from: 0, to: count, by: stride).map { steps.start[$0] }.sorted()
    centre = sample[sample.count / 2]
    let bits = differenceBits
    var sums = (0, 0, 0)
    var (before, differenceBefore) = (steps.start[0], Int64(0))
    for index in 0..<count {
      let step = steps.start[index]
      let difference = signed(UInt64(bitPattern: step &- before), bits)
      sums.0 &+= digits(zigzag(signed(UInt64(bitPattern: step &- centre), bits)))
      sums.1 &+= digits(zigzag(difference))
      let second = signed(UInt64(bitPattern: difference &- differenceBefore), bits)
      sums.2 &+= index > 1 ? digits(zigzag(second)) : 0
      (before, differenceBefore) = (step, difference)
    }
    digitsByOrder = sums
  }

  /// Residuals without sign; head with base and slope for them.
  mutating func residuals(order: Int, into residuals: inout Scratch<UInt64>) -> ChunkHead {
    residuals.reserve(count)
    let bits = differenceBits
    var head = head
    head.order = order
    // Not 0 where the first value is a special.
    let origin = order == 0 || count == 0 ? centre : steps.start[0]
    head.base &+= origin &* Int64(bitPattern: head.quantum)
    switch order {
    case 0:
      for index in 0..<count {
        residuals.start[index] = zigzag(signed(UInt64(bitPattern: steps.start[index] &- centre), bits))
      }
    case 1:
      for index in 1..<max(1, count) {
        residuals.start[index &- 1] = zigzag(
          signed(UInt64(bitPattern: steps.start[index] &- steps.start[index &- 1]), bits))
      }
    default:
      var before: Int64 = 0
      for index in 1..<max(1, count) {
        let difference = signed(UInt64(bitPattern: steps.start[index] &- steps.start[index &- 1]), bits)
        if index == 1 {
          head.slope = difference
        } else {
          residuals.start[index &- 2] = zigzag(signed(UInt64(bitPattern: difference &- before), bits))
        }
        before = difference
      }
    }
    return head
  }
}
