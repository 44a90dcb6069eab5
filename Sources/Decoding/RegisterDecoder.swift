import Metering

/// What a value's bytes say, before scale and unit.
enum RawValue: Hashable {
  case number(ExactDecimal)
  case text(String)
  case time(DeviceTime)
  /// NaN, infinity, a digit above 9 in BCD, a date that does not exist, characters that are none, or a pattern that the
  /// device uses for "not available".
  case invalid
}

/// Reads values out of the data bytes of Modbus replies.
struct RegisterDecoder: Hashable, Sendable {
  private let type: RegisterType
  /// Bytes that a value has on the wire.
  let byteCount: Int
  /// For each byte of the value, most significant first, its place on the wire; nil where they travel in that order.
  private let places: [Int]?
  private let invalid: [UInt64]
  private let bits: Definition.BitField?

  /// - Throws: in words what does not fit together.
  init(_ register: RegisterReference, invalid: [UInt64] = [], bits: Definition.BitField? = nil)
    throws(DecodingFault)
  {
    let (type, width) = (register.type, register.width)
    guard width > 0 else { throw DecodingFault("a \(type.rawValue) of no registers") }
    if let registers = register.order.registers, registers != width {
      throw DecodingFault(
        "the order \(register.order.rawValue) is for \(registers) registers, not for \(type.rawValue)")
    }
    guard width <= 4 || invalid.isEmpty else {
      throw DecodingFault("'invalid' compares 64 bits, and \(type.rawValue) has \(16 * width)")
    }
    if let bits {
      guard let count = type.unsignedBits, bits.lowest <= bits.highest, bits.highest < count else {
        throw DecodingFault("\(type.rawValue) has no bits \(bits.lowest) to \(bits.highest)")
      }
    }
    self.type = type
    self.invalid = invalid
    self.bits = bits
    byteCount = 2 * width
    switch type {
    // One bit has no order; of a register's two bytes the name says which.
    case .bool: places = nil
    case .u8High, .i8High: places = [0]
    case .u8Low, .i8Low: places = [1]
    default:
      let order = register.order.places(registers: width)
      places = order.elementsEqual(0..<byteCount) ? nil : order
    }
  }

  /// - Parameter bytes: the value's registers in wire order, `byteCount` bytes.
  func value(_ bytes: ArraySlice<UInt8>) -> RawValue {
    switch type {
    case .string: return RegisterText.text(arranged(bytes)).map(RawValue.text) ?? .invalid
    case .clockFields: return DeviceTime(fields: arranged(bytes)).map(RawValue.time) ?? .invalid
    default: break
    }
    let pattern = pattern(bytes)
    if invalid.contains(pattern) { return .invalid }
    switch type {
    case .bool, .u16, .u32, .u48, .u64, .u8High, .u8Low: return .number(ExactDecimal(field(pattern)))
    case .i16: return .number(ExactDecimal(Int16(truncatingIfNeeded: pattern)))
    case .i32: return .number(ExactDecimal(Int32(truncatingIfNeeded: pattern)))
    case .i48: return .number(ExactDecimal(Int64(bitPattern: pattern << 16) >> 16))
    case .i64: return .number(ExactDecimal(Int64(bitPattern: pattern)))
    case .i8High, .i8Low: return .number(ExactDecimal(Int8(truncatingIfNeeded: pattern)))
    case .f32:
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: pattern))
      return ExactDecimal(shortest: value).map(RawValue.number) ?? .invalid
    case .f64: return ExactDecimal(shortest: Double(bitPattern: pattern)).map(RawValue.number) ?? .invalid
    case .bcd16, .bcd32, .bcd64: return bcd(pattern)
    case .mod10k32, .mod10k48, .mod10k64: return modulo10000(pattern)
    case .signMagnitude16, .signMagnitude32:
      let sign: UInt64 = 1 << UInt64(8 * byteCount - 1)
      let magnitude = ExactDecimal(pattern & (sign - 1))
      return .number(pattern & sign == 0 ? magnitude : magnitude.negated)
    case .clockUnix: return .time(.instant(Timestamp(seconds: Int64(pattern))))
    case .clockBytes: return DeviceTime(bytes: pattern).map(RawValue.time) ?? .invalid
    case .clockBCD: return DeviceTime(bcd: pattern).map(RawValue.time) ?? .invalid
    case .clockCP56: return DeviceTime(cp56: pattern).map(RawValue.time) ?? .invalid
    case .string, .clockFields: return .invalid
    }
  }

  /// The bytes, most significant first whatever order they travelled in.
  private func arranged(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    places.map { $0.map { bytes[bytes.startIndex + $0] } } ?? Array(bytes)
  }

  /// The same of at most four registers, as one number.
  private func pattern(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var pattern: UInt64 = 0
    if let places {
      for place in places { pattern = pattern << 8 | UInt64(bytes[bytes.startIndex + place]) }
    } else {
      for byte in bytes { pattern = pattern << 8 | UInt64(byte) }
    }
    return pattern
  }

  private func field(_ pattern: UInt64) -> UInt64 {
    guard let bits else { return pattern }
    return pattern >> UInt64(bits.lowest) & (UInt64.max >> UInt64(63 - (bits.highest - bits.lowest)))
  }

  private func bcd(_ pattern: UInt64) -> RawValue {
    var value: UInt64 = 0
    for nibble in stride(from: 8 * byteCount - 4, through: 0, by: -4) {
      let digit = pattern >> UInt64(nibble) & 0xF
      if digit > 9 { return .invalid }
      value = value * 10 + digit
    }
    return .number(ExactDecimal(value))
  }

  /// Schneider Electric FAQ FA212766: Σ register × 10000^n, each register -9,999…9,999.
  private func modulo10000(_ pattern: UInt64) -> RawValue {
    var value: Int64 = 0
    for shift in stride(from: 8 * byteCount - 16, through: 0, by: -16) {
      let digits = Int64(Int16(truncatingIfNeeded: pattern >> UInt64(shift)))
      if digits.magnitude > 9999 { return .invalid }
      value = value * 10_000 + digits
    }
    return .number(ExactDecimal(value))
  }
}

extension RegisterType {
  /// Of which bits can be picked; nil for what is signed or no plain binary number.
  fileprivate var unsignedBits: Int? {
    switch self {
    case .u8High, .u8Low: 8
    case .u16: 16
    case .u32: 32
    case .u48: 48
    case .u64: 64
    default: nil
    }
  }
}
