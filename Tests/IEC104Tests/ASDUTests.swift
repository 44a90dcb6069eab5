import Testing

@testable import IEC104

/// What an ASDU says of itself, and how much of it is there.
@Suite struct ASDUTests {
  @Test(arguments: [
    ("0D 01 03 00 01 00", 1, false, false, false), ("0D 81 83 00 01 00", 1, true, true, false),
    ("0D FF 43 00 01 00", 127, true, false, true), ("0D 00 C3 00 01 00", 0, false, true, true),
  ])
  func header(text: String, count: Int, isSequence: Bool, isTest: Bool, isNegative: Bool) throws {
    let header = try ASDUHeader(octets(text), format: .standard)
    #expect(header.type == .M_ME_NC_1)
    #expect(header.count == count)
    #expect(header.isSequence == isSequence)
    #expect(header.cause == .spontaneous)
    #expect(header.isTest == isTest)
    #expect(header.isNegative == isNegative)
    var same = ASDUHeader(type: .M_SP_NA_1, count: 0, cause: .request, commonAddress: 1)
    same.type = .M_ME_NC_1
    same.count = count
    same.isSequence = isSequence
    same.cause = .spontaneous
    same.isTest = isTest
    same.isNegative = isNegative
    #expect(same == header)
    var bytes: [UInt8] = []
    same.append(to: &bytes, format: .standard)
    #expect(bytes == octets(text))
  }

  @Test func headerThatIsCut() {
    for length in 0..<6 {
      let bytes = Array(octets("0D 01 03 00 01 00").prefix(length))
      #expect(throws: ASDUFault.truncatedHeader(needed: 6, got: length)) { try ASDUHeader(bytes, format: .standard) }
      var objects: [InformationObject] = []
      #expect(throws: ASDUFault.truncatedHeader(needed: 6, got: length)) { try ASDU.decode(bytes, into: &objects) }
    }
  }

  /// The one that kills a well-known client: type 13, VSQ 0x81, and nothing behind the header.
  @Test func headerOnlyWithOneElementAnnounced() {
    var objects: [InformationObject] = []
    #expect(throws: ASDUFault.truncated(.M_ME_NC_1, needed: 14, got: 6)) {
      try ASDU.decode(octets("0D 81 03 00 01 00"), into: &objects)
    }
    #expect(objects.isEmpty)
  }

  @Test func tenAnnouncedAndOneThere() {
    var objects = [InformationObject(address: 7, value: .single(true))]
    #expect(throws: ASDUFault.truncated(.M_ME_NC_1, needed: 86, got: 14)) {
      try ASDU.decode(octets("0D 0A 03 00 01 00 01 00 00 00 00 C0 3F 00"), into: &objects)
    }
    #expect(objects == [InformationObject(address: 7, value: .single(true))])
  }

  /// Every length short of the whole: a fault, nothing appended.
  @Test(arguments: ElementRow.all, [false, true])
  func everyCut(row: ElementRow, isSequence: Bool) throws {
    let objects = [row.object(address: 5), row.object(address: 6)]
    let header = ASDUHeader(
      type: row.type, isSequence: isSequence, count: 2, cause: .spontaneous, commonAddress: 1)
    let whole = try OutgoingASDU.encoded(header, objects).bytes
    for length in 0..<whole.count {
      var decoded: [InformationObject] = []
      // An allocation of its own of exactly that size, so that the address sanitizer sees a reach beyond it.
      #expect(throws: ASDUFault.self) { try ASDU.decode(Array(whole.prefix(length)), into: &decoded) }
      #expect(decoded.isEmpty)
    }
  }

  @Test(arguments: [0, 1, 5, 200])
  func trailingOctets(count: Int) throws {
    var objects: [InformationObject] = []
    let asdu = octets("01 01 03 00 01 00 01 00 00 01") + Array(repeating: 0xEE, count: count)
    #expect(try ASDU.decode(asdu, into: &objects).trailingOctets == count)
    #expect(objects == [InformationObject(address: 1, value: .single(true))])
  }

  @Test(arguments: [("01 00 03 00 01 00", 0), ("01 80 03 00 01 00", 0), ("0D 80 03 00 01 00 01 00 00", 3)])
  func noObject(text: String, trailing: Int) throws {
    var objects: [InformationObject] = []
    let decoded = try ASDU.decode(octets(text), into: &objects)
    #expect(decoded.objectCount == 0)
    #expect(decoded.trailingOctets == trailing)
    #expect(objects.isEmpty)
  }

  @Test(arguments: [(3, UInt32(0xFF_FFFF)), (2, 0xFFFF), (1, 0xFF)])
  func addressesWrap(size: Int, maximum: UInt32) throws {
    let format = ASDUFormat(objectAddressSize: size)
    #expect(format.maximumObjectAddress == maximum)
    var objects: [InformationObject] = []
    let asdu = octets("01 83 14 00 01 00") + Array(repeating: 0xFF, count: size) + [1, 0, 1]
    _ = try ASDU.decode(asdu, format: format, into: &objects)
    #expect(objects.map(\.address) == [maximum, 0, 1])
    let header = try ASDUHeader(asdu, format: format)
    #expect(try OutgoingASDU.encoded(header, objects, format: format).bytes == asdu)
  }

  /// Decoding appends: one array holds a batch.
  @Test func batches() throws {
    var objects: [InformationObject] = []
    for address in UInt8(1)...200 {
      _ = try ASDU.decode(octets("01 02 03 00 01 00") + [address, 0, 0, 1, address, 1, 0, 0], into: &objects)
    }
    #expect(objects.count == 400)
    #expect(objects.map(\.address) == (UInt32(1)...200).flatMap { [$0, 256 + $0] })
  }

  @Test(arguments: [UInt8(0), 22, 29, 42, 69, 71, 90, 99, 125, 128, 137, 255])
  func typesOfUnknownSize(type: UInt8) {
    var objects: [InformationObject] = []
    #expect(throws: ASDUFault.unknownSize(TypeID(rawValue: type))) {
      try ASDU.decode([type] + octets("01 03 00 01 00 01 00 00 01"), into: &objects)
    }
    #expect(objects.isEmpty)
  }

  @Test func privateTypesOfKnownSize() throws {
    let format = ASDUFormat(privateTypeSizes: [137: 2, 255: 0, 200: 249])
    var objects: [InformationObject] = []
    let decoded = try ASDU.decode(
      octets("89 02 03 00 01 00 01 00 00 AA BB 02 00 00 CC DD EE"), format: format, into: &objects)
    #expect(decoded.trailingOctets == 1)
    #expect(objects.map(\.address) == [1, 2])
    #expect(
      objects.map { $0.value(as: decoded.header.type) } == [.octets(place: 9, count: 2), .octets(place: 14, count: 2)])
    objects = []
    _ = try ASDU.decode(octets("FF 82 03 00 01 00 FF FF FF"), format: format, into: &objects)
    #expect(objects.map(\.address) == [0xFF_FFFF, 0])
    #expect(throws: ASDUFault.truncated(TypeID(rawValue: 200), needed: 258, got: 9)) {
      try ASDU.decode(octets("C8 01 03 00 01 00 01 00 00"), format: format, into: &objects)
    }
    #expect(throws: ASDUFault.unknownSize(TypeID(rawValue: 138))) {
      try ASDU.decode(octets("8A 01 03 00 01 00 01 00 00"), format: format, into: &objects)
    }
  }

  @Test func faultsInWords() {
    #expect(
      "\(ASDUFault.truncated(.M_ME_NC_1, needed: 14, got: 6))"
        == "M_ME_NC_1: 6 octets, but for the objects that it announces 14 are needed")
    #expect("\(ASDUFault.unknownSize(TypeID(rawValue: 137)))" == "type 137: the size of its elements is not known")
    #expect("\(ASDUFault.causeNotAllowed(.activation))" == "cause 6, activation, may not be sent from here")
  }

  @Test(
    arguments: [
      (44, "unknown type identification"), (46, "unknown common address of ASDU"),
      (25, "interrogated by group 5 interrogation"), (40, "requested by group 3 counter request"), (63, "cause 63"),
    ] as [(UInt8, String)])
  func causesInWords(raw: UInt8, words: String) {
    #expect(CauseOfTransmission(rawValue: raw | 0xC0).words == words)
    #expect(CauseOfTransmission(rawValue: raw).rawValue == raw)
  }

  @Test func causesByRange() {
    let all = (UInt8(0)...63).map { CauseOfTransmission(rawValue: $0) }
    #expect(all.filter(\.isInterrogated).map(\.rawValue) == Array(20...36))
    #expect(all.filter(\.isCounterInterrogated).map(\.rawValue) == Array(37...41))
    #expect(all.filter(\.isRefusal).map(\.rawValue) == Array(44...47))
  }
}
