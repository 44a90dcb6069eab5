import Testing

@testable import StatusAPI

/// The pages with a station as a terminal shows them.
struct StationTableGoldenTests {
  private func section(_ report: StatusReport, width: Int) -> String {
    let page = StatusTable.render(report, width: width)
    let parts = page.split(separator: "\n\n", omittingEmptySubsequences: false)
    return String(parts.first { $0.hasPrefix("STATION") } ?? "no station in:\n\(page)") + "\n"
  }

  @Test func eightyColumns() {
    #expect(
      section(Fixtures.reportWithStation, width: 80) == """
        STATION   STATE  LINK    ASDUS  OBJECTS  UNNAMED  GENERAL   COUNTER   LAST ERROR
        substat…  up     1 of 2  123 k   18.4 E      250  refused…  2 absen…  substatio…

        """)
  }

  @Test func hundredAndTwentyColumns() {
    #expect(
      section(Fixtures.reportWithStation, width: 120) == """
        STATION     STATE  LINK    ASDUS  OBJECTS  UNNAMED  GENERAL          COUNTER          LAST ERROR
        substation  up     1 of 2  123 k   18.4 E      250  refused-46 12 s  2 absent 15 min  substation: general interrogation…

        """)
  }

  /// One address, and nothing to complain of; and one that has not been reached.
  @Test func quietStations() {
    var report = Fixtures.report
    report.buses = [
      BusStatus(
        id: "feeders-east", type: "iec104", address: "192.0.2.30:2404", state: .up,
        station: StationStatus(
          asdus: 4_321, objects: 51_852, unnamedObjects: 3,
          links: [StationLinkStatus(address: "192.0.2.30:2404", state: .started)],
          interrogations: [
            InterrogationStatus(
              kind: .general, commonAddress: 1, endedAt: "2026-11-21T02:15:01.000Z", outcome: "complete"),
            InterrogationStatus(
              kind: .counter, commonAddress: 1, endedAt: "2026-11-21T02:00:04.000Z", outcome: "complete"),
          ])),
      BusStatus(
        id: "feeders-west", type: "iec104", address: "192.0.2.31:2404", state: .unknown,
        station: StationStatus(links: [StationLinkStatus(address: "192.0.2.31:2404", state: .down)])),
    ]
    #expect(
      section(report, width: 80) == """
        STATION   STATE    LINK    ASDUS  OBJECTS  UNNAMED  GENERAL  COUNTER   LAST ERR…
        feeders…  up       1 of 1   4321    51852        3  ok 11 s  ok 15 m…  -
        feeders…  unknown  0 of 1      0        0        0  -        -         -

        """)
  }

  /// A station is no row of the bus table, and a site without buses has none.
  @Test func stationsAreNoBuses() {
    var report = Fixtures.reportWithStation
    let buses = StatusTable.render(report, width: 120).split(separator: "\n\n").filter { $0.hasPrefix("BUS ") }
    #expect(buses.count == 1)
    #expect(buses.allSatisfy { !$0.contains("substation") })
    report.buses.removeFirst()
    #expect(!StatusTable.render(report, width: 120).contains("EFFICIENCY"))
  }

  /// Before the first connection, and one connection in each state.
  @Test(
    arguments: [
      ([], "-"), ([.started], "1 of 1"), ([.standby], "1 of 1"), ([.down], "0 of 1"), ([.started, .standby], "2 of 2"),
      ([.down, .started], "1 of 2"), ([.starting, .connecting], "1 of 2"), ([.down, .down], "0 of 2"),
    ] as [([StationLinkStatus.State], String)])
  func links(states: [StationLinkStatus.State], words: String) {
    var station = Fixtures.substation
    station.station = StationStatus(
      links: zip(["a:1", "b:2"], states).map { StationLinkStatus(address: $0, state: $1) })
    let table = StatusTable.stationTable([station], now: "2026-11-21T02:15:12.000Z")
    #expect(table.rows.first?[2].text == words)
    #expect(table.rows.first?[6].text == "-")
  }

  /// The worst of the common addresses, and of equals the oldest.
  @Test(
    arguments: [
      ([], "-"), ([("complete", 0, "02:15:12")], "ok 0 s"), ([("complete", 0, "02:00:12")], "ok 15 min"),
      ([("complete", 0, "02:15:00"), ("complete", 0, "01:00:12")], "ok 75 min"),
      ([("complete", 0, "02:00:00"), ("complete", 7, "02:15:02")], "7 absent 10 s"),
      ([("timeout", 9, "02:15:10"), ("complete", 7, "02:15:02")], "timeout 2 s"),
      ([("late", 9, "02:15:10"), ("refused-47", 7, "02:15:02")], "refused-47 10 s"),
      // The clock went back.
      ([("complete", 0, "02:16:00")], "ok 0 s"),
    ] as [([(String, Int, String)], String)])
  func interrogations(_ outcomes: [(String, Int, String)], words: String) {
    var station = Fixtures.substation
    station.station = StationStatus(
      interrogations: outcomes.enumerated().map { index, one in
        InterrogationStatus(
          kind: .counter, commonAddress: UInt16(index), endedAt: "2026-11-21T\(one.2).000Z", outcome: one.0,
          absent: one.1)
      })
    let row = StatusTable.stationTable([station], now: "2026-11-21T02:15:12.000Z").rows.first
    #expect(row?[6].text == "-")
    #expect(row?[7].text == words)
  }

  @Test(
    arguments: [
      ("2026-11-21T02:15:00.999Z", "2026-11-21T02:15:12.000Z", 12),
      ("2026-11-21T10:15:00+08:00", "2026-11-21T02:15:12Z", 12),
      ("2026-11-20T21:00:00.5-05:30", "2026-11-21T10:30:01.5+08:00", 1),
      ("2028-02-28T23:59:59Z", "2028-03-01T00:00:00Z", 86_401), ("2026-11-21T02:15:12Z", "2026-11-21T02:15:00Z", 0),
      ("-", "2026-11-21T02:15:00Z", nil), ("2026-11-21T02:15:12Z", "soon", nil), ("2026-99-21T02:15:12Z", "", nil),
    ] as [(String, String, UInt64?)])
  func ages(from: String, to: String, seconds: UInt64?) {
    #expect(StatusTable.seconds(from: from, to: to) == seconds)
  }

  @Test(arguments: [
    (0, "0"), (99_999, "99999"), (100_000, "100 k"), (1_234_567, "1.2 M"), (UInt64.max, "18.4 E"),
  ])
  func counts(count: UInt64, text: String) {
    #expect(StatusTable.count(count) == text)
  }

  @Test func oneStation() {
    #expect(
      StatusTable.render(Fixtures.substation, width: 80) == """
        substation: up
        ! 2026-11-21T02:15:00Z: substation: general interrogation of common address 48
          refused: unknown common address of ASDU (46)
        123456 ASDUs, 18446744073709551615 objects, 19000 of them for points; 12 objects
        received again, 3 malformed ASDUs, 1 test ASDU, 4 ASDUs with trailing octets
        193 interrogations, 191 complete (98.9 %); 1 timeout, 1 refusal, 1 slot skipped
        5 observations wait for the archive; 1 commit failed
        link 192.0.2.20:2404 (TLS): started since 2026-11-21T00:00:01Z
          2 connections; 123456 I frames received, 210 sent; 15432 S and 7 test frames
          sent; 6.5 MB received, 98.7 kB sent
          last closed: no TESTFR con within t1 (IEC 60870-5-104 clause 5.2)
        link 192.0.2.21:2404 (TLS): down

        CA  INTERROGATION  SLOT      ENDED                 OUTCOME     ABSENT
        47  general        02:00:00  2026-11-21T02:00:02Z  complete         0
        47  counter        at start  2026-11-21T02:00:03Z  complete         2
        48  general        02:15:00  2026-11-21T02:15:00Z  refused-46       3

        250 objects that no point takes; the first 2, by common address (CA) and
        information object address (IOA):

        CA       IOA  TYPE       COUNT  LAST VALUE            LAST AT
        47     25601  M_ME_NC_1     12  230.25 (not topical)  2026-11-21T02:15:08Z
        48  16777215  M_SP_NA_1  123 k  -                     2026-11-21T02:15:09Z

        """)
  }

  @Test func oneStationThatIsNew() {
    let station = BusStatus(
      id: "s", type: "iec104", address: "h:2404", state: .unknown,
      station: StationStatus(links: [StationLinkStatus(address: "h:2404", state: .connecting)]))
    #expect(
      StatusTable.render(station, width: 80) == """
        s: unknown
        no ASDU yet
        no interrogation yet
        link h:2404: connecting

        """)
  }

  @Test func meterOfAStation() {
    let meter = MeterStatus(id: "feeder-3", name: "", bus: "substation", state: .waiting, link: "waiting")
    #expect(
      StatusTable.render(meter, width: 80) == """
        feeder-3: waiting
        station substation, link waiting
        last good reading never; newest poll -
        today 0 of 0 due taken (-), uploaded -

        """)
  }
}
