/// COI, QOI, QCC, QRP or QPA (IEC 60870-5-101 clauses 7.2.6.21–7.2.6.23, 7.2.6.25, 7.2.6.27).
enum OctetElement: InformationElement {
  static var size: Int { 1 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = UInt32(octets.octet(0))
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) { bytes.append(UInt8(object.bits & 0xFF)) }
}

/// NVA without quality, FBP, TSC, or CP16Time2a (IEC 60870-5-101 clauses 7.2.6.6, 7.2.6.14, 7.2.6.20; IEC 60870-5-104
/// clause 8.8).
enum WordElement: InformationElement {
  static var size: Int { 2 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = UInt32(octets.word(0))
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(word: UInt16(truncatingIfNeeded: object.bits))
  }
}

/// Nothing, or nothing but a time: read command, clock synchronization (IEC 60870-5-101 clauses 7.3.4.3, 7.3.4.4).
enum EmptyElement: InformationElement {
  static var size: Int { 0 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {}

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {}
}
