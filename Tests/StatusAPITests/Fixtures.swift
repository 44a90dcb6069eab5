import StatusAPI
import Synchronization

/// The site of the examples in docs/STATUS-API.md: two meters, one of them failing.
enum Fixtures {
  static let report = StatusReport(
    state: .degraded, headline: "degraded: 1 of 2 meters fails", version: "1.0.0", site: "yangzhou-1",
    startedAt: "2026-11-20T02:15:00.000Z", now: "2026-11-21T02:15:12.000Z", uptimeSeconds: 86_412, clockTrusted: true,
    reasons: [
      "meter rinse-water on bus hall-1 unit 7: no answer within 500 ms since 10:02; check power, wiring and unit id"
    ],
    buses: [
      BusStatus(
        id: "hall-1", type: "rtu", address: "/dev/ttyUSB0", state: .up, requests: 18_446_744_073_709_551_615, good: 996,
        timeouts: 3, crcErrors: 1, malformed: 2, exceptions: 6, exceptionsByCode: ["2": 5, "11": 1], linkFailures: 5,
        staleReplies: 8, latencyP50Seconds: 0.04, latencyP99Seconds: 0.0625, efficiency: 0.978, slotsDue: 1000,
        slotsOnTime: 999, skippedSlots: 6, queueLength: 7, lastError: "unit 7: timeout",
        lastErrorAt: "2026-11-21T02:15:00.000Z",
        advice:
          "the adapter keeps each answer back for up to 16 ms: echo 1 > /sys/class/tty/ttyUSB0/device/latency_timer")
    ],
    meters: [incomer, water],
    archive: ArchiveStatus(
      path: "/var/lib/meterd/archive", state: .ok, headSeq: 8_812_345, committedAt: "2026-11-21T02:15:11.000Z",
      observationsToday: 43_200, uncommitted: 2, windowFullEvents: 0, bytesOnDisk: 1_234_567_890,
      freeBytes: 50_100_000_000, projectedFiveYearBytes: 12_300_000_000),
    forwards: [
      ForwardStatus(
        id: "carbon", type: "sftp", path: "sftp.example:22/incoming", state: .ok,
        lastFile: "yangzhou-1_20261121T0200Z_r1.csv.gz", lastDeliveredAt: "2026-11-21T02:01:07.000Z",
        filesDelivered: 96, rowsDelivered: 5_760, waitingFiles: 0)
    ])

  static let incomer = MeterStatus(
    id: "main-incomer", name: "1号厂房总进线", bus: "hall-1", unit: 1, profile: "chint-dtsu666", state: .ok, link: "up",
    lastGoodAt: "2026-11-21T02:15:00.000Z", ageSeconds: 12, quality: "good", uploadRateToday: 0.9997,
    takenRateToday: 1, dueToday: 615, takenToday: 615, slotsDue: 616, slotsOnTime: 615,
    device: DeviceStatus(
      requests: 620, good: 612, timeouts: 2, crcErrors: 1, exceptionsByCode: ["2": 5], latencyP50Seconds: 0.04,
      latencyP99Seconds: 0.0625, leastTurnaroundSeconds: 0.011))

  static let water = MeterStatus(
    id: "rinse-water", name: "冲洗水表（二楼）", bus: "hall-1", unit: 7, state: .failing, link: "probing",
    lastGoodAt: "2026-11-21T02:00:00.000Z", ageSeconds: 912, quality: "bad", uploadRateToday: 0.975,
    takenRateToday: 0.976, dueToday: 41, takenToday: 40,
    lastError: "unit 7: no answer within 500 ms; check power, wiring and unit id",
    lastErrorAt: "2026-11-21T02:15:00.000Z")

  static let readings = [
    ReadingStatus(
      time: "2026-11-21T02:15:00.000Z", due: "2026-11-21T02:15:00.000Z", received: "2026-11-21T02:15:00.043Z",
      meterID: "main-incomer", quantity: "energy_active_import", value: "123456789012345678.57", unit: "kWh",
      kind: "counter", quality: "good", seq: 8_812_340, raw: "0001e240"),
    ReadingStatus(
      time: "2026-11-21T02:15:00.000Z", received: "2026-11-21T02:15:00.043Z", meterID: "main-incomer",
      quantity: "power_active", unit: "kW", kind: "gauge", quality: "bad", flags: ["exception-2", "clock"],
      seq: 8_812_340, index: 3, raw: ""),
  ]

  /// Some 7 MB of JSON, more than the buffers of a Unix socket hold.
  static var huge: StatusReport {
    var report = report
    report.meters = (0..<20_000).map { number in
      var meter = incomer
      meter.id = "meter-\(number)"
      return meter
    }
    return report
  }

  static var incomerWithReadings: MeterStatus {
    var meter = incomer
    meter.readings = readings
    return meter
  }
}

/// Serves the fixtures, or a report of any size.
final class FakeProvider: StatusProvider {
  private let current: Mutex<StatusReport>

  init(_ report: StatusReport = Fixtures.report) { current = Mutex(report) }

  func set(_ report: StatusReport) { current.withLock { $0 = report } }

  func report() async -> StatusReport { current.withLock { $0 } }
  func meters() async -> [MeterStatus] { await report().meters }
  func meter(id: String) async -> MeterStatus? {
    guard var meter = await report().meters.first(where: { $0.id == id }) else { return nil }
    meter.readings = Fixtures.readings
    return meter
  }
  func metrics() async -> String { PrometheusText.render(await report()) }
  func isHealthy() async -> Bool { await report().state == .healthy }
}
