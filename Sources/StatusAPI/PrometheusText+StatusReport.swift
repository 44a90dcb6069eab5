extension PrometheusText {
  /// All metrics of meterd. Names and labels are a contract: `docs/STATUS-API.md` lists them.
  public static func render(_ report: StatusReport) -> String {
    var text = PrometheusText()
    text.appendDaemon(report)
    text.appendBuses(report.buses)
    text.appendMeters(report.meters)
    text.appendArchive(report.archive)
    text.appendForwards(report.forwards)
    return text.text
  }

  private mutating func appendDaemon(_ report: StatusReport) {
    family(
      "meterd_build_info", .gauge, help: "Always 1; the labels say what runs.",
      [Sample(["version": report.version, "site": report.site], 1 as UInt64)])
    one("meterd_healthy", .gauge, "1 when healthy, 0 when degraded.", report.state == .healthy ? 1 : 0)
    one("meterd_reasons", .gauge, "Reasons for being degraded.", UInt64(report.reasons.count))
    one("meterd_uptime_seconds", .gauge, "Time since the start of the daemon.", report.uptimeSeconds)
    one("meterd_clock_trusted", .gauge, "1 when the gateway's clock may be believed.", report.clockTrusted ? 1 : 0)
  }

  private mutating func appendBuses(_ buses: [BusStatus]) {
    func each(_ value: (BusStatus) -> UInt64) -> [Sample] {
      buses.map { Sample(["bus": $0.id, "type": $0.type], value($0)) }
    }
    let gauge = Kind.gauge
    family("meterd_bus_up", gauge, help: "1 when the line is open and connected.", each { $0.state == .up ? 1 : 0 })
    family("meterd_bus_requests_total", .counter, help: "Requests sent.", each(\.requests))
    family("meterd_bus_good_total", .counter, help: "Requests answered with what was asked for.", each(\.good))
    family("meterd_bus_timeouts_total", .counter, help: "Requests without an answer in time.", each(\.timeouts))
    family("meterd_bus_crc_errors_total", .counter, help: "Answers with a wrong checksum.", each(\.crcErrors))
    family("meterd_bus_malformed_total", .counter, help: "Answers that broke the protocol.", each(\.malformed))
    family("meterd_bus_exceptions_total", .counter, help: "Answers in which the device refused.", each(\.exceptions))
    family("meterd_bus_link_failures_total", .counter, help: "Times that the line failed.", each(\.linkFailures))
    family("meterd_bus_skipped_slots_total", .counter, help: "Polls left out.", each(\.skippedSlots))
    family("meterd_bus_queue_length", gauge, help: "Polls that wait now.", each { UInt64(max(0, $0.queueLength)) })
  }

  private mutating func appendMeters(_ meters: [MeterStatus]) {
    func integers(_ value: (MeterStatus) -> UInt64?) -> [Sample] {
      meters.compactMap { meter in value(meter).map { Sample(["meter": meter.id, "bus": meter.bus], $0) } }
    }
    func ratios(_ value: (MeterStatus) -> Double?) -> [Sample] {
      meters.compactMap { meter in value(meter).map { Sample(["meter": meter.id, "bus": meter.bus], $0) } }
    }
    let gauge = Kind.gauge
    family("meterd_meter_ok", gauge, help: "1 when the newest poll was good.", integers { $0.state == .ok ? 1 : 0 })
    family(
      "meterd_meter_last_good_age_seconds", gauge, help: "Age of the newest good reading; absent before the first.",
      integers(\.ageSeconds))
    family(
      "meterd_meter_upload_today_ratio", gauge, help: "Delivered / due of the site's day so far.",
      ratios(\.uploadRateToday))
    family(
      "meterd_meter_taken_today_ratio", gauge, help: "Taken / due of the site's day so far.", ratios(\.takenRateToday))
    family(
      "meterd_meter_due_today_readings", gauge, help: "Readings due in the site's day so far.", integers(\.dueToday))
    family(
      "meterd_meter_taken_today_readings", gauge, help: "Readings taken in the site's day so far.",
      integers(\.takenToday))
  }

  private mutating func appendArchive(_ archive: ArchiveStatus) {
    one("meterd_archive_ok", .gauge, "1 when commits succeed.", archive.state == .ok ? 1 : 0)
    if let head = archive.headSeq { one("meterd_archive_head_seq", .gauge, "Newest seq that is on disk.", head) }
    one(
      "meterd_archive_today_observations", .gauge, "Observations committed in the site's day so far.",
      archive.observationsToday)
    one(
      "meterd_archive_uncommitted_observations", .gauge, "Observations that wait for the next commit.",
      UInt64(max(0, archive.uncommitted)))
    one(
      "meterd_archive_window_full_events_total", .counter, "Times that acquisition had to wait for a commit.",
      archive.windowFullEvents)
    one("meterd_archive_size_bytes", .gauge, "Size of the archive.", archive.bytesOnDisk)
    one("meterd_archive_free_bytes", .gauge, "Free bytes of the archive's file system.", archive.freeBytes)
    if let projected = archive.projectedFiveYearBytes {
      one("meterd_archive_projected_five_year_bytes", .gauge, "Size after five years at today's rate.", projected)
    }
  }

  private mutating func appendForwards(_ forwards: [ForwardStatus]) {
    func each(_ value: (ForwardStatus) -> UInt64) -> [Sample] {
      forwards.map { Sample(["forward": $0.id, "type": $0.type], value($0)) }
    }
    family("meterd_forward_ok", .gauge, help: "1 when the newest delivery succeeded.", each { $0.state == .ok ? 1 : 0 })
    family("meterd_forward_files_delivered_total", .counter, help: "Files receipted.", each(\.filesDelivered))
    family("meterd_forward_rows_delivered_total", .counter, help: "Rows in files receipted.", each(\.rowsDelivered))
    family(
      "meterd_forward_waiting_files", .gauge, help: "Files cut and not yet receipted.",
      each { UInt64(max(0, $0.waitingFiles)) })
  }

  private mutating func one(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
    family(name, kind, help: help, [Sample([:], value)])
  }
}
