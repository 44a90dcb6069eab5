/// An ASDU that may be sent.
///
/// A program that has only this module's public interface cannot command a process: in public there are the system commands that
/// read (interrogations, read, clock, test), and for the side of a station what it reports and how it confirms.
public struct OutgoingASDU: Hashable, Sendable {
  /// At most `APCI.maximumASDU` octets.
  public let bytes: [UInt8]

  /// The bits of QCC that say what happens to the totals (IEC 60870-5-101 clause 7.2.6.23).
  public enum Freeze: UInt8, Hashable, Sendable, CaseIterable {
    /// Only asks for the totals.
    case read = 0x00
    /// Keeps a copy of the totals.
    case freeze = 0x40
    /// Keeps a copy and sets the totals to 0. What is not fetched before the next time is lost: never send it twice blindly.
    case freezeReset = 0x80
    /// Sets the totals to 0.
    case reset = 0xC0
  }

  init(bytes: [UInt8]) throws(ASDUFault) {
    guard bytes.count <= APCI.maximumASDU else { throw .tooLong(octets: bytes.count) }
    self.bytes = bytes
  }

  /// C_IC_NA_1, activation.
  ///
  /// - Parameter group: 1…16; 0: station interrogation.
  public static func interrogation(
    group: Int = 0, commonAddress: UInt16, originator: UInt8 = 0, format: ASDUFormat = .standard
  ) throws(ASDUFault) -> OutgoingASDU {
    guard (0...16).contains(group) else { throw .field("group of an interrogation", group) }
    return try system(.C_IC_NA_1, [UInt8(20 + group)], commonAddress, originator, format)
  }

  /// C_CI_NA_1, activation.
  ///
  /// - Parameter request: 1…4: a group of totals; 5: general.
  public static func counterInterrogation(
    request: Int = 5, freeze: Freeze, commonAddress: UInt16, originator: UInt8 = 0, format: ASDUFormat = .standard
  ) throws(ASDUFault) -> OutgoingASDU {
    guard (1...5).contains(request) else { throw .field("request of a counter interrogation", request) }
    return try system(.C_CI_NA_1, [UInt8(request) | freeze.rawValue], commonAddress, originator, format)
  }

  /// C_RD_NA_1, request.
  public static func read(
    objectAddress: UInt32, commonAddress: UInt16, originator: UInt8 = 0, format: ASDUFormat = .standard
  ) throws(ASDUFault) -> OutgoingASDU {
    try system(
      .C_RD_NA_1, [], commonAddress, originator, format, cause: .request, objectAddress: objectAddress)
  }

  /// C_CS_NA_1, activation.
  public static func clockSynchronization(
    _ time: CP56Time2a, commonAddress: UInt16, originator: UInt8 = 0, format: ASDUFormat = .standard
  ) throws(ASDUFault) -> OutgoingASDU {
    var element: [UInt8] = []
    time.append(to: &element)
    return try system(.C_CS_NA_1, element, commonAddress, originator, format)
  }

  /// C_TS_TA_1, activation: asks the station to say it back.
  ///
  /// - Parameter counter: TSC, told apart by it.
  public static func test(
    counter: UInt16, time: CP56Time2a, commonAddress: UInt16, originator: UInt8 = 0, format: ASDUFormat = .standard
  ) throws(ASDUFault) -> OutgoingASDU {
    var element = [UInt8(truncatingIfNeeded: counter), UInt8(counter >> 8)]
    time.append(to: &element)
    return try system(.C_TS_TA_1, element, commonAddress, originator, format)
  }

  /// One object of a system command.
  private static func system(
    _ type: TypeID, _ element: [UInt8], _ commonAddress: UInt16, _ originator: UInt8, _ format: ASDUFormat,
    cause: CauseOfTransmission = .activation, objectAddress: UInt32 = 0
  ) throws(ASDUFault) -> OutgoingASDU {
    let header = ASDUHeader(
      type: type, count: 1, cause: cause, originator: originator, commonAddress: commonAddress)
    var bytes: [UInt8] = []
    try header.appendChecked(to: &bytes, format: format)
    try format.append(objectAddress: objectAddress, to: &bytes)
    return try OutgoingASDU(bytes: bytes + element)
  }

  /// Whether a controlling station may send it: types 100 to 104 and 107, as activation or request. Nothing that operates.
  var isRequest: Bool {
    guard bytes.count > 2, [100, 101, 102, 103, 104, 107].contains(bytes[0]) else { return false }
    return bytes[2] & 0x3F == CauseOfTransmission.activation.rawValue
      || bytes[2] & 0x3F == CauseOfTransmission.request.rawValue
  }
}
