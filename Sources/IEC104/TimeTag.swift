/// The time tag of an information object, as it came.
public struct TimeTag: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable {
    case none = 0
    /// CP24Time2a
    case cp24 = 1
    /// CP56Time2a
    case cp56 = 2

    /// Octets on the wire.
    public var size: Int {
      switch self {
      case .none: 0
      case .cp24: 3
      case .cp56: 7
      }
    }
  }

  /// The octets, the first in the lowest eight bits; above them, from bit 56 on, the kind.
  public let raw: UInt64

  init(octets: UInt64, kind: Kind) { raw = octets & 0x00FF_FFFF_FFFF_FFFF | UInt64(kind.rawValue) << 56 }

  public static let none = TimeTag(octets: 0, kind: .none)

  public init(_ time: CP56Time2a) { self.init(octets: time.octets, kind: .cp56) }

  public init(_ time: CP24Time2a) { self.init(octets: UInt64(time.octets), kind: .cp24) }

  public var kind: Kind { Kind(rawValue: UInt8(raw >> 56)) ?? .none }

  public var cp56: CP56Time2a? { kind == .cp56 ? CP56Time2a(octets: raw) : nil }

  public var cp24: CP24Time2a? { kind == .cp24 ? CP24Time2a(octets: UInt32(truncatingIfNeeded: raw)) : nil }
}
