/// Application protocol control information: the first six octets of every APDU (IEC 60870-5-104 clause 5).
///
/// `68 L C1 C2 C3 C4`; L counts what follows it. Sequence numbers have 15 bits.
public enum APCI: Hashable, Sendable {
  /// Numbered information transfer: the only format with an ASDU.
  case i(sendNumber: UInt16, receiveNumber: UInt16)
  /// Numbered supervision: acknowledges.
  case s(receiveNumber: UInt16)
  /// Unnumbered control.
  case u(UFunction)

  public static let startByte: UInt8 = 0x68
  /// Start octet, length and four control octets.
  public static let size = 6
  /// The largest value of L, and with it the largest APDU, 255 octets.
  public static let maximumLength: UInt8 = 253
  /// Octets that an ASDU may have.
  public static let maximumASDU = 249
  /// Sequence numbers count modulo this.
  public static let sequenceModulus: UInt16 = 32_768

  /// Reads the control octets.
  ///
  /// - Parameters:
  ///   - octets: C1 in the lowest eight bits, C4 in the highest.
  ///   - length: L of this APDU.
  public init(octets: UInt32, length: UInt8) throws(APCIFault) {
    guard (4...APCI.maximumLength).contains(length) else { throw .length(length) }
    let receiveNumber = UInt16(truncatingIfNeeded: octets >> 17)
    if octets & 1 == 0 {
      // Bit 1 of C3 is 0 in the standard's figure 7.
      guard octets & 0x1_0000 == 0 else { throw .controlField(octets) }
      self = .i(sendNumber: UInt16(truncatingIfNeeded: octets >> 1) & 0x7FFF, receiveNumber: receiveNumber)
      return
    }
    if octets & 0b11 == 0b01 {
      guard octets & 0x1_FFFF == 1 else { throw .controlField(octets) }
      self = .s(receiveNumber: receiveNumber)
    } else {
      guard octets <= 0xFF, let function = UFunction(rawValue: UInt8(octets)) else { throw .controlField(octets) }
      self = .u(function)
    }
    guard length == 4 else { throw .lengthOfControlFrame(length) }
  }

  /// How long the APDU is that begins here, start octet and length included; nil where that cannot be said yet.
  ///
  /// - Throws: as soon as the octets cannot be the beginning of an APDU.
  public static func frameLength(_ bytes: UnsafeRawBufferPointer) throws(APCIFault) -> Int? {
    guard let start = bytes.first else { return nil }
    guard start == startByte else { throw .startByte(start) }
    guard bytes.count >= 2 else { return nil }
    guard (4...maximumLength).contains(bytes[1]) else { throw .length(bytes[1]) }
    return 2 + Int(bytes[1])
  }

  /// Reads the first six octets of a frame.
  public init(frame bytes: UnsafeRawBufferPointer) throws(APCIFault) {
    guard bytes.count >= APCI.size, bytes[0] == APCI.startByte else { throw .startByte(bytes.first ?? 0) }
    let octets = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
    try self.init(octets: octets, length: bytes[1])
  }

  /// C1 in the lowest eight bits, C4 in the highest.
  public var octets: UInt32 {
    switch self {
    case .i(let sendNumber, let receiveNumber):
      UInt32(sendNumber & 0x7FFF) << 1 | UInt32(receiveNumber & 0x7FFF) << 17
    case .s(let receiveNumber): 1 | UInt32(receiveNumber & 0x7FFF) << 17
    case .u(let function): UInt32(function.rawValue)
    }
  }

  /// Appends the six octets; those of an I format's ASDU follow.
  ///
  /// - Precondition: 0…249 octets of ASDU.
  public func append(to bytes: inout [UInt8], asduLength: Int = 0) {
    precondition((0...APCI.maximumASDU).contains(asduLength), "an ASDU of \(asduLength) octets")
    let octets = octets
    bytes.append(APCI.startByte)
    bytes.append(UInt8(4 + asduLength))
    for shift in [UInt32(0), 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: octets >> shift)) }
  }
}

/// The six frames without a number: exactly one of the upper six bits of C1 is set (IEC 60870-5-104 clause 5.1, figure 8).
public enum UFunction: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case startActivation = 0x07
  case startConfirmation = 0x0B
  case stopActivation = 0x13
  case stopConfirmation = 0x23
  case testActivation = 0x43
  case testConfirmation = 0x83

  /// As in the standard: "STARTDT act".
  public var description: String {
    switch self {
    case .startActivation: "STARTDT act"
    case .startConfirmation: "STARTDT con"
    case .stopActivation: "STOPDT act"
    case .stopConfirmation: "STOPDT con"
    case .testActivation: "TESTFR act"
    case .testConfirmation: "TESTFR con"
    }
  }
}

/// What makes octets no APDU. The stream cannot be trusted after it: close the connection (IEC 60870-5-104 clause 5.1).
public enum APCIFault: Error, Hashable, Sendable, CustomStringConvertible {
  case startByte(UInt8)
  /// L is outside 4…253.
  case length(UInt8)
  /// An S or U format with an L other than 4.
  case lengthOfControlFrame(UInt8)
  /// No format has these control octets; C1 in the lowest eight bits.
  case controlField(UInt32)

  public var description: String {
    switch self {
    case .startByte(let byte): "an APDU begins with 0x68, not with \(hex(byte))"
    case .length(let length): "the length of an APDU is 4 to 253, not \(length)"
    case .lengthOfControlFrame(let length): "an S or U format has length 4, not \(length)"
    case .controlField(let octets):
      "no format has the control octets "
        + [0, 8, 16, 24].map { hex(UInt8(truncatingIfNeeded: octets >> UInt32($0))) }.joined(separator: " ")
    }
  }
}

/// "0x0A"
func hex(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16, uppercase: true)
  return digits.count == 1 ? "0x0" + digits : "0x" + digits
}
