/// One serial line, TCP endpoint or IEC 104 station. Counts are since the start of the daemon.
public struct BusStatus: Codable, Hashable, Sendable {
  public enum State: String, Codable, Hashable, Sendable {
    case up, down, unknown
  }

  /// The configuration's name of the bus or station.
  public var id: String
  /// `rtu`, `tcp`, `rtu-over-tcp` or `iec104`.
  public var type: String
  /// Device path or host and port.
  public var address: String
  /// Whether the line is open and connected; `unknown` before the first attempt.
  public var state: State
  /// Requests sent.
  public var requests: UInt64
  /// Requests answered with what was asked for.
  public var good: UInt64
  /// Requests without an answer in time.
  public var timeouts: UInt64
  /// Answers with a wrong checksum.
  public var crcErrors: UInt64
  /// Answers that were none to the request, or broke the protocol.
  public var malformed: UInt64
  /// Answers in which the device refused.
  public var exceptions: UInt64
  /// Times that the line could not be opened, or broke.
  public var linkFailures: UInt64
  /// Polls left out because the bus was late or the device was down.
  public var skippedSlots: UInt64
  /// Polls that are waiting now.
  public var queueLength: Int
  /// The newest error: who, what, where and what to do; null when there has been none since the start.
  @OrNull public var lastError: String?
  /// When `lastError` happened, RFC 3339.
  @OrNull public var lastErrorAt: String?

  public init(
    id: String, type: String, address: String, state: State, requests: UInt64 = 0, good: UInt64 = 0,
    timeouts: UInt64 = 0, crcErrors: UInt64 = 0, malformed: UInt64 = 0, exceptions: UInt64 = 0,
    linkFailures: UInt64 = 0, skippedSlots: UInt64 = 0, queueLength: Int = 0, lastError: String? = nil,
    lastErrorAt: String? = nil
  ) {
    self.id = id
    self.type = type
    self.address = address
    self.state = state
    self.requests = requests
    self.good = good
    self.timeouts = timeouts
    self.crcErrors = crcErrors
    self.malformed = malformed
    self.exceptions = exceptions
    self.linkFailures = linkFailures
    self.skippedSlots = skippedSlots
    self.queueLength = queueLength
    self.lastError = lastError
    self.lastErrorAt = lastErrorAt
  }

  enum CodingKeys: String, CodingKey {
    case id, type, address, state, requests, good, timeouts
    case crcErrors = "crc_errors"
    case malformed, exceptions
    case linkFailures = "link_failures"
    case skippedSlots = "skipped_slots"
    case queueLength = "queue_length"
    case lastError = "last_error"
    case lastErrorAt = "last_error_at"
  }
}
