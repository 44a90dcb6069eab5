import Testing

@testable import IEC104

/// CP56Time2a and CP24Time2a (IEC 60870-5-101 clauses 7.2.6.18, 7.2.6.19).
@Suite struct TimeTests {
  private static func cp56(_ text: String) -> CP56Time2a {
    CP56Time2a(octets: octets(text).reversed().reduce(0) { $0 << 8 | UInt64($1) })
  }

  /// One field at its largest at a time, all else 0: milliseconds, minute, hour, day, day of week, month, year.
  @Test(arguments: [
    ("FF FF 00 00 00 00 00", [65_535, 0, 0, 0, 0, 0, 0]), ("00 00 3F 00 00 00 00", [0, 63, 0, 0, 0, 0, 0]),
    ("00 00 00 1F 00 00 00", [0, 0, 31, 0, 0, 0, 0]), ("00 00 00 00 1F 00 00", [0, 0, 0, 31, 0, 0, 0]),
    ("00 00 00 00 E0 00 00", [0, 0, 0, 0, 7, 0, 0]), ("00 00 00 00 00 0F 00", [0, 0, 0, 0, 0, 15, 0]),
    ("00 00 00 00 00 00 7F", [0, 0, 0, 0, 0, 0, 127]),
  ])
  func fields(text: String, values: [Int]) {
    let time = Self.cp56(text)
    let octetFields = [time.minute, time.hour, time.day, time.dayOfWeek, time.month, time.year]
    #expect([Int(time.milliseconds)] + octetFields.map { Int($0) } == values)
    #expect(!time.isInvalid && !time.isSummerTime && !time.isSubstituted)
    var bytes: [UInt8] = []
    time.append(to: &bytes)
    #expect(bytes == octets(text))
  }

  @Test(arguments: [
    ("00 00 80 00 00 00 00", true, false, false), ("00 00 40 00 00 00 00", false, true, false),
    ("00 00 00 80 00 00 00", false, false, true),
  ])
  func flags(text: String, isInvalid: Bool, isSubstituted: Bool, isSummerTime: Bool) {
    let time = Self.cp56(text)
    #expect(time.isInvalid == isInvalid)
    #expect(time.isSubstituted == isSubstituted)
    #expect(time.isSummerTime == isSummerTime)
    var bytes: [UInt8] = []
    time.append(to: &bytes)
    #expect(bytes == octets(text))
  }

  /// RES2, RES3 and RES4 are no part of the time, and are not sent.
  @Test func reservedBits() {
    let time = Self.cp56("00 00 00 60 00 F0 80")
    #expect(time == Self.cp56("00 00 00 00 00 00 00"))
    #expect(time.octets == 0)
  }

  @Test(
    arguments: [
      // year, month, day, hour, minute, milliseconds
      (26, 2, 28, 23, 59, 59_999, true), (26, 2, 29, 0, 0, 0, false), (28, 2, 29, 0, 0, 0, true),
      (28, 2, 30, 0, 0, 0, false), (0, 2, 29, 0, 0, 0, true), (99, 12, 31, 0, 0, 0, true), (99, 2, 29, 0, 0, 0, false),
      (26, 4, 30, 0, 0, 0, true), (26, 4, 31, 0, 0, 0, false), (26, 6, 31, 0, 0, 0, false), (26, 9, 31, 0, 0, 0, false),
      (26, 11, 31, 0, 0, 0, false), (26, 1, 31, 0, 0, 0, true), (26, 3, 31, 0, 0, 0, true), (26, 0, 1, 0, 0, 0, false),
      (26, 13, 1, 0, 0, 0, false), (26, 1, 0, 0, 0, 0, false), (26, 1, 1, 24, 0, 0, false), (26, 1, 1, 0, 60, 0, false),
      (26, 1, 1, 0, 0, 60_000, false), (100, 1, 1, 0, 0, 0, false), (0, 0, 0, 0, 0, 0, false),
    ] as [(UInt8, UInt8, UInt8, UInt8, UInt8, UInt16, Bool)])
  func possible(
    year: UInt8, month: UInt8, day: UInt8, hour: UInt8, minute: UInt8, milliseconds: UInt16, isPossible: Bool
  ) {
    let time = CP56Time2a(
      year: year, month: month, day: day, hour: hour, minute: minute, milliseconds: milliseconds)
    #expect(time.isPossible == isPossible)
    #expect(CP56Time2a(octets: time.octets) == time)
    // Neither the day of the week nor a flag makes it another date.
    var other = time
    other.dayOfWeek = 3
    other.isInvalid = true
    other.isSummerTime = true
    #expect(other.isPossible == isPossible)
  }

  /// 366 days in every fourth year of 2000–2099.
  @Test func daysOfACentury() {
    let days = (UInt8(0)...99).map { year in
      (UInt8(0)...15).reduce(0) { sum, month in
        sum
          + (UInt8(0)...31).count {
            CP56Time2a(year: year, month: month, day: $0, hour: 0, minute: 0, milliseconds: 0).isPossible
          }
      }
    }
    #expect(days == (0...99).map { $0 % 4 == 0 ? 366 : 365 })
  }

  @Test(
    arguments: [
      ("5F EA 3B", 59_999, 59, false, false, true), ("60 EA 3B", 60_000, 59, false, false, false),
      ("00 00 BC", 0, 60, true, false, false), ("E8 03 C0", 1000, 0, true, true, true),
    ] as [(String, UInt16, UInt8, Bool, Bool, Bool)])
  func short(
    text: String, milliseconds: UInt16, minute: UInt8, isInvalid: Bool, isSubstituted: Bool, isPossible: Bool
  ) {
    let time = CP24Time2a(octets: octets(text).reversed().reduce(0) { $0 << 8 | UInt32($1) })
    #expect(
      time
        == CP24Time2a(
          minute: minute, milliseconds: milliseconds, isInvalid: isInvalid, isSubstituted: isSubstituted))
    #expect(time.isPossible == isPossible)
    #expect(CP24Time2a(octets: time.octets) == time)
  }

  @Test func tagsAreOneKindOnly() {
    let long = CP56Time2a(year: 26, month: 1, day: 2, hour: 3, minute: 4, milliseconds: 5)
    let short = CP24Time2a(minute: 4, milliseconds: 5)
    #expect(TimeTag(long).cp56 == long)
    #expect(TimeTag(long).cp24 == nil)
    #expect(TimeTag(short).cp24 == short)
    #expect(TimeTag(short).cp56 == nil)
    #expect(TimeTag.none.cp56 == nil)
    #expect(TimeTag.none.cp24 == nil)
    #expect([TimeTag(long), TimeTag(short), .none].map(\.kind) == [.cp56, .cp24, .none])
  }
}
