/// SEP, a single event of protection equipment, and the elapsed time (IEC 60870-5-101 clauses 7.2.6.10, 7.2.6.20).
enum ProtectionEventElement: InformationElement {
  static var size: Int { 3 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = UInt32(octets.octet(0) & 0x07)
    object.quality = ObjectQuality(qdp: octets.octet(0))
    object.duration = octets.word(1)
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(UInt8(object.bits & 0x07) | object.quality.qdp)
    bytes.append(word: object.duration)
  }
}

/// SPE or OCI, QDP and a duration: start events, output circuits (IEC 60870-5-101 clauses 7.2.6.4, 7.2.6.11, 7.2.6.12).
enum PackedProtectionElement: InformationElement {
  static var size: Int { 4 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = UInt32(octets.octet(0))
    object.quality = ObjectQuality(qdp: octets.octet(1))
    object.duration = octets.word(2)
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(UInt8(object.bits & 0xFF))
    bytes.append(object.quality.qdp)
    bytes.append(word: object.duration)
  }
}

extension ObjectQuality {
  /// QDP: the lower three bits are reserved (IEC 60870-5-101 clause 7.2.6.4).
  @inline(__always)
  init(qdp octet: UInt8) { self.init(rawValue: octet & 0xF8) }

  var qdp: UInt8 { rawValue & 0xF8 }
}
