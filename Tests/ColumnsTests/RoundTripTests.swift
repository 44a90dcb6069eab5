import Columns
import Testing

/// Every series comes back bit for bit.
@Suite struct RoundTripTests {
  static let lengths = [0, 1, 2, 3, 4, 31, 63, 64, 65, 96, 129, 1440]

  @Test(arguments: Series.allCases)
  func integers(series: Series) throws {
    let (encoder, decoder) = (ColumnEncoder(), ColumnDecoder())
    let seed = UInt64.random(in: 1...1_000_000)
    var random = SplitMix(state: seed)
    for bits in [1, 2, 3, 7, 8, 12, 16, 24, 31, 32, 33, 48, 56, 57, 63, 64] {
      for count in Self.lengths {
        let values = series.values(count, bits: bits, &random)
        let format = ColumnFormat(bits: bits)
        let chunk = encode(values, format, with: encoder)
        let decoded = try decode(chunk, format, count: count, with: decoder)
        #expect(decoded == values, "\(bits) bits, \(count) values, seed \(seed)")
        #expect(chunk.count <= count * ((bits + 7) / 8) + 40, "\(bits) bits, \(count) values, seed \(seed)")
      }
    }
  }

  /// The same, taken for floats: NaN payloads, denormals and infinities come as they come.
  @Test(arguments: Series.allCases)
  func floats(series: Series) throws {
    let (encoder, decoder) = (ColumnEncoder(), ColumnDecoder())
    let seed = UInt64.random(in: 1...1_000_000)
    var random = SplitMix(state: seed)
    for bits in [32, 64] {
      for count in Self.lengths {
        let values = series.values(count, bits: bits, &random)
        let format = ColumnFormat(bits: bits, isFloat: true)
        let chunk = encode(values, format, with: encoder)
        let decoded = try decode(chunk, format, count: count, with: decoder)
        #expect(decoded == values, "\(bits) bits, \(count) values, seed \(seed)")
        #expect(chunk.count <= count * bits / 8 + 40, "\(bits) bits, \(count) values, seed \(seed)")
      }
    }
  }

  static let odd: [Float] = [
    0, -0.0, .nan, .signalingNaN, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
    .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, Float(bitPattern: 0x7FC0_1234),
    Float(bitPattern: 0xFF80_0001), 0.1, -0.1, 16_777_216, 1e30,
  ]

  /// Decimals among which there is anything at all.
  @Test(arguments: 0..<40)
  func decimals(number: Int) throws {
    let seed = UInt64.random(in: 1...1_000_000)
    var random = SplitMix(state: seed)
    let power = [1.0, 10, 100, 1000, 1e6, 1e9][number % 6]
    let start = Int64.random(in: -9_000_000...9_000_000, using: &random)
    let unit = number % 5 == 0 ? 25 : 1 as Int64
    var state = start
    let odd = Array(Self.odd.shuffled(using: &random).prefix(number % 7))
    let exact = (0..<1440).map { _ in
      state += random.noise(10) * unit
      return Double(state) / power
    }
    var single = exact.map { Float($0) }
    for index in single.indices where random.next() % 20 == 0 {
      if let value = odd.randomElement(using: &random) { single[index] = value }
    }
    let narrow = ColumnFormat(bits: 32, isFloat: true)
    let narrowChunk = encode(patterns(single), narrow)
    let narrowDecoded = try decode(narrowChunk, narrow, count: 1440)
    #expect(narrowDecoded == patterns(single), "seed \(seed)")

    let double = zip(exact, single).map { exact, single in Float(exact) == single ? exact : Double(single) }
    let wide = ColumnFormat(bits: 64, isFloat: true)
    let wideChunk = encode(patterns(double), wide)
    let wideDecoded = try decode(wideChunk, wide, count: 1440)
    #expect(wideDecoded == patterns(double), "seed \(seed)")
  }

  /// The first value was taken for 0 in the head of decimals, also where it is a special.
  @Test(arguments: [[Float.nan, 0], [-0.0, 1, 2], [.infinity, .nan, -0.0, 0.5, 1, 1.5]])
  func aSpecialThatComesFirst(values: [Float]) throws {
    let format = ColumnFormat(bits: 32, isFloat: true)
    let decoded = try decode(encode(patterns(values), format), format, count: values.count)
    #expect(decoded == patterns(values))
  }

  /// An encoder and a decoder have no memory of earlier chunks.
  @Test func theSameChunkAgain() throws {
    var random = SplitMix(state: 7)
    let values = Series.walk.values(1440, bits: 32, &random)
    let format = ColumnFormat(bits: 32)
    let (encoder, decoder) = (ColumnEncoder(), ColumnDecoder())
    let first = encode(values, format, with: encoder)
    for series in Series.allCases {
      let between = encode(series.values(3000, bits: 64, &random), ColumnFormat(bits: 64), with: encoder)
      _ = try decode(between, ColumnFormat(bits: 64), count: 3000, with: decoder)
      #expect(encode(values, format, with: encoder) == first)
      let decoded = try decode(first, format, count: 1440, with: decoder)
      #expect(decoded == values)
    }
    var behind: [UInt8] = [1, 2, 3]
    values.withUnsafeBufferPointer { encoder.encode($0, format, into: &behind) }
    #expect(behind == [1, 2, 3] + first)
  }

  @Test(arguments: [0, 1, 2, 100, 70_000])
  func bytes(count: Int) throws {
    var random = SplitMix(state: 3)
    let (encoder, decoder) = (ColumnEncoder(), ColumnDecoder())
    for isText in [true, false] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: isText ? UInt64(65 + $0 % 7) : random.next()) }
      var chunk: [UInt8] = []
      bytes.withUnsafeBytes { encoder.encode(bytes: $0, into: &chunk) }
      #expect(chunk.count <= count + 1)
      let decoded = try chunk.withUnsafeBytes { try decoder.decode(bytes: $0, limit: count) }
      #expect(decoded == bytes)
      if count > 0 {
        #expect(throws: ColumnFault.self) {
          try chunk.withUnsafeBytes { try decoder.decode(bytes: $0, limit: count - 1) }
        }
      }
    }
  }
}
