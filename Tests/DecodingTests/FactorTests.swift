import Decoding
import Metering
import Testing

private func factor(
  _ address: UInt16, _ type: RegisterType = .u16, scale: String = "1", exponent: Bool = false
) -> Definition.Factor {
  .init(
    register: .init(table: .holding, address: address, type: type), scale: ExactDecimal(scale)!, isExponent: exponent)
}

@Suite struct FactorTests {
  /// Register 10 holds 1234; 20 and 21 hold the factors.
  private func value(
    _ factors: [Definition.Factor], _ registers: [UInt8], quantity: String = "x_value", unit: String = "1",
    scale: String = "1", offset: String? = nil, side: Definition.Side? = nil
  ) throws -> Reading {
    let point = point(
      .u16, quantity: quantity, unit: unit, scale: scale, side: side, offset: offset, factors: factors)
    return try #require(
      try readings(
        definition([point], ct: "30", vt: "100"), .poll([answered(10, [0x04, 0xD2]), answered(20, registers)])
      ).first)
  }

  @Test func ratiosMultiply() throws {
    // PT 100 × CT 30 (0.1 per digit): 1234 × 100 × 30.
    let reading = try value([factor(20), factor(21, scale: "0.1")], [0, 100, 0x01, 0x2C], scale: "0.01")
    #expect(reading.value?.description == "37020" && reading.quality == .good && reading.raw == [0x04, 0xD2])
  }

  @Test(arguments: [
    (UInt8(0), "1234"), (3, "1234000"), (0xFE, "12.34"), (18, "1234000000000000000000"), (0xEE, "0.000000000000001234"),
  ])
  func exponents(byte: UInt8, text: String) throws {
    #expect(try value([factor(20, .i8Low, exponent: true)], [0xAA, byte]).value?.description == text)
  }

  @Test func exponentsAndRatiosTogether() throws {
    let both = [factor(20, .i8High, exponent: true), factor(20, .u8Low)]
    #expect(try value(both, [0xFF, 40]).value?.description == "4936")
  }

  @Test(
    "A factor that is none",
    arguments: [
      (factor(20), [0, 0]), (factor(20, .i16), [0xFF, 0xFF]), (factor(20, .f32), [0x7F, 0xC0, 0, 0]),
      (factor(20, .f32), [0x7F, 0x80, 0, 0]), (factor(20, .f32), [0xBF, 0x80, 0, 0]), (factor(20, .bcd16), [0, 0xA0]),
      (factor(20, .i8Low, exponent: true), [0, 19]), (factor(20, .i8Low, exponent: true), [0, 0xED]),
      (factor(20, scale: "0.1", exponent: true), [0, 15]), (factor(20, exponent: true), [0xFF, 0xFF]),
    ] as [(Definition.Factor, [UInt8])])
  func invalid(factor: Definition.Factor, registers: [UInt8]) throws {
    let reading = try value([factor], registers)
    #expect(reading.value == nil && reading.quality == .bad && reading.flags == ["invalid"])
    #expect(reading.raw == [0x04, 0xD2] && reading.time == noon + 100)
  }

  @Test("The offset comes after the scale, before factors, ratios and conversion")
  func offset() throws {
    #expect(try value([], [0, 0], scale: "0.1", offset: "-40").value?.description == "83.4")
    #expect(try value([factor(20)], [0, 2], scale: "0.1", offset: "-40").value?.description == "166.8")
    #expect(
      try value([], [0, 0], quantity: "temperature_flow", unit: "K", scale: "0.1", offset: "-40").value?.description
        == "-189.75")
    // (1234 - 234) W × 30 × 100
    #expect(
      try value([], [0, 0], quantity: "power_active", unit: "W", offset: "-234", side: .secondary).value?.description
        == "3000")
    // 1234 × 0.1 K × 3 - 273.15
    #expect(
      try value([factor(20)], [0, 3], quantity: "temperature_flow", unit: "K", scale: "0.1").value?.description
        == "97.05")
  }

  private let primary = definition([point(.u16, factors: [factor(20), factor(30)])])

  @Test(
    "A factor's block that failed makes the reading fail as it did",
    arguments: [(Outcome.timeout, "timeout"), (.exception(2), "exception-2"), (.crc, "crc"), (.linkDown, "link-down")])
  func failedFactor(outcome: Outcome, flag: String) throws {
    let blocks = [answered(10, [0, 9]), answered(20, [0, 1]), failed(30, 1, outcome)]
    let reading = try #require(try readings(primary, .poll(blocks)).first)
    #expect(reading.value == nil && reading.quality == .bad && reading.flags == [flag] && reading.raw == [0, 9])
    #expect(reading.time == noon)
  }

  @Test func aFactorThatWasNotAskedForNamesTheCause() throws {
    let blocks = [answered(10, [0, 9]), failed(20, 1, .timeout), failed(30, 1, .notAsked)]
    let other = definition([point(.u16, factors: [factor(30)])])
    #expect(try readings(other, .poll(blocks)).first?.flags == ["skipped", "timeout"])
    #expect(try readings(other, .poll([answered(10, [0, 9])])).first?.flags == ["skipped"])
  }

  @Test func whereThePointItselfFailedItsOwnFailureCounts() throws {
    let blocks = [failed(10, 1, .exception(4)), failed(20, 11, .timeout)]
    let reading = try #require(try readings(primary, .poll(blocks)).first)
    #expect(reading.flags == ["exception-4"] && reading.raw.isEmpty)
  }
}

@Suite struct BlockChoiceTests {
  private let two = definition([point(.u16, quantity: "x_a"), point(.u16, address: 12, quantity: "x_b")])

  @Test func partsOfARefusedBlockWin() throws {
    let blocks = [failed(10, 3, .exception(2)), answered(10, [0, 1]), answered(12, [0, 2])]
    #expect(try readings(two, .poll(blocks)).map { $0.value?.description } == ["1", "2"])
    #expect(try readings(two, .poll(blocks.reversed())).map { $0.value?.description } == ["1", "2"])
  }

  @Test func whatWasAnsweredOnceStays() throws {
    let blocks = [failed(10, 3, .exception(2)), answered(10, [0, 1]), failed(10, 1, .timeout), answered(12, [0, 2])]
    #expect(try readings(two, .poll(blocks)).map { $0.value?.description } == ["1", "2"])
  }

  @Test func aPartThatFailedSaysHow() throws {
    let blocks = [failed(10, 3, .exception(2)), answered(10, [0, 1]), failed(12, 1, .timeout)]
    let result = try readings(two, .poll(blocks))
    #expect(result.map { $0.value?.description } == ["1", nil] && result[1].flags == ["timeout"])
  }

  @Test func whatNoPartCoversWasRefused() throws {
    let blocks = [failed(10, 3, .exception(2)), answered(10, [0, 1]), failed(12, 1, .notAsked)]
    #expect(try readings(two, .poll(blocks)).map(\.flags) == [[], ["exception-2"]])
    #expect(try readings(two, .poll(Array(blocks.prefix(2)))).map(\.flags) == [[], ["exception-2"]])
  }

  @Test func aBlockThatIsNotAskedNamesTheCause() throws {
    let result = try readings(two, .poll([failed(10, 1, .timeout), failed(12, 1, .notAsked)]))
    #expect(result.map(\.flags) == [["timeout"], ["skipped", "timeout"]])
  }

  @Test func valuesAreFoundWhereverTheBlocksAreCut() throws {
    let points = [
      point(.u16, quantity: "x_a"), point(.u32, address: 11, quantity: "x_b"),
      point(.u48, address: 13, quantity: "x_c"),
    ]
    let whole: [UInt8] = [0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3]
    for cuts in [[0, 6], [0, 1, 6], [0, 3, 6], [0, 1, 3, 6]] {
      let blocks = zip(cuts, cuts.dropFirst()).map { answered(UInt16(10 + $0), Array(whole[(2 * $0)..<(2 * $1)])) }
      #expect(try readings(definition(points), .poll(blocks)).map { $0.value?.description } == ["1", "2", "3"])
    }
    // Half of x_b in each block is no x_b.
    let torn = [answered(10, Array(whole[..<4])), answered(12, Array(whole[4...]))]
    #expect(try readings(definition(points), .poll(torn)).map(\.quantity) == ["x_a", "x_c"])
  }

  @Test func anotherTableIsAnotherRegister() throws {
    let input = answered(10, [0, 7], table: .input)
    #expect(try readings(definition([point(.u16)]), .poll([input])).isEmpty)
    #expect(try readings(definition([point(.u16, table: .input)]), .poll([input])).first?.value == ExactDecimal(7))
  }
}
