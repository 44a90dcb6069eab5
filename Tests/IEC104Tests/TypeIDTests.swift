import Testing

@testable import IEC104

@Suite struct TypeIDTests {
  /// Octets of an element as design/iec104.md has them (from IEC 60870-5-101 clause 7.3): written down a second time.
  private static let sizes: [(types: [UInt8], size: Int)] = [
    ([1, 3], 1), ([2, 4], 4), ([5], 2), ([6], 5), ([7], 5), ([8], 8), ([9, 11], 3), ([10, 12], 6), ([13], 5),
    ([14], 8), ([15], 5), ([16], 8), ([17], 6), ([18, 19], 7), ([20], 5), ([21], 2), ([30, 31], 8), ([32], 9),
    ([33], 12), ([34, 35], 10), ([36, 37], 12), ([38], 10), ([39, 40], 11), ([41], 14), ([70], 1), ([45, 46, 47], 1),
    ([48, 49], 3), ([50], 5), ([51], 4), ([58, 59, 60], 8), ([61, 62], 10), ([63], 12), ([64], 11),
    ([100, 101, 105], 1),
    ([102], 0), ([103], 7), ([104], 2), ([106], 2), ([107], 9), ([110, 111], 3), ([112], 5), ([113], 1), ([120], 6),
    ([121], 7), ([122], 4), ([123], 5), ([124], 4), ([126], 13), ([127], 16),
  ]

  @Test func sizes() {
    var expected: [UInt8: Int] = [:]
    for (types, size) in Self.sizes { for type in types { expected[type] = size } }
    for raw in UInt8.min...UInt8.max {
      #expect(TypeID(rawValue: raw).elementSize(.standard) == expected[raw], "type \(raw)")
    }
    let format = ASDUFormat(privateTypeSizes: [128: 0, 200: 17])
    #expect(TypeID(rawValue: 128).elementSize(format) == 0)
    #expect(TypeID(rawValue: 200).elementSize(format) == 17)
    #expect(TypeID(rawValue: 201).elementSize(format) == nil)
  }

  /// What the loops read is what the table of sizes says: a reach beyond the octets cannot come from there.
  @Test func shapesAreOfTheSizeInTheTable() {
    struct Size: ElementVisitor {
      func visit<Element: InformationElement>(_ element: Element.Type, _ size: inout Int) { size = Element.size }
    }
    for raw in UInt8.min...UInt8.max {
      let type = TypeID(rawValue: raw)
      var size = 0
      guard type.visitElement(Size(), &size) else { continue }
      #expect(size + type.timeTag.size == type.elementSize(.standard), "\(type)")
    }
  }

  @Test func namesAndNumbers() {
    for (type, name) in TypeID.all {
      #expect("\(type)" == name)
      #expect(TypeID(name: name) == type)
    }
    #expect(Set(TypeID.all.map(\.name)).count == TypeID.all.count)
    #expect(TypeID.M_ME_TF_1.rawValue == 36)
    #expect("\(TypeID(rawValue: 137))" == "type 137")
    #expect(TypeID(name: "M_ME") == nil)
    #expect(TypeID(name: "type 137") == nil)
  }

  @Test(arguments: [
    ("M_IT", [15, 16, 37]), ("M_IT_TB_1", [37]), ("M_ME", [9, 10, 11, 12, 13, 14, 21, 34, 35, 36]), ("M_S", []),
    ("", []), ("M_ME_TF_1_", []), ("M_EP_TA", [17]), ("type 137", [137]),
  ])
  func families(name: String, types: [UInt8]) {
    #expect((UInt8.min...UInt8.max).filter { TypeID(rawValue: $0).isFamily(name) } == types)
  }

  @Test func directions() {
    let all = (UInt8.min...UInt8.max).map { TypeID(rawValue: $0) }
    #expect(all.filter(\.isMonitor).map(\.rawValue) == Array(1...21) + Array(30...41))
    #expect(all.filter(\.isProcessCommand).map(\.rawValue) == Array(45...51) + Array(58...64))
    #expect(all.filter(\.isSystem).map(\.rawValue) == [70] + Array(100...107))
    #expect(all.filter(\.isPrivate).map(\.rawValue) == Array(128...255))
  }
}
