import Metering

/// The number that a point's bytes are, before scale and unit.
enum RawNumber: Hashable {
  case number(ExactDecimal)
  /// NaN, infinity, a digit above 9 in BCD, or a pattern that the device uses for "not available".
  case invalid
}

/// Reads values out of the data bytes of Modbus replies.
struct RegisterDecoder: Hashable, Sendable {
  let type: RegisterType
  let order: ByteOrder
  let invalid: [UInt64]

  /// - Parameter bytes: the value's registers in wire order, 2 × width bytes.
  func number(_ bytes: ArraySlice<UInt8>) -> RawNumber {
    let bits = bitPattern(bytes)
    if invalid.contains(bits) { return .invalid }
    switch type {
    case .bool, .u16, .u32, .u64: return .number(ExactDecimal(bits))
    case .i16: return .number(ExactDecimal(Int16(truncatingIfNeeded: bits)))
    case .i32: return .number(ExactDecimal(Int32(truncatingIfNeeded: bits)))
    case .i64: return .number(ExactDecimal(Int64(bitPattern: bits)))
    case .f32:
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
      return ExactDecimal(shortest: value).map(RawNumber.number) ?? .invalid
    case .f64: return ExactDecimal(shortest: Double(bitPattern: bits)).map(RawNumber.number) ?? .invalid
    case .bcd16, .bcd32, .bcd64: return bcd(bits)
    }
  }

  /// The value's bits, most significant byte first whatever order they travelled in.
  private func bitPattern(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var bits: UInt64 = 0
    let words = bytes.count / 2
    for place in 0..<words {
      let at = bytes.startIndex + 2 * (order.wordsSwapped ? words - 1 - place : place)
      let high = bytes[order.bytesSwapped ? at + 1 : at]
      let low = bytes[order.bytesSwapped ? at : at + 1]
      bits = bits << 16 | UInt64(high) << 8 | UInt64(low)
    }
    return bits
  }

  private func bcd(_ bits: UInt64) -> RawNumber {
    var value: UInt64 = 0
    for nibble in stride(from: type.width * 16 - 4, through: 0, by: -4) {
      let digit = bits >> UInt64(nibble) & 0xF
      if digit > 9 { return .invalid }
      value = value * 10 + digit
    }
    return .number(ExactDecimal(value))
  }
}
