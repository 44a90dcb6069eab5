import Columns
import Testing

/// Chunks put together by another program after docs/COLUMNS.md: what is read from them never changes.
@Suite struct FormatTests {
  struct Case: CustomTestStringConvertible {
    let name: String
    let chunk: String
    let format: ColumnFormat
    let values: [UInt64]

    init(_ name: String, _ chunk: String, _ bits: Int, isFloat: Bool = false, _ values: [UInt64]) {
      (self.name, self.chunk, self.values) = (name, chunk, values)
      format = ColumnFormat(bits: bits, isFloat: isFloat)
    }

    var testDescription: String { name }
  }

  static let cases = [
    Case("zeros, order 0", "00 0E", 16, [7, 7, 7]),
    Case("zeros, order 2", "08 14 06", 16, [10, 13, 16]),
    Case("below 0", "08 00 01", 16, [0, 65_535, 65_534]),
    Case(
      "Rice, order 1, the last one in 64 bits", "05 C8 01 82 0E 04 00 00 00 90 D0 03 00 00 00 00 00", 32,
      [100, 103, 102, 112, 1_000_112]),
    Case("Rice, in units of 5", "41 05 64 00 23", 8, [55, 50, 40]),
    Case("Rice, a block of zeros", "01 64 3F", 8, [50, 50]),
    Case(
      "tokens, two contexts", "06 D0 0F 21 01 05 01 43 A4 14 30 48 09 02 36 55 F0 E1 10 36 03 00 20 01", 32,
      [
        1000, 1000, 1000, 1001, 1000, 1002, 1002, 1002, 1002, 1001, 1002, 1011, 1011, 1011, 1011, 1008, 1008,
      ]),
    Case(
      "tokens, split 4, lead 2, precision 2",
      "06 0A 54 00 43 05 D8 91 B1 1F F9 FF FF FF 3F 76 E4 7F EC C8 FF 8F 1D 01 F8 6C 6E 55 DB 00 78 10 FF A5 00", 16,
      [5, 705, 702, 5702, 5704, 11_240, 11_240, 11_241, 11_242, 11_243]),
    Case(
      "planes, order 2", "0B 0E 06 02 20 08 41 00 00 0A 8F 00 00 00 01 00 00", 32,
      [7, 10, 18, 4_294_967_122, 4_294_966_930, 4_294_966_738]),
    Case("floats in their order", "18 02 03", 32, isFloat: true, [1, 0x8000_0000, 0x8000_0002]),
    Case("decimals", "28 01 80 24 02", 32, isFloat: true, patterns([230.4, 230.5, 230.6] as [Float])),
    Case("decimals of 64 bits", "28 01 80 24 02", 64, isFloat: true, patterns([230.4, 230.5, 230.6] as [Double])),
    Case(
      "decimals with specials", "38 01 02 01 00 00 00 80 02 01 00 C0 7F 01 02", 32, isFloat: true,
      [0x8000_0000, 0, 0x7FC0_0001, 0x3E4C_CCCD]),
    Case("nothing", "00 00", 64, []),
  ]

  @Test(arguments: cases)
  func isReadAsEver(example: Case) throws {
    let decoded = try decode(hexadecimal(example.chunk), example.format, count: example.values.count)
    #expect(decoded == example.values)
  }

  @Test(arguments: ["00 61 62 63", "01 20 03 19 00 00 61 62 63"])
  func textIsReadAsEver(chunk: String) throws {
    let text = try hexadecimal(chunk).withUnsafeBytes { try ColumnDecoder().decode(bytes: $0, limit: 3) }
    #expect(text == Array("abc".utf8))
  }

  /// An octet more, an octet less, another count of values: nothing of it goes unseen.
  @Test(arguments: cases.dropLast())
  func lengthsAreChecked(example: Case) {
    let chunk = hexadecimal(example.chunk)
    let (format, count) = (example.format, example.values.count)
    #expect(throws: ColumnFault.self) { try decode(chunk + [0], format, count: count) }
    for length in 0..<chunk.count {
      #expect(throws: ColumnFault.self) { try decode(Array(chunk.prefix(length)), format, count: count) }
    }
  }
}
