/// Numbers that depend on nothing but their seed, equal on every machine and in every run (unlike `Hasher`).
struct DeterministicNoise {
  private var state: UInt64

  init(seed: UInt64, name: String) {
    // FNV-1a, 64 bit (http://www.isthe.com/chongo/tech/comp/fnv/).
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ seed
    for byte in name.utf8 {
      hash ^= UInt64(byte)
      hash = hash &* 0x0000_0100_0000_01b3
    }
    state = hash
  }

  /// SplitMix64 (S. Vigna, https://prng.di.unimi.it/splitmix64.c).
  mutating func next() -> UInt64 {
    state = state &+ 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Evenly spread over the range.
  mutating func next(in range: ClosedRange<Double>) -> Double {
    let unit = Double(next() >> 11) * 0x1p-53
    return range.lowerBound + unit * (range.upperBound - range.lowerBound)
  }
}
