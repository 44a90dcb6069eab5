/// Why an ASDU was sent (IEC 60870-5-101 clause 7.2.3, table 14). Six bits.
public struct CauseOfTransmission: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8

  /// The upper two bits of an octet on the wire are not part of the cause: they are left out.
  public init(rawValue: UInt8) { self.rawValue = rawValue & 0x3F }

  public static let periodic = CauseOfTransmission(rawValue: 1)
  public static let background = CauseOfTransmission(rawValue: 2)
  public static let spontaneous = CauseOfTransmission(rawValue: 3)
  public static let initialized = CauseOfTransmission(rawValue: 4)
  public static let request = CauseOfTransmission(rawValue: 5)
  public static let activation = CauseOfTransmission(rawValue: 6)
  public static let activationConfirmation = CauseOfTransmission(rawValue: 7)
  public static let deactivation = CauseOfTransmission(rawValue: 8)
  public static let deactivationConfirmation = CauseOfTransmission(rawValue: 9)
  public static let activationTermination = CauseOfTransmission(rawValue: 10)
  public static let returnRemote = CauseOfTransmission(rawValue: 11)
  public static let returnLocal = CauseOfTransmission(rawValue: 12)
  public static let file = CauseOfTransmission(rawValue: 13)
  /// Groups 1…16 follow: 21…36.
  public static let interrogatedByStation = CauseOfTransmission(rawValue: 20)
  /// Groups 1…4 follow: 38…41.
  public static let requestedByGeneralCounter = CauseOfTransmission(rawValue: 37)
  public static let unknownType = CauseOfTransmission(rawValue: 44)
  public static let unknownCause = CauseOfTransmission(rawValue: 45)
  public static let unknownCommonAddress = CauseOfTransmission(rawValue: 46)
  public static let unknownObjectAddress = CauseOfTransmission(rawValue: 47)

  /// Answers a station or group interrogation.
  public var isInterrogated: Bool { (20...36).contains(rawValue) }
  /// Answers a counter interrogation, of all or of a group.
  public var isCounterInterrogated: Bool { (37...41).contains(rawValue) }
  /// The station does not know what was asked; that is a refusal whatever the P/N bit says.
  public var isRefusal: Bool { (44...47).contains(rawValue) }

  /// The standard's words.
  public var words: String {
    switch rawValue {
    case 1: "periodic, cyclic"
    case 2: "background scan"
    case 3: "spontaneous"
    case 4: "initialized"
    case 5: "request or requested"
    case 6: "activation"
    case 7: "activation confirmation"
    case 8: "deactivation"
    case 9: "deactivation confirmation"
    case 10: "activation termination"
    case 11: "return information caused by a remote command"
    case 12: "return information caused by a local command"
    case 13: "file transfer"
    case 14: "authentication"
    case 15: "maintenance of authentication session key"
    case 16: "maintenance of user role and update key"
    case 20: "interrogated by station interrogation"
    case 21...36: "interrogated by group \(rawValue - 20) interrogation"
    case 37: "requested by general counter request"
    case 38...41: "requested by group \(rawValue - 37) counter request"
    case 44: "unknown type identification"
    case 45: "unknown cause of transmission"
    case 46: "unknown common address of ASDU"
    case 47: "unknown information object address"
    default: "cause \(rawValue)"
    }
  }

  public var description: String { words }
}
