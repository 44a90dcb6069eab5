/// Three-octet binary time: the minute of an hour that is not said (IEC 60870-5-4 clause 6.8; IEC 60870-5-101 clause 7.2.6.19).
public struct CP24Time2a: Hashable, Sendable {
  /// Within the minute, seconds included: 0…59999.
  public var milliseconds: UInt16
  public var minute: UInt8
  /// IV
  public var isInvalid: Bool
  /// RES1: the time was added on the way, not at the origin.
  public var isSubstituted: Bool

  public init(minute: UInt8, milliseconds: UInt16, isInvalid: Bool = false, isSubstituted: Bool = false) {
    self.milliseconds = milliseconds
    self.minute = minute
    self.isInvalid = isInvalid
    self.isSubstituted = isSubstituted
  }

  /// - Parameter octets: the first in the lowest eight bits; the highest eight are not looked at.
  public init(octets: UInt32) {
    milliseconds = UInt16(truncatingIfNeeded: octets)
    minute = UInt8(truncatingIfNeeded: octets >> 16) & 0x3F
    isSubstituted = octets >> 22 & 1 > 0
    isInvalid = octets >> 23 & 1 > 0
  }

  /// As on the wire, the first in the lowest eight bits.
  public var octets: UInt32 {
    UInt32(milliseconds) | UInt32(minute & 0x3F) << 16 | (isSubstituted ? 1 << 22 : 0) | (isInvalid ? 1 << 23 : 0)
  }

  /// Whether an hour has such a time.
  public var isPossible: Bool { milliseconds <= 59_999 && minute <= 59 }
}
