import Accounting
import Metering

/// Prints totals of counters and statistics of gauges, all in one list of columns.
struct TotalsPrinter {
  static let header =
    "start,end,meter_id,quantity,total,min,mean,max,unit,kind,quality,flags,count,definition"

  let format: Query.Format
  let zone: Zone
  private var buffer: [UInt8] = []
  private var definition = ""

  init(format: Query.Format, zone: Zone) {
    self.format = format
    self.zone = zone
  }

  /// A row of either kind.
  struct Row {
    var start: Timestamp
    var end: Timestamp
    var meterID: String
    var quantity: String
    var total: ExactDecimal?
    var least: ExactDecimal?
    var mean: ExactDecimal?
    var greatest: ExactDecimal?
    var unit: String
    var kind: Quantity.Kind
    var quality: Quality
    var flags: [String]
    var count: Int
    /// In force in it: more than one where the last one begins in it.
    var definitions: [(since: Timestamp, sha256: String)]
  }

  mutating func begin() { if format == .csv { write(TotalsPrinter.header) } }

  mutating func begin(_ series: String, _ kind: Quantity.Kind) {
    guard format == .table else { return }
    definition = ""
    write(series)
    let values = kind == .gauge ? ["MIN", "MEAN", "MAX"] : ["TOTAL"]
    write(
      "\(TableText.left("START", 29)) \(TableText.left("END", 29)) "
        + values.map { TableText.right($0, 14) }.joined(separator: " ") + " UNIT   QUALITY    COUNT FLAGS")
  }

  mutating func add(_ row: Row) {
    let flags = row.flags.joined(separator: "+")
    let hashes = row.definitions.map(\.sha256).joined(separator: "+")
    let values = row.kind == .gauge ? [row.least, row.mean, row.greatest] : [row.total]
    switch format {
    case .table:
      if hashes != definition {
        definition = hashes
        for one in row.definitions { write("definition \(one.sha256) since \(text(one.since))") }
      }
      write(
        "\(TableText.left(text(row.start), 29)) \(TableText.left(text(row.end), 29)) "
          + values.map { TableText.right($0?.description ?? "-", 14) }.joined(separator: " ")
          + " \(TableText.left(row.unit, 6)) \(TableText.left(row.quality.rawValue, 10)) "
          + TableText.right("\(row.count)", 5) + (flags.isEmpty ? "" : " \(flags)"))
    case .csv:
      let numbers = [row.total, row.least, row.mean, row.greatest].map { $0?.description ?? "" }.joined(separator: ",")
      write(
        "\(text(row.start)),\(text(row.end)),\(row.meterID),\(row.quantity),\(numbers),\(quoted(row.unit)),"
          + "\(row.kind.rawValue),\(row.quality.rawValue),\(flags),\(row.count),\(hashes)")
    case .ndjson:
      func number(_ value: ExactDecimal?) -> String { value?.description ?? "null" }
      write(
        "{\"start\":\"\(text(row.start))\",\"end\":\"\(text(row.end))\",\"meter_id\":\"\(row.meterID)\","
          + "\"quantity\":\"\(row.quantity)\",\"total\":\(number(row.total)),\"min\":\(number(row.least)),"
          + "\"mean\":\(number(row.mean)),\"max\":\(number(row.greatest)),\"unit\":\"\(JSONText.escaped(row.unit))\","
          + "\"kind\":\"\(row.kind.rawValue)\",\"quality\":\"\(row.quality.rawValue)\","
          + "\"flags\":[\(row.flags.map { "\"\($0)\"" }.joined(separator: ","))],\"count\":\(row.count),"
          + "\"definition\":\"\(hashes)\"}")
    }
    if buffer.count > 60_000 { flush() }
  }

  mutating func flush() {
    Console.write(buffer, to: 1)
    buffer.removeAll(keepingCapacity: true)
  }

  private func text(_ time: Timestamp) -> String { time.rfc3339(offsetSeconds: zone.offsetSeconds(at: time)) }

  /// A unit of `x_…` may be any text.
  private func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  private mutating func write(_ line: String) {
    buffer.append(contentsOf: line.utf8)
    buffer.append(UInt8(ascii: "\n"))
  }
}
