import Metering

/// A sum, exact as long as it fits.
public enum Sum: Hashable, Sendable {
  case exact(ExactDecimal)
  case binary(Double)

  private var size: Double {
    switch self {
    case .exact(let number): number.size
    case .binary(let number): number
    }
  }

  mutating func add(_ other: Sum) {
    if case .exact(let a) = self, case .exact(let b) = other, let sum = a.adding(b) {
      self = .exact(sum)
    } else {
      self = .binary(size + other.size)
    }
  }

  /// number × step + offset × times; nil where it is no number.
  func scaled(by step: ExactDecimal, adding offset: ExactDecimal, times: Int) -> Sum? {
    if case .exact(let number) = self, let product = number.multiplied(by: step),
      let more = offset.multiplied(by: ExactDecimal(times)), let sum = product.adding(more)
    {
      return .exact(sum)
    }
    let number = size * step.size + offset.size * Double(times)
    return number.isFinite ? .binary(number) : nil
  }

  /// Nil of nothing, and where it is no number.
  func mean(of count: Int) -> ExactDecimal? {
    guard count > 0 else { return nil }
    switch self {
    case .exact(let number): return number.divided(by: count)
    case .binary(let number): return ExactDecimal(shortest: number / Double(count))?.divided(by: 1)
    }
  }
}

extension ExactDecimal {
  /// The significant digits of a mean.
  static let meanDigits = 9

  /// Rounded to `meanDigits` significant digits, halves away from zero.
  func divided(by count: Int) -> ExactDecimal {
    let divisor = UInt128(count.magnitude)
    var dividend = significand.magnitude
    var exponent = exponent
    // Enough digits before the division, so that the quotient has one or more to spare.
    let enough = divisor * ExactDecimal.enoughDigits
    while dividend != 0, dividend < enough, dividend < UInt128.max / 10 {
      dividend *= 10
      exponent -= 1
    }
    // What is cut off after the digit that decides makes no half of less than a half, nor less of a half.
    var quotient = dividend / divisor
    var last: UInt128 = 0
    while quotient >= ExactDecimal.tooManyDigits {
      (quotient, last) = quotient.quotientAndRemainder(dividingBy: 10)
      exponent += 1
    }
    if last >= 5 { quotient += 1 }
    let rounded = Int128(quotient)
    return ExactDecimal(significand: (significand < 0) != (count < 0) ? -rounded : rounded, exponent: exponent)
  }

  private static let enoughDigits: UInt128 = 10_000_000_000  // one more than meanDigits
  private static let tooManyDigits: UInt128 = 1_000_000_000  // meanDigits
}
