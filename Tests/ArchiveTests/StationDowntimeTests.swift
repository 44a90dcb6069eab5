import Archive
import Metering
import Testing

/// What was due of stations' meters while nobody was there, and what stations may send again.
@Suite struct StationDowntimeTests {
  private let scratch = Scratch()

  private func gaps(until now: Timestamp, head: UInt64? = nil) throws -> [String] {
    let path = scratch.path + "/archive"
    let last = try head ?? ArchiveReader(path: path).headSeq()
    return try ArchiveReader.unrecordedSlots(path: path, throughSeq: last, until: now).map {
      "\($0.meterID) \(($0.from - start) / 60_000)-\(($0.to - start) / 60_000) \($0.count)"
    }
  }

  private func record(_ observations: [Observation], using definitions: [Definition]) async throws {
    let archive = try open(scratch)
    _ = try await archive.use(definitions, from: start - hour)
    for observation in observations { #expect(archive.offer(observation)) }
    await archive.close()
  }

  @Test func slotsAfterTheLastInterrogationAreMissing() async throws {
    try await record(
      [
        interrogation(.complete, due: start, received: start + 2000, absent: []),
        try tagged([(700, 1, nil)], received: start + 500_000),
      ], using: [stationMeter()])
    #expect(try gaps(until: start + 900_000 - 1).isEmpty)
    #expect(try gaps(until: start + 900_000) == ["m1 15-15 1"])
    #expect(try gaps(until: start + hour + 1) == ["m1 15-60 4"])
  }

  /// Its data may be there, but nobody has said what was missing.
  @Test func anInterrogationUnderWayAtTheEndIsLost() async throws {
    try await record(
      [
        interrogation(.complete, due: start, received: start + 2000, absent: []),
        try tagged([(700, 1, nil)], received: start + 901_000, due: start + 900_000),
      ], using: [stationMeter()])
    #expect(try gaps(until: start + hour) == ["m1 15-60 4"])
  }

  @Test func whatIsOnRecordIsNoGap() async throws {
    try await record(
      [
        interrogation(.linkDown, due: start, received: start + 100), link(false, at: start),
        interrogation(.complete, due: nil, received: start + 200),
        Observation(
          meterID: "m1", time: start + 900_000, due: start + 900_000, received: start + hour, definition: "x",
          content: .missed(from: start + 900_000, to: start + 2_700_000, count: 3, reason: .clockStep)),
      ], using: [stationMeter()])
    #expect(try gaps(until: start + 2_700_000).isEmpty)
    #expect(try gaps(until: start + hour) == ["m1 60-60 1"])
  }

  @Test func withoutAnyInterrogationTheLastRecordCounts() async throws {
    try await record([try tagged([(700, 1, nil)], received: start + 901_000)], using: [stationMeter()])
    #expect(try gaps(until: start + hour) == ["m1 30-60 3"])
  }

  @Test func metersOfTwoIntervalsAndOfTwoStations() async throws {
    let both = stationMeter("m1", [("current_l1", 700, "M_ME"), ("x_total", 702, "M_IT")])
    let total = stationMeter("m2", [("x_total", 702, "M_IT")], every: hour)
    let west = stationMeter("m3", on: station("west"))
    try await record(
      [
        interrogation(.complete, due: start, received: start + 2000, absent: []),
        interrogation(.complete, .counter, due: start, received: start + 3000, absent: []),
        interrogation(.complete, due: start + 2_700_000, received: start + 2_702_000, absent: []),
      ], using: [both, total, west])
    #expect(try gaps(until: start + 2 * hour) == ["m1 60-120 5", "m2 60-120 2", "m3 60-120 5"])
  }

  @Test func aStationWithTheNameOfAMeterIsNotMistakenForIt() async throws {
    try await record(
      [
        interrogation(.complete, due: start + 600_000, received: start + 601_000, from: "m1", absent: []),
        poll(start, meter: "m1", definition: "x"),
      ],
      using: [
        definition("m1", every: 600_000), stationMeter("m2", on: station("m1", general: 600_000), every: 600_000),
      ])
    #expect(try gaps(until: start + 1_200_000) == ["m1 10-20 2", "m2 20-20 1"])
  }

  @Test func whatCameAfterTheHeadIsNotAskedFor() async throws {
    try await record(
      [
        interrogation(.complete, due: start, received: start, absent: []),
        interrogation(.complete, due: start + hour, received: start + hour, absent: []),
      ], using: [stationMeter()])
    #expect(try gaps(until: start + hour, head: 1) == ["m1 15-60 4"])
    #expect(try gaps(until: start + hour, head: 0).isEmpty)
  }

  // MARK: - What stations sent last

  @Test func whatStationsSentLastIsOldestFirst() async throws {
    var observations: [Observation] = []
    for i in 0..<40 {
      let from = i % 3 == 0 ? "west" : "east"
      observations.append(try tagged([(UInt32(i), 1, start)], received: start + Int64(i), from: from))
      if i % 5 == 0 { observations.append(link(true, at: start, from: from)) }
    }
    try await record(observations, using: [stationMeter(), stationMeter("m2", on: station("west"))])
    func addresses(_ head: UInt64) throws -> [String: [UInt8]] {
      try ArchiveReader.recentASDUs(path: scratch.path + "/archive", throughSeq: head).mapValues {
        $0.map { $0.bytes[6] }
      }
    }
    #expect(
      try addresses(48) == [
        "west": (0..<40).filter { $0 % 3 == 0 }.map(UInt8.init),
        "east": (0..<40).filter { $0 % 3 != 0 }.map(UInt8.init),
      ])
    #expect(try addresses(3) == ["west": [0], "east": [1]])
    #expect(try addresses(0).isEmpty)
  }

  @Test func onlySoManyAreLookedAt() async throws {
    let archive = try open(scratch)
    for i in 0..<20_050 { #expect(archive.offer(link(i % 2 == 0, at: start + Int64(i)))) }
    #expect(archive.offer(try tagged([(7, 1, start)], received: start + 20_050)))
    await archive.close()
    let path = scratch.path + "/archive"
    #expect(try ArchiveReader.recentASDUs(path: path, throughSeq: 20_051)["east"]?.count == 1)
    let again = try open(scratch)
    for i in 0..<20_001 { #expect(again.offer(link(i % 2 == 0, at: start + Int64(20_051 + i)))) }
    await again.close()
    #expect(try ArchiveReader.recentASDUs(path: path, throughSeq: 40_052).isEmpty)
  }
}
