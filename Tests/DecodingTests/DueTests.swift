import Decoding
import Metering
import Schedule
import Testing

/// Every minute, every quarter hour, once a day.
private let points = [
  point(.u16, quantity: "x_minute"), point(.u16, address: 11, quantity: "x_quarter", everyMilliseconds: 900_000),
  point(.u16, address: 12, quantity: "x_day", everyMilliseconds: 86_400_000),
  point(.u16, address: 13, quantity: "x_minute_too", everyMilliseconds: 60_000),
]
private let midnight = Timestamp(rfc3339: "2026-11-21T00:00:00+08:00")!
private let all = Observation.Content.poll([answered(10, [0, 1, 0, 2, 0, 3, 0, 4])])
private let always = ["x_minute", "x_minute_too"]

@Suite struct DueTests {
  @Test(
    "A poll speaks of what is due in its slot",
    arguments: [
      (Int64(0), ["x_minute", "x_quarter", "x_day", "x_minute_too"]), (1, always), (14, always),
      (15, ["x_minute", "x_quarter", "x_minute_too"]), (720, ["x_minute", "x_quarter", "x_minute_too"]), (721, always),
      (1440, ["x_minute", "x_quarter", "x_day", "x_minute_too"]),
    ] as [(Int64, [String])])
  func poll(minute: Int64, quantities: [String]) throws {
    let slot = midnight + minute * 60_000
    #expect(try readings(definition(points), all, due: slot).map(\.quantity) == quantities)
    let refused = Observation.Content.poll([failed(10, 4, .timeout)])
    #expect(try readings(definition(points), refused, due: slot).map(\.quantity) == quantities)
    #expect(try Decoder(definition(points)).pointsDue(in: slot) == quantities.count)
  }

  @Test func aPollThatNobodyScheduledSpeaksOfAllItRead() throws {
    #expect(try readings(definition(points), all, due: nil).map { $0.value?.description } == ["1", "2", "3", "4"])
    let part = Observation.Content.poll([answered(11, [0, 2])])
    #expect(try readings(definition(points), part, due: nil).map(\.quantity) == ["x_quarter"])
  }

  @Test("The slot is that of the clock that labelled it")
  func untrusted() throws {
    func quantities(_ label: String) throws -> [String] {
      let due = Timestamp(rfc3339: label)!
      let result = try readings(
        definition(points), all, time: due + 50, due: due, marks: .untrustedClock, clockOffset: 1_234_567)
      #expect(result.allSatisfy { $0.due == due + 1_234_567 && $0.flags == ["clock"] })
      return result.map(\.quantity)
    }
    #expect(try quantities("1970-01-01T08:15:00+08:00") == ["x_minute", "x_quarter", "x_minute_too"])
    #expect(try quantities("1970-01-01T08:16:00+08:00") == always)
  }

  @Test("Of missed slots each speaks of what is due in it")
  func missed() throws {
    let from = midnight - 2 * 60_000
    let content = Observation.Content.missed(
      from: from, to: midnight + 15 * 60_000, count: 18, reason: .gatewayDown)
    let result = try readings(definition(points), content)
    #expect(result.filter { $0.quantity == "x_minute" }.map(\.index) == Array(0...17))
    #expect(result.filter { $0.quantity == "x_minute_too" }.count == 18)
    #expect(result.filter { $0.quantity == "x_quarter" }.map(\.due) == [midnight, midnight + 900_000])
    #expect(result.filter { $0.quantity == "x_quarter" }.map(\.index) == [2, 17])
    #expect(result.filter { $0.quantity == "x_day" }.map(\.index) == [2])
    #expect(result.count == 39)
  }

  @Test("A window begins and ends anywhere")
  func window() throws {
    let observation = Observation(
      seq: 1, meterID: "m", time: midnight, due: midnight, received: midnight, definition: "",
      content: .missed(from: midnight, to: midnight + 86_399_000, count: 1440, reason: .gatewayDown))
    let decoder = try Decoder(definition(points))
    var seen: [String] = []
    let window = (midnight + 13 * 60_000 + 1)..<(midnight + 15 * 60_000 + 1)
    decoder.forEachReading(of: observation, within: window) { seen.append("\($0.quantity) \($0.index)") }
    #expect(seen == ["x_minute 14", "x_minute_too 14", "x_minute 15", "x_quarter 15", "x_minute_too 15"])
  }

  @Test(
    "What is due over a range is what its slots yield",
    arguments: ["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe"])
  func counts(zone: String) throws {
    let decoder = try Decoder(definition(points, zone: zone))
    // Over the changes of both hemispheres of 2026.
    for start in ["2026-03-28T21:07:00Z", "2026-04-04T03:00:00Z", "2026-10-03T00:00:00Z", "2026-10-24T20:59:30Z"] {
      let from = Timestamp(rfc3339: start)!
      for hours in [0, 1, 25, 49] as [Int64] {
        let through = from + hours * 3_600_000
        var slotwise = 0
        decoder.slots.forEach(from: from, through: through) { slotwise += decoder.pointsDue(in: $0) }
        #expect(decoder.readingsDue(from: from, through: through) == slotwise)
        let first = decoder.slots.next(after: from - 1)
        var yielded = 0
        decoder.forEachReading(
          of: Observation(
            meterID: "m", time: first, due: first, received: first, definition: "",
            content: .missed(from: first, to: through, count: 1, reason: .late))
        ) { _ in yielded += 1 }
        #expect(yielded == slotwise)
      }
    }
    #expect(decoder.readingsDue(from: noon, through: noon - 1) == 0)
  }

  /// 92 quarters on the day that summer begins, 100 on the day that it ends.
  @Test(arguments: [("2026-03-28T23:00:00Z", Int64(23), 92), ("2026-10-24T22:00:00Z", 25, 100)])
  func daysOfTheClockChange(start: String, hours: Int64, quarters: Int) throws {
    let from = Timestamp(rfc3339: start)!
    let decoder = try Decoder(definition([points[1]], zone: "Europe/Berlin"))
    #expect(decoder.readingsDue(from: from, through: from + hours * 3_600_000 - 1) == quarters)
  }
}
