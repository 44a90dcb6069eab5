import Metering
import Testing

@testable import Settings

/// What `[[meter.change]]` and `[[meter.exchange]]` become.
@Suite struct ChangeTests {
  private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

  @Test func changesArriveInTheOrderOfTheirTimes() throws {
    let settings = try TestFiles.load("ok-change")
    let meter = try #require(settings.meters.first)
    #expect(meter.definition.ctRatio == ExactDecimal(100))
    #expect(meter.definition.vtRatio == ExactDecimal(2))
    #expect(
      meter.changes == [
        Definition.Change(
          validFrom: try time("2025-12-31T23:00:00Z"), ctRatio: ExactDecimal(80), vtRatio: .one,
          reason: "from the bill"),
        // A date is the beginning of that day at the site.
        Definition.Change(
          validFrom: try time("2026-03-01T00:00:00+01:00"), vtRatio: ExactDecimal("1.5"), reason: "电压互感器已更换"),
        Definition.Change(
          validFrom: try time("2026-03-29T01:30:00.250Z"), ctRatio: ExactDecimal(120), reason: "CTs exchanged"),
        Definition.Change(
          validFrom: try time("2027-10-31T00:30:00Z"), ctRatio: .one, reason: "an hour that comes twice"),
        Definition.Change(validFrom: try time("2027-10-31T01:30:00Z"), ctRatio: ExactDecimal(2), reason: "… and again"),
      ])
    #expect(meter.exchanges.isEmpty)
    let then = meter.definition.applying(meter.changes, at: try time("2026-03-10T00:00:00Z"))
    #expect([then.ctRatio, then.vtRatio] == [ExactDecimal(80), ExactDecimal("1.5")])
  }

  @Test func aMeterWithoutThemHasNone() throws {
    let meter = try #require(try TestFiles.load("ok-meter-defaults").meters.first)
    #expect(meter.changes.isEmpty && meter.exchanges.isEmpty)
  }

  /// Of a profile, on a station, in one line behind a byte order mark and letters of several bytes, before comments.
  @Test(arguments: [
    ("ok-change-on-profile", ["2026-03-01T00:00:00+08:00"]),
    ("ok-exchange-on-station", ["2026-03-01T00:00:00+08:00"]),
    ("ok-change-inline", ["2026-03-01T00:00:00+08:00", "2026-04-01T00:00:00.999Z"]),
    ("ok-change-comments", ["2026-03-01T00:00:00+08:00", "2026-03-02T00:00:00+08:00", "2026-03-03T00:00:00Z"]),
  ])
  func timesAreRead(name: String, times: [String]) throws {
    let meter = try #require(try TestFiles.load(name).meters.first)
    #expect(meter.changes.map(\.validFrom) == (try times.map(time)))
  }

  @Test func exchangesArriveInTheOrderOfTheirTimes() throws {
    let meter = try #require(try TestFiles.load("ok-exchange").meters.first)
    #expect(
      meter.exchanges == [
        Settings.Exchange(
          at: try time("2026-03-31T16:00:00Z"), quantity: "energy_active_export", oldFinal: ExactDecimal(10),
          newStart: try #require(ExactDecimal("2.5"))),
        Settings.Exchange(
          at: try time("2026-03-31T16:00:00Z"), quantity: "energy_active_import", oldFinal: ExactDecimal(20),
          newStart: try #require(ExactDecimal("0.001"))),
        Settings.Exchange(
          at: try time("2026-05-01T01:30:00Z"), quantity: "energy_active_import",
          oldFinal: try #require(ExactDecimal("48211.73")), newStart: .zero, oldSerial: "20260117-0042",
          newSerial: "20290301-0007", reason: "calibration ran out"),
      ])
    #expect(meter.changes.isEmpty)
  }

  /// The counter that is accounted for: the profile's, the one of that energy, the only one.
  @Test(arguments: [
    ("ok-exchange-on-profile", ["energy_active_import"]), ("ok-exchange-on-station", ["energy_active_import"]),
    ("ok-exchange-defaults", ["x_strokes", "energy_thermal_heating", "volume", "volume"]),
  ])
  func anExchangeWithoutQuantityIsOfTheAccountingPoint(name: String, quantities: [String]) throws {
    #expect(try TestFiles.load(name).meters.map { $0.exchanges.map(\.quantity) } == quantities.map { [$0] })
  }

  @Test func aChangeIsAnotherMeter() throws {
    let path = "\(TestFiles.cases)/ok-change/config.toml"
    let text = try TestFiles.text(path)
    let meters = try Settings.parse(Array(text.utf8), file: path).meters
    #expect(try Settings.parse(Array("# moved\n\(text)".utf8), file: path).meters == meters)
    let other = text.replacing("ct_ratio = 120.0", with: "ct_ratio = 120.5")
    #expect(try Settings.parse(Array(other.utf8), file: path).meters != meters)
  }

  @Test(arguments: ["change", "exchange"])
  func aThousandAreTheMost(kind: String) throws {
    let text = "[[meter]]\n" + String(repeating: "[[meter.\(kind)]]\n", count: 1_001)
    let error = try #require(throws: SettingsError.self) { try Settings.parse(Array(text.utf8), file: "config.toml") }
    #expect(error.problems.contains { $0.message == "there are 1001 [[meter.\(kind)]], at most 1000 are possible" })
  }

  @Test func theArchivesKeyLiesInItWhereTheFileDoesNotSay() throws {
    #expect(try TestFiles.load("ok-meter-defaults").archive.keyPath == "/var/lib/meterd/archive/signing-key.pem")
    #expect(
      try TestFiles.load("ok-every-key").archive.keyPath == "\(TestFiles.cases)/ok-every-key/data/signing-key.pem")
    #expect(try TestFiles.load("ok-change").archive.keyPath == "\(TestFiles.cases)/ok-change/keys/signing.pem")
    #expect(try TestFiles.load("ok-archive-key").archive.keyPath == "/srv/keys/plant-1.pem")
  }

  @Test func fiveYearsAreNeverShortOfTheCalendars() throws {
    let first = CivilDate(year: 2020, month: 1, day: 1).daysSinceEpoch
    let longest = (first..<(first + 9 * 366)).map { start -> Int64 in
      let date = CivilDate(daysSinceEpoch: start)
      let day = date.month == 2 && date.day == 29 ? 28 : date.day
      return CivilDate(year: date.year + 5, month: date.month, day: day).daysSinceEpoch - start
    }
    #expect(longest.max() == 1_827)
    #expect(try TestFiles.load("ok-meter-defaults").archive.retention.days >= 1_827)
    #expect(try TestFiles.load("ok-archive-key").archive.retention == Settings.Retention(text: "1830d", days: 1_830))
    #expect(try TestFiles.load("ok-every-key").archive.retention == Settings.Retention(text: "10y", days: 3_660))
  }
}
