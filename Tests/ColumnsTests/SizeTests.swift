import Columns
import Testing

/// What must be small is small.
@Suite struct SizeTests {
  private static let float = ColumnFormat(bits: 32, isFloat: true)

  @Test func constantsAndLinesTakeAFewOctets() {
    #expect(encode([UInt64](repeating: 0, count: 1440), ColumnFormat(bits: 16)).count == 2)
    #expect(encode([UInt64](repeating: 65_535, count: 1440), ColumnFormat(bits: 16)).count == 2)
    #expect(encode(patterns([Float](repeating: 230.4, count: 1440)), Self.float).count <= 6)
    #expect(encode((0..<1440).map { 1_795_219_200_000 + $0 * 60_000 }, ColumnFormat(bits: 64)).count <= 12)
    #expect(encode((0..<1440).map { (65_000 + $0) & 0xFFFF }, ColumnFormat(bits: 16)).count <= 6)
  }

  @Test func aCounterThatStandsStillTakesLittle() {
    let values = (0..<1440).map { UInt64(900_000 + $0 / 200) }
    #expect(encode(values, ColumnFormat(bits: 32)).count <= 40)
  }

  /// Uniform among ten: 3.32 bits.
  @Test func noiseTakesWhatItMust() {
    var random = SplitMix(state: 11)
    let values = (0..<1440).map { _ in 40_000 + random.next() % 10 }
    #expect(encode(values, ColumnFormat(bits: 16)).count <= 1440 * 34 / 80 + 24)
  }

  @Test func floatsThatAreDecimalsTakeWhatIntegersTake() {
    var random = SplitMix(state: 12)
    let integers = (0..<1440).map { _ in 23_000 + random.noise(30) }
    let asIntegers = encode(integers.map { UInt64($0) }, ColumnFormat(bits: 16))
    let asFloats = encode(patterns(integers.map { Float(Double($0) / 100) }), Self.float)
    #expect(asFloats.count <= asIntegers.count + 8)
    // In steps of 0.2: as many octets as in steps of 1.
    let inSteps = encode(patterns(integers.map { Float(Double($0 * 2) / 10) }), Self.float)
    #expect(inSteps.count <= asIntegers.count + 8)
  }

  /// A meter that answers NaN where it has nothing, or rounds to −0, does not lose the decimals of the day.
  @Test(arguments: [Float.nan, -0.0, .infinity])
  func aSpecialAmongDecimalsCostsLittle(special: Float) {
    var random = SplitMix(state: 13)
    var values = (0..<1440).map { _ in Float(Double(random.noise(30)) / 100) }
    let without = encode(patterns(values), Self.float)
    for index in 500..<600 { values[index] = special }
    #expect(encode(patterns(values), Self.float).count <= without.count + 30)
  }

  @Test func whatRepeatsIsFoundByZstd() {
    var random = SplitMix(state: 14)
    let period = (0..<97).map { _ in random.next() & 0xFFFF }
    let values = (0..<1440).map { period[$0 % 97] }
    #expect(encode(values, ColumnFormat(bits: 16)).count <= 97 * 2 + 60)
  }
}
