import TestSupport

/// The spool files of a directory, by the names of docs: `<site>_<forward>_<period start UTC>_r<revision>.csv`.
struct SpoolFiles {
  let directory: String
  /// Revisions by the start of their period as it stands in the name, `20261121T021500Z`.
  let periods: [String: [Int]]

  init(_ directory: String) {
    self.directory = directory
    var periods: [String: [Int]] = [:]
    for name in TextFile.names(in: directory) where name.hasSuffix(".csv") && !name.hasPrefix(".") {
      let parts = name.dropLast(4).split(separator: "_")
      guard parts.count >= 4, let revision = Int(parts[parts.count - 1].dropFirst()) else { continue }
      periods[String(parts[parts.count - 2]), default: []].append(revision)
    }
    self.periods = periods.mapValues { $0.sorted() }
  }

  var starts: [String] { periods.keys.sorted() }

  /// Rows of the newest revision of each period.
  func rows(prefix: String) -> [Substring] {
    periods.flatMap { start, revisions -> [Substring] in
      let text = TextFile.read("\(directory)/\(prefix)_\(start)_r\(revisions.last ?? 0).csv")
      return Array(text.split(separator: "\n").dropFirst())
    }
  }

  /// `20261121T021500Z` in seconds since 1970.
  static func seconds(_ start: String) -> Int? {
    let digits = start.utf8.compactMap { (48...57).contains($0) ? Int($0 - 48) : nil }
    guard digits.count == 14 else { return nil }
    func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
    // Days from civil, H. Hinnant: the year begins in March.
    let month = number(4..<6)
    let year = number(0..<4) - (month <= 2 ? 1 : 0)
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + number(6..<8) - 1
    let dayOfEra = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + dayOfYear
    let days = year / 400 * 146_097 + dayOfEra - 719_468
    return ((days * 24 + number(8..<10)) * 60 + number(10..<12)) * 60 + number(12..<14)
  }

  /// `sha256sum -c` over every manifest; nil where all files are right.
  func verify() async throws -> String? {
    let manifests = TextFile.names(in: directory).filter { $0.hasSuffix(".sha256") && !$0.hasPrefix(".") }
    if manifests.isEmpty { return nil }
    let result = try await run(
      ["sh", "-c", "cd \"$0\" && exec sha256sum --check --strict --quiet \"$@\" 2>&1", directory] + manifests)
    return result.isSuccess ? nil : result.output
  }
}
