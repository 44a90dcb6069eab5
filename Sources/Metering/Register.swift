/// The four tables of a Modbus device (MODBUS Application Protocol V1.1b3, clause 4.3).
public enum RegisterTable: String, Sendable, Codable, CaseIterable {
  case coil, discrete, input, holding

  /// Whether an address of this table names one bit instead of 16.
  public var isBits: Bool { self == .coil || self == .discrete }
}

/// How the bits of a point's registers are a number, a text or a time.
public enum RegisterType: String, Sendable, Codable, CaseIterable {
  case bool
  case u16, i16, u32, i32, u64, i64
  /// Three registers.
  case u48, i48
  /// One byte of a register: `high` is the first on the wire.
  case u8High = "u8_high"
  case u8Low = "u8_low"
  case i8High = "i8_high"
  case i8Low = "i8_low"
  case f32, f64
  case bcd16, bcd32, bcd64
  /// Schneider's modulo-10,000: each register a signed number of four decimal digits.
  case mod10k32, mod10k48, mod10k64
  /// The top bit is the sign, the rest the magnitude.
  case signMagnitude16 = "sm16"
  case signMagnitude32 = "sm32"
  /// Characters, two a register, padded with NUL or spaces; `RegisterReference.length` registers.
  case string
  /// Seconds since 1970-01-01T00:00:00Z, 32 bits.
  case clockUnix = "clock_unix"
  /// Six registers: year, month, day, hour, minute, second.
  case clockFields = "clock_fields"
  /// The same in six bytes, year in two digits.
  case clockBytes = "clock_bytes"
  /// Six bytes, each two BCD digits.
  case clockBCD = "clock_bcd"
  /// Four registers: year; month, day; hour, minute; milliseconds (IEC 60870-5-4 clause 6.8, as meters put it into registers).
  case clockCP56 = "clock_cp56"

  /// Addresses that a value occupies: 16-bit registers, or one bit for `bool`; nil where the reference says it.
  public var fixedWidth: Int? {
    switch self {
    case .bool, .u16, .i16, .bcd16, .u8High, .u8Low, .i8High, .i8Low, .signMagnitude16: 1
    case .u32, .i32, .f32, .bcd32, .mod10k32, .signMagnitude32, .clockUnix: 2
    case .u48, .i48, .mod10k48, .clockBytes, .clockBCD: 3
    case .u64, .i64, .f64, .bcd64, .mod10k64, .clockCP56: 4
    case .clockFields: 6
    case .string: nil
    }
  }

  public var isClock: Bool {
    switch self {
    case .clockUnix, .clockFields, .clockBytes, .clockBCD, .clockCP56: true
    default: false
    }
  }
}

/// In what order the bytes of a value of several registers travel, `A` being the most significant.
///
/// Four letters are a rule for any width: ABCD big-endian, CDAB words swapped, BADC bytes swapped in each word, DCBA
/// little-endian; over three or four words `words swapped` turns their whole sequence round. Six or eight letters spell
/// the order of one 48- or 64-bit value out.
public struct ByteOrder: RawRepresentable, Sendable, Hashable, Codable {
  public let rawValue: String

  /// Nil where the letters are neither a rule nor a permutation of ABCDEF or ABCDEFGH.
  public init?(rawValue: String) {
    if !["ABCD", "CDAB", "BADC", "DCBA"].contains(rawValue) {
      guard [6, 8].contains(rawValue.utf8.count),
        rawValue.utf8.sorted().elementsEqual("ABCDEFGH".utf8.prefix(rawValue.utf8.count))
      else { return nil }
    }
    self.rawValue = rawValue
  }

  private init(known: String) { rawValue = known }

  public static let abcd = ByteOrder(known: "ABCD")
  public static let cdab = ByteOrder(known: "CDAB")
  public static let badc = ByteOrder(known: "BADC")
  public static let dcba = ByteOrder(known: "DCBA")

  /// The registers that a spelt-out order is for; nil for a rule.
  public var registers: Int? { rawValue.utf8.count == 4 ? nil : rawValue.utf8.count / 2 }

  /// For each byte of the value, most significant first, its place on the wire.
  public func places(registers: Int) -> [Int] {
    if self.registers == registers {
      return (0..<2 * registers).map { significance in
        Array(rawValue.utf8).firstIndex(of: UInt8(ascii: "A") + UInt8(significance)) ?? significance
      }
    }
    let wordsSwapped = self == .cdab || self == .dcba
    let bytesSwapped = self == .badc || self == .dcba
    return (0..<2 * registers).map { significance in
      let word = significance / 2
      return 2 * (wordsSwapped ? registers - 1 - word : word) + (bytesSwapped ? 1 - significance % 2 : significance % 2)
    }
  }
}

/// Where a value stands in a device, and how its bits are read.
public struct RegisterReference: Hashable, Sendable, Codable {
  public var table: RegisterTable
  /// As on the wire, from 0.
  public var address: UInt16
  public var type: RegisterType
  public var order: ByteOrder
  /// Registers of a `string`; nil for all other types.
  public var length: UInt16?

  public init(
    table: RegisterTable, address: UInt16, type: RegisterType, order: ByteOrder = .abcd, length: UInt16? = nil
  ) {
    self.table = table
    self.address = address
    self.type = type
    self.order = order
    self.length = length
  }

  /// Addresses that the value occupies: 16-bit registers, or one bit.
  public var width: Int { type.fixedWidth ?? Int(length ?? 1) }

  /// First address past the value; 65536 where the value ends at the last register.
  public var end: Int { Int(address) + width }
}
