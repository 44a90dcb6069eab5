/// The archive: what is in it, what it costs, and whether it can still write.
public struct ArchiveStatus: Codable, Hashable, Sendable {
  public enum State: String, Codable, Hashable, Sendable {
    case ok, failing
  }

  /// Directory of the archive.
  public var path: String
  /// `failing` while commits fail.
  public var state: State
  /// Newest `seq` that is on disk; null while the archive is empty.
  @OrNull public var headSeq: UInt64?
  /// Time of the newest commit, RFC 3339.
  @OrNull public var committedAt: String?
  /// Observations committed in the site's day so far.
  public var observationsToday: UInt64
  /// Observations in memory that wait for the next commit.
  public var uncommitted: Int
  /// Times that acquisition had to wait because too much was uncommitted.
  public var windowFullEvents: UInt64
  /// Size of the archive in bytes.
  public var bytesOnDisk: UInt64
  /// Free bytes of the file system that the archive lies on.
  public var freeBytes: UInt64
  /// Size that the archive grows to in five years, in bytes: by what its sealed days take, before the first of them by the
  /// settings; null where neither is known.
  @OrNull public var projectedFiveYearBytes: UInt64?
  /// Days that are sealed and signed.
  public var sealedDays: Int
  /// The newest of them; null before the first.
  @OrNull public var sealedThrough: String?
  /// Days until the file system is full at the present rate; null where that is not known.
  @OrNull public var freeDays: Int?
  /// The newest error: who, what, where and what to do; null when there has been none since the start.
  @OrNull public var lastError: String?

  public init(
    path: String, state: State, headSeq: UInt64? = nil, committedAt: String? = nil,
    observationsToday: UInt64 = 0, uncommitted: Int = 0, windowFullEvents: UInt64 = 0,
    bytesOnDisk: UInt64, freeBytes: UInt64, projectedFiveYearBytes: UInt64? = nil, sealedDays: Int = 0,
    sealedThrough: String? = nil, freeDays: Int? = nil,
    lastError: String? = nil
  ) {
    self.path = path
    self.state = state
    self.headSeq = headSeq
    self.committedAt = committedAt
    self.observationsToday = observationsToday
    self.uncommitted = uncommitted
    self.windowFullEvents = windowFullEvents
    self.bytesOnDisk = bytesOnDisk
    self.freeBytes = freeBytes
    self.projectedFiveYearBytes = projectedFiveYearBytes
    self.sealedDays = sealedDays
    self.sealedThrough = sealedThrough
    self.freeDays = freeDays
    self.lastError = lastError
  }

  enum CodingKeys: String, CodingKey {
    case path, state
    case headSeq = "head_seq"
    case committedAt = "committed_at"
    case observationsToday = "observations_today"
    case uncommitted
    case windowFullEvents = "window_full_events"
    case bytesOnDisk = "bytes_on_disk"
    case freeBytes = "free_bytes"
    case projectedFiveYearBytes = "projected_five_year_bytes"
    case sealedDays = "sealed_days"
    case sealedThrough = "sealed_through"
    case freeDays = "free_days"
    case lastError = "last_error"
  }
}
