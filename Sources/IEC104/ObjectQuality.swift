/// The quality descriptor of an object: QDS, the upper bits of SIQ and DIQ, QDP, and IV of a binary counter reading, all with
/// the same bits (IEC 60870-5-101 clauses 7.2.6.1–7.2.6.4 and 7.2.6.9). Bits that an element does not have are 0.
public struct ObjectQuality: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// OV: beyond the range of the value. QDS only.
  public static let overflow = ObjectQuality(rawValue: 0x01)
  /// EI: the elapsed time was not taken right. QDP only.
  public static let elapsedTimeInvalid = ObjectQuality(rawValue: 0x08)
  /// BL: kept from being sent, at the value of that moment.
  public static let blocked = ObjectQuality(rawValue: 0x10)
  /// SB: put in by an operator or an automatism.
  public static let substituted = ObjectQuality(rawValue: 0x20)
  /// NT: not updated lately.
  public static let notTopical = ObjectQuality(rawValue: 0x40)
  /// IV: not to be used.
  public static let invalid = ObjectQuality(rawValue: 0x80)
}
