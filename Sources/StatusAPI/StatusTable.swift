/// What `meterd status` prints.
public enum StatusTable {
  /// The report: headline, reasons and notes, a row a meter, a row a bus, a row a station, then archive and
  /// forwards. Ends with a line feed.
  /// - Parameters:
  ///   - width: columns of the terminal; no line is wider. For a pipe, something generous such as `Int.max`.
  ///   - colour: whether to write ANSI colours; false in a pipe.
  public static func render(_ report: StatusReport, width: Int, colour: Bool = false) -> String {
    var page = Page(width: width, colour: colour)
    page.line(report.headline, report.state == .healthy ? .good : .bad)
    let clock = report.clockTrusted ? "" : ", CLOCK NOT TRUSTED"
    page.line(
      "\(report.site), meterd \(report.version), up \(duration(report.uptimeSeconds)), \(short(report.now))\(clock)")
    for reason in report.reasons { page.wrapped("! ", reason) }
    for bus in report.buses {
      if let advice = bus.advice { page.wrapped("- ", "note on \(bus.id): \(advice)", .warning) }
    }
    if !report.meters.isEmpty { page.table(meterTable(report.meters)) }
    let buses = report.buses.filter { $0.station == nil }
    if !buses.isEmpty { page.table(busTable(buses)) }
    if buses.count < report.buses.count { page.table(stationTable(report.buses, now: report.now)) }
    page.table(archiveTable(report.archive, now: report.now))
    if !report.forwards.isEmpty { page.table(forwardTable(report.forwards, now: report.now)) }
    return page.text
  }

  private static func meterTable(_ meters: [MeterStatus]) -> TextTable {
    var table = TextTable([
      .init(title: "METER", minimum: 8), .init(title: "NAME", minimum: 6), .init(title: "LINK"),
      .init(title: "LAST GOOD", alignment: .right), .init(title: "QUALITY"),
      .init(title: "UPLOADED", alignment: .right), .init(title: "LAST ERROR", minimum: 12),
    ])
    table.rows = meters.map { meter in
      [
        .init(meter.id, meter.state.tone), .init(orDash(meter.name)), .init(meter.link), .init(age(meter.ageSeconds)),
        .init(orDash(meter.quality), tone(ofQuality: meter.quality)), .init(percent(meter.uploadRateToday)),
        .init(orDash(meter.lastError)),
      ]
    }
    return table
  }

  private static func busTable(_ buses: [BusStatus]) -> TextTable {
    var table = TextTable([
      .init(title: "BUS", minimum: 6), .init(title: "STATE"), .init(title: "REQUESTS", alignment: .right),
      .init(title: "GOOD", alignment: .right), .init(title: "ON TIME", alignment: .right),
      .init(title: "P50", alignment: .right), .init(title: "P99", alignment: .right),
      .init(title: "EFFICIENCY", alignment: .right), .init(title: "LAST ERROR", minimum: 12),
    ])
    table.rows = buses.map { bus in
      [
        .init(bus.id), .init(bus.state.rawValue, bus.state.tone), .init("\(bus.requests)"),
        .init(percent(share(bus.good, of: bus.requests))), .init(percent(share(bus.slotsOnTime, of: bus.slotsDue))),
        .init(seconds(bus.latencyP50Seconds)), .init(seconds(bus.latencyP99Seconds)), .init(percent(bus.efficiency)),
        .init(orDash(bus.lastError)),
      ]
    }
    return table
  }

  private static func archiveTable(_ archive: ArchiveStatus, now: String) -> TextTable {
    var table = TextTable([
      .init(title: "ARCHIVE", minimum: 8), .init(title: "STATE"), .init(title: "COMMITTED", minimum: 10),
      .init(title: "TODAY", alignment: .right), .init(title: "SIZE", alignment: .right),
      .init(title: "FREE", alignment: .right), .init(title: "IN 5 YEARS", alignment: .right),
      .init(title: "LAST ERROR", minimum: 12),
    ])
    table.rows = [
      [
        .init(archive.path), .init(archive.state.rawValue, archive.state == .ok ? .good : .bad),
        .init(short(archive.committedAt, now: now)), .init("\(archive.observationsToday)"),
        .init(bytes(archive.bytesOnDisk)),
        .init(bytes(archive.freeBytes)), .init(archive.projectedFiveYearBytes.map(bytes) ?? "-"),
        .init(orDash(archive.lastError)),
      ]
    ]
    return table
  }

  private static func forwardTable(_ forwards: [ForwardStatus], now: String) -> TextTable {
    var table = TextTable([
      .init(title: "FORWARD", minimum: 8), .init(title: "TYPE"), .init(title: "STATE"),
      .init(title: "LAST FILE", minimum: 10), .init(title: "DELIVERED", minimum: 10),
      .init(title: "WAITING", alignment: .right), .init(title: "LAST ERROR", minimum: 12),
    ])
    table.rows = forwards.map { forward in
      [
        .init(forward.id), .init(forward.type), .init(forward.state.rawValue, forward.state.tone),
        .init(orDash(forward.lastFile)), .init(short(forward.lastDeliveredAt, now: now)),
        .init("\(forward.waitingFiles)"),
        .init(orDash(forward.lastError)),
      ]
    }
    return table
  }
}

extension MeterStatus.State {
  var tone: Tone {
    switch self {
    case .ok: .good
    case .failing: .bad
    case .waiting: .warning
    }
  }
}

extension BusStatus.State {
  var tone: Tone {
    switch self {
    case .up: .good
    case .down: .bad
    case .unknown: .warning
    }
  }
}

extension ForwardStatus.State {
  fileprivate var tone: Tone {
    switch self {
    case .ok: .good
    case .failing: .bad
    case .waiting: .warning
    }
  }
}
