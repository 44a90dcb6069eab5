import Metering
import Schedule

/// One destination of spool files, as plain values.
public struct ForwardPlan: Sendable, Hashable {
  public enum Compression: String, Sendable, Hashable, Codable {
    case none, gzip
    var suffix: String { self == .gzip ? ".gz" : "" }
  }

  public var id: String
  public var site: String
  /// The directory that whole files appear in.
  public var directory: String
  /// The local periods that files are cut by.
  public var periods: Slots
  /// A file closes that long after its period.
  public var graceMilliseconds: Int64
  public var compression: Compression

  public init(
    id: String, site: String, directory: String, periods: Slots, graceMilliseconds: Int64, compression: Compression
  ) {
    self.id = id
    self.site = site
    self.directory = directory
    self.periods = periods
    self.graceMilliseconds = graceMilliseconds
    self.compression = compression
  }

  /// The period that a time belongs to.
  func period(containing time: Timestamp) -> Range<Timestamp> {
    let start = periods.last(atOrBefore: time)
    return start..<periods.next(after: start)
  }
}

/// One file: a period of a forward, in one revision.
struct SpoolFile: Hashable, Sendable {
  let period: Range<Timestamp>
  /// 0 for the first; a later one replaces the whole file.
  let revision: Int
  /// Observations after this one are not in it.
  let cutSeq: UInt64

  /// `yangzhou-1_carbon_20261121T021500Z_r0.csv`
  func name(_ plan: ForwardPlan) -> String {
    let start = period.lowerBound.rfc3339().filter { $0 != "-" && $0 != ":" }
    return "\(plan.site)_\(plan.id)_\(start)_r\(revision).csv\(plan.compression.suffix)"
  }
}
