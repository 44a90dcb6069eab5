import Columns
import Glibc
import Metering
import Proof
import Segments

/// Makes years of an archive whose first month was sealed by `load` and `seal`: further months have that month's values. Files
/// of months are written by `SegmentWriter.repack`, manifests and signatures as maintenance writes them; the catalog is left to be
/// rebuilt from the files.
struct Extend {
  let directory: String
  let months: Int

  func run() throws {
    let before = Usage()
    let names = try Files.names(in: directory + "/manifests").filter { $0.hasSuffix(".manifest") }
    guard let name = names.last, let bytes = Files.read("\(directory)/manifests/\(name)") else {
      throw BenchError("\(directory) has no sealed day")
    }
    var last = try Manifest.parse(bytes)
    var previous = Digest.sha256(bytes)
    let key = try SigningKey.load(directory + "/signing-key.pem")
    let first = String(last.segment.prefix(7))
    let template = try SegmentReader(path: "\(directory)/segments/\(first).mseg")
    let days = try template.segments.map { try MovedDay(template, day: $0.name) }
    let dates = template.segments.compactMap { CivilDate($0.name) }
    guard days.count == dates.count, var date = dates.last.map({ CivilDate(daysSinceEpoch: $0.daysSinceEpoch + 1) })
    else { throw BenchError("\(first).mseg is no file of a month") }
    // What is in the hot store was there to close the last day only.
    for path in try Files.names(in: directory + "/hot").map({ "\(directory)/hot/\($0)" }) { unlink(path) }
    for suffix in ["", "-wal", "-shm"] { unlink("\(directory)/catalog.sqlite\(suffix)") }
    let encoder = ColumnEncoder(level: 3)
    let source = SeriesFile.meterSource(Read.meter)
    let growth = try growth(days, source)
    var rows = 0
    for number in 1...max(1, months) {
      let counters = growth.mapValues { $0 * Double(number) }
      let month = String("\(date)".prefix(7))
      var readers: [SegmentReader] = []
      for place in 0..<CivilDate.days(inMonth: date.month, of: date.year) {
        let day = days[place % days.count]
        let moved = (date.daysSinceEpoch - dates[place % days.count].daysSinceEpoch) * 86_400_000
        let file = try day.file(
          "\(date)", firstSeq: last.lastSeq + 1, moved: moved, counting: source, counters: counters, encoder)
        readers.append(try SegmentReader(bytes: file.octets, name: "\(date)"))
        rows += day.rows
        let end = (date.daysSinceEpoch + 1) * 86_400_000
        last = Manifest(
          site: last.site, number: last.number + 1, segment: "\(date)", previous: previous, key: key.id,
          leaves: file.leaves, root: file.root, rows: UInt64(day.rows), firstSeq: last.lastSeq + 1,
          lastSeq: last.lastSeq + UInt64(day.rows), firstReceived: end - 86_400_000, lastReceived: end - 1,
          firstJournal: 0, lastJournal: 0, definitions: last.definitions, clock: .trusted, sealed: end,
          sources: file.sources.map {
            Manifest.Source(
              name: $0.name, rows: UInt64($0.rows), firstSeq: $0.seqs.lowerBound, lastSeq: $0.seqs.upperBound,
              firstTime: $0.times.lowerBound, lastTime: $0.times.upperBound)
          }, gaps: [])
        previous = Digest.sha256(last.bytes)
        let path = "\(directory)/manifests/\(last.fileName)"
        try Files.write(try key.signature(over: last.bytes), key.id.signatureFileName(of: path))
        try Files.write(last.bytes, path)
        date = CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1)
      }
      _ = try SegmentWriter.repack(days: readers, to: "\(directory)/segments/\(month).mseg")
    }
    print("{\"rows\": \(rows), \"next\": \"\(date)\", \(Usage.since(before))}")
  }

  /// By label, how far the counters of a meter went in the month.
  private func growth(_ days: [MovedDay], _ source: String) throws -> [String: Double] {
    var growth: [String: Double] = [:]
    guard let first = days.first, let last = days.last else { return growth }
    for column in first.counters(of: source) {
      guard let begin = try first.values(of: column, source)?.first, let end = try last.values(of: column, source)?.last
      else { throw BenchError("\(source) has no column \(column)") }
      growth["\(column):f32"] = Double(end) - Double(begin)
      growth["\(column):f32:counter"] = Double(end) - Double(begin)
    }
    return growth
  }
}
