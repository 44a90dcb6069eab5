import Accounting
import Archive
import Metering
import Segments
import Series

/// One point of one meter over a day, a year and five years that end with the last sealed day. Before each reading all files of the
/// archive are dropped from the page cache.
struct Read {
  let directory: String
  let rounds: Int

  static let meter = 7
  private static let quantity = "x_voltage_1"
  private static let counter = "x_import"
  /// The 17th point.
  private static let counterColumn = "holding/132/2"
  private static let column = "holding/102/2"

  private struct Span {
    let name: String
    let times: Range<Int64>
    /// The sealed files that can have them.
    let files: [String]

    var from: Timestamp { Timestamp(milliseconds: times.lowerBound) }
    var to: Timestamp { Timestamp(milliseconds: times.upperBound) }
  }

  func run() throws {
    let segments = try Files.segments(of: directory)
    guard let last = segments.last,
      let end = try SegmentReader(path: last).segments.last.flatMap({ CivilDate($0.name) })
    else { throw BenchError("\(directory) has no sealed day") }
    let day: Int64 = 86_400_000
    let to = (end.daysSinceEpoch + 1) * day
    let spans = [("day", 1), ("year", 365), ("five years", 1826)].map { name, days in
      let from = to - Int64(days) * day
      let month = "\(CivilDate(daysSinceEpoch: from / day))".prefix(7)
      return Span(
        name: name, times: from..<to,
        files: segments.filter { $0.split(separator: "/").last.map { $0 >= month } ?? false })
    }
    for span in spans {
      try measure("columns", span) { try columns(span) }
      try measure("readings", span) { try readings(span) }
      try measure("quarters of a counter", span) { try quarters(span) }
      try measure("hourly totals", span) { try totals(span) }
      try measure("hourly means", span) { try means(span) }
    }
  }

  private func measure(_ what: String, _ span: Span, _ body: () throws -> Int) throws {
    var seconds: [Double] = []
    var cpu: [Double] = []
    var count = 0
    // Seconds each: a few of them do.
    while seconds.count < rounds, seconds.reduce(0, +) < 10 {
      Files.forget(try Files.segments(of: directory) + [directory + "/catalog.sqlite"])
      let before = Usage()
      count = try body()
      let after = Usage()
      seconds.append(after.monotonicSeconds - before.monotonicSeconds)
      cpu.append(after.userSeconds + after.systemSeconds - before.userSeconds - before.systemSeconds)
    }
    seconds.sort()
    cpu.sort()
    print(
      """
      {"what": "\(what)", "span": "\(span.name)", "count": \(count), "files": \(span.files.count), \
      "least_ms": \(1e3 * seconds[0]), "median_ms": \(1e3 * seconds[seconds.count / 2]), \
      "least_cpu_ms": \(1e3 * cpu[0]), "median_cpu_ms": \(1e3 * cpu[cpu.count / 2])}
      """)
  }

  /// Times and raw numbers.
  private func columns(_ span: Span) throws -> Int {
    var count = 0
    var sum: UInt64 = 0
    let isWanted = { (column: String) in column == Read.column }
    for file in span.files {
      try SegmentReader(path: file).series(
        of: SeriesFile.meterSource(Read.meter), columns: isWanted,
        times: span.times.lowerBound...(span.times.upperBound - 1), odd: { _ in },
        { batch in
          count += batch.count
          sum &+= (batch.columns.first?.patterns.last ?? 0) &+ UInt64(bitPattern: batch.times.last ?? 0)
        })
    }
    guard count > 0, sum > 0 else { throw BenchError("nothing there") }
    return count
  }

  /// Decimals with quality, as `meterd query` streams them.
  private func readings(_ span: Span) throws -> Int {
    var count = 0
    try ArchiveReader(path: directory).forEachReading(
      meterID: SeriesFile.meterID(Read.meter), quantity: Read.quantity,
      from: span.from, to: span.to
    ) { _ in count += 1 }
    return count
  }
}

extension Read {
  /// The aggregates that were kept, as they are.
  private func quarters(_ span: Span) throws -> Int {
    var count = 0
    let isWanted = { (column: String) in column == Read.counterColumn }
    for file in span.files {
      try SegmentReader(path: file).quarters(
        of: SeriesFile.meterSource(Read.meter), columns: isWanted,
        times: span.times.lowerBound...(span.times.upperBound - 1)
      ) { count += $0.quarters.count }
    }
    return count
  }

  /// Of a counter, judged, by the site's local hours.
  private func totals(_ span: Span) throws -> Int {
    var count = 0
    try SeriesReader(try ArchiveReader(path: directory)).forEachTotal(
      meterID: SeriesFile.meterID(Read.meter), Read.counter, by: .hour, from: span.from, to: span.to, now: span.to
    ) { _ in count += 1 }
    return count
  }

  /// Least, mean and greatest of a gauge.
  private func means(_ span: Span) throws -> Int {
    var count = 0
    try SeriesReader(try ArchiveReader(path: directory)).forEachStatistic(
      meterID: SeriesFile.meterID(Read.meter), Read.quantity, by: .hour, from: span.from, to: span.to, now: span.to
    ) { _ in count += 1 }
    return count
  }
}

extension SeriesFile {
  static func meterSource(_ number: Int) -> String { "meter:\(meterID(number))" }
}
