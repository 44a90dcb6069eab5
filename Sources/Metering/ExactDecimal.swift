/// An exact decimal number: `significand × 10^exponent`, so that 57 × 0.01 is 0.57 and prints so.
///
/// Always normalised (no trailing zeros in the significand), hence equal numbers compare and hash equal.
public struct ExactDecimal: Hashable, Sendable {
  public let significand: Int128
  public let exponent: Int

  public static let zero = ExactDecimal(0)
  public static let one = ExactDecimal(1)

  public init(significand: Int128, exponent: Int) {
    var s = significand
    var e = exponent
    if s == 0 {
      e = 0
    } else if let small = Int64(exactly: s) {
      var v = small  // 64-bit division is many times faster than 128-bit, and nearly every number fits.
      while v % 10 == 0 {
        v /= 10
        e += 1
      }
      s = Int128(v)
    } else {
      while s % 10 == 0 {
        s /= 10
        e += 1
      }
    }
    self.significand = s
    self.exponent = e
  }

  public init(_ integer: some BinaryInteger) { self.init(significand: Int128(integer), exponent: 0) }

  /// The shortest decimal that reads back as the same number; nil for NaN and infinity.
  public init?(shortest value: Float) {
    guard value.isFinite else { return nil }
    self.init(value.description)
  }

  /// The shortest decimal that reads back as the same number; nil for NaN and infinity.
  public init?(shortest value: Double) {
    guard value.isFinite else { return nil }
    self.init(value.description)
  }

  /// Reads `-12.50`, `3e-2`; nil for anything else or for more digits than 128 bits hold.
  public init?(_ text: some StringProtocol) {
    var significand: Int128 = 0
    var exponent = 0
    var negative = false
    var digits = 0
    var seenPoint = false
    var bytes = Array(text.utf8)[...]
    if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") {
      negative = bytes.removeFirst() == UInt8(ascii: "-")
    }
    while let byte = bytes.first {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let (product, over) = significand.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(Int128(byte - 48))
        if over || carry { return nil }
        significand = sum
        digits += 1
        if seenPoint { exponent -= 1 }
      case UInt8(ascii: "."):
        if seenPoint { return nil }
        seenPoint = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        guard let e = Int(String(decoding: bytes.dropFirst(), as: UTF8.self)), abs(e) < 10_000 else { return nil }
        exponent += e
        bytes = []
        continue
      default: return nil
      }
      bytes.removeFirst()
    }
    guard digits > 0 else { return nil }
    self.init(significand: negative ? -significand : significand, exponent: exponent)
  }

  /// Nil where the exact product needs more than 128 bits.
  public func multiplied(by other: ExactDecimal) -> ExactDecimal? {
    let (product, overflow) = significand.multipliedReportingOverflow(by: other.significand)
    if overflow { return nil }
    return ExactDecimal(significand: product, exponent: exponent + other.exponent)
  }

  /// Nil where the exact sum needs more than 128 bits.
  public func adding(_ other: ExactDecimal) -> ExactDecimal? {
    if significand == 0 { return other }
    if other.significand == 0 { return self }
    let e = min(exponent, other.exponent)
    guard let a = ExactDecimal.scaled(significand, by: exponent - e),
      let b = ExactDecimal.scaled(other.significand, by: other.exponent - e)
    else { return nil }
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? nil : ExactDecimal(significand: sum, exponent: e)
  }

  public var negated: ExactDecimal { ExactDecimal(significand: -significand, exponent: exponent) }

  /// Nil where the exact difference needs more than 128 bits.
  public func subtracting(_ other: ExactDecimal) -> ExactDecimal? { adding(other.negated) }

  static func scaled(_ value: Int128, by power: Int) -> Int128? {
    if power > 38 { return nil }
    var v = value
    for _ in 0..<power {
      let (product, overflow) = v.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      v = product
    }
    return v
  }

  /// For calculations where an approximation is good enough (simulation, thresholds); never for values.
  public var approximateDouble: Double { Double(description) ?? .nan }
}

extension ExactDecimal: Comparable {
  public static func < (a: ExactDecimal, b: ExactDecimal) -> Bool {
    if (a.significand < 0) != (b.significand < 0) { return a.significand < 0 }
    if let difference = a.subtracting(b) { return difference.significand < 0 }
    return a.approximateDouble < b.approximateDouble
  }
}

extension ExactDecimal: CustomStringConvertible {
  /// Plain notation (`0.57`, `1600`); with an exponent only past 30 zeros (`34e+36`).
  public var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The same as `description`, appended without a String, for files with millions of rows.
  public func append(to bytes: inout [UInt8]) {
    if significand < 0 { bytes.append(UInt8(ascii: "-")) }
    var digits: [UInt8] = []
    if let small = UInt64(exactly: significand.magnitude) {
      var v = small
      repeat {
        digits.append(UInt8(48 + v % 10))
        v /= 10
      } while v != 0
    } else {
      digits = significand.magnitude.description.utf8.reversed()
    }
    if exponent > 30 || exponent < -60 {
      bytes.append(contentsOf: digits.reversed())
      bytes.append(contentsOf: "e\(exponent > 0 ? "+" : "")\(exponent)".utf8)
      return
    }
    if exponent >= 0 {
      bytes.append(contentsOf: digits.reversed())
      bytes.append(contentsOf: repeatElement(48, count: exponent))
      return
    }
    let fraction = -exponent
    if digits.count <= fraction {
      bytes.append(48)
      bytes.append(UInt8(ascii: "."))
      bytes.append(contentsOf: repeatElement(48, count: fraction - digits.count))
      bytes.append(contentsOf: digits.reversed())
    } else {
      bytes.append(contentsOf: digits[fraction...].reversed())
      bytes.append(UInt8(ascii: "."))
      bytes.append(contentsOf: digits[..<fraction].reversed())
    }
  }
}

extension ExactDecimal: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = ExactDecimal(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a decimal number")
    }
    self = value
  }
  /// As a string: a JSON number would be read back as binary floating point.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
