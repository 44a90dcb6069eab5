import Decoding
import Metering
import Testing

private func definition(
  _ type: RegisterType, _ order: ByteOrder = .abcd, table: RegisterTable = .holding, quantity: String = "x_value",
  unit: String = "1", scale: String = "1", side: Definition.Side? = nil, ct: String = "1", vt: String = "1",
  invalid: [UInt64]? = nil, perPulse: String? = nil, pulseUnit: String? = nil
) -> Definition {
  var point = point(
    type, order, table: table, quantity: quantity, unit: unit, scale: scale, side: side, invalid: invalid)
  point.perPulse = perPulse.flatMap { ExactDecimal($0) }
  point.pulseUnit = pulseUnit
  return definition([point], ct: ct, vt: vt)
}

private func read(_ definition: Definition, _ bytes: [UInt8], address: UInt16 = 10, outcome: Outcome = .ok) throws
  -> Reading
{
  let table = definition.points[0].register.table
  let block = Block(
    table: table, address: address, count: UInt16(table.isBits ? 8 : bytes.count / 2), outcome: outcome, bytes: bytes)
  return try #require(
    try readings(definition, .poll([block])).first)
}

@Suite struct RegisterDecodingTests {
  @Test(
    arguments: [
      (RegisterType.u16, ByteOrder.abcd, [0xFF, 0xFE], "65534"),
      (.i16, .abcd, [0xFF, 0xFE], "-2"),
      (.u16, .badc, [0x01, 0x00], "1"),
      (.u32, .abcd, [0x00, 0x01, 0x86, 0xA0], "100000"),
      (.u32, .cdab, [0x86, 0xA0, 0x00, 0x01], "100000"),
      (.u32, .badc, [0x01, 0x00, 0xA0, 0x86], "100000"),
      (.u32, .dcba, [0xA0, 0x86, 0x01, 0x00], "100000"),
      (.i32, .abcd, [0xFF, 0xFF, 0xFF, 0xFF], "-1"),
      (.u64, .abcd, [0, 0, 0, 1, 0, 0, 0, 0], "4294967296"),
      (.u64, .cdab, [0, 0, 0, 0, 0, 1, 0, 0], "4294967296"),
      (.u64, .dcba, [0, 0, 0, 0, 1, 0, 0, 0], "4294967296"),
      (.u64, .badc, [0, 0, 1, 0, 0, 0, 0, 0], "4294967296"),
      (.i64, .abcd, [0x80, 0, 0, 0, 0, 0, 0, 0], "-9223372036854775808"),
      (.f32, .abcd, [0x43, 0x66, 0x1A, 0x9F], "230.10399"),
      (.f32, .cdab, [0x1A, 0x9F, 0x43, 0x66], "230.10399"),
      (.f64, .abcd, [0x3F, 0xB9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A], "0.1"),
      (.bcd16, .abcd, [0x12, 0x34], "1234"),
      (.bcd32, .abcd, [0x12, 0x34, 0x56, 0x78], "12345678"),
      (.bcd64, .abcd, [0, 0, 0, 0, 0x99, 0x99, 0x99, 0x99], "99999999"),
    ] as [(RegisterType, ByteOrder, [UInt8], String)])
  func value(type: RegisterType, order: ByteOrder, bytes: [UInt8], text: String) throws {
    let reading = try read(definition(type, order), bytes)
    #expect(reading.value?.description == text && reading.quality == .good && reading.raw == bytes)
  }

  @Test(
    arguments: [
      ("NaN", RegisterType.f32, [0x7F, 0xC0, 0, 0]), ("infinity", .f32, [0x7F, 0x80, 0, 0]),
      ("NaN", .f64, [0x7F, 0xF8, 0, 0, 0, 0, 0, 1]), ("a digit above 9", .bcd16, [0x12, 0x3A]),
    ] as [(String, RegisterType, [UInt8])])
  func isNoNumber(name: String, type: RegisterType, bytes: [UInt8]) throws {
    let reading = try read(definition(type), bytes)
    #expect(reading.value == nil && reading.quality == .bad && reading.flags == ["invalid"] && reading.raw == bytes)
  }

  @Test func aPatternThatMeansNotAvailableIsNoNumber() throws {
    let point = definition(.i64, invalid: [0x8000_0000_0000_0000])
    #expect(try read(point, [0x80, 0, 0, 0, 0, 0, 0, 0]).flags == ["invalid"])
    #expect(try read(point, [0x80, 0, 0, 0, 0, 0, 0, 1]).value?.description == "-9223372036854775807")
  }

  @Test(arguments: [(UInt16(10), [UInt8(0b0000_0001)], "1"), (9, [0b0000_0001], "0"), (3, [0b1000_0000], "1")])
  func bits(blockAddress: UInt16, bytes: [UInt8], text: String) throws {
    let reading = try read(definition(.bool, table: .coil), bytes, address: blockAddress)
    #expect(reading.value?.description == text && reading.raw == [0, UInt8(text)!])
  }
}

@Suite struct ScalingTests {
  @Test func integerTimesScaleIsExact() throws {
    #expect(try read(definition(.u16, scale: "0.01"), [0, 57]).value?.description == "0.57")
  }

  @Test(arguments: [
    ("energy_active_import", "Wh", Definition.Side.primary, "1.234"),
    ("energy_active_import", "Wh", .secondary, "3702"),  // × 30 × 100
    ("current_l1", "A", .secondary, "37020"),  // × 30
    ("voltage_l1", "V", .secondary, "123400"),  // × 100
    ("frequency", "Hz", .secondary, "1234"),
    ("energy_active_import", "GJ", .primary, "342778.052"),
  ])
  func ratiosAndUnits(quantity: String, unit: String, side: Definition.Side, text: String) throws {
    let point = definition(.u16, quantity: quantity, unit: unit, side: side, ct: "30", vt: "100")
    #expect(try read(point, [0x04, 0xD2]).value?.description == text)
  }

  @Test func kelvinAndPulses() throws {
    #expect(
      try read(definition(.u16, quantity: "temperature_flow", unit: "K"), [0x01, 0x2C]).value?.description == "26.85")
    let pulses = definition(.u16, quantity: "volume", unit: "pulse", perPulse: "10", pulseUnit: "L")
    #expect(try read(pulses, [0x04, 0xD2]).value?.description == "12.34")
  }
}

@Suite struct ObservationTests {
  @Test(arguments: [
    (Outcome.timeout, "timeout"), (.crc, "crc"), (.exception(2), "exception-2"), (.linkDown, "link-down"),
    (.malformed, "malformed"), (.notAsked, "skipped"),
  ])
  func aFailureIsAReadingWithoutValueAtItsDueTime(outcome: Outcome, flag: String) throws {
    let block = Block(table: .holding, address: 10, count: 1, outcome: outcome, bytes: [])
    let failed = try readings(definition(.u16), .poll([block]))
    #expect(failed.count == 1 && failed[0].value == nil && failed[0].quality == .bad && failed[0].flags == [flag])
    #expect(failed[0].time == noon && failed[0].due == noon && failed[0].received == noon + 100)
  }

  @Test func missedSlotsAreOneReadingEach() throws {
    let content = Observation.Content.missed(from: noon, to: noon + 180_000, count: 4, reason: .gatewayDown)
    let gaps = try readings(definition(.u16), content)
    #expect(gaps.map(\.due) == [noon, noon + 60_000, noon + 120_000, noon + 180_000])
    #expect(gaps.map(\.index) == [0, 1, 2, 3] && gaps.allSatisfy { $0.flags == ["gateway-down"] && $0.seq == 7 })
  }

  @Test func ofALongGapOnlyTheWindowIsUnfolded() throws {
    let decoder = try Decoder(definition(.u16))
    let years = Observation(
      seq: 1, meterID: "m", time: noon, due: noon, received: noon, definition: "",
      content: .missed(from: noon, to: noon + 5 * 365 * 86_400_000, count: 2_628_001, reason: .gatewayDown))
    var seen: [UInt32] = []
    decoder.forEachReading(of: years, within: (noon + 86_400_000)..<(noon + 86_400_000 + 120_000)) {
      seen.append($0.index)
    }
    #expect(seen == [1440, 1441])
  }

  @Test func timesOfAnUntrustedClockAreCorrectedAndFlagged() throws {
    let block = Block(table: .holding, address: 10, count: 1, outcome: .ok, bytes: [0, 1])
    let observation = Observation(
      meterID: "m", time: Timestamp(milliseconds: 5000), due: Timestamp(milliseconds: 0),
      received: Timestamp(milliseconds: 5000), definition: "", marks: .untrustedClock, content: .poll([block]))
    var result: [Reading] = []
    try Decoder(definition(.u16)).forEachReading(of: observation, clockOffsetMilliseconds: noon.milliseconds) {
      result.append($0)
    }
    #expect(
      result.first?.time == noon + 5000 && result.first?.quality == .uncertain && result.first?.flags == ["clock"])
  }

  @Test func repeatedLabelsAreFlagged() throws {
    let block = Block(table: .holding, address: 10, count: 1, outcome: .ok, bytes: [0, 1])
    #expect(try readings(definition(.u16), .poll([block]), marks: .repeatedLabel).first?.flags == ["clock"])
  }

  @Test func aBlockTooShortForThePointGivesNoValue() throws {
    let block = Block(table: .holding, address: 10, count: 2, outcome: .ok, bytes: [0, 1])
    let reading = try #require(try readings(definition(.u32), .poll([block])).first)
    #expect(reading.value == nil && reading.quality == .bad)
  }

  @Test func aDefinitionThatCannotBeAppliedSaysWhy() {
    #expect(throws: DecodingFault.self) { try Decoder(definition(.u16, quantity: "energy_active_import", unit: "m3")) }
  }
}
