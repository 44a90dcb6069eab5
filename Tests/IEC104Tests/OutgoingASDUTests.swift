import Foundation
import Testing

@testable import IEC104

/// What may be sent, and that nothing else can be made in public.
@Suite struct OutgoingASDUTests {
  private static let time = CP56Time2a(
    year: 26, month: 3, day: 29, dayOfWeek: 7, hour: 2, minute: 30, milliseconds: 15_250, isSummerTime: true)

  /// IEC 60870-5-101 clauses 7.3.4.1–7.3.4.4 and IEC 60870-5-104 clause 8.8.
  @Test func systemCommands() throws {
    let made = [
      try OutgoingASDU.interrogation(commonAddress: 0x0102),
      try .interrogation(group: 16, commonAddress: 1, originator: 9),
      try .counterInterrogation(freeze: .read, commonAddress: 1),
      try .counterInterrogation(request: 4, freeze: .freezeReset, commonAddress: 1),
      try .read(objectAddress: 0x03_0201, commonAddress: 1),
      try .clockSynchronization(Self.time, commonAddress: 0xFFFF),
      try .test(counter: 0x1234, time: Self.time, commonAddress: 1),
    ]
    #expect(
      made.map { hexadecimal($0.bytes) } == [
        "64 01 06 00 02 01 00 00 00 14", "64 01 06 09 01 00 00 00 00 24", "65 01 06 00 01 00 00 00 00 05",
        "65 01 06 00 01 00 00 00 00 84", "66 01 05 00 01 00 01 02 03",
        "67 01 06 00 FF FF 00 00 00 92 3B 1E 82 FD 03 1A", "6B 01 06 00 01 00 00 00 00 34 12 92 3B 1E 82 FD 03 1A",
      ])
  }

  @Test func narrowWidths() throws {
    let format = ASDUFormat(causeSize: 1, commonAddressSize: 1, objectAddressSize: 1)
    #expect(
      hexadecimal(try OutgoingASDU.interrogation(commonAddress: 255, originator: 7, format: format).bytes)
        == "64 01 06 FF 00 14")
    #expect(throws: ASDUFault.address(256, maximum: 255)) {
      try OutgoingASDU.interrogation(commonAddress: 256, format: format)
    }
    #expect(throws: ASDUFault.address(256, maximum: 255)) {
      try OutgoingASDU.read(objectAddress: 256, commonAddress: 1, format: format)
    }
    #expect(throws: ASDUFault.address(0x100_0000, maximum: 0xFF_FFFF)) {
      try OutgoingASDU.read(objectAddress: 0x100_0000, commonAddress: 1)
    }
  }

  @Test(arguments: [-1, 17, 256])
  func groups(group: Int) {
    #expect(throws: ASDUFault.field("group of an interrogation", group)) {
      try OutgoingASDU.interrogation(group: group, commonAddress: 1)
    }
  }

  @Test(arguments: [-1, 0, 6, 63, 64])
  func requests(request: Int) {
    #expect(throws: ASDUFault.field("request of a counter interrogation", request)) {
      try OutgoingASDU.counterInterrogation(request: request, freeze: .read, commonAddress: 1)
    }
  }

  @Test(arguments: ElementRow.monitor)
  func monitor(row: ElementRow) throws {
    let sent = try OutgoingASDU.monitor(
      type: row.type, cause: .spontaneous, commonAddress: 1, objects: [row.object(address: 1)])
    #expect(sent.bytes == [row.type.rawValue] + octets("01 03 00 01 00 01 00 00") + row.element)
  }

  @Test func noCommandByMonitor() {
    for raw in UInt8.min...UInt8.max where !(1...21).contains(raw) && !(30...41).contains(raw) && raw != 70 {
      let type = TypeID(rawValue: raw)
      #expect(throws: ASDUFault.typeNotAllowed(type)) {
        try OutgoingASDU.monitor(
          type: type, cause: .spontaneous, commonAddress: 1,
          objects: [InformationObject(address: 1, bits: 1, time: TimeTag(Self.time))])
      }
    }
    for raw in [UInt8(0), 6, 7, 8, 9, 10, 14, 19, 42, 44, 47, 63] {
      let cause = CauseOfTransmission(rawValue: raw)
      #expect(throws: ASDUFault.causeNotAllowed(cause)) {
        try OutgoingASDU.monitor(type: .M_SP_NA_1, cause: cause, commonAddress: 1, objects: [])
      }
    }
  }

  @Test func noActivationByMirror() throws {
    // A single command, as if one had come.
    let command = octets("2D 01 86 05 01 00 01 00 00 01")
    for raw in UInt8(0)...63 {
      let cause = CauseOfTransmission(rawValue: raw)
      if [7, 9, 10, 44, 45, 46, 47].contains(raw) {
        let mirrored = try OutgoingASDU.mirror(command, cause: cause, isNegative: true).bytes
        #expect(mirrored == [0x2D, 0x01, 0xC0 | raw] + command[3...])
      } else {
        #expect(throws: ASDUFault.causeNotAllowed(cause)) { try OutgoingASDU.mirror(command, cause: cause) }
      }
    }
    #expect(throws: ASDUFault.truncatedHeader(needed: 6, got: 5)) {
      try OutgoingASDU.mirror(Array(command.prefix(5)), cause: .activationConfirmation)
    }
    #expect(throws: ASDUFault.tooLong(octets: 250)) {
      try OutgoingASDU.mirror(command + Array(repeating: 0, count: 240), cause: .activationConfirmation)
    }
  }

  @Test func whatDoesNotFit() throws {
    let points = (UInt32(1)...128).map { InformationObject(address: $0, value: .single(true)) }
    func send(_ count: Int, isSequence: Bool, format: ASDUFormat = .standard) throws -> Int {
      try OutgoingASDU.monitor(
        type: .M_SP_NA_1, cause: .spontaneous, commonAddress: 1, isSequence: isSequence,
        objects: Array(points.prefix(count)), format: format
      ).bytes.count
    }
    #expect(try send(127, isSequence: true) == 136)
    #expect(throws: ASDUFault.tooManyObjects(128)) { try send(128, isSequence: true) }
    #expect(try send(60, isSequence: false) == 246)
    #expect(throws: ASDUFault.tooLong(octets: 250)) { try send(61, isSequence: false) }
    #expect(try send(0, isSequence: false) == 6)
    #expect(try send(0, isSequence: true) == 6)
    #expect(throws: ASDUFault.addressesNotInSequence) {
      try OutgoingASDU.monitor(
        type: .M_SP_NA_1, cause: .spontaneous, commonAddress: 1, isSequence: true, objects: [points[0], points[2]])
    }
    #expect(throws: ASDUFault.address(0x100, maximum: 0xFF)) {
      try OutgoingASDU.monitor(
        type: .M_SP_NA_1, cause: .spontaneous, commonAddress: 1,
        objects: [InformationObject(address: 0x100, value: .single(true))], format: ASDUFormat(objectAddressSize: 1))
    }
    #expect(throws: ASDUFault.timeTag(.M_SP_TB_1)) {
      try OutgoingASDU.monitor(type: .M_SP_TB_1, cause: .spontaneous, commonAddress: 1, objects: [points[0]])
    }
  }

  /// Read-only is a fact of the interface: these are all the public ways to something that can be sent, and of those one takes a
  /// type, which it checks. Who adds one has to change this test, and to think.
  @Test func publicWaysToSomethingThatCanBeSent() throws {
    var makers: [String] = []
    var senders: [String] = []
    for declaration in try Self.publicFunctions() {
      if declaration.contains("-> OutgoingASDU") { makers.append(Self.name(of: declaration)) }
      if declaration.contains("func send") { senders.append(declaration) }
    }
    #expect(
      makers.sorted() == [
        "clockSynchronization", "counterInterrogation", "interrogation", "mirror", "mirror", "monitor", "read", "test",
      ])
    let typed = try Self.publicFunctions().filter { $0.contains("-> OutgoingASDU") && $0.contains("TypeID") }
    #expect(typed.map(Self.name) == ["monitor"])
    #expect(senders.allSatisfy { $0.contains("OutgoingASDU") })
    // No initializer, and nothing that writes octets of any type: only APCI, times, and what was made above.
    for (file, text) in try Self.sources() where file.hasPrefix("OutgoingASDU") {
      #expect(!text.contains("public init"), "\(file)")
    }
    let writers = try Self.publicFunctions().filter { $0.contains("inout [UInt8]") }
    #expect(Set(writers.map(Self.name)) == ["append"])
    #expect(writers.count == 2)
  }

  /// Bug: a mirrored single command could be sent by a client, as the confirmation of one that nobody sent.
  @Test func aClientSendsRequestsOnly() throws {
    let command: [UInt8] = [45, 1, 6, 0, 47, 0, 1, 0, 0, 1]
    let mirrored = try OutgoingASDU.mirror(command, cause: .activationConfirmation, isNegative: false)
    var session = Session(role: .controlling)
    session.opened(at: 0)
    let isSent = session.send(mirrored, at: 0)
    #expect(!isSent)
    let isAsked = session.send(try .interrogation(commonAddress: 47), at: 0)
    #expect(isAsked)
  }

  private static func sources() throws -> [(file: String, text: String)] {
    let directory = testDirectory.appending(path: "../../Sources/IEC104")
    let names = try FileManager.default.subpathsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".swift") }
    #expect(names.count >= 20)
    return try names.sorted().map { ($0, try String(contentsOf: directory.appending(path: $0), encoding: .utf8)) }
  }

  /// From "public" to the brace, on one line.
  private static func publicFunctions() throws -> [String] {
    try sources().flatMap { _, text in
      text.matches(of: /public (static |mutating )*(func|init)[^{]*\{/).map {
        $0.output.0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      }
    }
  }

  private static func name(of declaration: String) -> String {
    declaration.firstMatch(of: /func ([A-Za-z]+)/).map { String($0.output.1) } ?? "init"
  }
}

/// Where these tests stand, also where a link leads there.
let testDirectory = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
