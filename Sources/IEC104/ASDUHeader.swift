/// The data unit identifier: what stands before the first information object (IEC 60870-5-101 clause 7.2).
public struct ASDUHeader: Hashable, Sendable {
  // As on the wire: six octets, which are handed on in one register.
  public var type: TypeID
  private var structure: UInt8
  private var causeOctet: UInt8
  /// 0 where it is not used, or where the cause has one octet.
  public var originator: UInt8
  public var commonAddress: UInt16

  /// - Precondition: `count` is 0…127.
  public init(
    type: TypeID, isSequence: Bool = false, count: Int, cause: CauseOfTransmission, isTest: Bool = false,
    isNegative: Bool = false, originator: UInt8 = 0, commonAddress: UInt16
  ) {
    self.type = type
    structure = isSequence ? 0x80 : 0
    causeOctet = cause.rawValue | (isTest ? 0x80 : 0) | (isNegative ? 0x40 : 0)
    self.originator = originator
    self.commonAddress = commonAddress
    self.count = count
  }

  /// SQ: one information object address for all, the elements' addresses count up from it.
  public var isSequence: Bool {
    get { structure & 0x80 > 0 }
    set { structure = structure & 0x7F | (newValue ? 0x80 : 0) }
  }

  /// Number of objects, or elements where `isSequence`: 0…127. Nothing says that so many are there.
  public var count: Int {
    get { Int(structure & 0x7F) }
    set {
      precondition((0...127).contains(newValue), "\(newValue) objects in one ASDU")
      structure = structure & 0x80 | UInt8(newValue)
    }
  }

  public var cause: CauseOfTransmission {
    get { CauseOfTransmission(rawValue: causeOctet) }
    set { causeOctet = causeOctet & 0xC0 | newValue.rawValue }
  }

  /// T: made for a test, not a value of the process.
  public var isTest: Bool {
    get { causeOctet & 0x80 > 0 }
    set { causeOctet = causeOctet & 0x7F | (newValue ? 0x80 : 0) }
  }

  /// P/N: a negative confirmation.
  public var isNegative: Bool {
    get { causeOctet & 0x40 > 0 }
    set { causeOctet = causeOctet & 0xBF | (newValue ? 0x40 : 0) }
  }

  /// - Parameter bytes: an ASDU; only its header is looked at.
  @inline(__always)
  public init(_ bytes: UnsafeRawBufferPointer, format: borrowing ASDUFormat) throws(ASDUFault) {
    let size = format.headerSize
    guard bytes.count >= size else { throw .truncatedHeader(needed: size, got: bytes.count) }
    type = TypeID(rawValue: bytes[0])
    structure = bytes[1]
    causeOctet = bytes[2]
    originator = format.causeSize == 2 ? bytes[3] : 0
    let low = UInt16(bytes[2 + format.causeSize])
    commonAddress = format.commonAddressSize == 2 ? low | UInt16(bytes[3 + format.causeSize]) << 8 : low
  }

  public init(_ bytes: [UInt8], format: ASDUFormat) throws(ASDUFault) {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(ASDUFault) in try ASDUHeader(bytes, format: format) }
    }
    self = try result.get()
  }

  /// Appends the header's octets. Values that the widths do not hold are cut: callers check before.
  func append(to bytes: inout [UInt8], format: ASDUFormat) {
    bytes.append(type.rawValue)
    bytes.append(structure)
    bytes.append(causeOctet)
    if format.causeSize == 2 { bytes.append(originator) }
    bytes.append(UInt8(truncatingIfNeeded: commonAddress))
    if format.commonAddressSize == 2 { bytes.append(UInt8(commonAddress >> 8)) }
  }
}
