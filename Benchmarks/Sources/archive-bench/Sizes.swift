import Segments

/// What the octets of an archive's segments are.
struct Sizes {
  let directory: String

  func run() throws {
    var octets: [String: Int] = [:]
    var total = 0
    var rows = 0
    for path in try Files.segments(of: directory) {
      let reader = try SegmentReader(path: path)
      total += try Files.octets([path])
      for source in reader.sources {
        if source.name.hasPrefix("meter:") { rows += source.rows }
        for day in try reader.days(of: source.name) {
          for leaf in try reader.leaves(of: source.name, in: day.segment) {
            octets[Sizes.role(leaf.header.column), default: 0] += leaf.chunk.count
          }
        }
      }
    }
    let chunks = octets.values.reduce(0, +)
    let parts = octets.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }
    print(
      """
      {"meter_rows": \(rows), "octets": \(total), "chunks": \(chunks), "index": \(total - chunks), \
      \(parts.joined(separator: ", "))}
      """)
  }

  private static func role(_ column: String) -> String {
    let parts = column.split(separator: ":")
    if parts.count == 1 { return column == "quarter" ? "quarters" : String(column) }
    return parts.count == 2 ? "values" : "quarters"
  }
}
