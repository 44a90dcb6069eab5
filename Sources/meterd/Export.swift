import Archive
import ArgumentParser
import Compression
import Files
import Forwarding
import Glibc
import Metering
import Series
import Threads

struct Export: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Readings as files, one by meter and month.",
    discussion: """
      METER-2026-11.csv and so on, months of the site, with the columns of every query, in the order of time, corrections applied. \
      A file appears when it is whole; one of that name is replaced. A month without readings has no file.

      Examples:
        meterd export --from 2026-01-01 --to 2027-01-01 --format csv --compress zstd --out /mnt/usb
        meterd export --from 2026-11-01 --meter main-incomer --meter rinse-water --format ndjson --out november
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case csv, ndjson }

  @Option(help: "From this time on: RFC 3339, or a date of the site.") var from: String
  @Option(help: "Until before this time; default now.") var to: String?
  @Option(name: .customLong("meter"), help: "Only this meter; may be given several times.") var meters: [String] = []
  @Option(help: "csv or ndjson.") var format: Format = .csv
  @Option(help: "none, gzip or zstd.") var compress: Compression = .none
  @Option(help: "Directory of the files; it is made.") var out: String
  @Option(help: "The archive's directory.") var archive = "/var/lib/meterd/archive"

  func run() async throws {
    let command = self
    do { try await OwnThread.run(name: "export") { try command.export() } } catch {
      if error is ValidationError || error is ExitCode { throw error }
      Console.error("meterd export: \(error)")
      throw Exit.failure
    }
  }

  private func export() throws {
    let plain = try ArchiveReader(path: archive)
    let ids = meters.isEmpty ? plain.meterIDs : meters
    let zone = try Query.zone(of: ids, in: plain, archive)
    let range = try TimeOption.parse(from: from, to: to, now: SystemClock().now(), zone)
    if mkdir(out, 0o755) != 0, errno != EEXIST { throw FileFault(out, "cannot be made") }
    let reader = SeriesReader(plain)
    for problem in reader.notes.problems { Console.error("meterd export: warning: \(problem)") }
    let bar = ProgressBar("export")
    defer { bar.end() }
    var files = 0
    var rows = 0
    // What was before the archive began takes no time.
    let start = max(range.lowerBound, plain.earliest ?? range.lowerBound)
    let span = Double(max(1, range.upperBound - start))
    for (number, meterID) in ids.enumerated() {
      var file: MonthFile?
      var taken = 0
      try reader.forEachReading(meterID: meterID, from: range.lowerBound, to: range.upperBound) { item in
        let reading = item.reading
        if file == nil || reading.time >= file?.end ?? .distantPast {
          files += try file?.finish() ?? 0
          file = try MonthFile(self, meterID, of: reading.time, zone)
        }
        try file?.add(reading)
        taken += 1
        if taken % 4096 == 0 { bar.show((Double(number) + Double(reading.time - start) / span) / Double(ids.count)) }
      }
      files += try file?.finish() ?? 0
      rows += taken
      bar.show(Double(number + 1) / Double(ids.count))
    }
    bar.end()
    Console.print("\(out): \(Words.count(files, "file")) with \(rows) rows")
  }
}

extension Compression: ExpressibleByArgument {}

/// The readings of one meter in one of the site's months.
private final class MonthFile {
  /// The first instant that is in the next one.
  let end: Timestamp
  private let zone: Zone
  private let format: Export.Format
  private let file: AtomicFile
  private let compressor: (any Compressor)?
  private var buffer: [UInt8] = []

  init(_ command: Export, _ meterID: String, of time: Timestamp, _ zone: Zone) throws {
    self.zone = zone
    format = command.format
    func month(after month: CivilDate) -> CivilDate {
      CivilDate(year: month.month == 12 ? month.year + 1 : month.year, month: month.month % 12 + 1, day: 1)
    }
    var first = zone.localDate(at: time)
    first.day = 1
    // Where the clock was set back over midnight the wall shows a month that is over.
    while zone.startOfDay(month(after: first)) <= time { first = month(after: first) }
    let name = first.description.dropLast(3)
    end = zone.startOfDay(month(after: first))
    file = try AtomicFile(
      directory: command.out, name: "\(meterID)-\(name).\(format.rawValue)\(command.compress.suffix)")
    compressor = try command.compress.compressor()
    if format == .csv { buffer.append(contentsOf: (CSVRow.header + "\n").utf8) }
  }

  func add(_ reading: Reading) throws {
    switch format {
    case .csv: CSVRow.append(reading, zone: zone, to: &buffer)
    case .ndjson: buffer.append(contentsOf: (NDJSONRow.text(reading, zone: zone) + "\n").utf8)
    }
    if buffer.count > 64 * 1024 { try drain(isLast: false) }
  }

  /// - Returns: how many files it is: one.
  func finish() throws -> Int {
    try drain(isLast: true)
    try file.publish()
    return 1
  }

  private func drain(isLast: Bool) throws {
    if let compressor {
      try compressor.compress(buffer, finish: isLast) { try file.write($0) }
    } else {
      try file.write(buffer[...])
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
