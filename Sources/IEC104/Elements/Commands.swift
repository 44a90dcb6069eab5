/// SCO, DCO or RCO: the state wanted in the lower two bits, the qualifier of command above them (IEC 60870-5-101 clauses
/// 7.2.6.15–7.2.6.17, 7.2.6.26).
enum SwitchingCommandElement: InformationElement {
  static var size: Int { 1 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = UInt32(octets.octet(0) & 0x03)
    object.detail = octets.octet(0) & 0xFC
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(UInt8(object.bits & 0x03) | object.detail & 0xFC)
  }
}

/// NVA or SVA, and QOS or QPM: set points and parameters (IEC 60870-5-101 clauses 7.2.6.24, 7.2.6.39).
enum QualifiedWordElement: InformationElement {
  static var size: Int { 3 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = UInt32(octets.word(0))
    object.detail = octets.octet(2)
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(word: UInt16(truncatingIfNeeded: object.bits))
    bytes.append(object.detail)
  }
}

/// R32-IEEE STD 754, and QOS or QPM.
enum QualifiedLongElement: InformationElement {
  static var size: Int { 5 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = octets.long(0)
    object.detail = octets.octet(4)
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(long: object.bits)
    bytes.append(object.detail)
  }
}

/// BSI alone (IEC 60870-5-101 clause 7.3.2.7).
enum LongElement: InformationElement {
  static var size: Int { 4 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) { object.bits = octets.long(0) }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) { bytes.append(long: object.bits) }
}
