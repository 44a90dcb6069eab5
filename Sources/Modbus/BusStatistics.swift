/// Counters since the bus was made.
public struct BusStatistics: Sendable, Hashable {
  public var requests: UInt64 = 0
  public var good: UInt64 = 0
  public var timeouts: UInt64 = 0
  public var crcErrors: UInt64 = 0
  public var malformed: UInt64 = 0
  public var exceptions: UInt64 = 0
  public var linkFailures: UInt64 = 0
  /// Late replies of earlier requests, thrown away.
  public var staleReplies: UInt64 = 0
  /// Whether there is an open connection or serial device.
  public var isUp = false
  /// Why there is none, in words.
  public var linkError: String?

  public init() {}
}
