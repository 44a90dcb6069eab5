import StatusAPI

/// The station of the examples in docs/STATUS-API.md: a redundancy group, an interrogation refused, an object unnamed.
extension Fixtures {
  static let substation = BusStatus(
    id: "substation", type: "iec104", address: "192.0.2.20:2404, 192.0.2.21:2404", state: .up, requests: 193,
    good: 191, timeouts: 1, malformed: 3, exceptions: 1, linkFailures: 2, skippedSlots: 1, queueLength: 5,
    lastError: "substation: general interrogation of common address 48 refused: unknown common address of ASDU (46)",
    lastErrorAt: "2026-11-21T02:15:00.000Z",
    station: StationStatus(
      asdus: 123_456, objects: 18_446_744_073_709_551_615, namedObjects: 19_000, repeatedObjects: 12,
      malformedASDUs: 3, testASDUs: 1, trailingOctetASDUs: 4, unnamedObjects: 250,
      unnamed: [
        StationObjectStatus(
          commonAddress: 48, objectAddress: 16_777_215, type: "M_SP_NA_1", count: 123_456,
          lastAt: "2026-11-21T02:15:09.000Z"),
        StationObjectStatus(
          commonAddress: 47, objectAddress: 25_601, type: "M_ME_NC_1", count: 12, lastValue: "230.25 (not topical)",
          lastAt: "2026-11-21T02:15:08.120Z"),
      ],
      waitingForArchive: 5, commitFailures: 1,
      links: [
        StationLinkStatus(
          address: "192.0.2.20:2404", state: .started, since: "2026-11-21T00:00:01.000Z", iFramesReceived: 123_456,
          iFramesSent: 210, sFramesSent: 15_432, testFramesSent: 7, octetsReceived: 6_543_210, octetsSent: 98_765,
          connections: 2, lastClose: "no TESTFR con within t1 (IEC 60870-5-104 clause 5.2)", tls: true),
        StationLinkStatus(address: "192.0.2.21:2404", state: .down, tls: true),
      ],
      interrogations: [
        InterrogationStatus(
          kind: .counter, commonAddress: 47, endedAt: "2026-11-21T02:00:03.000Z", outcome: "complete", absent: 2),
        InterrogationStatus(
          kind: .general, commonAddress: 48, slot: "2026-11-21T02:15:00.000Z", endedAt: "2026-11-21T02:15:00.350Z",
          outcome: "refused-46", absent: 3),
        InterrogationStatus(
          kind: .general, commonAddress: 47, slot: "2026-11-21T02:00:00.000Z", endedAt: "2026-11-21T02:00:02.500Z",
          outcome: "complete"),
      ]))

  /// The site with the station besides its bus.
  static var reportWithStation: StatusReport {
    var report = report
    report.buses.append(substation)
    return report
  }
}
