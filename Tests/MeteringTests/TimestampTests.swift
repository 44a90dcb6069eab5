import Metering
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    ("2026-11-21T10:15:00+08:00", 1_795_227_300_000),
    ("2026-11-21T02:15:00Z", 1_795_227_300_000),
    ("1970-01-01T00:00:00.001Z", 1),
    ("1969-12-31T23:59:59.999Z", -1),
    ("2024-02-29T12:00:00Z", 1_709_208_000_000),
  ])
  func readsRFC3339(text: String, milliseconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
  }

  @Test(arguments: [
    "2026-02-29T12:00:00Z", "2026-11-21T10:15:00", "2026-11-21", "2026-11-21T24:00:00Z", "2026-11-21T10:15:00+8",
    "2026-13-01T00:00:00Z", "2026-11-21T10:15:00.Z", "",
  ])
  func refusesWhatIsNotRFC3339(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test func printsOffsetAndMilliseconds() {
    let t = Timestamp(milliseconds: 1_795_227_300_250)
    #expect(t.rfc3339(offsetSeconds: 28_800) == "2026-11-21T10:15:00.250+08:00")
    #expect(t.rfc3339() == "2026-11-21T02:15:00.250Z")
    #expect(t.rfc3339(offsetSeconds: -12_600) == "2026-11-20T22:45:00.250-03:30")
  }

  @Test func everyDayOfFourCenturiesRoundTrips() {
    var previous = CivilDate(daysSinceEpoch: -150_001)
    for day in Int64(-150_000)...Int64(150_000) {
      let date = CivilDate(daysSinceEpoch: day)
      #expect(date.daysSinceEpoch == day && date.isValid && previous < date)
      previous = date
    }
  }
}

@Suite struct ExactDecimalTests {
  @Test func integerTimesScaleIsExact() {
    #expect(ExactDecimal(57).multiplied(by: ExactDecimal("0.01")!)!.description == "0.57")
    #expect(ExactDecimal(UInt64.max).multiplied(by: ExactDecimal("0.01")!)!.description == "184467440737095516.15")
    #expect(ExactDecimal(-1).multiplied(by: ExactDecimal("0.001")!)!.description == "-0.001")
  }

  @Test func floatsPrintInTheirShortestForm() {
    #expect(ExactDecimal(shortest: Float(230.1))!.description == "230.1")
    #expect(ExactDecimal(shortest: Float(1e8))!.description == "100000000")
    #expect(ExactDecimal(shortest: Double(0.1))!.description == "0.1")
    #expect(ExactDecimal(shortest: Float.nan) == nil)
    #expect(ExactDecimal(shortest: -Float.infinity) == nil)
    #expect(ExactDecimal(shortest: Float.leastNonzeroMagnitude)!.description.hasPrefix("0.000"))
    #expect(ExactDecimal(shortest: Float.greatestFiniteMagnitude)!.description == "34028235e+31")
  }

  @Test(arguments: ["0", "1", "-1", "0.57", "1600", "123456789012345678901234567890.5", "-0.000001"])
  func textRoundTrips(text: String) { #expect(ExactDecimal(text)?.description == text) }

  @Test(arguments: ["", "-", ".", "1.2.3", "abc", "1e", "0x10", "999999999999999999999999999999999999999999"])
  func refusesWhatIsNoNumber(text: String) { #expect(ExactDecimal(text) == nil) }

  @Test func sums() {
    #expect(ExactDecimal("0.1")!.adding(ExactDecimal("0.2")!)!.description == "0.3")
    #expect(ExactDecimal("100")!.subtracting(ExactDecimal("0.01")!)!.description == "99.99")
    #expect(ExactDecimal("1e30")!.adding(ExactDecimal("1e-30")!) == nil)
    #expect(ExactDecimal("-2")! < ExactDecimal("-1.5")!)
  }
}

@Suite struct VocabularyTests {
  @Test(arguments: [
    ("energy_active_import", "kWh"), ("energy_active_import_t4", "kWh"), ("power_active_l2", "kW"),
    ("voltage_l1_l2", "V"), ("volume", "m3"), ("temperature_flow", "degC"),
  ])
  func knows(name: String, unit: String) { #expect(Quantity(name)?.unit?.symbol == unit) }

  @Test(arguments: [
    "energy", "voltage", "volume_t9", "power_active_t1", "voltage_l1_l1", "x_", "x_Speed", "frequency_l1",
  ])
  func refuses(name: String) { #expect(Quantity(name) == nil) }

  @Test func convertsUnits() {
    #expect(Unit.conversion(from: "Wh", to: .kWh)?.factor.description == "0.001")
    #expect(Unit.conversion(from: "GJ", to: .kWh)?.factor.description == "277.778")
    #expect(Unit.conversion(from: "K", to: .degC)?.offset.description == "-273.15")
    #expect(Unit.conversion(from: "Nm3", to: .m3) == nil)
  }
}
