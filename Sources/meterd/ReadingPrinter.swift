import Archive
import Forwarding
import Metering
import Series

/// Prints readings in one of the formats of the contract, a buffer at a time.
struct ReadingPrinter {
  let format: Query.Format
  let zone: Zone
  let raw: Bool
  /// Whether csv and ndjson have the definition's hash as a last column.
  let definitions: Bool
  private var buffer: [UInt8] = []
  /// Of what was printed last, in the table.
  private var definition = ""

  init(format: Query.Format, zone: Zone, raw: Bool, definitions: Bool) {
    self.format = format
    self.zone = zone
    self.raw = raw
    self.definitions = definitions
  }

  mutating func begin() {
    guard format == .csv else { return }
    write(CSVRow.header + (raw ? ",raw" : "") + (definitions ? ",definition" : ""))
  }

  /// The table begins anew with each series.
  mutating func begin(_ series: String) {
    guard format == .table else { return }
    definition = ""
    write(series)
    write(
      "TIME                           DUE       QUANTITY                         VALUE UNIT   QUALITY    FLAGS"
        + (raw ? "  RAW" : ""))
  }

  /// - Parameter since: from when on the definition holds; asked where it changes.
  mutating func add(_ item: SeriesReading, since: () -> Timestamp?) {
    let reading = item.reading
    switch format {
    case .csv:
      CSVRow.append(reading, zone: zone, raw: raw, to: &buffer)
      if definitions {
        buffer.removeLast()
        write(",\(item.definition)")
      }
    case .ndjson:
      var line = NDJSONRow.text(reading, zone: zone, raw: raw)
      if definitions { line = line.dropLast() + ",\"definition\":\"\(item.definition)\"}" }
      write(line)
    case .table:
      if item.definition != definition {
        definition = item.definition
        write("definition \(definition)" + (since().map { " since \(text($0))" } ?? ""))
      }
      write(row(reading))
    }
    if buffer.count > 60_000 { flush() }
  }

  mutating func flush() {
    Console.write(buffer, to: 1)
    buffer.removeAll(keepingCapacity: true)
  }

  private mutating func write(_ line: String) {
    buffer.append(contentsOf: line.utf8)
    buffer.append(UInt8(ascii: "\n"))
  }

  private func text(_ time: Timestamp) -> String { time.rfc3339(offsetSeconds: zone.offsetSeconds(at: time)) }

  private func row(_ reading: Reading) -> String {
    let due = reading.due.map { String(text($0).dropFirst(11).prefix(8)) } ?? "-"
    var line =
      "\(TableText.left(text(reading.time), 30)) \(TableText.left(due, 9)) \(TableText.left(reading.quantity, 22)) "
      + "\(TableText.right(reading.shown ?? "-", 15)) \(TableText.left(reading.unit, 6)) "
      + "\(TableText.left(reading.quality.rawValue, 10)) " + reading.flags.joined(separator: "+")
    if raw { line += "  " + reading.rawText }
    return line
  }
}

/// Texts in columns of a table.
enum TableText {
  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

/// A reading as one line of NDJSON.
enum NDJSONRow {
  static func text(_ reading: Reading, zone: Zone, raw: Bool = false) -> String {
    func text(_ time: Timestamp) -> String { time.rfc3339(offsetSeconds: zone.offsetSeconds(at: time)) }
    let flags = reading.flags.map { "\"\($0)\"" }.joined(separator: ",")
    let value = reading.value?.description ?? reading.text.map { "\"\(JSONText.escaped($0))\"" } ?? "null"
    var line =
      "{\"time\":\"\(text(reading.time))\",\"due\":\(reading.due.map { "\"\(text($0))\"" } ?? "null"),"
      + "\"received\":\"\(text(reading.received))\",\"meter_id\":\"\(reading.meterID)\","
      + "\"quantity\":\"\(reading.quantity)\",\"value\":\(value),"
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
