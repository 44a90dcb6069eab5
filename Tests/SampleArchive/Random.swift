import Glibc

/// SplitMix64: one seed, one archive.
struct Random: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// From −1 to 1, small ones more likely.
  mutating func noise() -> Double {
    let bits = next()
    let (a, b) = (Int32(truncatingIfNeeded: bits), Int32(truncatingIfNeeded: bits >> 32))
    return (Double(a) + Double(b)) / 4_294_967_296
  }

  /// One in `n`.
  mutating func happens(oneIn n: Int) -> Bool { next() % UInt64(max(n, 1)) == 0 }
}
