extension OutgoingASDU {
  /// Any type, any cause: not for the public. The number of objects is counted here.
  static func encoded(
    _ header: ASDUHeader, _ objects: [InformationObject], format: ASDUFormat = .standard
  ) throws(ASDUFault) -> OutgoingASDU {
    guard let size = header.type.elementSize(format) else { throw .unknownSize(header.type) }
    guard objects.count <= 127 else { throw .tooManyObjects(objects.count) }
    let addresses = header.isSequence ? min(1, objects.count) : objects.count
    let total = format.headerSize + addresses * format.objectAddressSize + objects.count * size
    guard total <= APCI.maximumASDU else { throw .tooLong(octets: total) }
    var header = header
    header.count = objects.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(total)
    try header.appendChecked(to: &bytes, format: format)
    for (place, object) in objects.enumerated() {
      if place == 0 || !header.isSequence {
        try format.append(objectAddress: object.address, to: &bytes)
      } else if object.address != (objects[place - 1].address &+ 1) & format.maximumObjectAddress {
        throw .addressesNotInSequence
      }
      try object.appendElement(of: header.type, to: &bytes)
    }
    return try OutgoingASDU(bytes: bytes)
  }
}

extension ASDUHeader {
  func appendChecked(to bytes: inout [UInt8], format: ASDUFormat) throws(ASDUFault) {
    guard commonAddress <= format.broadcastAddress else {
      throw .address(UInt32(commonAddress), maximum: UInt32(format.broadcastAddress))
    }
    append(to: &bytes, format: format)
  }
}

extension ASDUFormat {
  func append(objectAddress: UInt32, to bytes: inout [UInt8]) throws(ASDUFault) {
    guard objectAddress <= maximumObjectAddress else { throw .address(objectAddress, maximum: maximumObjectAddress) }
    for place in 0..<objectAddressSize {
      bytes.append(UInt8(truncatingIfNeeded: objectAddress >> UInt32(8 * place)))
    }
  }
}

extension InformationObject {
  /// Value, quality and time tag as the type has them.
  fileprivate func appendElement(of type: TypeID, to bytes: inout [UInt8]) throws(ASDUFault) {
    guard type.timeTag == .none || time.kind == type.timeTag else { throw .timeTag(type) }
    guard type.visitElement(ElementWriter(object: self), &bytes) else { throw .typeNotAllowed(type) }
    for place in 0..<type.timeTag.size { bytes.append(UInt8(truncatingIfNeeded: time.raw >> UInt64(8 * place))) }
  }
}

private struct ElementWriter: ElementVisitor {
  let object: InformationObject

  func visit<Element: InformationElement>(_ element: Element.Type, _ bytes: inout [UInt8]) {
    Element.append(object, to: &bytes)
  }
}
