/// BCR, a binary counter reading (IEC 60870-5-101 clause 7.2.6.9).
enum IntegratedTotalElement: InformationElement {
  static var size: Int { 5 }
  /// SQ: which reading of the counter it is.
  static let sequence: UInt8 = 0x1F
  /// CY: the counter has overflowed in this period.
  static let carry: UInt8 = 0x20
  /// CA: the counter was preset since it was last read.
  static let adjusted: UInt8 = 0x40

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = octets.long(0)
    object.detail = octets.octet(4) & 0x7F
    object.quality = ObjectQuality(rawValue: octets.octet(4) & 0x80)
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(long: object.bits)
    bytes.append(object.detail & 0x7F | object.quality.rawValue & 0x80)
  }
}

/// AID and BCR: a statistic of the authentication and the association that it is of (IEC TS 60870-5-7).
enum SecurityStatisticElement: InformationElement {
  static var size: Int { 7 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.duration = octets.word(0)
    IntegratedTotalElement.read(octets + 2, into: &object)
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(word: object.duration)
    IntegratedTotalElement.append(object, to: &bytes)
  }
}
