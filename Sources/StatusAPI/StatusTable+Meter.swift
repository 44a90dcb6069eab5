extension StatusTable {
  /// The view of a single meter with its newest readings. Parameters as for the report.
  public static func render(_ meter: MeterStatus, width: Int, colour: Bool = false) -> String {
    var page = Page(width: width, colour: colour)
    page.line("\(meter.id): \(meter.state.rawValue)", meter.state.tone)
    if !meter.name.isEmpty { page.line(meter.name) }
    let unit = meter.unit.map { ", unit \($0)" } ?? ""
    page.line("bus \(meter.bus)\(unit), profile \(orDash(meter.profile)), link \(meter.link)")
    let when = meter.lastGoodAt.map { "at \(short($0)), \(age(meter.ageSeconds)) ago" } ?? "never"
    page.line("last good reading \(when); newest poll \(orDash(meter.quality))")
    page.line(
      "today \(meter.takenToday) of \(meter.dueToday) due taken (\(percent(meter.takenRateToday))), "
        + "uploaded \(percent(meter.uploadRateToday))")
    if let error = meter.lastError {
      page.wrapped("! ", meter.lastErrorAt.map { "\(short($0)): \(error)" } ?? error)
    }
    if let readings = meter.readings, !readings.isEmpty { page.table(readingTable(readings)) }
    return page.text
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
