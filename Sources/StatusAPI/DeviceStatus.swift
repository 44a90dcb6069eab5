/// What one unit id of a bus was asked, and what came of it, since the start of the daemon. Meters on one unit share it.
public struct DeviceStatus: Codable, Hashable, Sendable {
  /// Requests sent to it.
  public var requests: UInt64
  /// Requests answered with what was asked for.
  public var good: UInt64
  /// Requests without an answer in time.
  public var timeouts: UInt64
  /// Answers with a wrong checksum.
  public var crcErrors: UInt64
  /// Answers that were none to the request, or broke the protocol.
  public var malformed: UInt64
  /// Requests that were lost with the link.
  public var linkFailures: UInt64
  /// Answers in which it refused, by exception code.
  public var exceptionsByCode: [String: UInt64]
  /// Half of its answers took no longer, in seconds; null before the first.
  @OrNull public var latencyP50Seconds: Double?
  /// 99 of 100 of its answers took no longer, in seconds; null before the first.
  @OrNull public var latencyP99Seconds: Double?
  /// Serial lines: the quickest that it ever began to answer, in seconds; null elsewhere and before the first.
  @OrNull public var leastTurnaroundSeconds: Double?

  public init(
    requests: UInt64 = 0, good: UInt64 = 0, timeouts: UInt64 = 0, crcErrors: UInt64 = 0, malformed: UInt64 = 0,
    linkFailures: UInt64 = 0, exceptionsByCode: [String: UInt64] = [:], latencyP50Seconds: Double? = nil,
    latencyP99Seconds: Double? = nil, leastTurnaroundSeconds: Double? = nil
  ) {
    self.requests = requests
    self.good = good
    self.timeouts = timeouts
    self.crcErrors = crcErrors
    self.malformed = malformed
    self.linkFailures = linkFailures
    self.exceptionsByCode = exceptionsByCode
    self.latencyP50Seconds = latencyP50Seconds
    self.latencyP99Seconds = latencyP99Seconds
    self.leastTurnaroundSeconds = leastTurnaroundSeconds
  }

  enum CodingKeys: String, CodingKey {
    case requests, good, timeouts
    case crcErrors = "crc_errors"
    case malformed
    case linkFailures = "link_failures"
    case exceptionsByCode = "exceptions_by_code"
    case latencyP50Seconds = "latency_p50_seconds"
    case latencyP99Seconds = "latency_p99_seconds"
    case leastTurnaroundSeconds = "turnaround_least_seconds"
  }
}
