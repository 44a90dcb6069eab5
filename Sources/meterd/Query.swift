import Accounting
import Archive
import ArgumentParser
import Metering
import Series
import Threads

struct Query: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Readings and totals from the archive, whether the daemon runs or not.",
    discussion: """
      METER names all series of a meter, METER/QUANTITY one; name as many as you like. Times are RFC 3339 or a date of the \
      site, which means its start. Readings come in the order of time, by the definition that holds for it; corrections are \
      applied, and what no register can have done is bad (docs/TOTALS.md).

      With --total come what counters counted, and least, mean and greatest value of gauges, by the site's local hours, days or \
      months. A row that is flagged spanning belongs to the range in which it ends.

      Examples:
        meterd query rinse-water/volume --from 2026-11-20 --to 2026-11-21
        meterd query main-incomer --from 2026-11-21T08:00:00+08:00 --format csv --raw
        meterd query main-incomer/energy_active_import feeder-3/energy_active_import --from 2026-01-01 --total month
        meterd query main-incomer/energy_active_import --from 2026-03-01 --to 2026-04-01 --total day --as-of 2026-04-02
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, csv, ndjson }

  enum Total: String, ExpressibleByArgument, CaseIterable {
    case hour, day, month

    var length: Intervals.Length {
      switch self {
      case .hour: .hour
      case .day: .day
      case .month: .month
      }
    }
  }

  @Argument(help: "METER/QUANTITY or METER.") var series: [String]
  @Option(help: "From this time on.") var from: String
  @Option(help: "Until before this time; default now.") var to: String?
  @Option(help: "Totals in place of readings: hour, day or month.") var total: Total?
  @Option(help: "Definitions, exchanges and corrections as they were known at that time.") var asOf: String?
  @Flag(help: "Without corrections.") var uncorrected = false
  @Option(help: "The archive's directory.") var archive = "/var/lib/meterd/archive"
  @Option(help: "table, csv or ndjson.") var format: Format = .table
  @Flag(help: "Also the bytes as the meter sent them, in hexadecimal.") var raw = false
  @Flag(help: "Also the definition's hash, as a last column of csv and ndjson.") var definitions = false

  func validate() throws {
    guard !series.isEmpty else { throw ValidationError("name a METER or METER/QUANTITY") }
    if total != nil, raw { throw ValidationError("a total has no bytes: leave out --raw, or --total") }
  }

  func run() async throws {
    let query = self
    do { try await OwnThread.run(name: "query") { try query.print() } } catch {
      if error is ValidationError || error is ExitCode { throw error }
      Console.error("meterd query: \(error)")
      throw Exit.failure
    }
  }

  private func print() throws {
    let names = series.map(SeriesName.init)
    let plain = try ArchiveReader(path: archive)
    let zone = try Query.zone(of: names.map(\.meterID), in: plain, archive)
    let now = SystemClock().now()
    let range = try TimeOption.parse(from: from, to: to, now: now, zone)
    let known = try asOf.map { try TimeOption.parse($0, "--as-of", zone) }
    let reader = SeriesReader(
      try known.map { try ArchiveReader(path: archive, asOf: $0) } ?? plain, isCorrected: !uncorrected)
    for problem in reader.notes.problems { Console.error("meterd query: warning: \(problem)") }
    for name in names {
      let quantities = reader.quantities(of: name.meterID)
      if quantities.isEmpty { throw NotFound(description: "nothing was known of '\(name.meterID)' at that time") }
      if let quantity = name.quantity, !quantities.contains(quantity) {
        throw NotFound(
          description: "\(name.meterID) has no '\(quantity)'; it has: \(quantities.joined(separator: ", "))")
      }
    }
    if let total {
      try printTotals(names, by: total.length, reader, range, zone, now: now)
    } else {
      try printReadings(names, reader, range, zone)
    }
  }

  /// The site's zone, as the meters' definitions say.
  static func zone(of meterIDs: [String], in reader: ArchiveReader, _ archive: String) throws -> Zone {
    var zone = Zone.utc
    for meterID in meterIDs.reversed() {
      guard let definition = reader.latestDefinition(of: meterID) else {
        let known = reader.meterIDs.prefix(20).joined(separator: ", ")
        throw NotFound(description: "no meter '\(meterID)' in \(archive); there are: \(known.isEmpty ? "none" : known)")
      }
      zone = try Zone(named: definition.timeZone)
    }
    return zone
  }

  private func printReadings(_ names: [SeriesName], _ reader: SeriesReader, _ range: Range<Timestamp>, _ zone: Zone)
    throws
  {
    var output = ReadingPrinter(format: format, zone: zone, raw: raw, definitions: definitions)
    output.begin()
    for (name, text) in zip(names, series) {
      output.begin(text)
      try reader.forEachReading(
        meterID: name.meterID, quantities: name.quantity.map { [$0] }, from: range.lowerBound, to: range.upperBound
      ) { item in
        output.add(item) {
          reader.definitions(of: name.meterID, from: item.reading.time, to: item.reading.time + 1)
            .last { $0.sha256 == item.definition }?.since
        }
      }
    }
    output.flush()
  }

  private func printTotals(
    _ names: [SeriesName], by length: Intervals.Length, _ reader: SeriesReader, _ range: Range<Timestamp>, _ zone: Zone,
    now: Timestamp
  ) throws {
    var output = TotalsPrinter(format: format, zone: zone)
    output.begin()
    for name in names {
      for quantity in name.quantity.map({ [$0] }) ?? reader.quantities(of: name.meterID) {
        guard let kind = try reader.kind(of: name.meterID, quantity), kind != .text else {
          if name.quantity == nil { continue }
          throw NotFound(description: "\(name.meterID)/\(quantity) is a text: it has no totals")
        }
        output.begin("\(name.meterID)/\(quantity)", kind)
        try forEachRow(name.meterID, quantity, kind, by: length, reader, range, now: now) { output.add($0) }
      }
    }
    output.flush()
  }

  private func forEachRow(
    _ meterID: String, _ quantity: String, _ kind: Quantity.Kind, by length: Intervals.Length, _ reader: SeriesReader,
    _ range: Range<Timestamp>, now: Timestamp, _ body: (TotalsPrinter.Row) -> Void
  ) throws {
    if kind == .gauge {
      try reader.forEachStatistic(
        meterID: meterID, quantity, by: length, from: range.lowerBound, to: range.upperBound, now: now
      ) { row in
        body(
          .init(
            start: row.start, end: row.end, meterID: meterID, quantity: quantity, least: row.least, mean: row.mean,
            greatest: row.greatest, unit: row.unit, kind: kind, quality: row.quality, flags: row.flags,
            count: row.count, definitions: reader.definitions(of: meterID, from: row.start, to: row.end)))
      }
      return
    }
    try reader.forEachTotal(
      meterID: meterID, quantity, by: length, from: range.lowerBound, to: range.upperBound, now: now
    ) { row in
      body(
        .init(
          start: row.start, end: row.end, meterID: meterID, quantity: quantity, total: row.total, unit: row.unit,
          kind: kind, quality: row.quality, flags: row.flags, count: row.count,
          definitions: reader.definitions(of: meterID, from: row.start, to: row.end)))
    }
  }
}
