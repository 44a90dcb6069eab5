/// Why an ASDU could not be read, or may not be sent.
public enum ASDUFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Not even the data unit identifier is there.
  case truncatedHeader(needed: Int, got: Int)
  /// The variable structure qualifier promises more objects than there are octets for.
  case truncated(TypeID, needed: Int, got: Int)
  /// Nobody said how long an element of this type is: a private or reserved type, or a file segment.
  case unknownSize(TypeID)
  /// More octets than an APDU holds.
  case tooLong(octets: Int)
  /// More objects than the variable structure qualifier can count.
  case tooManyObjects(Int)
  /// An address that the agreed width does not hold.
  case address(UInt32, maximum: UInt32)
  /// With SQ = 1 the addresses count up by one.
  case addressesNotInSequence
  /// An object without the time tag that its type has.
  case timeTag(TypeID)
  /// This end may not send the type.
  case typeNotAllowed(TypeID)
  /// This end may not send the cause.
  case causeNotAllowed(CauseOfTransmission)
  /// A value that the field of that name does not have.
  case field(String, Int)

  public var description: String {
    switch self {
    case .truncatedHeader(let needed, let got): "an ASDU of \(got) octets: its header alone has \(needed)"
    case .truncated(let type, let needed, let got):
      "\(type): \(got) octets, but for the objects that it announces \(needed) are needed"
    case .unknownSize(let type): "\(type): the size of its elements is not known"
    case .tooLong(let octets): "an ASDU of \(octets) octets: at most \(APCI.maximumASDU) fit"
    case .tooManyObjects(let count): "\(count) objects in one ASDU: at most 127 can be counted"
    case .address(let address, let maximum): "address \(address): at most \(maximum) fits the agreed width"
    case .addressesNotInSequence: "with SQ = 1 the object addresses must count up by one"
    case .timeTag(let type): "\(type): an object has not the time tag that the type needs"
    case .typeNotAllowed(let type): "\(type) may not be sent from here"
    case .causeNotAllowed(let cause): "cause \(cause.rawValue), \(cause), may not be sent from here"
    case .field(let name, let value): "\(name) cannot be \(value)"
    }
  }
}
