/// One shape of information element on the wire, without address and time tag. Several types may have the same.
protocol InformationElement {
  /// What `read` reads and `append` writes; the table of sizes (`TypeID.elementSize`) says the same.
  static var size: Int { get }
  /// - Parameter octets: `size` of them are there.
  static func read(_ octets: UnsafeRawPointer, into object: inout InformationObject)
  static func append(_ object: InformationObject, to bytes: inout [UInt8])
}

/// Something to do with the shape of a type's elements; generic, so that the compiler makes a loop of its own for each.
protocol ElementVisitor {
  associatedtype Context
  func visit<Element: InformationElement>(_ element: Element.Type, _ context: inout Context)
}

extension TypeID {
  /// - Returns: false where the element has no shape: it is carried as octets (files, private types).
  @inline(__always)
  func visitElement<Visitor: ElementVisitor>(_ visitor: Visitor, _ context: inout Visitor.Context) -> Bool {
    switch rawValue {
    case 1...4, 30, 31: visitor.visit(IndicationElement.self, &context)
    case 5, 6, 32: visitor.visit(StepPositionElement.self, &context)
    case 9...12, 34, 35: visitor.visit(MeasuredWordElement.self, &context)
    case 21: visitor.visit(WordElement.self, &context)
    case 7, 8, 13, 14, 20, 33, 36: visitor.visit(MeasuredLongElement.self, &context)
    case 15, 16, 37: visitor.visit(IntegratedTotalElement.self, &context)
    case 17, 38: visitor.visit(ProtectionEventElement.self, &context)
    case 18, 19, 39, 40: visitor.visit(PackedProtectionElement.self, &context)
    case 41: visitor.visit(SecurityStatisticElement.self, &context)
    case 45...47, 58...60: visitor.visit(SwitchingCommandElement.self, &context)
    case 48, 49, 61, 62, 110, 111: visitor.visit(QualifiedWordElement.self, &context)
    case 50, 63, 112: visitor.visit(QualifiedLongElement.self, &context)
    case 51, 64: visitor.visit(LongElement.self, &context)
    case 70, 100, 101, 105, 113: visitor.visit(OctetElement.self, &context)
    case 102, 103: visitor.visit(EmptyElement.self, &context)
    case 104, 106, 107: visitor.visit(WordElement.self, &context)
    default: return false
    }
    return true
  }
}

extension UnsafeRawPointer {
  @inline(__always)
  func octet(_ place: Int) -> UInt8 { load(fromByteOffset: place, as: UInt8.self) }

  /// Two octets, the low one first.
  @inline(__always)
  func word(_ place: Int) -> UInt16 {
    UInt16(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt16.self))
  }

  /// Four octets, the lowest first.
  @inline(__always)
  func long(_ place: Int) -> UInt32 {
    UInt32(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt32.self))
  }
}

extension [UInt8] {
  mutating func append(word: UInt16) {
    append(UInt8(truncatingIfNeeded: word))
    append(UInt8(word >> 8))
  }

  mutating func append(long: UInt32) {
    append(word: UInt16(truncatingIfNeeded: long))
    append(word: UInt16(long >> 16))
  }
}
