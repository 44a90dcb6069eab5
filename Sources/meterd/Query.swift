import Archive
import ArgumentParser
import Forwarding
import Metering
import Threads

struct Query: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Readings from the archive, whether the daemon runs or not.",
    discussion: """
      METER names all series of a meter, METER/QUANTITY one. Times are RFC 3339 or a date of the site.

      Examples:
        meterd query rinse-water/volume --from 2026-11-20 --to 2026-11-21
        meterd query main-incomer --from 2026-11-21T08:00:00+08:00 --format csv --raw
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, csv, ndjson }

  @Argument(help: "METER/QUANTITY or METER.") var series: String
  @Option(help: "From this time on.") var from: String
  @Option(help: "Until before this time; default now.") var to: String?
  @Option(help: "The archive's directory.") var archive = "/var/lib/meterd/archive"
  @Option(help: "table, csv or ndjson.") var format: Format = .table
  @Flag(help: "Also the bytes as the meter sent them, in hexadecimal.") var raw = false

  func run() async throws {
    let query = self
    do { try await OwnThread.run(name: "query") { try query.print() } } catch {
      guard error is ArchiveError || error is NotFound else { throw error }
      Console.error("meterd query: \(error)")
      throw Exit.failure
    }
  }

  private func print() throws {
    let reader = try ArchiveReader(path: archive)
    let parts = series.split(separator: "/", maxSplits: 1).map(String.init)
    let meterID = parts.first ?? ""
    guard let definition = reader.latestDefinition(of: meterID) else {
      let known = reader.meterIDs.prefix(20).joined(separator: ", ")
      throw NotFound(description: "no meter '\(meterID)' in \(archive); there are: \(known.isEmpty ? "none" : known)")
    }
    let quantity = parts.count > 1 ? parts[1] : nil
    if let quantity, !definition.quantities.contains(quantity) {
      let known = definition.quantities.joined(separator: ", ")
      throw NotFound(description: "\(meterID) has no '\(quantity)'; it has: \(known)")
    }
    let zone = try Zone(named: definition.timeZone)
    let start = try time(from, "--from", zone)
    let end = try to.map { try time($0, "--to", zone) } ?? SystemClock().now() + 1
    var output = ReadingPrinter(format: format, zone: zone, raw: raw)
    output.begin()
    try reader.forEachReading(meterID: meterID, quantity: quantity, from: start, to: end) { output.add($0) }
    output.end()
  }

  private func time(_ text: String, _ option: String, _ zone: Zone) throws -> Timestamp {
    if let time = Timestamp(rfc3339: text) { return time }
    if let date = CivilDate(text) { return zone.startOfDay(date) }
    throw ValidationError("\(option) '\(text)' is no time; say 2026-11-21 or 2026-11-21T10:15:00+08:00")
  }
}

/// Prints readings in one of the formats of the contract, a buffer at a time.
struct ReadingPrinter {
  let format: Query.Format
  let zone: Zone
  let raw: Bool
  private var buffer: [UInt8] = []

  init(format: Query.Format, zone: Zone, raw: Bool) {
    self.format = format
    self.zone = zone
    self.raw = raw
  }

  mutating func begin() {
    switch format {
    case .csv: buffer.append(contentsOf: (CSVRow.header + (raw ? ",raw" : "") + "\n").utf8)
    case .ndjson: break
    case .table:
      let header =
        "TIME                           DUE       QUANTITY                         VALUE UNIT   QUALITY    FLAGS"
      buffer.append(contentsOf: (header + (raw ? "  RAW" : "") + "\n").utf8)
    }
  }

  mutating func add(_ reading: Reading) {
    switch format {
    case .csv: CSVRow.append(reading, zone: zone, raw: raw, to: &buffer)
    case .ndjson: buffer.append(contentsOf: (json(reading) + "\n").utf8)
    case .table: buffer.append(contentsOf: (row(reading) + "\n").utf8)
    }
    if buffer.count > 60_000 { flush() }
  }

  mutating func end() { flush() }

  private mutating func flush() {
    Console.write(buffer, to: 1)
    buffer.removeAll(keepingCapacity: true)
  }

  private func text(_ time: Timestamp) -> String { time.rfc3339(offsetSeconds: zone.offsetSeconds(at: time)) }

  private func row(_ reading: Reading) -> String {
    func left(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    let due = reading.due.map { String(text($0).dropFirst(11).prefix(8)) } ?? "-"
    var line =
      "\(left(text(reading.time), 30)) \(left(due, 9)) \(left(reading.quantity, 22)) "
      + "\(right(reading.shown ?? "-", 15)) \(left(reading.unit, 6)) \(left(reading.quality.rawValue, 10)) "
      + reading.flags.joined(separator: "+")
    if raw { line += "  " + reading.rawText }
    return line
  }

  private func value(_ reading: Reading) -> String {
    reading.value?.description ?? reading.text.map { "\"\(JSONText.escaped($0))\"" } ?? "null"
  }

  private func json(_ reading: Reading) -> String {
    let flags = reading.flags.map { "\"\($0)\"" }.joined(separator: ",")
    var line =
      "{\"time\":\"\(text(reading.time))\",\"due\":\(reading.due.map { "\"\(text($0))\"" } ?? "null"),"
      + "\"received\":\"\(text(reading.received))\",\"meter_id\":\"\(reading.meterID)\","
      + "\"quantity\":\"\(reading.quantity)\",\"value\":\(value(reading)),"
      + "\"unit\":\"\(JSONText.escaped(reading.unit))\",\"kind\":\"\(reading.kind.rawValue)\","
      + "\"quality\":\"\(reading.quality.rawValue)\",\"flags\":[\(flags)],\"seq\":\(reading.seq),\"index\":\(reading.index)"
    if raw { line += ",\"raw\":\"\(reading.rawText)\"" }
    return line + "}"
  }
}

enum JSONText {
  /// For the few texts of a reading that a user chose.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}

/// What was asked for is not there; the usage was right.
struct NotFound: Error, CustomStringConvertible {
  let description: String
}
