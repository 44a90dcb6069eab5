/// The widths that client and station must agree on before they can read each other.
///
/// Source: IEC 60870-5-104 clauses 6 and 9.5 (2, 2 and 3 octets); IEC 60870-5-101 clause 7.1 allows the others, and there are
/// stations that kept them.
public struct ASDUFormat: Hashable, Sendable {
  /// Octets of the cause of transmission: 2 with the originator address, 1 without.
  public let causeSize: Int
  /// Octets of the common address of ASDU: 1 or 2.
  public let commonAddressSize: Int
  /// Octets of an information object address: 1, 2 or 3.
  public let objectAddressSize: Int
  /// Octets of one information element, without its address, of private types (128…255): nothing else says how long they are.
  public let privateTypeSizes: [UInt8: Int]

  /// What IEC 60870-5-104 prescribes.
  public static let standard = ASDUFormat()

  /// - Precondition: the widths are among those named above; a private element has 0…249 octets.
  public init(
    causeSize: Int = 2, commonAddressSize: Int = 2, objectAddressSize: Int = 3, privateTypeSizes: [UInt8: Int] = [:]
  ) {
    precondition((1...2).contains(causeSize), "a cause of transmission has 1 or 2 octets, not \(causeSize)")
    precondition((1...2).contains(commonAddressSize), "a common address has 1 or 2 octets, not \(commonAddressSize)")
    precondition((1...3).contains(objectAddressSize), "an object address has 1 to 3 octets, not \(objectAddressSize)")
    for (type, size) in privateTypeSizes {
      precondition(type >= 128 && (0...APCI.maximumASDU).contains(size), "type \(type) cannot have \(size) octets")
    }
    self.causeSize = causeSize
    self.commonAddressSize = commonAddressSize
    self.objectAddressSize = objectAddressSize
    self.privateTypeSizes = privateTypeSizes
  }

  /// Octets before the first information object address: type, variable structure qualifier, cause, common address.
  public var headerSize: Int { 2 + causeSize + commonAddressSize }

  /// The common address that every station answers to (IEC 60870-5-101 clause 7.2.4), each with its own.
  public var broadcastAddress: UInt16 { commonAddressSize == 1 ? 0xFF : 0xFFFF }

  /// The largest information object address, where counting up starts again from 0.
  public var maximumObjectAddress: UInt32 { UInt32(1) << UInt32(8 * objectAddressSize) - 1 }
}
