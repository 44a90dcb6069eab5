import Foundation
import Testing

@testable import IEC104

/// Captures of real traffic, decoded completely and compared with what is written beside these tests (`Captures/`), which
/// Wireshark's dissector confirms but for bit strings: it shows their octets the other way round (IEC 60870-5-101 clause 7.2.6.13
/// has bit 1 in the first octet).
@Suite struct CaptureTests {
  private static let captures = testDirectory.appending(path: "../../../shared/testdata")
  private static let arePresent = FileManager.default.fileExists(
    atPath: captures.appending(path: "iec104-sq.pcapng").path)

  @Test(
    .enabled(if: arePresent, "the captures are not part of the repository: ../shared/testdata"),
    arguments: ["iec104-mixed-types.pcap", "iec104-sq.pcapng"])
  func everyAPDU(name: String) throws {
    let capture = try PacketCapture(Array(Data(contentsOf: Self.captures.appending(path: name))))
    var lines: [String] = []
    for direction in capture.directions {
      lines.append("# \(direction)")
      lines += try APDUText.lines(ofStream: try capture.stream(direction))
    }
    let text = lines.joined(separator: "\n") + "\n"
    let file = testDirectory.appending(path: "Captures/\(name).txt")
    let expected = try String(contentsOf: file, encoding: .utf8)
    // Line by line: the first difference is what one wants to see.
    for (place, pair) in zip(lines, expected.split(separator: "\n").map(String.init)).enumerated() {
      try #require(pair.0 == pair.1, "line \(place + 1)")
    }
    #expect(text == expected)
  }

  /// The reader itself: segments that come twice, overlap, come in the wrong order and split APDUs.
  @Test func segmentsAreReassembled() throws {
    let stream = octets("68 04 0B 00 00 00 68 0E 00 00 00 00 64 01 07 00 01 00 00 00 00 14 68 04 83 00 00 00")
    // The sequence numbers wrap within the stream.
    let start = UInt32.max - 9
    let cuts = [0..<3, 3..<9, 7..<15, 20..<28, 3..<9, 15..<20, 26..<28]
    let capture = try PacketCapture(
      Self.file(
        [(start &- 1, [], isSYN: true)] + cuts.map { (start &+ UInt32($0.lowerBound), Array(stream[$0]), false) }))
    let direction = try #require(capture.directions.first)
    #expect("\(direction)" == "10.0.0.1:2404 > 10.0.0.2:40000")
    #expect(try capture.stream(direction) == stream)
    #expect(
      try APDUText.lines(ofStream: stream) == [
        "U STARTDT con", "I 0 0 C_IC_NA_1 n=1 cause=7 OA=0 CA=1", "  0 20", "U TESTFR con",
      ])
    let hole = try PacketCapture(Self.file([(start, [1], isSYN: false), (start &+ 2, [3], false)]))
    #expect(throws: PacketCapture.Failure.self) { try hole.stream(direction) }
    let contradiction = try PacketCapture(Self.file([(start, [1, 2], isSYN: false), (start &+ 1, [3], false)]))
    #expect(throws: PacketCapture.Failure.self) { try contradiction.stream(direction) }
  }

  /// A pcap file of one direction.
  private static func file(_ segments: [(sequence: UInt32, payload: [UInt8], isSYN: Bool)]) -> [UInt8] {
    func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) } }
    var file = octets("D4 C3 B2 A1 02 00 04 00") + Array(repeating: 0, count: 12) + [1, 0, 0, 0]
    for (sequence, payload, isSYN) in segments {
      let tcp = octets("09 64 9C 40") + big(sequence) + big(0) + [0x50, isSYN ? 0x02 : 0x18] + big(0) + [0, 0]
      let total = UInt8(20 + tcp.count + payload.count)
      let ip = [0x45, 0, 0, total] + octets("00 01 00 00 40 06 00 00 0A 00 00 01 0A 00 00 02")
      // Ethernet pads short frames.
      var frame = Array(repeating: UInt8(0), count: 12) + [8, 0] + ip + tcp + payload
      while frame.count < 60 { frame.append(0xEE) }
      file += big(0) + big(0) + [UInt8(frame.count), 0, 0, 0, UInt8(frame.count), 0, 0, 0] + frame
    }
    return file
  }
}
