extension StatusTable {
  /// A row a station; `buses` that are none are left out.
  static func stationTable(_ buses: [BusStatus], now: String) -> TextTable {
    var table = TextTable([
      .init(title: "STATION", minimum: 8), .init(title: "STATE"), .init(title: "LINK"),
      .init(title: "ASDUS", alignment: .right), .init(title: "OBJECTS", alignment: .right),
      .init(title: "UNNAMED", alignment: .right), .init(title: "GENERAL", minimum: 8),
      .init(title: "COUNTER", minimum: 8), .init(title: "LAST ERROR", minimum: 10),
    ])
    table.rows = buses.compactMap { bus in
      guard let station = bus.station else { return nil }
      return [
        .init(bus.id), .init(bus.state.rawValue, bus.state.tone), link(station.links), .init(count(station.asdus)),
        .init(count(station.objects)), .init("\(station.unnamedObjects)"),
        newest(station.interrogations.filter { $0.kind == .general }, now: now),
        newest(station.interrogations.filter { $0.kind == .counter }, now: now), .init(orDash(bus.lastError)),
      ]
    }
    return table
  }

  /// How many are connected: of a redundancy group, is there a spare? An address would be cut; the view of the station
  /// has it.
  private static func link(_ links: [StationLinkStatus]) -> TextTable.Cell {
    guard !links.isEmpty else { return "-" }
    let connected = links.count { $0.state.isConnected }
    return .init("\(connected) of \(links.count)", connected == links.count ? nil : .warning)
  }

  /// Outcome and age of the last interrogation, of the common address where it went worst: `ok 4 min`.
  private static func newest(_ interrogations: [InterrogationStatus], now: String) -> TextTable.Cell {
    let aged = interrogations.map { ($0, age: seconds(from: $0.endedAt, to: now)) }
    guard
      let (worst, age) = aged.max(by: { ($0.0.severity, $0.age ?? 0) < ($1.0.severity, $1.age ?? 0) })
    else { return "-" }
    let words = worst.isWhole ? "ok" : worst.isComplete ? "\(worst.absent) absent" : worst.outcome
    return .init(age.map { "\(words) \(duration($0))" } ?? words, worst.tone)
  }
}

// MARK: - The view of a single station

extension StatusTable {
  /// The view of a single station with its connections, interrogations and the objects that no point takes.
  /// Parameters as for the report.
  public static func render(_ station: BusStatus, width: Int, colour: Bool = false) -> String {
    var page = Page(width: width, colour: colour)
    page.line("\(station.id): \(station.state.rawValue)", station.state.tone)
    if let error = station.lastError {
      page.wrapped("! ", station.lastErrorAt.map { "\(short($0)): \(error)" } ?? error)
    }
    if let advice = station.advice { page.wrapped("- ", advice, .warning) }
    guard let details = station.station else { return page.text }
    page.wrapped("", received(details), nil)
    page.wrapped("", asked(station), nil)
    if details.waitingForArchive > 0 || details.commitFailures > 0 {
      let failures = counted(details.commitFailures, "commit", "commits").map { "; \($0) failed" } ?? ""
      let waiting = counted(UInt64(max(0, details.waitingForArchive)), "observation waits", "observations wait")
      page.line("\(waiting ?? "no observation waits") for the archive\(failures)", .warning)
    }
    for link in details.links { append(link, to: &page) }
    if !details.interrogations.isEmpty { page.table(interrogationTable(details.interrogations)) }
    if !details.unnamed.isEmpty {
      let more = details.unnamedObjects > details.unnamed.count ? "; the first \(details.unnamed.count)" : ""
      let objects = counted(UInt64(max(0, details.unnamedObjects)), "object", "objects") ?? "objects"
      page.line("")
      page.wrapped(
        "",
        "\(objects) that no point takes\(more), by common address (CA) and information object address (IOA):", nil)
      page.table(objectTable(details.unnamed))
    }
    return page.text
  }

  /// `1200 ASDUs, 19200 objects, 19000 of them for points; 2 malformed ASDUs`
  private static func received(_ station: StationStatus) -> String {
    let odd = [
      counted(station.repeatedObjects, "object received again", "objects received again"),
      counted(station.malformedASDUs, "malformed ASDU", "malformed ASDUs"),
      counted(station.testASDUs, "test ASDU", "test ASDUs"),
      counted(station.trailingOctetASDUs, "ASDU with trailing octets", "ASDUs with trailing octets"),
    ].compactMap(\.self)
    guard let asdus = counted(station.asdus, "ASDU", "ASDUs") else { return "no ASDU yet" }
    let objects = counted(station.objects, "object", "objects") ?? "no object"
    return "\(asdus), \(objects), \(station.namedObjects) of them for points"
      + (odd.isEmpty ? "" : "; " + odd.joined(separator: ", "))
  }

  /// `96 interrogations, 95 complete (98.9 %); 1 timeout`
  private static func asked(_ station: BusStatus) -> String {
    let failures = [
      counted(station.timeouts, "timeout", "timeouts"), counted(station.exceptions, "refusal", "refusals"),
      counted(station.skippedSlots, "slot skipped", "slots skipped"),
    ].compactMap(\.self)
    let rate = percent(share(station.good, of: station.requests))
    let requests = counted(station.requests, "interrogation", "interrogations")
    return (requests.map { "\($0), \(station.good) complete (\(rate))" } ?? "no interrogation yet")
      + (failures.isEmpty ? "" : "; " + failures.joined(separator: ", "))
  }

  /// Sentences, not columns: a reason for closing is not cut.
  private static func append(_ link: StationLinkStatus, to page: inout Page) {
    let since = link.since.map { " since \(short($0))" } ?? ""
    page.line("link \(link.address)\(link.tls ? " (TLS)" : ""): \(link.state.rawValue)\(since)", link.state.tone)
    if let connections = counted(link.connections, "connection", "connections") {
      page.wrapped(
        "  ",
        "\(connections); \(link.iFramesReceived) I frames received, \(link.iFramesSent) sent; \(link.sFramesSent) S and "
          + "\(link.testFramesSent) test frames sent; \(bytes(link.octetsReceived)) received, "
          + "\(bytes(link.octetsSent)) sent", nil)
    }
    if let close = link.lastClose { page.wrapped("  ", "last closed: \(close)", nil) }
  }

  private static func interrogationTable(_ interrogations: [InterrogationStatus]) -> TextTable {
    var table = TextTable([
      .init(title: "CA", alignment: .right), .init(title: "INTERROGATION"), .init(title: "SLOT", minimum: 8),
      .init(title: "ENDED"), .init(title: "OUTCOME", minimum: 10), .init(title: "ABSENT", alignment: .right),
    ])
    table.rows = interrogations.map { one in
      [
        .init("\(one.commonAddress)"), .init(one.kind.rawValue),
        .init(one.slot.map { short($0, now: one.endedAt) } ?? "at start"), .init(short(one.endedAt)),
        .init(one.outcome, one.tone), .init("\(one.absent)"),
      ]
    }
    return table
  }

  private static func objectTable(_ objects: [StationObjectStatus]) -> TextTable {
    var table = TextTable([
      .init(title: "CA", alignment: .right), .init(title: "IOA", alignment: .right), .init(title: "TYPE"),
      .init(title: "COUNT", alignment: .right), .init(title: "LAST VALUE", minimum: 10),
      .init(title: "LAST AT", minimum: 10),
    ])
    table.rows = objects.map { object in
      [
        .init("\(object.commonAddress)"), .init("\(object.objectAddress)"), .init(object.type),
        .init(count(object.count)), .init(orDash(object.lastValue)), .init(short(object.lastAt)),
      ]
    }
    return table
  }
}

extension InterrogationStatus {
  fileprivate var severity: Int { isWhole ? 0 : isComplete ? 1 : 2 }

  fileprivate var tone: Tone {
    switch severity {
    case 0: .good
    case 1: .warning
    default: .bad
    }
  }
}

extension StationLinkStatus.State {
  fileprivate var tone: Tone {
    switch self {
    case .started, .standby: .good
    case .connecting, .starting, .stopping: .warning
    case .down: .bad
    }
  }
}
