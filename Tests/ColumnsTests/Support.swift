import Columns

/// A generator that gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// Near 0, with a bell's shape: the sum of four.
  mutating func noise(_ range: Int64) -> Int64 {
    (0..<4).reduce(0) { sum, _ in sum + Int64.random(in: -range...range, using: &self) } / 2
  }
}

func encode(_ values: [UInt64], _ format: ColumnFormat, with encoder: ColumnEncoder = ColumnEncoder()) -> [UInt8] {
  var chunk: [UInt8] = []
  values.withUnsafeBufferPointer { encoder.encode($0, format, into: &chunk) }
  return chunk
}

func decode(
  _ chunk: [UInt8], _ format: ColumnFormat, count: Int, with decoder: ColumnDecoder = ColumnDecoder()
) throws(ColumnFault) -> [UInt64] {
  // What was there before must not matter.
  var values = [UInt64](repeating: 0xA5A5_A5A5_A5A5_A5A5, count: count)
  var fault: ColumnFault?
  values.withUnsafeMutableBufferPointer { values in
    chunk.withUnsafeBytes { chunk in
      do throws(ColumnFault) { try decoder.decode(chunk, format, into: values) } catch { fault = error }
    }
  }
  if let fault { throw fault }
  return values
}

func hexadecimal(_ text: String) -> [UInt8] {
  text.split(separator: " ").compactMap { UInt8($0, radix: 16) }
}

func patterns(_ values: [Float]) -> [UInt64] { values.map { UInt64($0.bitPattern) } }

func patterns(_ values: [Double]) -> [UInt64] { values.map(\.bitPattern) }

/// What a series looks like; each takes every pattern of the format as it comes.
enum Series: CaseIterable {
  case random, constant, alternating, counter, counterAtTheEdge, backwards, duplicates, bursts, walk, steps, spikes
  case extremes, zerosAndOnes, cyclic, multiples

  func values(_ count: Int, bits: Int, _ random: inout SplitMix) -> [UInt64] {
    let mask = UInt64.max >> UInt64(64 - bits)
    let start = random.next()
    var state = start
    return (0..<UInt64(count)).map { index in
      let value: UInt64 =
        switch self {
        case .random: random.next()
        case .constant: start
        case .alternating: index & 1 == 0 ? start : ~start
        case .counter: start &+ index &* 17
        case .counterAtTheEdge: mask &- UInt64(count / 2) &* 3 &+ index &* 3 &+ random.next() % 3
        case .backwards: start &- index &* index
        case .duplicates: start &+ index / 7
        case .bursts: index / 50 % 3 == 0 ? random.next() : start
        case .walk, .steps:
          {
            if self == .walk || random.next() % 40 == 0 { state &+= UInt64(bitPattern: random.noise(40)) }
            return state
          }()
        case .spikes: random.next() % 100 == 0 ? random.next() : start &+ random.next() % 4
        case .extremes: [0, mask, 1, mask >> 1, mask >> 1 &+ 1][Int(random.next() % 5)]
        case .zerosAndOnes: random.next() & 1
        case .cyclic: (start >> (index % 13)) & 0xFF
        case .multiples: start &+ (random.next() % 50) &* 1000
        }
      return value & mask
    }
  }
}
