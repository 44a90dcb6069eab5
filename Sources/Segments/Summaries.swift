import Proof

/// One day segment of a file, as the file says; `SegmentReader.verify` computes the root anew.
public struct SegmentEntry: Hashable, Sendable {
  public let name: String
  public let leaves: Int
  public let rows: Int
  public let root: Digest
}

/// What a file holds of one source, over all its days. Times are `Row.time`.
public struct SourceEntry: Hashable, Sendable {
  public let name: String
  public let rows: Int
  public let seqs: ClosedRange<UInt64>
  public let times: ClosedRange<Int64>
}

/// What one day segment holds of one source.
public struct SourceSummary: Hashable, Sendable {
  public let name: String
  public let rows: Int
  /// Of them, those that are kept whole.
  public let oddRows: Int
  public let seqs: ClosedRange<UInt64>
  public let times: ClosedRange<Int64>
}

/// What one day segment holds of a source.
public struct SourceDay: Hashable, Sendable {
  public let segment: String
  public let rows: Int
  public let seqs: ClosedRange<UInt64>
  public let times: ClosedRange<Int64>
}

/// A day segment that was written.
public struct SegmentSummary: Sendable {
  public let site: String
  public let segment: String
  public let rows: Int
  /// Size of the file.
  public let octets: Int
  public let leaves: [Digest]
  public let root: Digest
  /// In the order in which they were added.
  public let sources: [SourceSummary]
}
