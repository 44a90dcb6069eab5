extension PrometheusText {
  /// All metrics of meterd. Names and labels are a contract: `docs/STATUS-API.md` lists them.
  public static func render(_ report: StatusReport) -> String {
    var text = PrometheusText()
    text.appendDaemon(report)
    text.appendBuses(report.buses)
    text.appendBusQuality(report.buses)
    text.appendStations(report)
    text.appendMeters(report.meters)
    text.appendDevices(report.meters)
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

  private mutating func appendBusQuality(_ buses: [BusStatus]) {
    func each<Value>(_ value: (BusStatus) -> Value?, _ sample: (Labels, Value) -> Sample) -> [Sample] {
      buses.compactMap { bus in value(bus).map { sample(["bus": bus.id, "type": bus.type], $0) } }
    }
    family(
      "meterd_bus_exceptions_by_code_total", .counter, help: "Answers in which the device refused, by exception code.",
      buses.flatMap { bus in
        PrometheusText.byCode(bus.exceptionsByCode ?? [:]).map {
          Sample(["bus": bus.id, "type": bus.type, "code": $0], $1)
        }
      })
    family(
      "meterd_bus_stale_replies_total", .counter, help: "Late replies to earlier requests, thrown away.",
      each(\.staleReplies, Sample.init))
    family(
      "meterd_bus_latency_seconds", .gauge, help: "Time that the share of answers in the label did not exceed.",
      buses.flatMap { bus in
        PrometheusText.quantiles(bus.latencyP50Seconds, bus.latencyP99Seconds).map {
          Sample(["bus": bus.id, "type": bus.type, "quantile": $0], $1)
        }
      })
    family(
      "meterd_bus_efficiency_ratio", .gauge, help: "Least possible time / time taken of good reads, serial lines.",
      each(\.efficiency, Sample.init))
    family("meterd_bus_slots_due_total", .counter, help: "Slots that its meters had.", each(\.slotsDue, Sample.init))
    family(
      "meterd_bus_slots_on_time_total", .counter, help: "Slots that were polled before the next one came.",
      each(\.slotsOnTime, Sample.init))
  }

  /// One sample a unit id, however many meters are on it.
  private mutating func appendDevices(_ meters: [MeterStatus]) {
    struct Unit: Hashable {
      let bus: String
      let unit: Int
    }
    var seen: Set<Unit> = []
    let devices = meters.compactMap { meter -> (bus: String, unit: String, device: DeviceStatus)? in
      guard let unit = meter.unit, let device = meter.device,
        seen.insert(Unit(bus: meter.bus, unit: unit)).inserted
      else { return nil }
      return (meter.bus, "\(unit)", device)
    }
    func each(_ value: (DeviceStatus) -> UInt64) -> [Sample] {
      devices.map { Sample(["bus": $0.bus, "unit": $0.unit], value($0.device)) }
    }
    family("meterd_device_requests_total", .counter, help: "Requests sent to the unit.", each(\.requests))
    family("meterd_device_good_total", .counter, help: "Requests answered with what was asked for.", each(\.good))
    family("meterd_device_timeouts_total", .counter, help: "Requests without an answer in time.", each(\.timeouts))
    family("meterd_device_crc_errors_total", .counter, help: "Answers with a wrong checksum.", each(\.crcErrors))
    family("meterd_device_malformed_total", .counter, help: "Answers that broke the protocol.", each(\.malformed))
    family("meterd_device_link_failures_total", .counter, help: "Requests lost with the link.", each(\.linkFailures))
    family(
      "meterd_device_exceptions_total", .counter, help: "Answers in which the unit refused, by exception code.",
      devices.flatMap { unit in
        PrometheusText.byCode(unit.device.exceptionsByCode).map {
          Sample(["bus": unit.bus, "unit": unit.unit, "code": $0], $1)
        }
      })
    family(
      "meterd_device_latency_seconds", .gauge, help: "Time that the share of answers in the label did not exceed.",
      devices.flatMap { unit in
        PrometheusText.quantiles(unit.device.latencyP50Seconds, unit.device.latencyP99Seconds).map {
          Sample(["bus": unit.bus, "unit": unit.unit, "quantile": $0], $1)
        }
      })
    family(
      "meterd_device_turnaround_least_seconds", .gauge, help: "The quickest that the unit began to answer.",
      devices.compactMap { unit in
        unit.device.leastTurnaroundSeconds.map { Sample(["bus": unit.bus, "unit": unit.unit], $0) }
      })
  }

  private static func byCode(_ exceptions: [String: UInt64]) -> [(code: String, count: UInt64)] {
    exceptions.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }.map { (code: $0.key, count: $0.value) }
  }

  private static func quantiles(_ p50: Double?, _ p99: Double?) -> [(quantile: String, seconds: Double)] {
    [("0.5", p50), ("0.99", p99)].compactMap { name, value in value.map { (quantile: name, seconds: $0) } }
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
    family("meterd_meter_slots_due_total", .counter, help: "Slots that the meter had.", integers(\.slotsDue))
    family(
      "meterd_meter_slots_on_time_total", .counter, help: "Slots that were polled before the next one came.",
      integers(\.slotsOnTime))
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
