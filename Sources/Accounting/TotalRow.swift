import Metering

/// What a counter counted in an interval, or over a stretch.
public struct TotalRow: Hashable, Sendable {
  public var start: Timestamp
  public var end: Timestamp
  /// Nil where a boundary has no reading, or where nothing of it is known.
  public var total: ExactDecimal?
  public var unit: String
  /// Of its two boundaries; bad without a total.
  public var quality: Quality
  /// `spanning` for a stretch that is no interval; `exchanged`, `corrected` … for what happened in it; of a row without
  /// total, why readings failed.
  public var flags: [String]
  /// Usable readings in [start, end).
  public var count: Int

  public init(
    start: Timestamp, end: Timestamp, total: ExactDecimal?, unit: String, quality: Quality, flags: [String], count: Int
  ) {
    self.start = start
    self.end = end
    self.total = total
    self.unit = unit
    self.quality = quality
    self.flags = flags
    self.count = count
  }
}

/// Flags in the order in which they came, each once, not more than a few.
struct FlagSet: Hashable, Sendable {
  static let limit = 16
  private(set) var flags: [String] = []

  mutating func insert(_ more: [String]) {
    if more.isEmpty { return }
    for flag in more where flags.count < FlagSet.limit && !flags.contains(flag) { flags.append(flag) }
  }

  mutating func insert(_ flag: String) { insert([flag]) }
}
