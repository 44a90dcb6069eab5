import Decoding
import Metering
import Testing

private func clock(_ type: RegisterType, _ order: ByteOrder = .abcd) -> Definition.Point {
  point(type, order, quantity: "clock_offset", unit: "s")
}

/// Registers as bytes.
private func bytes(_ registers: [UInt16]) -> [UInt8] {
  registers.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
}

@Suite struct ClockTests {
  /// The device shows 2026-11-21T12:00:07+08:00, the reply came at 12:00:00.100.
  @Test(
    "Every form of a clock",
    arguments: [
      // 1_795_233_607 = 0x6B01_1747.
      (RegisterType.clockUnix, ByteOrder.abcd, [0x6B01, 0x1747]),
      (.clockUnix, .cdab, [0x1747, 0x6B01]), (.clockUnix, .dcba, [0x4717, 0x016B]),
      (.clockFields, .abcd, [2026, 11, 21, 12, 0, 7]), (.clockFields, .abcd, [26, 11, 21, 12, 0, 7]),
      (.clockFields, .cdab, [7, 0, 12, 21, 11, 2026]),
      (.clockFields, .badc, [0x1A00, 0x0B00, 0x1500, 0x0C00, 0, 0x0700]),
      (.clockBytes, .abcd, [0x1A0B, 0x150C, 0x0007]), (.clockBytes, .badc, [0x0B1A, 0x0C15, 0x0700]),
      (.clockBytes, .cdab, [0x0007, 0x150C, 0x1A0B]),
      (.clockBCD, .abcd, [0x2611, 0x2112, 0x0007]), (.clockBCD, .dcba, [0x0700, 0x1221, 0x1126]),
      // Weekday 7, then with summer time bit and the reserved bit of the year.
      (.clockCP56, .abcd, [0x001A, 0x0BF5, 0x0C00, 7000]), (.clockCP56, .abcd, [0x009A, 0x0B15, 0x8C00, 7000]),
      (.clockCP56, .cdab, [7000, 0x0C00, 0x0BF5, 0x001A]),
    ] as [(RegisterType, ByteOrder, [UInt16])])
  func form(type: RegisterType, order: ByteOrder, registers: [UInt16]) throws {
    let reading = try reading(clock(type, order), bytes(registers))
    #expect(reading.value?.description == "6.9", "\(reading.flags)")
    #expect(reading.unit == "s" && reading.kind == .gauge && reading.quality == .good)
    #expect(reading.raw == bytes(registers))
  }

  @Test func millisecondsCount() throws {
    // 12:00:01.234 against 12:00:00.100.
    #expect(try reading(clock(.clockCP56), bytes([0x1A, 0x0B15, 0x0C00, 1234])).value?.description == "1.134")
    // 11:59:58.766 by the device.
    #expect(try reading(clock(.clockCP56), bytes([0x1A, 0x0B15, 0x0B3B, 58766])).value?.description == "-1.334")
  }

  @Test("A clock that was never set is as far off as it is")
  func farOff() throws {
    // 2000-01-01T00:00:00+08:00 is 946_656_000; the reply came at 1_795_233_600.1.
    #expect(try reading(clock(.clockFields), bytes([2000, 1, 1, 0, 0, 0])).value?.description == "-848577600.1")
    #expect(try reading(clock(.clockUnix), [0, 0, 0, 0]).value?.description == "-1795233600.1")
  }

  @Test(
    "Dates that do not exist",
    arguments: [
      (RegisterType.clockFields, [2026, 2, 29, 0, 0, 0]), (.clockFields, [2026, 13, 1, 0, 0, 0]),
      (.clockFields, [2026, 0, 1, 0, 0, 0]), (.clockFields, [2026, 4, 31, 0, 0, 0]),
      (.clockFields, [2026, 1, 0, 0, 0, 0]), (.clockFields, [2026, 1, 1, 24, 0, 0]),
      (.clockFields, [2026, 1, 1, 0, 60, 0]), (.clockFields, [2026, 1, 1, 0, 0, 60]),
      (.clockFields, [100, 1, 1, 0, 0, 0]), (.clockFields, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF]),
      (.clockFields, [0, 0, 0, 0, 0, 0]), (.clockBytes, [0, 0, 0]), (.clockBytes, [0x640B, 0x150C, 0]),
      (.clockBytes, [0x1A0B, 0x1518, 0]), (.clockBCD, [0x260B, 0x2112, 7]), (.clockBCD, [0x2613, 0x2112, 7]),
      (.clockBCD, [0x2611, 0x3112, 7]), (.clockBCD, [0xFFFF, 0xFFFF, 0xFFFF]), (.clockCP56, [0, 0, 0, 0]),
      (.clockCP56, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF]), (.clockCP56, [0x011A, 0x0B15, 0x0C00, 0]),
      (.clockCP56, [0x1A, 0x0B15, 0x0C00, 60000]), (.clockCP56, [0x1A, 0x0B15, 0x183B, 0]),
      // The device itself calls it invalid.
      (.clockCP56, [0x1A, 0x0B15, 0x0C80, 7000]),
    ] as [(RegisterType, [UInt16])])
  func impossible(type: RegisterType, registers: [UInt16]) throws {
    let reading = try reading(clock(type), bytes(registers))
    #expect(reading.value == nil && reading.quality == .bad && reading.flags == ["invalid"])
    #expect(reading.raw == bytes(registers))
  }

  /// On 2026-10-25 the clocks of Berlin go from 03:00 back to 02:00 at 01:00 UTC.
  @Test(
    "An hour that comes twice means the nearer instant",
    arguments: [
      ("2026-10-25T00:30:00Z", "0"), ("2026-10-25T01:30:00Z", "0"), ("2026-10-25T00:59:00Z", "-1740"),
      ("2026-10-25T01:01:00Z", "1740"), ("2026-10-24T22:30:00Z", "7200"), ("2026-10-25T05:30:00Z", "-14400"),
    ])
  func ambiguous(time: String, offset: String) throws {
    let reading = try reading(
      clock(.clockFields), bytes([2026, 10, 25, 2, 30, 0]), time: Timestamp(rfc3339: time)!, zone: "Europe/Berlin")
    #expect(reading.value?.description == offset)
  }

  /// On 2026-03-29 Berlin goes from 02:00 to 03:00 at 01:00 UTC.
  @Test("An hour that the zone skips does not exist; those beside it do")
  func skipped() throws {
    let time = Timestamp(rfc3339: "2026-03-29T01:00:00Z")!
    func offset(_ hour: UInt16, _ minute: UInt16) throws -> String? {
      try reading(clock(.clockFields), bytes([2026, 3, 29, hour, minute, 0]), time: time, zone: "Europe/Berlin").value?
        .description
    }
    #expect(try offset(1, 59) == "-60")
    #expect(try offset(2, 0) == nil && (try offset(2, 59)) == nil)
    #expect(try offset(3, 0) == "0")
  }

  @Test("Unix time knows no zone")
  func unix() throws {
    let time = Timestamp(seconds: 1_795_233_600)
    for zone in ["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"] {
      #expect(try reading(clock(.clockUnix), [0x6B, 0x01, 0x17, 0x40], time: time, zone: zone).value == .zero)
    }
  }

  @Test("The gateway's time is corrected first, and the reading says so")
  func untrusted() throws {
    let content = Observation.Content.poll([answered(10, bytes([2026, 11, 21, 12, 0, 7]))])
    let boot = Timestamp(milliseconds: 5000)
    let result = try readings(
      definition([clock(.clockFields)]), content, time: boot, due: boot, marks: .untrustedClock,
      clockOffset: noon - boot)
    #expect(result.first?.value == ExactDecimal(7) && result.first?.flags == ["clock"])
    #expect(result.first?.quality == .uncertain)
  }
}
