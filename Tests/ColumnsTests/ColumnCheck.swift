import Columns

/// Reads arbitrary octets as a chunk, and writes them as values; says what should not have come of it.
///
/// `Fuzz/Sources/fuzz-column` is this file as well. The first octet chooses bits and kind, the second what the others are, the next
/// two how many values there are.
struct ColumnCheck {
  static let headLength = 4

  private let encoder = ColumnEncoder(level: 1)
  private let decoder = ColumnDecoder()

  func finding(_ octets: [UInt8]) -> String? {
    guard octets.count >= Self.headLength else { return nil }
    let isFloat = octets[0] & 64 != 0
    let bits = isFloat ? (octets[0] & 1 == 0 ? 32 : 64) : Int(octets[0] & 63) + 1
    let format = ColumnFormat(bits: bits, isFloat: isFloat)
    let rest = Array(octets[Self.headLength...])
    let count = Int(octets[2]) | Int(octets[3] & 7) << 8
    switch octets[1] % 4 {
    case 0: return values(rest, format)
    case 1: return text(rest, limit: count)
    default: return chunk(rest, format, count)
    }
  }

  /// A chunk that somebody else made: whatever values it has come back from a chunk of our own.
  private func chunk(_ chunk: [UInt8], _ format: ColumnFormat, _ count: Int) -> String? {
    guard let values = decoded(chunk, format, count) else { return nil }
    if let value = values.first(where: { format.bits < 64 && $0 >> UInt64(format.bits) != 0 }) {
      return "\(value) has more than \(format.bits) bits"
    }
    return returns(values, format)
  }

  /// Values that anybody may have had: their low bits come back.
  private func values(_ octets: [UInt8], _ format: ColumnFormat) -> String? {
    let width = (format.bits + 7) / 8
    let mask = UInt64.max >> UInt64(64 - format.bits)
    let values = stride(from: 0, through: octets.count - width, by: width).map { start in
      octets[start..<(start + width)].reduce(0) { $0 << 8 | UInt64($1) } & mask
    }
    return returns(values, format)
  }

  private func returns(_ values: [UInt64], _ format: ColumnFormat) -> String? {
    var chunk: [UInt8] = []
    values.withUnsafeBufferPointer { encoder.encode($0, format, into: &chunk) }
    guard decoded(chunk, format, values.count) == values else { return "\(values) do not come back from \(chunk)" }
    if chunk.count > values.count * ((format.bits + 7) / 8) + 40 { return "\(values) take \(chunk.count) octets" }
    return nil
  }

  private func text(_ chunk: [UInt8], limit: Int) -> String? {
    guard let text = try? chunk.withUnsafeBytes({ try decoder.decode(bytes: $0, limit: limit) }) else { return nil }
    if text.count > limit { return "\(text.count) octets, not \(limit)" }
    var again: [UInt8] = []
    text.withUnsafeBytes { encoder.encode(bytes: $0, into: &again) }
    let returned = try? again.withUnsafeBytes { try decoder.decode(bytes: $0, limit: limit) }
    return returned == text ? nil : "\(text) does not come back"
  }

  private func decoded(_ chunk: [UInt8], _ format: ColumnFormat, _ count: Int) -> [UInt64]? {
    var values = [UInt64](repeating: .max, count: count)
    let isRead = values.withUnsafeMutableBufferPointer { values in
      chunk.withUnsafeBytes { chunk in (try? decoder.decode(chunk, format, into: values)) != nil }
    }
    return isRead ? values : nil
  }
}
