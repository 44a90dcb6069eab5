import Metering
import Simulation
import Testing

@Suite("Point encoder")
struct PointEncoderTests {
  struct Pattern: Sendable, CustomTestStringConvertible {
    var type: RegisterType
    var order: ByteOrder
    var value: Double
    var registers: [UInt16]
    var testDescription: String { "\(type.rawValue) \(order.rawValue) \(value)" }

    init(_ type: RegisterType, _ order: ByteOrder, _ value: Double, _ registers: [UInt16]) {
      (self.type, self.order, self.value, self.registers) = (type, order, value, registers)
    }
  }

  static let patterns: [Pattern] = [
    Pattern(.bool, .abcd, 0, [0]), Pattern(.bool, .abcd, 1, [1]), Pattern(.bool, .badc, 1, [1]),
    Pattern(.u16, .abcd, 0x1234, [0x1234]), Pattern(.u16, .badc, 0x1234, [0x3412]),
    Pattern(.u16, .cdab, 0x1234, [0x1234]), Pattern(.u16, .dcba, 0x1234, [0x3412]),
    Pattern(.u16, .abcd, -1, [0]), Pattern(.u16, .abcd, 70000, [0xFFFF]), Pattern(.u16, .abcd, 2.5001, [3]),
    Pattern(.i16, .abcd, -2, [0xFFFE]), Pattern(.i16, .badc, -2, [0xFEFF]), Pattern(.i16, .abcd, -40000, [0x8000]),
    Pattern(.i16, .abcd, 40000, [0x7FFF]),
    Pattern(.u32, .abcd, 0x1234_5678, [0x1234, 0x5678]), Pattern(.u32, .cdab, 0x1234_5678, [0x5678, 0x1234]),
    Pattern(.u32, .badc, 0x1234_5678, [0x3412, 0x7856]), Pattern(.u32, .dcba, 0x1234_5678, [0x7856, 0x3412]),
    Pattern(.u32, .abcd, 5e9, [0xFFFF, 0xFFFF]),
    Pattern(.i32, .abcd, -2, [0xFFFF, 0xFFFE]), Pattern(.i32, .cdab, -2, [0xFFFE, 0xFFFF]),
    Pattern(.i32, .badc, -2, [0xFFFF, 0xFEFF]), Pattern(.i32, .dcba, -2, [0xFEFF, 0xFFFF]),
    Pattern(.u64, .abcd, 0x0001_0203_0405_0607, [0x0001, 0x0203, 0x0405, 0x0607]),
    Pattern(.u64, .cdab, 0x0001_0203_0405_0607, [0x0607, 0x0405, 0x0203, 0x0001]),
    Pattern(.u64, .badc, 0x0001_0203_0405_0607, [0x0100, 0x0302, 0x0504, 0x0706]),
    Pattern(.u64, .dcba, 0x0001_0203_0405_0607, [0x0706, 0x0504, 0x0302, 0x0100]),
    Pattern(.u64, .abcd, 1e30, [0xFFFF, 0xFFFF, 0xFFFF, 0xF800]),
    Pattern(.i64, .abcd, -2, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE]),
    Pattern(.i64, .dcba, -2, [0xFEFF, 0xFFFF, 0xFFFF, 0xFFFF]),
    Pattern(.i64, .abcd, 1e30, [0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF]),
    // 123.456 as in IEEE 754: 42F6E979.
    Pattern(.f32, .abcd, 123.456, [0x42F6, 0xE979]), Pattern(.f32, .cdab, 123.456, [0xE979, 0x42F6]),
    Pattern(.f32, .badc, 123.456, [0xF642, 0x79E9]), Pattern(.f32, .dcba, 123.456, [0x79E9, 0xF642]),
    // 405EDD2F1A9FBE77
    Pattern(.f64, .abcd, 123.456, [0x405E, 0xDD2F, 0x1A9F, 0xBE77]),
    Pattern(.f64, .cdab, 123.456, [0xBE77, 0x1A9F, 0xDD2F, 0x405E]),
    Pattern(.f64, .badc, 123.456, [0x5E40, 0x2FDD, 0x9F1A, 0x77BE]),
    Pattern(.f64, .dcba, 123.456, [0x77BE, 0x9F1A, 0x2FDD, 0x5E40]),
    Pattern(.bcd16, .abcd, 1234, [0x1234]), Pattern(.bcd16, .badc, 1234, [0x3412]),
    Pattern(.bcd16, .abcd, 12345, [0x9999]),
    Pattern(.bcd32, .abcd, 12_345_678, [0x1234, 0x5678]), Pattern(.bcd32, .cdab, 12_345_678, [0x5678, 0x1234]),
    Pattern(.bcd64, .abcd, 1_234_567_890_123_456, [0x1234, 0x5678, 0x9012, 0x3456]),
    Pattern(.bcd64, .dcba, 1_234_567_890_123_456, [0x5634, 0x1290, 0x7856, 0x3412]),
    Pattern(.u48, .abcd, 0x0102_0304_0506, [0x0102, 0x0304, 0x0506]),
    Pattern(.u48, .cdab, 0x0102_0304_0506, [0x0506, 0x0304, 0x0102]),
    Pattern(.u48, spelt("CDABEF"), 0x0102_0304_0506, [0x0304, 0x0102, 0x0506]),
    Pattern(.u48, spelt("FADBEC"), 0x0102_0304_0506, [0x0601, 0x0402, 0x0503]),
    Pattern(.u48, .abcd, 1e30, [0xFFFF, 0xFFFF, 0xFFFF]),
    Pattern(.i48, .abcd, -2, [0xFFFF, 0xFFFF, 0xFFFE]), Pattern(.i48, .abcd, -1e30, [0x8000, 0, 0]),
    Pattern(.u64, spelt("GHEFCDAB"), 0x0001_0203_0405_0607, [0x0607, 0x0405, 0x0203, 0x0001]),
    Pattern(.u8High, .abcd, 0xFE, [0xFE00]), Pattern(.u8Low, .abcd, 0xFE, [0x00FE]),
    Pattern(.u8High, .badc, 0xFE, [0xFE00]), Pattern(.u8Low, .abcd, 300, [0x00FF]),
    Pattern(.i8High, .abcd, -2, [0xFE00]), Pattern(.i8Low, .abcd, -200, [0x0080]),
    Pattern(.mod10k32, .abcd, 43_219_876, [4321, 9876]), Pattern(.mod10k32, .cdab, 43_219_876, [9876, 4321]),
    Pattern(.mod10k32, .abcd, 1e9, [9999, 9999]), Pattern(.mod10k48, .abcd, -10_002, [0, 0xFFFF, 0xFFFE]),
    Pattern(.mod10k64, .cdab, 1_234_567, [4567, 123, 0, 0]),
    Pattern(.signMagnitude16, .abcd, -5, [0x8005]), Pattern(.signMagnitude16, .abcd, -40000, [0xFFFF]),
    Pattern(.signMagnitude32, .cdab, -100_000, [0x86A0, 0x8001]), Pattern(.signMagnitude32, .dcba, 1, [0x0100, 0]),
  ]

  private static func spelt(_ letters: String) -> ByteOrder { ByteOrder(rawValue: letters) ?? .abcd }

  @Test("Every type in every order", arguments: patterns)
  func pattern(_ pattern: Pattern) throws {
    let gauge = point("x_value", "1", .gauge, at: 0, pattern.type, order: pattern.order)
    #expect(try PointEncoder(gauge, of: meter("m")).registers(for: pattern.value) == pattern.registers)
  }

  struct Scaled: Sendable, CustomTestStringConvertible {
    var quantity: String
    var unit: String
    var scale = "1"
    var side: Definition.Side?
    var value: Double
    var raw: UInt32
    var testDescription: String { "\(quantity) \(value) as \(unit) × \(scale)" }
  }

  @Test(
    "Units, scales and ratios are undone",
    arguments: [
      Scaled(quantity: "energy_active_import", unit: "kWh", scale: "0.01", value: 0.57, raw: 57),
      Scaled(quantity: "energy_active_import", unit: "Wh", value: 12.345, raw: 12345),
      Scaled(quantity: "energy_active_import", unit: "kWh", scale: "0.01", value: 0.5799, raw: 57),
      Scaled(quantity: "energy_active_import", unit: "kWh", side: .primary, value: 8000, raw: 8000),
      Scaled(quantity: "energy_active_import", unit: "kWh", side: .secondary, value: 8000, raw: 4),
      Scaled(quantity: "current_l1", unit: "mA", side: .secondary, value: 10, raw: 100),
      Scaled(quantity: "voltage_l1", unit: "V", scale: "0.1", side: .secondary, value: 4600, raw: 2300),
      Scaled(quantity: "frequency", unit: "Hz", scale: "0.01", side: .secondary, value: 50, raw: 5000),
      Scaled(quantity: "temperature_flow", unit: "K", value: 6.85, raw: 280),
      Scaled(quantity: "volume", unit: "L", value: 1.5, raw: 1500),
    ])
  func scaled(_ given: Scaled) throws {
    let kind = try #require(Quantity(given.quantity)?.kind)
    let point = point(
      given.quantity, given.unit, kind, at: 0, .u32, scale: try decimal(given.scale), side: given.side)
    let definition = meter("m", ct: ExactDecimal(100), vt: ExactDecimal(20))
    let registers = try PointEncoder(point, of: definition).registers(for: given.value)
    #expect(registers == [UInt16(given.raw >> 16), UInt16(given.raw & 0xFFFF)])
  }

  @Test("Pulses are whole")
  func pulses() throws {
    var counter = point("volume", "pulse", .counter, at: 0, .u16)
    counter.perPulse = ExactDecimal(10)
    counter.pulseUnit = "L"
    let encoder = try PointEncoder(counter, of: meter("m"))
    #expect(encoder.registers(for: 1.2399) == [123])
    #expect(encoder.registers(for: 1.24) == [124])
  }

  @Test("Counters wrap at the modulus, else where their registers end")
  func wrapping() throws {
    var counter = point("energy_active_import", "kWh", .counter, at: 0, .u16, scale: try decimal("0.1"))
    #expect(try PointEncoder(counter, of: meter("m")).registers(for: 6553.7) == [1])
    counter.modulus = ExactDecimal(1000)
    #expect(try PointEncoder(counter, of: meter("m")).registers(for: 2000.3) == [3])
    let digits = point("volume", "m3", .counter, at: 0, .bcd16)
    #expect(try PointEncoder(digits, of: meter("m")).registers(for: 10_007) == [0x0007])
    let signed = point("volume", "m3", .counter, at: 0, .i16)
    #expect(try PointEncoder(signed, of: meter("m")).registers(for: 32_770) == [2])
  }

  @Test(
    "NaN and infinity do not end the process",
    arguments: RegisterType.allCases.filter { $0 != .string && !$0.isClock })
  func notFinite(type: RegisterType) throws {
    for kind in [Quantity.Kind.counter, .gauge] {
      let encoder = try PointEncoder(point("x_value", "1", kind, at: 0, type), of: meter("m"))
      for value in [Double.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
        #expect(encoder.registers(for: value).count == type.fixedWidth)
      }
    }
  }

  @Test("Bits have their place; a counter of few bits wraps in them")
  func bits() throws {
    var few = point("x_value", "1", .gauge, at: 0, .u16)
    few.bits = .init(lowest: 4, highest: 7)
    #expect(try PointEncoder(few, of: meter("m")).registers(for: 9) == [0x0090])
    #expect(try PointEncoder(few, of: meter("m")).registers(for: 99) == [0x00F0])
    few.kind = .counter
    #expect(try PointEncoder(few, of: meter("m")).registers(for: 18) == [0x0020])
    few.register.order = .badc
    #expect(try PointEncoder(few, of: meter("m")).registers(for: 9) == [0x9000])
  }

  @Test("An offset and factors are undone")
  func offsetAndFactor() throws {
    var warm = point("temperature_flow", "degC", .gauge, at: 0, .u16, scale: try decimal("0.1"))
    warm.offset = ExactDecimal(-40)
    #expect(try PointEncoder(warm, of: meter("m")).registers(for: 20) == [600])
    let power = point("power_active", "W", .gauge, at: 0, .u16, scale: try decimal("0.5"))
    #expect(try PointEncoder(power, of: meter("m"), factor: 80).registers(for: 20) == [500])
  }

  @Test("What cannot be encoded is refused")
  func refused() throws {
    var pulse = point("volume", "pulse", .counter, at: 0, .u16)
    var modulus = point("volume", "m3", .counter, at: 0, .u16)
    modulus.modulus = .zero
    for wrong in [
      point("energy", "kWh", .counter, at: 0, .u16), point("volume", "kWh", .counter, at: 0, .u16),
      point("volume", "m3", .counter, at: 0, .u16, scale: .zero), pulse, modulus,
      point("serial_number", "1", .text, at: 0, .string), point("clock_offset", "s", .gauge, at: 0, .clockUnix),
      point("volume", "m3", .counter, at: 0, .u16, order: try #require(ByteOrder(rawValue: "ABCDEF"))),
    ] {
      #expect(throws: SimulationError.self) { try PointEncoder(wrong, of: meter("m")) }
    }
    pulse.perPulse = .one
    pulse.pulseUnit = "L"
    #expect(throws: Never.self) { try PointEncoder(pulse, of: meter("m")) }
  }
}
