import Testing

@testable import Archive

@Suite struct CRC32CTests {
  /// RFC 3720, appendix B.4, and the customary check value.
  @Test(
    arguments: [
      ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
      (Array(0..<32), 0x46DD_794E), (Array((0..<32).reversed()), 0x113F_DB5C), (Array("123456789".utf8), 0xE306_9283),
      ([], 0),
    ] as [([UInt8], UInt32)])
  func publishedValues(bytes: [UInt8], checksum: UInt32) { #expect(CRC32C.checksum(bytes) == checksum) }

  /// Bit by bit, as the polynomial is defined.
  private func reference(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc: UInt32 = ~0
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }

  @Test func everyLengthAndEverySplitIsTheSame() {
    let bytes = (0..<96).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 7) }
    for length in 0...bytes.count {
      let whole = reference(bytes[..<length])
      #expect(CRC32C.checksum(Array(bytes[..<length])) == whole, "\(length) octets")
      for split in 0...length {
        var crc = CRC32C()
        crc.add(Array(bytes[..<split]))
        crc.add(Array(bytes[split..<length]))
        #expect(crc.value == whole, "\(split) and \(length - split) octets")
      }
    }
  }

  /// A place that is no multiple of eight in memory.
  @Test func itMayBeginAnywhere() {
    let bytes = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    bytes.withUnsafeBytes { all in
      for start in 0..<16 {
        var crc = CRC32C()
        crc.add(UnsafeRawBufferPointer(rebasing: all[start...]))
        #expect(crc.value == reference(bytes[start...]))
      }
    }
  }
}
