/// What a series gives beside times, dues and numbers.
public struct SeriesFields: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let seqs = SeriesFields(rawValue: 1)
  public static let received = SeriesFields(rawValue: 2)
}

/// Rows of one group, by ascending seq, as columns. The buffers hold within the call that it is given to.
public struct SeriesBatch {
  public struct Column {
    public let column: Shape.Column
    /// Bits of the number, in the low `8 × width` bits, whatever `order` is.
    public let patterns: UnsafeBufferPointer<UInt64>
  }

  /// The day that it is of.
  public let segment: String
  public let group: GroupHeader
  public let count: Int
  public let times: UnsafeBufferPointer<Int64>
  /// Nil where the rows of the group have none.
  public let dues: UnsafeBufferPointer<Int64>?
  /// Nil where they were not asked for.
  public let seqs: UnsafeBufferPointer<UInt64>?
  /// Nil where they were not asked for.
  public let received: UnsafeBufferPointer<Int64>?
  /// The wanted ones that the group has, in the order of its shape; may be none.
  public let columns: [Column]
}

/// Aggregates of one group by UTC quarter of an hour of `Row.time`, ascending.
public struct QuarterBatch: Sendable {
  public struct Column: Sendable {
    public let column: Shape.Column
    public let numbers: Numbers
  }

  /// Patterns are as those of the column.
  public enum Numbers: Sendable {
    /// The patterns of the quarter's first and last row in the order of seq, and how often within the quarter the number was
    /// less than that of the row before.
    case counter(first: [UInt64], last: [UInt64], decreases: [Int])
    /// Patterns of the least and the greatest number. Sums of integers are exact, of floats added in the order of rows:
    /// bit patterns of Int64 and of Double. Of floats only the finite ones count; where there is none, all are 0.
    case gauge(least: [UInt64], greatest: [UInt64], sums: [UInt64], finite: [Int])
  }

  public let segment: String
  public let group: GroupHeader
  /// Number of the quarter: times 900,000 it is its start in milliseconds since 1970-01-01T00:00:00Z.
  public let quarters: [Int64]
  public let rows: [Int]
  /// `Row.time` of the quarter's first and last row in the order of seq.
  public let firstTimes: [Int64]
  public let lastTimes: [Int64]
  public let columns: [Column]
}
