/// The four tables of a Modbus device (MODBUS Application Protocol V1.1b3, clause 4.3).
public enum RegisterTable: String, Sendable, Codable, CaseIterable {
  case coil, discrete, input, holding

  /// Whether an address of this table names one bit instead of 16.
  public var isBits: Bool { self == .coil || self == .discrete }
}

/// How the bits of a point's registers are a number.
public enum RegisterType: String, Sendable, Codable, CaseIterable {
  case bool
  case u16, i16, u32, i32, u64, i64
  case f32, f64
  case bcd16, bcd32, bcd64

  /// Addresses that a value occupies: 16-bit registers, or one bit for `bool`.
  public var width: Int {
    switch self {
    case .bool, .u16, .i16, .bcd16: 1
    case .u32, .i32, .f32, .bcd32: 2
    case .u64, .i64, .f64, .bcd64: 4
    }
  }
}

/// In what order the bytes of a value of several registers travel, `A` being the most significant:
/// ABCD big-endian, CDAB words swapped, BADC bytes swapped in each word, DCBA little-endian.
/// Values of 64 bits follow the same rule over their four words.
public enum ByteOrder: String, Sendable, Codable, CaseIterable {
  case abcd = "ABCD"
  case cdab = "CDAB"
  case badc = "BADC"
  case dcba = "DCBA"

  public var wordsSwapped: Bool { self == .cdab || self == .dcba }
  public var bytesSwapped: Bool { self == .badc || self == .dcba }
}

/// Where a point stands in a device, and how its bits are read.
public struct RegisterReference: Hashable, Sendable, Codable {
  public var table: RegisterTable
  /// As on the wire, from 0.
  public var address: UInt16
  public var type: RegisterType
  public var order: ByteOrder

  public init(table: RegisterTable, address: UInt16, type: RegisterType, order: ByteOrder = .abcd) {
    self.table = table
    self.address = address
    self.type = type
    self.order = order
  }

  /// First address past the value; 65536 where the value ends at the last register.
  public var end: Int { Int(address) + type.width }
}
