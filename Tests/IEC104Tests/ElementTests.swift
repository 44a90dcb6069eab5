import Testing

@testable import IEC104

/// Every type both ways, against octets written down from the standard (`ElementRow`).
@Suite struct ElementTests {
  @Test func everyTypeIsThere() {
    let tested = Set(ElementRow.all.map(\.type))
    let files = Set((120...127).map { TypeID(rawValue: $0) })
    #expect(tested.union(files) == Set(TypeID.all.map(\.type)))
  }

  @Test(arguments: ElementRow.all)
  func oneObject(row: ElementRow) throws {
    // Type, n = 1, spontaneous, originator 0, common address 0x0201, address 0x030201.
    let asdu = [row.type.rawValue, 0x01, 0x03, 0x00, 0x01, 0x02, 0x01, 0x02, 0x03] + row.element
    var objects: [InformationObject] = []
    let decoded = try ASDU.decode(asdu, into: &objects)
    #expect(decoded.trailingOctets == 0)
    #expect(decoded.header == ASDUHeader(type: row.type, count: 1, cause: .spontaneous, commonAddress: 0x0201))
    #expect(objects == [row.object(address: 0x03_0201)])
    let object = try #require(objects.first)
    #expect(object.value(as: row.type) == row.value)
    #expect(object.quality == row.quality)
    #expect(object.time == row.time)
    #expect(object.duration == row.duration)
    if row.detail > 0 { #expect(object.detail == row.detail) }
    let encoded = try OutgoingASDU.encoded(decoded.header, objects)
    #expect(hexadecimal(encoded.bytes) == hexadecimal(asdu))
  }

  /// SQ = 0 and SQ = 1 of every type, in every width of the fields.
  @Test(arguments: ElementRow.all, [false, true])
  func threeObjects(row: ElementRow, isSequence: Bool) throws {
    for causeSize in 1...2 {
      for commonAddressSize in 1...2 {
        for addressSize in 1...3 {
          let format = ASDUFormat(
            causeSize: causeSize, commonAddressSize: commonAddressSize, objectAddressSize: addressSize)
          var asdu = [row.type.rawValue, isSequence ? 0x83 : 0x03, 0x54] + [0x09, 0x0B].prefix(causeSize - 1)
          asdu += [0x0A, 0x01].prefix(commonAddressSize)
          for address in UInt8(0xC0)...0xC2 {
            if address == 0xC0 || !isSequence { asdu += [address, 0x01, 0x02].prefix(addressSize) }
            asdu += row.element
          }
          var objects: [InformationObject] = []
          let decoded = try ASDU.decode(asdu, format: format, into: &objects)
          let high = [UInt32(0), 0x100, 0x2_0100][addressSize - 1]
          #expect(objects == (UInt32(0xC0)...0xC2).map { row.object(address: high + $0) })
          #expect(decoded.trailingOctets == 0)
          #expect(
            decoded.header
              == ASDUHeader(
                type: row.type, isSequence: isSequence, count: 3, cause: .interrogatedByStation, isNegative: true,
                originator: causeSize == 2 ? 9 : 0, commonAddress: commonAddressSize == 2 ? 0x010A : 0x0A))
          let encoded = try OutgoingASDU.encoded(decoded.header, objects, format: format)
          #expect(hexadecimal(encoded.bytes) == hexadecimal(asdu))
        }
      }
    }
  }

  /// A NaN passes through with its bits: whether it is a reading is not the codec's to say.
  @Test(arguments: ["00 00 C0 7F", "01 00 80 7F", "FF FF FF FF"])
  func notANumber(bits: String) throws {
    var objects: [InformationObject] = []
    let asdu = octets("0D 01 03 00 01 00 01 00 00 " + bits + " 00")
    let decoded = try ASDU.decode(asdu, into: &objects)
    guard case .float(let number) = try #require(objects.first).value(as: .M_ME_NC_1) else {
      Issue.record("no float")
      return
    }
    #expect(number.isNaN)
    #expect(try OutgoingASDU.encoded(decoded.header, objects).bytes == asdu)
  }

  /// Bits that the element does not have must not become a quality: QDS bit 4 is not EI, SIQ has no OV.
  @Test(arguments: [
    (TypeID.M_ME_NC_1, "00 00 00 00 0E"), (.M_SP_NA_1, "0E"), (.M_DP_NA_1, "0C"),
    (.M_EP_TE_1, "00 07 00 00 00 00 00 00 01 01 1A"),
  ])
  func reservedBits(type: TypeID, element: String) throws {
    var objects: [InformationObject] = []
    _ = try ASDU.decode([type.rawValue] + octets("01 03 00 01 00 01 00 00 " + element), into: &objects)
    #expect(objects.map(\.quality) == [[]])
    if type == .M_SP_NA_1 { #expect(objects.map { $0.value(as: type) } == [.single(false)]) }
    if type == .M_DP_NA_1 { #expect(objects.map { $0.value(as: type) } == [.double(0)]) }
  }

  /// Files are not looked into: place and number of their octets (IEC 60870-5-101 clause 7.3.6).
  @Test(arguments: [(120, 6), (121, 7), (122, 4), (123, 5), (124, 4), (126, 13), (127, 16)] as [(UInt8, Int)])
  func files(type: UInt8, size: Int) throws {
    let element = Array(repeating: UInt8(0xA5), count: size)
    var objects: [InformationObject] = []
    let one = octets("01 0D 00 01 00 07 00 00")
    #expect(try ASDU.decode([type] + one + element, into: &objects).trailingOctets == 0)
    #expect(objects.map { $0.value(as: TypeID(rawValue: type)) } == [.octets(place: 9, count: size)])
    objects = []
    let sequence = octets("82 0D 00 01 00 FF FF FF")
    #expect(try ASDU.decode([type] + sequence + element + element, into: &objects).trailingOctets == 0)
    #expect(objects.map(\.address) == [0xFF_FFFF, 0])
    #expect(
      objects.map { $0.value(as: TypeID(rawValue: type)) } == [
        .octets(place: 9, count: size), .octets(place: 9 + size, count: size),
      ])
  }

  @Test func oneRecordHasTwentyFourOctets() { #expect(MemoryLayout<InformationObject>.stride == 24) }
}
