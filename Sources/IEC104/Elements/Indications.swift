/// SIQ and DIQ: the point's state in the lower bits, its quality in the upper four (IEC 60870-5-101 clauses 7.2.6.1, 7.2.6.2).
enum IndicationElement: InformationElement {
  static var size: Int { 1 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = UInt32(octets.octet(0) & 0x0F)
    object.quality = ObjectQuality(rawValue: octets.octet(0) & 0xF0)
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(UInt8(object.bits & 0x0F) | object.quality.rawValue & 0xF0)
  }
}
