import Decoding
import Metering
import Simulation
import Testing

/// Knuth's MMIX generator: the same numbers in every run.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state.byteSwapped
  }
}

private func bytes(_ registers: [UInt16]) -> [UInt8] { registers.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } }

private func readings(_ definition: Definition, _ blocks: [Block], at time: Timestamp) throws -> [String: Reading] {
  var result: [String: Reading] = [:]
  let observation = Observation(
    meterID: definition.meterID, time: time, due: nil, received: time, definition: "", content: .poll(blocks))
  try Decoder(definition).forEachReading(of: observation) { result[$0.quantity] = $0 }
  return result
}

@Suite("What is encoded is decoded")
struct RoundTripTests {
  /// The whole numbers of a type, as far as a Double holds them.
  private static let ranges: [(RegisterType, ClosedRange<Int64>)] = [
    (.u16, 0...65535), (.i16, -32768...32767), (.u32, 0...0xFFFF_FFFF), (.i32, -0x8000_0000...0x7FFF_FFFF),
    (.u48, 0...0xFFFF_FFFF_FFFF), (.i48, -0x8000_0000_0000...0x7FFF_FFFF_FFFF), (.u64, 0...(1 << 50)),
    (.i64, -(1 << 50)...(1 << 50)), (.u8High, 0...255), (.u8Low, 0...255), (.i8High, -128...127), (.i8Low, -128...127),
    (.bcd16, 0...9999), (.bcd32, 0...99_999_999), (.bcd64, 0...999_999_999_999_999),
    (.mod10k32, -99_999_999...99_999_999),
    (.mod10k48, -999_999_999_999...999_999_999_999), (.mod10k64, -(1 << 50)...(1 << 50)),
    (.signMagnitude16, -32767...32767), (.signMagnitude32, -0x7FFF_FFFF...0x7FFF_FFFF), (.f32, -(1 << 20)...(1 << 20)),
    (.f64, -(1 << 40)...(1 << 40)),
  ]

  @Test("Any number of any type in any order, with scale, offset and factors", arguments: 1...400)
  func number(seed: UInt64) throws {
    var generator = SeededGenerator(state: seed)
    let (type, range) = try #require(Self.ranges.randomElement(using: &generator))
    let registers = try #require(type.fixedWidth)
    var order = try #require([ByteOrder.abcd, .cdab, .badc, .dcba].randomElement(using: &generator))
    if registers > 2, Bool.random(using: &generator) {
      let letters = "ABCDEFGH".utf8.prefix(2 * registers).shuffled(using: &generator)
      order = try #require(ByteOrder(rawValue: String(decoding: letters, as: UTF8.self)))
    }
    let isFloat = type == .f32 || type == .f64
    let scale = try decimal(isFloat ? "1" : try #require(["1", "0.1", "0.001", "25"].randomElement(using: &generator)))
    var point = point("x_value", "1", .gauge, at: 8, type, order: order, scale: scale)
    var (offset, ratio) = (ExactDecimal.zero, ExactDecimal.one)
    if Bool.random(using: &generator) {
      offset = ExactDecimal(Int.random(in: -50...50, using: &generator))
      point.offset = offset
    }
    var blocks: [Block] = []
    if Bool.random(using: &generator) {
      let (held, exponent) = (UInt8.random(in: 1...40, using: &generator), Int8.random(in: -3...3, using: &generator))
      point.factors = [
        .init(register: .init(table: .holding, address: 2, type: .u8High)),
        .init(register: .init(table: .holding, address: 2, type: .i8Low), isExponent: true),
      ]
      blocks.append(
        Block(table: .holding, address: 2, count: 1, outcome: .ok, bytes: [held, UInt8(bitPattern: exponent)]))
      ratio = ExactDecimal(significand: Int128(held), exponent: Int(exponent))
    }
    let raw = Int64.random(in: range, using: &generator)
    let exact = try #require(
      ExactDecimal(raw).multiplied(by: scale)?.adding(offset)?.multiplied(by: ratio))
    let encoder = try PointEncoder(point, of: meter("m"), factor: ratio.approximateDouble)
    let wire = bytes(encoder.registers(for: exact.approximateDouble))
    blocks.append(Block(table: .holding, address: 8, count: UInt16(registers), outcome: .ok, bytes: wire))
    let reading = try #require(try readings(meter("m", points: [point]), blocks, at: november)["x_value"])
    #expect(reading.quality == .good && reading.raw == wire)
    let value = try #require(reading.value)
    if isFloat {
      let error = abs(value.approximateDouble - exact.approximateDouble)
      let largest = max(abs(exact.approximateDouble), (abs(Double(raw)) + 50) * ratio.approximateDouble)
      #expect(error <= (type == .f32 ? 1e-6 : 1e-14) * largest, "\(type.rawValue) \(exact)")
    } else {
      #expect(value == exact, "\(type.rawValue) \(order.rawValue) \(raw)")
    }
  }

  /// All that an image answers from its first to its last register.
  private func blocks(_ image: RegisterImage, _ definitions: [Definition]) -> [Block] {
    var result: [Block] = []
    for table in RegisterTable.allCases {
      let registers = definitions.flatMap(\.points).flatMap(\.registers).filter { $0.table == table }
      guard let start = registers.map(\.address).min(), let end = registers.map(\.end).max() else { continue }
      let values = image.read(table, from: start, count: end - Int(start)) ?? []
      let packed = stride(from: 0, to: values.count, by: 8).map { at in
        (0..<min(8, values.count - at)).reduce(UInt8(0)) { $0 | UInt8(values[at + $1] & 1) << UInt8($1) }
      }
      result.append(
        Block(
          table: table, address: start, count: UInt16(values.count), outcome: values.isEmpty ? .exception(2) : .ok,
          bytes: table.isBits ? packed : bytes(values)))
    }
    return result
  }

  private func factor(_ address: UInt16, _ type: RegisterType = .u16, scale: String = "1", exponent: Bool = false)
    throws
    -> Definition.Factor
  {
    .init(
      register: .init(table: .holding, address: address, type: type), scale: try decimal(scale), isExponent: exponent)
  }

  @Test("Of a whole meter the decoder yields what the plant says")
  func wholeMeter() throws {
    var powerOfCT = point("power_active", "W", .gauge, at: 40, .u16)
    powerOfCT.factors = [try factor(50, scale: "0.1"), try factor(51)]
    var voltageOfPT = point("voltage_l1", "V", .gauge, at: 41, .u16, scale: try decimal("0.1"))
    voltageOfPT.factors = [try factor(51)]
    var currentOfExponent = point("current_l1", "A", .gauge, at: 42, .u16)
    currentOfExponent.factors = [try factor(52, .i8High, exponent: true)]
    var reactiveOfExponent = point("power_reactive", "var", .gauge, at: 43, .i16)
    reactiveOfExponent.factors = [try factor(52, .u8Low, exponent: true)]
    var temperature = point("temperature_flow", "degC", .gauge, at: 44, .u8High)
    temperature.offset = ExactDecimal(-40)
    var bits = point("x_load", "1", .gauge, at: 45, .u16, order: .badc)
    bits.bits = .init(lowest: 3, highest: 10)
    var others = point("x_others", "1", .gauge, at: 45, .u16, order: .badc)
    others.bits = .init(lowest: 11, highest: 15)
    var name = point("serial_number", "1", .text, at: 60, .string)
    name.register.length = 8
    let definition = meter(
      "whole",
      points: [
        point("energy_active_import", "Wh", .counter, at: 0, .u48, order: .cdab),
        point("energy_active_import_t1", "kWh", .counter, at: 4, .mod10k48, order: .cdab, scale: try decimal("0.001")),
        point("energy_active_import_t2", "kWh", .counter, at: 8, .bcd64, scale: try decimal("0.01")),
        point("energy_reactive_import", "varh", .counter, at: 12, .u64, order: .dcba),
        point("voltage_l2", "V", .gauge, at: 16, .f32, order: .cdab),
        point("voltage_l3", "V", .gauge, at: 18, .f64, order: try #require(ByteOrder(rawValue: "GHEFCDAB"))),
        point("power_active_l1", "W", .gauge, at: 22, .signMagnitude32, order: .badc),
        point("power_active_l2", "W", .gauge, at: 24, .i48), point("frequency", "Hz", .gauge, at: 28, .u8Low),
        point("x_running", "1", .gauge, at: 5, .bool, table: .coil), powerOfCT, voltageOfPT, currentOfExponent,
        reactiveOfExponent, temperature, bits, others, name,
      ], metadata: ["serial": "水-2026/07"])
    let clock = ManualClock(november)
    let plant = try Plant(meters: [definition], zoneOffset: shanghai, seed: 5)
    let image = try RegisterImage(meters: [definition], plant: plant, clock: clock)
    for _ in 0..<50 {
      clock.advance(milliseconds: 1_234_567)
      let read = try readings(definition, blocks(image, [definition]), at: clock.now())
      func check(_ quantity: String, within: Double) throws {
        let reading = try #require(read[quantity])
        let expected = try #require(plant.value(of: quantity, meterID: "whole", at: clock.now()))
        let value = try #require(reading.value?.approximateDouble, "\(quantity): \(reading.flags)")
        #expect(abs(value - expected) <= within, "\(quantity): \(value), the plant has \(expected)")
      }
      for (quantity, resolution) in [
        ("energy_active_import", 0.001), ("energy_active_import_t1", 0.001), ("energy_active_import_t2", 0.01),
        ("energy_reactive_import", 0.001),
      ] { try check(quantity, within: resolution * 1.0001) }
      try check("voltage_l2", within: 1e-4)
      try check("voltage_l3", within: 1e-9)
      try check("power_active_l1", within: 0.00051)
      try check("power_active_l2", within: 0.00051)
      try check("frequency", within: 0.51)
      // 20 × 4 W, 4 × 0.1 V
      try check("power_active", within: 0.0401)
      try check("voltage_l1", within: 0.201)
      try check("current_l1", within: 0.02)
      try check("power_reactive", within: 0.1)
      try check("temperature_flow", within: 0.51)
      try check("x_load", within: 0.51)
      try check("x_others", within: 0.51)
      #expect(read["x_running"]?.value == .one)
      #expect(read["serial_number"]?.text == "水-2026/07")
      #expect(plant.text(meterID: "whole") == "水-2026/07")
    }
  }

  @Test(
    "Clocks are ahead or behind by what the plant says",
    arguments: RegisterType.allCases.filter(\.isClock), ["Asia/Shanghai", "Europe/Berlin", "UTC"])
  func clocks(type: RegisterType, zone: String) throws {
    for order in [ByteOrder.abcd, .cdab, .badc, .dcba] {
      var definition = meter("c", points: [point("clock_offset", "s", .gauge, at: 7, type, order: order)])
      definition.timeZone = zone
      let clock = ManualClock(november)
      let plant = try Plant(meters: [definition], zoneOffset: shanghai, seed: 5)
      let image = try RegisterImage(meters: [definition], plant: plant, clock: clock)
      let expected = try #require(plant.value(of: "clock_offset", meterID: "c", at: november))
      #expect((2...9).contains(abs(expected)))
      for _ in 0..<40 {
        // Days, months and hours are passed; whole seconds, which is what most clocks show.
        clock.advance(milliseconds: 5 * 3_600_000 + 1_231_000)
        let reading = try #require(
          try readings(definition, blocks(image, [definition]), at: clock.now())["clock_offset"])
        #expect(reading.value == ExactDecimal(Int(expected)), "\(order.rawValue) at \(clock.now())")
      }
      clock.advance(milliseconds: 250)
      let reading = try #require(
        try readings(definition, blocks(image, [definition]), at: clock.now())["clock_offset"])
      let shown = try #require(reading.value?.approximateDouble)
      #expect(shown == (type == .clockCP56 ? expected : expected - 0.25))
    }
  }

  @Test("A serial number of digits fits a number, what is too long loses its end")
  func serialNumbers() throws {
    for (serial, type, text) in [
      ("12345678", RegisterType.u32, "12345678"), ("12345678", .u16, "12345"), ("12345678", .bcd32, "12345678"),
      ("A17", .u32, "0"), ("123456789012", .bcd64, "123456789012"),
    ] {
      let definition = meter(
        "s", points: [point("serial_number", "1", .text, at: 0, type)], metadata: ["serial": serial])
      let plant = try Plant(meters: [definition], zoneOffset: shanghai, seed: 5)
      let image = try RegisterImage(meters: [definition], plant: plant, clock: ManualClock(november))
      let read = try readings(definition, blocks(image, [definition]), at: november)
      #expect(read["serial_number"]?.text == text)
    }
    let nameless = try Plant(meters: [meter("a"), meter("b")], zoneOffset: shanghai, seed: 5)
    let made = try #require(nameless.text(meterID: "a"))
    #expect(made.utf8.count == 8 && UInt32(made) != nil && made != nameless.text(meterID: "b"))
  }

  @Test("Circuits of one unit: what they share is the first one's, the rest is their own")
  func circuits() throws {
    func circuit(_ number: UInt16) throws -> Definition {
      var current = point("current_l1", "A", .gauge, at: 10 * number, .u16, scale: try decimal("0.01"))
      current.factors = [try factor(2)]
      return meter(
        "circuit-\(number)",
        points: [
          point("frequency", "Hz", .gauge, at: 0, .u16, scale: try decimal("0.01")),
          point("x_shared", "1", .gauge, at: 1, .u16, scale: try decimal("0.01")), current,
          point("energy_active_import", "kWh", .counter, at: 10 * number + 1, .u32, scale: try decimal("0.01")),
        ])
    }
    let definitions = try [circuit(1), circuit(2), circuit(3)]
    let clock = ManualClock(november + 3_600_000)
    let plant = try Plant(meters: definitions, zoneOffset: shanghai, seed: 9)
    let image = try RegisterImage(meters: definitions, plant: plant, clock: clock)
    let answered = blocks(image, definitions)
    for definition in definitions {
      let read = try readings(definition, answered, at: clock.now())
      for (quantity, meterID, resolution) in [
        ("frequency", definition.meterID, 0.01), ("x_shared", "circuit-1", 0.01),
        ("current_l1", definition.meterID, 0.2), ("energy_active_import", definition.meterID, 0.01),
      ] {
        let expected = try #require(plant.value(of: quantity, meterID: meterID, at: clock.now()))
        let value = try #require(read[quantity]?.value?.approximateDouble)
        #expect(abs(value - expected) <= resolution, "\(definition.meterID) \(quantity)")
      }
    }
  }
}
