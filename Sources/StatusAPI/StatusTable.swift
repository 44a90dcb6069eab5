/// What `meterd status` prints.
public enum StatusTable {
  /// The report: headline, reasons, a row a meter, then archive and forwards. Ends with a line feed.
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
    if !report.meters.isEmpty { page.table(meterTable(report.meters)) }
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

extension ForwardStatus.State {
  fileprivate var tone: Tone {
    switch self {
    case .ok: .good
    case .failing: .bad
    case .waiting: .warning
    }
  }
}
