/// One information object of any type: fixed size and trivial, so that batches of them cost no allocation each.
///
/// Which fields mean something depends on the type of the ASDU; `value(as:)` reads them.
public struct InformationObject: Hashable, Sendable {
  public var time: TimeTag
  /// Information object address: 1, 2 or 3 octets on the wire.
  public var address: UInt32
  /// The octets of the value, the first in the lowest eight bits. Where an element does not fit (files, private types): the place
  /// of its first octet in the ASDU.
  public var bits: UInt32
  /// Milliseconds of CP16Time2a (types 17…19, 38…40); AID (41). Where an element does not fit: how many octets it has.
  public var duration: UInt16
  public var quality: ObjectQuality
  /// VTI: transient 0x80. BCR: sequence number 0x1F, CY 0x20, CA 0x40. Commands and parameters: the qualifier.
  public var detail: UInt8

  @inline(__always)
  public init(
    address: UInt32, bits: UInt32, quality: ObjectQuality = [], time: TimeTag = .none, duration: UInt16 = 0,
    detail: UInt8 = 0
  ) {
    self.time = time
    self.address = address
    self.bits = bits
    self.duration = duration
    self.quality = quality
    self.detail = detail
  }
}
