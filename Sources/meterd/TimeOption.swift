import ArgumentParser
import Metering

/// Times of the command line: RFC 3339, or a date of the site, which means its start.
enum TimeOption {
  static func parse(_ text: String, _ option: String, _ zone: Zone) throws -> Timestamp {
    if let time = Timestamp(rfc3339: text) { return time }
    if let date = CivilDate(text) { return zone.startOfDay(date) }
    throw ValidationError("\(option) '\(text)' is no time; say 2026-11-21 or 2026-11-21T10:15:00+08:00")
  }

  /// A range, its end after its start.
  static func parse(from: String, to: String?, now: Timestamp, _ zone: Zone) throws -> Range<Timestamp> {
    let start = try parse(from, "--from", zone)
    let end = try to.map { try parse($0, "--to", zone) } ?? max(now, start) + 1
    guard start <= end else { throw ValidationError("--to lies before --from") }
    return start..<end
  }
}

/// METER or METER/QUANTITY of the command line.
struct SeriesName {
  let meterID: String
  let quantity: String?

  init(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    meterID = parts.first ?? ""
    quantity = parts.count > 1 ? parts[1] : nil
  }
}

/// What was asked for is not there; the usage was right.
struct NotFound: Error, CustomStringConvertible {
  let description: String
}
