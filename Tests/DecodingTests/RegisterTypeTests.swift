import Decoding
import Metering
import Testing

private func order(_ letters: String) -> ByteOrder { ByteOrder(rawValue: letters)! }

@Suite struct RegisterTypeTests {
  @Test(
    "Types in orders, by hand",
    arguments: [
      // 48 bits: 0x0102_0304_0506 = 1_108_152_157_446.
      (RegisterType.u48, order("ABCD"), [1, 2, 3, 4, 5, 6], "1108152157446"),
      (.u48, order("CDAB"), [5, 6, 3, 4, 1, 2], "1108152157446"),
      (.u48, order("BADC"), [2, 1, 4, 3, 6, 5], "1108152157446"),
      (.u48, order("DCBA"), [6, 5, 4, 3, 2, 1], "1108152157446"),
      (.u48, order("CDABEF"), [3, 4, 1, 2, 5, 6], "1108152157446"),
      (.u48, order("FEDCBA"), [6, 5, 4, 3, 2, 1], "1108152157446"),
      (.u48, order("BCAFDE"), [2, 3, 1, 6, 4, 5], "1108152157446"),
      (.u48, .abcd, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "281474976710655"),
      (.i48, .abcd, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE], "-2"),
      (.i48, .cdab, [0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF], "-2"),
      (.i48, .abcd, [0x80, 0, 0, 0, 0, 0], "-140737488355328"),
      (.i48, .abcd, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "140737488355327"),
      // 64 bits: 0x0102_0304_0506_0708 = 72_623_859_790_382_856.
      (.u64, order("ABCDEFGH"), [1, 2, 3, 4, 5, 6, 7, 8], "72623859790382856"),
      (.u64, order("GHEFCDAB"), [7, 8, 5, 6, 3, 4, 1, 2], "72623859790382856"),
      (.u64, order("EFGHABCD"), [5, 6, 7, 8, 1, 2, 3, 4], "72623859790382856"),
      (.u64, order("CDABGHEF"), [3, 4, 1, 2, 7, 8, 5, 6], "72623859790382856"),
      (.i64, order("HGFEDCBA"), [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "-2"),
      (.f64, order("EFGHABCD"), [0x99, 0x99, 0x99, 0x9A, 0x3F, 0xB9, 0x99, 0x99], "0.1"),
      // One byte: `high` is the first on the wire, and has no order.
      (.u8High, .abcd, [0xFE, 0x01], "254"), (.u8Low, .abcd, [0xFE, 0x01], "1"),
      (.i8High, .abcd, [0xFE, 0x01], "-2"), (.i8Low, .abcd, [0x01, 0x80], "-128"),
      (.u8High, .badc, [0xFE, 0x01], "254"), (.i8Low, .dcba, [0x01, 0xFF], "-1"),
      // Modulo 10,000: 4321 × 10000 + 9876.
      (.mod10k32, .abcd, [0x10, 0xE1, 0x26, 0x94], "43219876"),
      (.mod10k32, .cdab, [0x26, 0x94, 0x10, 0xE1], "43219876"),
      (.mod10k32, .badc, [0xE1, 0x10, 0x94, 0x26], "43219876"),
      (.mod10k32, .abcd, [0xFF, 0xFF, 0xFF, 0xFE], "-10002"),
      (.mod10k32, .abcd, [0, 1, 0xFF, 0xFF], "9999"),
      // The example of Schneider Electric FAQ FA146443, the least significant register first: 4567, 0123.
      (.mod10k64, .cdab, [0x11, 0xD7, 0x00, 0x7B, 0, 0, 0, 0], "1234567"),
      (.mod10k48, .abcd, [0x27, 0x0F, 0x27, 0x0F, 0x27, 0x0F], "999999999999"),
      (.mod10k64, .abcd, [0xD8, 0xF1, 0xD8, 0xF1, 0xD8, 0xF1, 0xD8, 0xF1], "-9999999999999999"),
      // Sign and magnitude.
      (.signMagnitude16, .abcd, [0x80, 0x05], "-5"), (.signMagnitude16, .abcd, [0x7F, 0xFF], "32767"),
      (.signMagnitude16, .abcd, [0xFF, 0xFF], "-32767"), (.signMagnitude16, .badc, [0x05, 0x80], "-5"),
      (.signMagnitude16, .abcd, [0x80, 0x00], "0"),
      (.signMagnitude32, .abcd, [0x80, 0x01, 0x86, 0xA0], "-100000"),
      (.signMagnitude32, .cdab, [0x86, 0xA0, 0x80, 0x01], "-100000"),
      (.signMagnitude32, .dcba, [0xA0, 0x86, 0x01, 0x00], "100000"),
      (.bcd32, .cdab, [0x56, 0x78, 0x12, 0x34], "12345678"), (.bcd16, .badc, [0x34, 0x12], "1234"),
      (.bcd64, order("GHEFCDAB"), [0x90, 0x12, 0x56, 0x78, 0x12, 0x34, 0, 0], "123456789012"),
    ] as [(RegisterType, ByteOrder, [UInt8], String)])
  func value(type: RegisterType, order: ByteOrder, bytes: [UInt8], text: String) throws {
    let reading = try reading(point(type, order), bytes)
    #expect(reading.value?.description == text && reading.quality == .good && reading.raw == bytes)
  }

  /// Every permutation that is possible undone: the byte that travels at place n is the letter at place n.
  @Test(arguments: [(RegisterType.u32, 2), (.u48, 3), (.u64, 4)])
  func everyOrderIsUndone(type: RegisterType, registers: Int) throws {
    var generator = SeededGenerator(state: 48)
    let value: [UInt8] = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88].suffix(2 * registers)
    let expected = value.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    var orders = ["ABCD", "CDAB", "BADC", "DCBA"].map(order)
    if registers > 2 {
      for _ in 0..<50 {
        let letters = "ABCDEFGH".utf8.prefix(2 * registers).shuffled(using: &generator)
        orders.append(order(String(decoding: letters, as: UTF8.self)))
      }
    }
    for order in orders {
      var wire: [UInt8]
      if order.registers != nil {
        wire = order.rawValue.utf8.map { value[Int($0 - UInt8(ascii: "A"))] }
      } else {
        var words = stride(from: 0, to: value.count, by: 2).map { [value[$0], value[$0 + 1]] }
        if order == .cdab || order == .dcba { words.reverse() }
        wire = words.flatMap { order == .badc || order == .dcba ? $0.reversed() : $0 }
      }
      #expect(try reading(point(type, order), wire).value == ExactDecimal(expected), "\(order.rawValue)")
    }
  }

  @Test(
    "What is no number",
    arguments: [
      ("10000 in a register", RegisterType.mod10k32, [0x27, 0x10, 0, 0]),
      ("-10000 in a register", .mod10k48, [0, 0, 0, 0, 0xD8, 0xF0]),
      ("not available", .mod10k64, [0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0]),
      ("a digit above 9", .bcd64, [0, 0, 0, 0, 0, 0, 0, 0xA0]),
      ("infinity", .f32, [0xFF, 0x80, 0, 0]), ("infinity", .f64, [0x7F, 0xF0, 0, 0, 0, 0, 0, 0]),
    ] as [(String, RegisterType, [UInt8])])
  func isNoNumber(name: String, type: RegisterType, bytes: [UInt8]) throws {
    let reading = try reading(point(type), bytes)
    #expect(reading.value == nil && reading.quality == .bad && reading.flags == ["invalid"] && reading.raw == bytes)
  }

  @Test(
    "Patterns that mean not available",
    arguments: [
      (RegisterType.u16, ByteOrder.abcd, UInt64(0xFFFF), [0xFF, 0xFF]), (.i16, .badc, 0x8000, [0x00, 0x80]),
      (.u32, .cdab, 0xFFFF_0000, [0, 0, 0xFF, 0xFF]), (.f32, .abcd, 0xFF7F_FFFF, [0xFF, 0x7F, 0xFF, 0xFF]),
      (.u48, .abcd, 0xFFFF_FFFF_FFFF, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
      (.u8Low, .abcd, 0xFF, [0x12, 0xFF]), (.signMagnitude16, .abcd, 0x8000, [0x80, 0]),
      (.clockUnix, .abcd, 0, [0, 0, 0, 0]),
    ] as [(RegisterType, ByteOrder, UInt64, [UInt8])])
  func notAvailable(type: RegisterType, order: ByteOrder, pattern: UInt64, bytes: [UInt8]) throws {
    let isClock = type == .clockUnix
    let reading = try reading(
      point(
        type, order, quantity: isClock ? "clock_offset" : "x_value", unit: isClock ? "s" : "1", invalid: [1, pattern]),
      bytes)
    #expect(reading.value == nil && reading.flags == ["invalid"] && reading.raw == bytes)
  }

  @Test(
    "Bits of an unsigned value",
    arguments: [
      (RegisterType.u16, ByteOrder.abcd, UInt8(4)...7, [0xAB, 0xCD], "12"), (.u16, .abcd, 0...0, [0xAB, 0xCD], "1"),
      (.u16, .badc, 8...15, [0xAB, 0xCD], "205"), (.u16, .abcd, 0...15, [0xAB, 0xCD], "43981"),
      (.u32, .cdab, 31...31, [0, 0, 0x80, 0], "1"), (.u8High, .abcd, 6...7, [0xC0, 0], "3"),
      (.u48, .abcd, 40...47, [0xAB, 0, 0, 0, 0, 0], "171"),
      (.u64, .abcd, 0...63, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "18446744073709551615"),
    ] as [(RegisterType, ByteOrder, ClosedRange<UInt8>, [UInt8], String)])
  func bits(type: RegisterType, order: ByteOrder, bits: ClosedRange<UInt8>, bytes: [UInt8], text: String) throws {
    #expect(try reading(point(type, order, bits: bits), bytes).value?.description == text)
  }

  @Test func notAvailableIsComparedBeforeBitsArePicked() throws {
    let status = point(.u16, invalid: [0xFFFF], bits: 0...3)
    #expect(try reading(status, [0xFF, 0xFF]).flags == ["invalid"])
    #expect(try reading(status, [0xFF, 0x0F]).value == ExactDecimal(15))
  }
}

@Suite struct TextTests {
  static func serial(_ length: UInt16, _ order: ByteOrder = .abcd) -> Definition.Point {
    point(.string, order, length: length, quantity: "serial_number", kind: .text)
  }

  @Test(arguments: [
    ("ABC123", ByteOrder.abcd, "ABC123"), ("AB\0\0\0\0\0\0", .abcd, "AB"), ("  12 34 ", .abcd, "12 34"),
    ("\0\0AB\0 ", .abcd, "AB"), ("BADC", .badc, "ABCD"), ("CDAB", .cdab, "ABCD"), ("D\0BC\0A", .dcba, "A\0CB\0D"),
    ("Zähler", .abcd, "Zähler"), ("水表 1", .abcd, "水表 1"), ("a,\"b\"~", .abcd, "a,\"b\"~"),
  ])
  func text(wire: String, order: ByteOrder, text: String) throws {
    var bytes = Array(wire.utf8)
    if !bytes.count.isMultiple(of: 2) { bytes.append(0) }
    let reading = try reading(Self.serial(UInt16(bytes.count / 2), order), bytes)
    if text.contains("\0") {
      #expect(reading.text == nil && reading.flags == ["invalid"])
    } else {
      #expect(reading.text == text && reading.shown == text && reading.value == nil && reading.quality == .good)
      #expect(reading.kind == .text && reading.unit == "1" && reading.raw == bytes)
    }
  }

  @Test(
    "What is no text",
    arguments: [
      [0, 0, 0, 0], [0x20, 0x20], [0xFF, 0xFF, 0xFF, 0xFF], [0x41, 0x0A, 0x42, 0x43], [0x41, 0x7F], [0x41, 0, 0x42, 0],
      [0xC3, 0x28], [0x41, 0xC3], [0xC2, 0x85], [0xED, 0xA0, 0x80, 0x41],
    ] as [[UInt8]])
  func isNoText(bytes: [UInt8]) throws {
    let reading = try reading(Self.serial(UInt16(bytes.count / 2)), bytes)
    #expect(reading.text == nil && reading.value == nil && reading.quality == .bad && reading.flags == ["invalid"])
    #expect(reading.raw == bytes)
  }

  @Test(
    "A number as text",
    arguments: [
      (RegisterType.u32, [0x00, 0xBC, 0x61, 0x4E], "12345678"), (.bcd32, [0x12, 0x34, 0x56, 0x78], "12345678"),
      (.u64, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "18446744073709551615"), (.u16, [0, 0], "0"),
    ] as [(RegisterType, [UInt8], String)])
  func number(type: RegisterType, bytes: [UInt8], text: String) throws {
    let reading = try reading(point(type, quantity: "serial_number", kind: .text), bytes)
    #expect(reading.text == text && reading.value == nil && reading.quality == .good && reading.raw == bytes)
  }
}

@Suite struct DefinitionFaultTests {
  @Test(
    "What cannot be decoded says which point and why",
    arguments: [
      (point(.string, length: 4), "string is no gauge"), (point(.string, length: 0, kind: .text), "no registers"),
      (point(.clockUnix, unit: "s"), "clock_offset only"),
      (point(.clockUnix, quantity: "clock_offset", unit: "s", scale: "2"), "no number that scale"),
      (point(.string, length: 2, kind: .text, offset: "1"), "no number that scale"),
      (point(.u32, ByteOrder(rawValue: "ABCDEF")!), "for 3 registers"),
      (point(.u16, ByteOrder(rawValue: "ABCDEFGH")!), "for 4 registers"),
      (point(.i16, bits: 0...3), "no bits 0 to 3"), (point(.u16, bits: 0...16), "no bits 0 to 16"),
      (point(.u8Low, bits: 8...8), "no bits 8 to 8"), (point(.bcd16, bits: 0...3), "no bits"),
      (point(.clockFields, quantity: "clock_offset", unit: "s", invalid: [0]), "compares 64 bits"),
      (
        point(.u16, factors: [.init(register: .init(table: .holding, address: 0, type: .string, length: 2))]),
        "factor cannot be"
      ),
      (point(.u16, everyMilliseconds: 90_000), "no multiple"), (point(.u16, everyMilliseconds: 7 * 60_000), "divide"),
      (point(.u16, everyMilliseconds: 0), "divide"),
    ])
  func fault(point: Definition.Point, text: String) throws {
    let fault = try #require(throws: DecodingFault.self) { try Decoder(definition([point])) }
    #expect(fault.description.hasPrefix("m/\(point.quantity): ") && fault.description.contains(text), "\(fault)")
  }
}
