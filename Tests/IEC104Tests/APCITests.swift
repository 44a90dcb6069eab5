import Testing

@testable import IEC104

/// The six octets of a frame (IEC 60870-5-104 clause 5.1, figures 5–8).
@Suite struct APCITests {
  private static let formats: [(String, APCI)] = [
    ("68 04 07 00 00 00", .u(.startActivation)), ("68 04 0B 00 00 00", .u(.startConfirmation)),
    ("68 04 13 00 00 00", .u(.stopActivation)), ("68 04 23 00 00 00", .u(.stopConfirmation)),
    ("68 04 43 00 00 00", .u(.testActivation)), ("68 04 83 00 00 00", .u(.testConfirmation)),
    ("68 04 01 00 00 00", .s(receiveNumber: 0)), ("68 04 01 00 02 00", .s(receiveNumber: 1)),
    ("68 04 01 00 FE FF", .s(receiveNumber: 32_767)), ("68 04 01 00 00 01", .s(receiveNumber: 128)),
    ("68 0E 00 00 00 00", .i(sendNumber: 0, receiveNumber: 0)),
    ("68 FD FE FF FE FF", .i(sendNumber: 32_767, receiveNumber: 32_767)),
    ("68 0E 02 00 00 01", .i(sendNumber: 1, receiveNumber: 128)),
    ("68 0E 00 01 02 00", .i(sendNumber: 128, receiveNumber: 1)),
  ]

  @Test(arguments: formats)
  func bothWays(text: String, apci: APCI) throws {
    let bytes = octets(text)
    let read = try bytes.withUnsafeBytes { try APCI(frame: $0) }
    #expect(read == apci)
    var written: [UInt8] = []
    apci.append(to: &written, asduLength: Int(bytes[1]) - 4)
    #expect(written == bytes)
    let length = try bytes.withUnsafeBytes { try APCI.frameLength($0) }
    #expect(length == 2 + Int(bytes[1]))
  }

  @Test(arguments: [
    ("68 03 01 00 00 00", APCIFault.length(3)), ("68 00 01 00 00 00", .length(0)), ("68 FE 00 00 00 00", .length(254)),
    ("68 FF 00 00 00 00", .length(255)), ("69 04 43 00 00 00", .startByte(0x69)), ("00 04 43 00 00 00", .startByte(0)),
    // S: L, C2, the lowest bit of C3; C1 = 05
    ("68 05 01 00 00 00", .lengthOfControlFrame(5)), ("68 04 01 01 00 00", .controlField(0x0000_0101)),
    ("68 04 01 00 01 00", .controlField(0x0001_0001)), ("68 04 05 00 00 00", .controlField(0x0000_0005)),
    // U: two functions, none, L = 6, C2 to C4
    ("68 04 0F 00 00 00", .controlField(0x0F)), ("68 04 03 00 00 00", .controlField(0x03)),
    ("68 04 C3 00 00 00", .controlField(0xC3)), ("68 04 FF 00 00 00", .controlField(0xFF)),
    ("68 06 43 00 00 00", .lengthOfControlFrame(6)), ("68 04 43 01 00 00", .controlField(0x0143)),
    ("68 04 43 00 01 00", .controlField(0x0001_0043)), ("68 04 43 00 00 80", .controlField(0x8000_0043)),
    // I: the lowest bit of C3
    ("68 0E 00 00 01 00", .controlField(0x0001_0000)),
  ])
  func refused(text: String, fault: APCIFault) {
    #expect(throws: fault) { try octets(text).withUnsafeBytes { try APCI(frame: $0) } }
  }

  /// Of all 2^8 values of C1 with the rest 0: even ones are I, 01 is S, six are U.
  @Test func firstControlOctets() {
    let read = (UInt32(0)...255).filter { (try? APCI(octets: $0, length: 4)) != nil }
    #expect(
      read == (UInt32(0)...255).filter { $0 % 2 == 0 || [0x01, 0x07, 0x0B, 0x13, 0x23, 0x43, 0x83].contains($0) })
  }

  @Test func lengthOfAFrameIsKnownFromTwoOctets() throws {
    #expect(try [].withUnsafeBytes { try APCI.frameLength($0) } == nil)
    #expect(try [UInt8(0x68)].withUnsafeBytes { try APCI.frameLength($0) } == nil)
    #expect(try [UInt8(0x68), 253].withUnsafeBytes { try APCI.frameLength($0) } == 255)
    #expect(throws: APCIFault.startByte(0x16)) { try [UInt8(0x16)].withUnsafeBytes { try APCI.frameLength($0) } }
    #expect(throws: APCIFault.length(254)) { try [UInt8(0x68), 254].withUnsafeBytes { try APCI.frameLength($0) } }
  }

  @Test func tooShort() {
    for count in 0..<6 {
      let bytes = Array(octets("68 04 43 00 00 00").prefix(count))
      #expect(throws: APCIFault.self) { try bytes.withUnsafeBytes { try APCI(frame: $0) } }
    }
  }

  @Test func inWords() {
    #expect("\(APCIFault.controlField(0x8000_0043))" == "no format has the control octets 0x43 0x00 0x00 0x80")
    #expect("\(APCIFault.length(254))" == "the length of an APDU is 4 to 253, not 254")
    #expect(
      UFunction.allCases.map(\.description) == [
        "STARTDT act", "STARTDT con", "STOPDT act", "STOPDT con", "TESTFR act", "TESTFR con",
      ])
  }
}
