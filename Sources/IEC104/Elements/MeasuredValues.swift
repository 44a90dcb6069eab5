/// NVA or SVA, and QDS (IEC 60870-5-101 clauses 7.2.6.6, 7.2.6.7).
enum MeasuredWordElement: InformationElement {
  static var size: Int { 3 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = UInt32(octets.word(0))
    object.quality = ObjectQuality(qds: octets.octet(2))
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(word: UInt16(truncatingIfNeeded: object.bits))
    bytes.append(object.quality.qds)
  }
}

/// R32-IEEE STD 754, BSI or SCD, and QDS (IEC 60870-5-101 clauses 7.2.6.8, 7.2.6.13, 7.2.6.40).
enum MeasuredLongElement: InformationElement {
  static var size: Int { 5 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject) {
    object.bits = octets.long(0)
    object.quality = ObjectQuality(qds: octets.octet(4))
  }

  static func append(_ object: InformationObject, to bytes: inout [UInt8]) {
    bytes.append(long: object.bits)
    bytes.append(object.quality.qds)
  }
}

extension ObjectQuality {
  /// QDS: bits 2…4 are reserved, whatever stands there (IEC 60870-5-101 clause 7.2.6.3).
  @inline(__always)
  init(qds octet: UInt8) { self.init(rawValue: octet & 0xF1) }

  var qds: UInt8 { rawValue & 0xF1 }
}
