extension StatusTable {
  /// The view of a single meter with its newest readings. Parameters as for the report.
  public static func render(_ meter: MeterStatus, width: Int, colour: Bool = false) -> String {
    var page = Page(width: width, colour: colour)
    page.line("\(meter.id): \(meter.state.rawValue)", meter.state.tone)
    if !meter.name.isEmpty { page.line(meter.name) }
    let place = meter.unit.map { "bus \(meter.bus), unit \($0), profile \(orDash(meter.profile))" }
    page.line("\(place ?? "station \(meter.bus)"), link \(meter.link)")
    let when = meter.lastGoodAt.map { "at \(short($0)), \(age(meter.ageSeconds)) ago" } ?? "never"
    page.line("last good reading \(when); newest poll \(orDash(meter.quality))")
    page.line(
      "today \(meter.takenToday) of \(meter.dueToday) due taken (\(percent(meter.takenRateToday))), "
        + "uploaded \(percent(meter.uploadRateToday))")
    if let device = meter.device { page.wrapped("", requests(device), nil) }
    if let device = meter.device, device.latencyP50Seconds != nil { page.wrapped("", answers(device), nil) }
    if let due = meter.slotsDue {
      page.line("slots \(meter.slotsOnTime ?? 0) of \(due) on time (\(percent(share(meter.slotsOnTime, of: due))))")
    }
    if let error = meter.lastError {
      page.wrapped("! ", meter.lastErrorAt.map { "\(short($0)): \(error)" } ?? error)
    }
    if let readings = meter.readings, !readings.isEmpty { page.table(readingTable(readings)) }
    return page.text
  }

  /// `618 requests to the unit, 613 good (99.1 %); 2 timeouts, 1 wrong checksum, exception 6: 2`
  private static func requests(_ device: DeviceStatus) -> String {
    let codes = device.exceptionsByCode.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }
    let failures =
      [
        counted(device.timeouts, "timeout", "timeouts"), counted(device.crcErrors, "wrong checksum", "wrong checksums"),
        counted(device.malformed, "malformed answer", "malformed answers"),
        counted(device.linkFailures, "link failure", "link failures"),
      ].compactMap(\.self) + codes.map { "exception \($0): \($1)" }
    let rate = percent(share(device.good, of: device.requests))
    let requests = counted(device.requests, "request", "requests") ?? "no request"
    return "\(requests) to the unit, \(device.good) good (\(rate))"
      + (failures.isEmpty ? "" : "; " + failures.joined(separator: ", "))
  }

  private static func answers(_ device: DeviceStatus) -> String {
    let turnaround = device.leastTurnaroundSeconds.map { "; begins after \(seconds($0)) at best" } ?? ""
    return "answers in \(seconds(device.latencyP50Seconds)) (half of them), "
      + "\(seconds(device.latencyP99Seconds)) (99 of 100)\(turnaround)"
  }

  private static func readingTable(_ readings: [ReadingStatus]) -> TextTable {
    var table = TextTable([
      .init(title: "QUANTITY", minimum: 12), .init(title: "VALUE", alignment: .right), .init(title: "UNIT"),
      .init(title: "KIND"), .init(title: "QUALITY"), .init(title: "FLAGS", minimum: 5),
      .init(title: "TIME", minimum: 10), .init(title: "RAW", minimum: 5),
    ])
    table.rows = readings.map { reading in
      [
        .init(reading.quantity), .init(orDash(reading.value)), .init(reading.unit), .init(reading.kind),
        .init(reading.quality, tone(ofQuality: reading.quality)),
        .init(reading.flags.isEmpty ? "-" : reading.flags.joined(separator: "+")), .init(short(reading.time)),
        .init(orDash(reading.raw)),
      ]
    }
    return table
  }
}
