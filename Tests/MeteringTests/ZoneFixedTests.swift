import Metering
import Testing

/// Offsets such as stations are configured with.
@Suite struct ZoneFixedTests {
  @Test(arguments: [
    ("+08:00", 28_800), ("-03:30", -12_600), ("+00:00", 0), ("-00:00", 0), ("+05:45", 20_700), ("-12:00", -43_200),
    ("+14:00", 50_400), ("-14:00", -50_400), ("+00:01", 60), ("-00:59", -3540),
  ])
  func offsets(text: String, seconds: Int) throws {
    let zone = try #require(Zone(offset: text))
    for year in [1, 1970, 2026, 9999] {
      let at = Timestamp(milliseconds: CivilDate(year: year, month: 7, day: 1).daysSinceEpoch * 86_400_000)
      #expect(zone.offsetSeconds(at: at) == seconds)
      let period = zone.period(containing: at)
      #expect(period.start == nil && period.end == nil && period.offsetSeconds == seconds)
      #expect(zone.nextTransition(after: at) == nil)
    }
    #expect(zone.name == text)
    #expect(zone == Zone(offset: text))
  }

  @Test(arguments: [
    "", "+", "8", "+8:00", "+08", "+0800", "08:00", " +08:00", "+08:00 ", "+08-00", "+08:60", "+08:0", "+08:000",
    "+0a:00", "+08:0a", "++8:00", "+-8:00", "+08:+1", "Z", "UTC", "Asia/Shanghai", "−03:30", "+08：00", "+٠٨:00",
  ])
  func isNone(text: String) { #expect(Zone(offset: text) == nil) }

  @Test func twoOffsetsDiffer() throws {
    #expect(try #require(Zone(offset: "+08:00")) != #require(Zone(offset: "-08:00")))
  }

  /// Bug: +14:59 was taken.
  @Test(arguments: ["+14:01", "-14:01", "+14:59", "+15:00", "-15:00", "+99:99"])
  func beyondFourteenHoursIsNone(text: String) { #expect(Zone(offset: text) == nil) }

  @Test func daysBeginAtItsOwnMidnight() throws {
    let zone = try #require(Zone(offset: "-03:30"))
    #expect(zone.startOfDay(CivilDate(year: 2026, month: 3, day: 1)) == Timestamp(rfc3339: "2026-03-01T03:30:00Z"))
  }
}
