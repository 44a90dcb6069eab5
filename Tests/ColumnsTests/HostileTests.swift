import Columns
import Testing

@Suite struct HostileTests {
  /// What is wrong, and where.
  @Test(arguments: [
    ("", "chunk, octet 0: ends here, in its head"),
    ("0C 00", "chunk, octet 0: method 12 is unknown"),
    ("80 00", "chunk, octet 0: method 128 is unknown"),
    ("20 00 00", "chunk, octet 0: method 32 is one of floats, and these are integers"),
    ("00 80 80 80 80 80 80 80 80 80 02", "chunk, octet 1: a number of more than 64 bits"),
    ("00 80", "chunk, octet 2: ends here, in its head"),
    ("40 01 00", "chunk, octet 1: quantum 1"),
    ("00 00 00", "chunk, octet 2: 1 octets too many"),
    ("01 00 39", "chunk, octet 2: Rice parameter 57"),
    ("01 00 00", "chunk, octet 3: ends within its residuals"),
    ("02 00 19 00 00", "chunk, octet 2: tokens of a kind that is unknown, 25"),
    ("02 00 60 00 00", "chunk, octet 2: tokens of a kind that is unknown, 96"),
    ("02 00 00 10 00", "chunk, octet 3: contexts that are unknown, 16"),
    ("02 00 00 00 FF", "chunk, octet 4: token 255 beyond 64 digits"),
    ("02 00 00 00 01 00 06 00", "chunk, octet 6: 6 words, more than there can be"),
    ("03 00 09", "chunk, octet 2: planes of 9 octets"),
    ("03 00 01 20 02 11 00 00 61 62", "chunk, octet 3: 2 octets in a zstd frame, not 5"),
    ("03 00 01 20 05 29 00 00 61 62", "chunk, octet 3: no whole zstd frame, or more behind it"),
    (
      "03 00 01 20 05 29 00 00 61 62 63 64 65 50 2A 4D 18 00 00 00 00",
      "chunk, octet 3: no whole zstd frame, or more behind it"
    ),
    ("03 00 01 FF", "chunk, octet 3: no zstd frame that says its size"),
  ])
  func isNamed(chunk: String, fault: String) {
    #expect { try decode(hexadecimal(chunk), ColumnFormat(bits: 32), count: 5) } throws: { "\($0)" == fault }
  }

  @Test(arguments: [
    ("20 0A 00", "chunk, octet 1: exponent 10 is beyond 9"),
    ("30 00 00 00", "chunk, octet 2: 0 specials, not 1 to 4"),
    ("30 00 05 00", "chunk, octet 2: 5 specials, not 1 to 4"),
    ("20 00 80 80 80 80 80 80 80 20", "chunk, octet 0: a decimal beyond 2^53"),
  ])
  func isNamedOfFloats(chunk: String, fault: String) {
    #expect { try decode(hexadecimal(chunk), ColumnFormat(bits: 32, isFloat: true), count: 5) } throws: {
      "\($0)" == fault
    }
  }

  @Test(arguments: [
    ("", "chunk, octet 0: empty"), ("02", "chunk, octet 0: method 2 is unknown"),
    ("00 61 62 63 64", "chunk, octet 1: longer than 3 octets"),
    ("01 A0 FF FF FF 7F 01 00 00", "chunk, octet 1: longer than 3 octets"),
    ("01 20 03", "chunk, octet 1: no whole zstd frame, or more behind it"),
  ])
  func isNamedOfTexts(chunk: String, fault: String) {
    #expect {
      try hexadecimal(chunk).withUnsafeBytes { try ColumnDecoder().decode(bytes: $0, limit: 3) }
    } throws: {
      "\($0)" == fault
    }
  }

  /// Octets changed, put in and left out: a fault, or values that have nothing wrong with them.
  @Test(arguments: Series.allCases)
  func changedChunksAreContained(series: Series) throws {
    let seed = UInt64.random(in: 1...1_000_000)
    var random = SplitMix(state: seed)
    let encoder = ColumnEncoder(level: 3)
    let decoder = ColumnDecoder()
    for bits in [8, 32, 64] {
      for isFloat in [false, true] where bits > 8 || !isFloat {
        let format = ColumnFormat(bits: bits, isFloat: isFloat)
        for count in [5, 40, 300] {
          let chunk = encode(series.values(count, bits: bits, &random), format, with: encoder)
          for _ in 0..<30 {
            var changed = chunk
            for _ in 0..<Int.random(in: 1...3, using: &random) where !changed.isEmpty {
              let index = changed.indices.randomElement(using: &random) ?? 0
              switch random.next() % 4 {
              case 0: changed.remove(at: index)
              case 1: changed.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
              default: changed[index] ^= 1 << UInt8(random.next() % 8)
              }
            }
            guard let values = try? decode(changed, format, count: count, with: decoder) else { continue }
            let again = try decode(encode(values, format, with: encoder), format, count: count, with: decoder)
            #expect(again == values, "seed \(seed)")
          }
        }
      }
    }
  }

  @Test func randomOctetsAreContained() throws {
    let seed = UInt64.random(in: 1...1_000_000)
    var random = SplitMix(state: seed)
    let check = ColumnCheck()
    for _ in 0..<3000 {
      let octets = (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      if let finding = check.finding(octets) { Issue.record("seed \(seed): \(finding)") }
    }
  }
}
