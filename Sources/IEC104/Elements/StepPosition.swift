/// VTI and QDS: a seven-bit position and whether the equipment is moving (IEC 60870-5-101 clause 7.2.6.5).
enum StepPositionElement: InformationElement {
  static var size: Int { 2 }
  /// VTI, bit 8.
  static let transient: UInt8 = 0x80

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = UInt32(octets.octet(0) & 0x7F)
    object.detail = octets.octet(0) & transient
    object.quality = ObjectQuality(qds: octets.octet(1))
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(UInt8(object.bits & 0x7F) | object.detail & transient)
    bytes.append(object.quality.qds)
  }
}
