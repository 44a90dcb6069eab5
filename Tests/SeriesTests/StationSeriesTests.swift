import Accounting
import Archive
import Decoding
import IEC104
import Metering
import Testing

@testable import Series

/// A station keeps what it could not send, and sends it with the times at which it was true.
@Suite struct StationSeriesTests {
  private static let station = Definition.Station(
    id: "east", timeZone: "UTC", interrogateEveryMilliseconds: 900_000, countersEveryMilliseconds: 900_000)

  private func meter(_ meterID: String = "m1", kind: Quantity.Kind = .counter) -> Definition {
    Definition(
      meterID: meterID, bus: "", unitID: 0, everyMilliseconds: 900_000, timeZone: "UTC", points: [],
      station: StationSeriesTests.station,
      stationPoints: [
        Definition.StationPoint(
          quantity: "energy_active_import", unit: "kWh", kind: kind, commonAddress: 47, objectAddress: 700,
          type: "M_IT", scale: decimal("0.1"))
      ])
  }

  private func totals(_ counts: [(count: Int32, at: Timestamp)], received: Timestamp) throws -> Observation {
    let clock = try StationClock(timeZone: "UTC", honoursSummerTime: true)
    let asdu = try OutgoingASDU.monitor(
      type: .M_IT_TB_1, cause: .spontaneous, commonAddress: 47,
      objects: counts.map { one in
        InformationObject(
          address: 700, value: .counter(one.count, sequence: 0, carry: false, adjusted: false),
          time: TimeTag(clock.tag(of: one.at)))
      }, format: .standard)
    return Observation(
      meterID: "east", time: counts.map(\.at).min() ?? received, due: nil, received: received, definition: "",
      content: .asdu(ReceivedASDU(bytes: asdu.bytes)))
  }

  @Test(arguments: [false, true]) func lateValuesAreInTheirPlace(isSealed: Bool) async throws {
    let start = try at("2026-11-20T00:00:00Z")
    let book = try Book()
    try await book.use([meter()], from: start)
    var late: [(count: Int32, at: Timestamp)] = []
    for index in 0...192 {
      let time = start + Int64(index) * 900_000
      let count = Int32(1000 + 5 * index)
      // From noon on it is cut off for a day.
      if index > 48, index < 144 {
        late.append((count, time))
      } else {
        try book.offer(try totals([(count, time)], received: time + 300))
      }
      if index == 144 {
        for values in stride(from: 0, to: late.count, by: 5).map({ Array(late[$0..<min($0 + 5, late.count)]) })
          .reversed()
        {
          try book.offer(try totals(values, received: time + 400))
        }
      }
    }
    #expect(await book.archive.flush())
    if isSealed { try await book.seal(now: start + 2 * day + hour) }
    let reader = try book.reader()
    let readings = try reader.readings(from: start + 10 * hour, to: start + 40 * hour).map(\.reading)
    #expect(readings.count == 120 && readings.allSatisfy { $0.quality == .good })
    for (a, b) in zip(readings, readings.dropFirst()) { #expect(b.time - a.time == 900_000) }
    let rows = try reader.totals(from: start, to: start + 2 * day)
    #expect(rows.count == 48 && rows.allSatisfy { $0.total == decimal("2") })
    await book.archive.close()
  }

  @Test func differencesAreAddedUp() async throws {
    let start = try at("2026-11-20T00:00:00Z")
    let book = try Book()
    try await book.use([meter(kind: .interval)], from: start)
    for index in 1...40 {
      let time = start + Int64(index) * 900_000
      try book.offer(try totals([(Int32(index), time)], received: time + 300))
    }
    #expect(await book.archive.flush())
    let reader = try book.reader()
    let rows = try reader.totals(from: start, to: start + 10 * hour)
    #expect(
      rows.map(\.total) == (0..<10).map { hour in ExactDecimal(significand: Int128(16 * hour + 10), exponent: -1) })
    let part = try reader.totals(from: start + 3 * hour, to: start + 5 * hour)
    #expect(part == Array(rows[3..<5]))
    await book.archive.close()
  }
}
