/// Where the objects of one ASDU lie. Its length was compared with all of this before.
struct ObjectLayout: ElementVisitor {
  /// The ASDU's first octet.
  let start: UnsafeRawPointer
  /// At least 4.
  let headerSize: Int
  let addressSize: Int
  let elementSize: Int
  let timeTag: TimeTag.Kind
  let isSequence: Bool
  /// At least 1.
  let count: Int

  /// Appends all of them to an array, in memory that nobody has written before.
  @inline(__always)
  func append(_ type: TypeID, to objects: inout [InformationObject]) {
    objects.append(addingCapacity: count) { span in
      span.withUnsafeMutableBufferPointer { buffer, initializedCount in
        guard var target = buffer.baseAddress.map({ $0 + initializedCount }) else { return }
        if !type.visitElement(self, &target) { locateElements(target) }
        initializedCount += count
      }
    }
  }

  @inline(__always)
  func visit<Element: InformationElement>(
    _ element: Element.Type, _ target: inout UnsafeMutablePointer<InformationObject>
  ) {
    assert(Element.size + timeTag.size == elementSize)
    switch timeTag {
    case .none: fill(target, element, NoTag.self)
    case .cp24: fill(target, element, CP24Tag.self)
    case .cp56: fill(target, element, CP56Tag.self)
    }
  }

  /// The loop over the objects: the compiler makes one for each pair of element and tag, and calls nothing in it.
  private func fill<Element: InformationElement, Tag: TimeTagReader>(
    _ target: UnsafeMutablePointer<InformationObject>, _ element: Element.Type, _ tag: Tag.Type
  ) {
    var octets = start + headerSize
    if isSequence {
      let mask = UInt32.max >> UInt32(32 - 8 * addressSize)
      var address = address(octets)
      octets += addressSize
      for place in 0..<count {
        (target + place).initialize(to: object(address, octets, element, tag))
        address = (address &+ 1) & mask
        octets += Element.size + Tag.size
      }
    } else {
      for place in 0..<count {
        (target + place).initialize(to: object(address(octets), octets + addressSize, element, tag))
        octets += addressSize + Element.size + Tag.size
      }
    }
  }

  @inline(__always)
  private func object<Element: InformationElement, Tag: TimeTagReader>(
    _ address: UInt32, _ octets: UnsafeRawPointer, _ element: Element.Type, _ tag: Tag.Type
  ) -> InformationObject {
    var object = InformationObject(address: address, bits: 0)
    Element.read(octets, into: &object)
    object.time = Tag.read(octets + Element.size)
    return object
  }

  /// Elements that are not looked into: where they are and how long.
  private func locateElements(_ target: UnsafeMutablePointer<InformationObject>) {
    var octets = start + headerSize
    var address: UInt32 = 0
    for place in 0..<count {
      if place == 0 || !isSequence {
        address = self.address(octets)
        octets += addressSize
      }
      (target + place).initialize(
        to: InformationObject(address: address, bits: UInt32(octets - start), duration: UInt16(elementSize)))
      address = (address &+ 1) & (UInt32.max >> UInt32(32 - 8 * addressSize))
      octets += elementSize
    }
  }

  /// Reads four octets that end with the address, of any width: at least four octets of header stand before it.
  @inline(__always)
  private func address(_ octets: UnsafeRawPointer) -> UInt32 {
    octets.long(addressSize - 4) >> UInt32(32 - 8 * addressSize)
  }
}

/// Reads the time tag that ends an element.
private protocol TimeTagReader {
  static var size: Int { get }
  static func read(_ octets: UnsafeRawPointer) -> TimeTag
}

private enum NoTag: TimeTagReader {
  static var size: Int { 0 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer) -> TimeTag { .none }
}

// Both read from one octet before the tag on, which is always there, so that no octet behind it is touched.

private enum CP24Tag: TimeTagReader {
  static var size: Int { 3 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer) -> TimeTag { TimeTag(octets: UInt64(octets.long(-1) >> 8), kind: .cp24) }
}

private enum CP56Tag: TimeTagReader {
  static var size: Int { 7 }

  @inline(__always)
  static func read(_ octets: UnsafeRawPointer) -> TimeTag {
    TimeTag(octets: UInt64(littleEndian: octets.loadUnaligned(fromByteOffset: -1, as: UInt64.self)) >> 8, kind: .cp56)
  }
}
