import IEC104
import Metering
import Testing

@testable import Decoding

/// What a time tag makes of a reading.
@Suite struct StationTagTests {
  private func clock(_ zone: String, summer: Bool = true) throws -> StationClock {
    try StationClock(timeZone: zone, honoursSummerTime: summer)
  }

  /// A float of 1 with that tag, received `seconds` after noon in Shanghai.
  private func reading(
    _ tag: CP56Time2a, zone: String = "UTC", summer: Bool = true, received: Timestamp = noon,
    marks: Observation.Marks = [], clockOffset: Int64 = 0
  ) throws -> Reading {
    try stationReading(
      stationPoint("M_ME_TF_1"), .M_ME_TF_1, "00 00 80 3F 00 " + tagOctets(tag),
      on: station(zone: zone, summer: summer),
      received: received, marks: marks, clockOffset: clockOffset)
  }

  private func utc(_ instant: Timestamp) throws -> CP56Time2a { try clock("UTC").tag(of: instant) }

  @Test func aTagThatCannotBeIsTheReceiveTimeAndTheValueIsKept() throws {
    var invalid = try utc(noon - 60_000)
    invalid.isInvalid = true
    let impossible = CP56Time2a(year: 26, month: 2, day: 29, hour: 0, minute: 0, milliseconds: 0)
    let skipped = CP56Time2a(year: 26, month: 3, day: 29, hour: 2, minute: 30, milliseconds: 0)
    for (tag, zone) in [
      (invalid, "UTC"), (impossible, "UTC"), (CP56Time2a(octets: 0), "UTC"), (skipped, "Europe/Berlin"),
    ] {
      let reading = try reading(tag, zone: zone, summer: false)
      #expect(reading.time == noon && reading.quality == .uncertain && reading.flags == ["clock"])
      #expect(reading.value == .one)
    }
  }

  @Test func aBadValueStaysBadWithADoubtfulTag() throws {
    let reading = try stationReading(
      stationPoint("M_ME_TF_1"), .M_ME_TF_1, "00 00 C0 7F 00 00 00 00 00 00 00 00", received: noon)
    #expect(reading.quality == .bad && reading.flags.sorted() == ["clock", "invalid"] && reading.value == nil)
  }

  @Test(arguments: [1, 2, 3, 5, 8, 12, 14] as [Int64]) func offByWholeHoursIsDoubtful(hours: Int64) throws {
    for sign: Int64 in [-1, 1] {
      let off = sign * hours * 3_600_000
      for slack: Int64 in [-30_000, -1, 0, 1, 30_000] {
        let reading = try reading(utc(noon + off + slack))
        #expect(reading.quality == .uncertain && reading.flags == ["clock"] && reading.value == .one)
        // What lies ahead cannot have been true yet; what lies behind may.
        #expect(reading.time == (sign > 0 ? noon : noon + off + slack))
      }
    }
    for slack: Int64 in [-30_001, 30_001] {
      let reading = try reading(utc(noon - hours * 3_600_000 + slack))
      #expect(reading.quality == .good && reading.flags.isEmpty && reading.time == noon - hours * 3_600_000 + slack)
    }
  }

  @Test func daysLateIsNoDoubt() throws {
    for hours: Int64 in [15, 24, 72, 24 * 400] {
      let reading = try reading(utc(noon - hours * 3_600_000))
      #expect(reading.quality == .good && reading.time == noon - hours * 3_600_000)
    }
  }

  @Test func aTagAheadByMoreThanFiveMinutesIsTheReceiveTime() throws {
    let just = try reading(utc(noon + 300_000))
    #expect(just.time == noon + 300_000 && just.quality == .good && just.flags.isEmpty)
    for ahead: Int64 in [300_001, 1_800_000, 86_400_000, 3_000_000_000] {
      let reading = try reading(utc(noon + ahead))
      #expect(reading.time == noon && reading.quality == .uncertain && reading.flags == ["clock"])
    }
  }

  @Test func theStationsZoneIsApplied() throws {
    let tag = CP56Time2a(year: 26, month: 11, day: 21, hour: 12, minute: 0, milliseconds: 0)
    #expect(try reading(tag, zone: "Asia/Shanghai").time == noon)
    #expect(try reading(tag, zone: "+08:00").quality == .good)
    // By the wrong zone it lies eight hours ahead.
    #expect(try reading(tag, zone: "UTC").flags == ["clock"])
  }

  @Test func anUntrustedClockMovesTheReceiptAndNeverATag() throws {
    let received = Timestamp.epoch + 50_000
    let offset = noon - received
    let tagged = try reading(utc(noon - 2000), received: received, marks: .untrustedClock, clockOffset: offset)
    #expect(tagged.time == noon - 2000 && tagged.received == noon)
    #expect(tagged.quality == .uncertain && tagged.flags == ["clock"])
    // The offset is not known yet: the tag is all there is.
    let early = try reading(utc(noon - 2000), received: received, marks: .untrustedClock)
    #expect(early.time == noon - 2000 && early.received == received && early.flags == ["clock"])
    let untagged = try stationReading(
      stationPoint("M_ME"), .M_ME_NC_1, "00 00 80 3F 00", received: received, marks: .untrustedClock,
      clockOffset: offset)
    #expect(untagged.time == noon && untagged.received == noon && untagged.flags == ["clock"])
  }

  @Test func aTagWithoutHourFollowsTheCorrectedReceipt() throws {
    let received = Timestamp.epoch + 50_000
    // Minute 58.
    let reading = try stationReading(
      stationPoint("M_ME"), .M_ME_TC_1, "00 00 80 3F 00 00 00 3A", received: received, marks: .untrustedClock,
      clockOffset: noon - received)
    #expect(reading.time == noon - 120_000 && reading.quality == .uncertain && reading.flags == ["clock"])
  }

  @Test func aLabelThatHadBeenUsedIsDoubtful() throws {
    let reading = try reading(utc(noon - 2000), marks: .repeatedLabel)
    #expect(reading.time == noon - 2000 && reading.quality == .uncertain && reading.flags == ["clock"])
  }
}
