/// Floats as integers divided by a power of ten.
enum Decimals {
  /// Integers up to here stand for specials; the first for special 0.
  static let firstSpecial = Int64.min + Int64(ChunkHead.mostSpecials) - 1
  /// A Double holds every integer up to here; below it the sum with `rounder` has no digits behind the point.
  static let largest: Double = 0x1p51
  private static let rounder: Double = 0x1.8p52

  static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

  struct Numbers {
    var exponent: Int
    var first: Int64
    var least: Int64
    var greatest: Int64
    /// Patterns: −0, NaN, infinity.
    var specials: [UInt64]
  }

  @inline(__always)
  static func value(_ pattern: UInt64, _ bits: Int) -> Double {
    bits == 32
      ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: pattern))) : Double(bitPattern: pattern)
  }

  @inline(__always)
  static func pattern(_ number: Int64, _ power: Double, _ bits: Int) -> UInt64 {
    let quotient = Double(number) / power
    return bits == 32 ? UInt64(Float(quotient).bitPattern) : quotient.bitPattern
  }

  /// The numbers of `values` with the least exponent that gives all of them back bit for bit; nil: there is none.
  static func numbers(
    _ values: UnsafeBufferPointer<UInt64>, _ format: ColumnFormat, into numbers: UnsafeMutablePointer<Int64>
  ) -> Numbers? {
    var found = Numbers(exponent: 0, first: 0, least: .max, greatest: .min, specials: [])
    var index = 0
    while index < values.count {
      let pattern = values[index]
      let value = value(pattern, format.bits)
      if !value.isFinite || (value == 0 && pattern != 0) {
        guard let place = place(of: pattern, in: &found.specials) else { return nil }
        numbers[index] = Int64.min + Int64(place)
        index &+= 1
        continue
      }
      let scaled = value * powers[found.exponent]
      if scaled.magnitude < largest {
        let number = Int64((scaled + rounder) - rounder)
        if Decimals.pattern(number, powers[found.exponent], format.bits) == pattern {
          numbers[index] = number
          found.least = min(found.least, number)
          found.greatest = max(found.greatest, number)
          index &+= 1
          continue
        }
      }
      // Once more from the beginning with the next exponent that does for this one.
      repeat {
        found.exponent += 1
        if found.exponent > ChunkHead.largestExponent { return nil }
      } while !holds(value, pattern, found.exponent, format.bits)
      (index, found.least, found.greatest) = (0, .max, .min)
    }
    guard found.least <= found.greatest, let first = (0..<values.count).first(where: { numbers[$0] > firstSpecial })
    else { return nil }
    found.first = numbers[first]
    return found
  }

  private static func holds(_ value: Double, _ pattern: UInt64, _ exponent: Int, _ bits: Int) -> Bool {
    let scaled = value * powers[exponent]
    return scaled.magnitude < largest
      && Decimals.pattern(Int64((scaled + rounder) - rounder), powers[exponent], bits) == pattern
  }

  private static func place(of pattern: UInt64, in specials: inout [UInt64]) -> Int? {
    if let place = specials.firstIndex(of: pattern) { return place }
    if specials.count == ChunkHead.mostSpecials { return nil }
    specials.append(pattern)
    return specials.count - 1
  }
}
