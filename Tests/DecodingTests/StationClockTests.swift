import IEC104
import Metering
import Testing

@testable import Decoding

/// The clock of a station: CP56Time2a and CP24Time2a (IEC 60870-5-101 clauses 7.2.6.18 and 7.2.6.19).
@Suite struct StationClockTests {
  private func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

  private func clock(_ zone: String, summer: Bool = true) throws -> StationClock {
    try StationClock(timeZone: zone, honoursSummerTime: summer)
  }

  static let zones = [
    "UTC", "+08:00", "-03:30", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
    "Africa/Casablanca", "Europe/Dublin", "Europe/Istanbul", "Asia/Kolkata",
  ]

  /// Local times by Python 3.11, `zoneinfo`: `datetime(…, tzinfo=UTC).astimezone(ZoneInfo(name))`.
  @Test(arguments: [
    ("Europe/Berlin", "2026-07-01T12:00:00Z", "26-07-01 14:00 3 su"),
    ("Europe/Berlin", "2026-10-25T00:30:00Z", "26-10-25 02:30 7 su"),
    ("Europe/Berlin", "2026-10-25T01:30:00Z", "26-10-25 02:30 7"),
    ("Europe/Berlin", "2028-02-29T22:59:59Z", "28-02-29 23:59 2"),
    ("America/New_York", "2026-11-01T05:30:00Z", "26-11-01 01:30 7 su"),
    ("America/New_York", "2026-11-01T06:30:00Z", "26-11-01 01:30 7"),
    ("Australia/Lord_Howe", "2026-04-04T14:45:00Z", "26-04-05 01:45 7 su"),
    ("Australia/Lord_Howe", "2026-04-04T15:15:00Z", "26-04-05 01:45 7"),
    ("Africa/Casablanca", "2026-02-15T01:30:00Z", "26-02-15 02:30 7 su"),
    ("Africa/Casablanca", "2026-02-15T02:30:00Z", "26-02-15 02:30 7"),
    ("Africa/Casablanca", "2026-06-01T12:00:00Z", "26-06-01 13:00 1 su"),
    ("Europe/Istanbul", "2026-07-01T12:00:00Z", "26-07-01 15:00 3"),
    ("Asia/Shanghai", "2026-11-21T04:00:00Z", "26-11-21 12:00 6"),
    ("Europe/Dublin", "2026-07-01T12:00:00Z", "26-07-01 13:00 3 su"),
    ("Europe/Dublin", "2026-12-01T12:00:00Z", "26-12-01 12:00 2"),
    ("-03:30", "2028-03-01T03:29:00Z", "28-02-29 23:59 2"),
    ("+08:00", "2099-12-31T15:59:00Z", "99-12-31 23:59 4"),
    ("UTC", "2000-01-01T00:00:00Z", "00-01-01 00:00 6"),
  ])
  func shows(zone: String, instant: String, expected: String) throws {
    let tag = try clock(zone).tag(of: try at(instant))
    func two(_ number: UInt8) -> String { (number < 10 ? "0" : "") + String(number) }
    #expect(
      "\(two(tag.year))-\(two(tag.month))-\(two(tag.day)) \(two(tag.hour)):\(two(tag.minute)) \(tag.dayOfWeek)"
        + (tag.isSummerTime ? " su" : "") == expected)
    #expect(tag.isPossible && !tag.isInvalid)
    // The same clock without SU.
    #expect(try !clock(zone, summer: false).tag(of: at(instant)).isSummerTime)
  }

  /// A leap year, every seven minutes and around each transition.
  private func instants(_ zone: Zone) throws -> [Timestamp] {
    let (start, end) = (try at("2027-12-31T00:00:00Z"), try at("2029-01-02T00:00:00Z"))
    var instants = stride(from: start.milliseconds, to: end.milliseconds, by: 7 * 60_000).map {
      // Not always the full second.
      Timestamp(milliseconds: $0 + $0 / 60_000 % 59_999)
    }
    var at = start
    while let transition = zone.nextTransition(after: at), transition < end {
      instants += stride(from: Int64(-7_500_000), through: 7_500_000, by: 60_000).flatMap {
        [transition + $0 - 1, transition + $0]
      }
      at = transition
    }
    return instants
  }

  @Test(arguments: zones) func aYearOfTagsReadsBackWhereSUCounts(zone: String) throws {
    let clock = try clock(zone)
    var wrong = 0
    for instant in try instants(clock.zone) {
      let tag = CP56Time2a(octets: clock.tag(of: instant).octets)
      // Whenever it is received: an hour later, or days.
      let delay = [0, 5_400_000, 40 * 86_400_000][Int(instant.milliseconds % 3)]
      let read = clock.instant(of: tag, received: instant + Int64(delay))
      if read == instant { continue }
      wrong += 1
      if wrong < 5 { Issue.record("\(zone): \(instant) shows \(tag), read as \(String(describing: read))") }
    }
    #expect(wrong == 0)
  }

  /// Without SU the doubled hour is told apart by the time of receipt.
  @Test(arguments: zones) func aYearOfTagsReadsBackWhereSUDoesNotCount(zone: String) throws {
    let clock = try clock(zone, summer: false)
    for instant in try instants(clock.zone) {
      var tag = clock.tag(of: instant)
      if tag.isSummerTime || clock.instant(of: tag, received: instant + 14 * 60_000) != instant {
        Issue.record("\(zone): \(instant) shows \(tag)")
        return
      }
      tag.isSummerTime = true
      #expect(clock.instant(of: tag, received: instant - 14 * 60_000) == instant)
    }
  }

  @Test func theDoubledHourIsTheOneNearerToTheReceipt() throws {
    let clock = try clock("Europe/Berlin", summer: false)
    let tag = CP56Time2a(year: 26, month: 10, day: 25, hour: 2, minute: 30, milliseconds: 0)
    let (first, second) = (try at("2026-10-25T00:30:00Z"), try at("2026-10-25T01:30:00Z"))
    #expect(clock.instant(of: tag, received: first - 3_600_000) == first)
    #expect(clock.instant(of: tag, received: first + 1_799_999) == first)
    #expect(clock.instant(of: tag, received: first + 1_800_001) == second)
    #expect(clock.instant(of: tag, received: second + 86_400_000) == second)
    // With SU it does not matter.
    let honest = try self.clock("Europe/Berlin")
    var summer = tag
    summer.isSummerTime = true
    for received in [first, second, second + 86_400_000] {
      #expect(honest.instant(of: tag, received: received) == second)
      #expect(honest.instant(of: summer, received: received) == first)
    }
  }

  @Test func theSkippedHourIsNoneWithoutSUAndEitherSideWithIt() throws {
    let tag = CP56Time2a(year: 26, month: 3, day: 29, hour: 2, minute: 30, milliseconds: 0)
    let received = try at("2026-03-29T01:30:01Z")
    #expect(try clock("Europe/Berlin", summer: false).instant(of: tag, received: received) == nil)
    var summer = tag
    summer.isSummerTime = true
    let clock = try clock("Europe/Berlin")
    #expect(try clock.instant(of: tag, received: received) == at("2026-03-29T01:30:00Z"))
    #expect(try clock.instant(of: summer, received: received) == at("2026-03-29T00:30:00Z"))
  }

  /// Such a station means it: its clock is an hour ahead.
  @Test(arguments: [
    ("Asia/Shanghai", "2026-11-21T03:00:00Z"), ("Europe/Istanbul", "2026-11-21T08:00:00Z"),
    ("+08:00", "2026-11-21T03:00:00Z"), ("UTC", "2026-11-21T12:00:00Z"),
  ])
  func summerTimeWhereThereIsNone(zone: String, expected: String) throws {
    let tag = CP56Time2a(year: 26, month: 11, day: 21, hour: 12, minute: 0, milliseconds: 0, isSummerTime: true)
    #expect(try clock(zone).instant(of: tag, received: .epoch) == at(expected))
  }

  /// Bug: the eleven months between two Ramadans were taken for no season, and the doubled hour could not be told apart.
  @Test func aSeasonOfElevenMonthsIsOne() throws {
    let clock = try clock("Africa/Casablanca")
    let tag = CP56Time2a(year: 26, month: 2, day: 15, hour: 2, minute: 30, milliseconds: 0)
    var summer = tag
    summer.isSummerTime = true
    #expect(try clock.instant(of: summer, received: noon) == at("2026-02-15T01:30:00Z"))
    #expect(try clock.instant(of: tag, received: noon) == at("2026-02-15T02:30:00Z"))
  }

  /// The last summer of a zone that gave it up, and the stretch without end that followed.
  @Test(arguments: ["Europe/Istanbul", "America/Sao_Paulo", "Asia/Tehran"])
  func theLastSummerReadsBackToo(zone: String) throws {
    let clock = try clock(zone)
    var at = try at("2010-01-01T00:00:00Z")
    while let transition = clock.zone.nextTransition(after: at), transition < (try self.at("2025-01-01T00:00:00Z")) {
      for minutes: Int64 in stride(from: -200, through: 200, by: 7) {
        let instant = transition + minutes * 60_000
        #expect(
          clock.instant(of: clock.tag(of: instant), received: instant) == instant, "\(zone) \(instant)")
      }
      at = transition
    }
  }

  @Test(
    arguments: [
      (2, 30, 12, 0, 0), (2, 29, 12, 0, 0), (4, 31, 12, 0, 0), (0, 1, 12, 0, 0), (13, 1, 12, 0, 0), (1, 0, 12, 0, 0),
      (1, 1, 24, 0, 0), (1, 1, 12, 60, 0), (1, 1, 12, 0, 60_000),
    ] as [(UInt8, UInt8, UInt8, UInt8, UInt16)])
  func datesThatCannotBe(month: UInt8, day: UInt8, hour: UInt8, minute: UInt8, milliseconds: UInt16) throws {
    let tag = CP56Time2a(
      year: 26, month: month, day: day, hour: hour, minute: minute, milliseconds: milliseconds)
    #expect(try clock("UTC").instant(of: tag, received: noon) == nil)
  }

  @Test func theYearGoesTo99() throws {
    var tag = CP56Time2a(year: 99, month: 12, day: 31, hour: 23, minute: 59, milliseconds: 59_999)
    #expect(try clock("UTC").instant(of: tag, received: noon) == at("2099-12-31T23:59:59.999Z"))
    tag.year = 100
    #expect(try clock("UTC").instant(of: tag, received: noon) == nil)
  }

  // MARK: - CP24Time2a

  @Test(arguments: ["UTC", "Asia/Shanghai", "Asia/Kolkata", "-03:30", "Asia/Kathmandu"])
  func aTagWithoutHourLiesWithin55MinutesBeforeAnd5After(zone: String) throws {
    let clock = try clock(zone)
    let minute: Int64 = 60_000
    for received in stride(from: noon.milliseconds, to: noon.milliseconds + 86_400_000, by: 7 * 60_000 + 1_234) {
      let received = Timestamp(milliseconds: received)
      for difference in [
        -55 * minute + 1, -54 * minute, -30 * minute - 17, -minute, -1, 0, 1, minute, 5 * minute - 1, 5 * minute,
      ] {
        let instant = received + difference
        let full = clock.tag(of: instant)
        let tag = CP24Time2a(
          octets: CP24Time2a(minute: full.minute, milliseconds: full.milliseconds).octets)
        #expect(clock.instant(of: tag, received: received) == instant, "\(zone) \(received) \(difference)")
      }
      // Just at the bound it is the one ahead.
      let full = clock.tag(of: received - 55 * minute)
      let tag = CP24Time2a(minute: full.minute, milliseconds: full.milliseconds)
      #expect(clock.instant(of: tag, received: received) == received + 5 * minute)
    }
  }

  @Test func aTagWithoutHourThatIsNone() throws {
    let clock = try clock("UTC")
    #expect(clock.instant(of: CP24Time2a(minute: 60, milliseconds: 0), received: noon) == nil)
    #expect(clock.instant(of: CP24Time2a(minute: 0, milliseconds: 60_000), received: noon) == nil)
    #expect(clock.instant(of: CP24Time2a(minute: 0, milliseconds: 0, isInvalid: true), received: noon) == nil)
  }

  @Test func aZoneThatIsNotKnown() {
    let fault = #expect(throws: DecodingFault.self) { try clock("Europe/Nowhere") }
    #expect(fault?.description.contains("Europe/Nowhere") == true)
    #expect(throws: DecodingFault.self) { try clock("+15:00") }
  }
}
