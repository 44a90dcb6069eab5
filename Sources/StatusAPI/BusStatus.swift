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
  /// The same by exception code; null for a station.
  @OrNull public var exceptionsByCode: [String: UInt64]?
  /// Times that the line could not be opened, or broke.
  public var linkFailures: UInt64
  /// Late replies to earlier requests, thrown away; null for a station.
  @OrNull public var staleReplies: UInt64?
  /// Half of the answers took no longer, in seconds; null before the first.
  @OrNull public var latencyP50Seconds: Double?
  /// 99 of 100 answers took no longer, in seconds; null before the first.
  @OrNull public var latencyP99Seconds: Double?
  /// Least possible time / time taken of the good reads, 0 to 1; null but on serial lines.
  @OrNull public var efficiency: Double?
  /// Slots that its meters had; null for a station.
  @OrNull public var slotsDue: UInt64?
  /// Of those, the ones that were polled before the next one came.
  @OrNull public var slotsOnTime: UInt64?
  /// Polls left out because the bus was late or the device was down.
  public var skippedSlots: UInt64
  /// Polls that are waiting now.
  public var queueLength: Int
  /// The newest error: who, what, where and what to do; null when there has been none since the start.
  @OrNull public var lastError: String?
  /// When `lastError` happened, RFC 3339.
  @OrNull public var lastErrorAt: String?
  /// What would make the line better; no reason for being degraded. Null where there is nothing to say.
  @OrNull public var advice: String?
  /// What is particular to a station; null for a bus.
  @OrNull public var station: StationStatus?

  public init(
    id: String, type: String, address: String, state: State, requests: UInt64 = 0, good: UInt64 = 0,
    timeouts: UInt64 = 0, crcErrors: UInt64 = 0, malformed: UInt64 = 0, exceptions: UInt64 = 0,
    exceptionsByCode: [String: UInt64]? = nil, linkFailures: UInt64 = 0, staleReplies: UInt64? = nil,
    latencyP50Seconds: Double? = nil, latencyP99Seconds: Double? = nil, efficiency: Double? = nil,
    slotsDue: UInt64? = nil, slotsOnTime: UInt64? = nil, skippedSlots: UInt64 = 0, queueLength: Int = 0,
    lastError: String? = nil, lastErrorAt: String? = nil, advice: String? = nil, station: StationStatus? = nil
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
    self.exceptionsByCode = exceptionsByCode
    self.linkFailures = linkFailures
    self.staleReplies = staleReplies
    self.latencyP50Seconds = latencyP50Seconds
    self.latencyP99Seconds = latencyP99Seconds
    self.efficiency = efficiency
    self.slotsDue = slotsDue
    self.slotsOnTime = slotsOnTime
    self.skippedSlots = skippedSlots
    self.queueLength = queueLength
    self.lastError = lastError
    self.lastErrorAt = lastErrorAt
    self.advice = advice
    self.station = station
  }

  enum CodingKeys: String, CodingKey {
    case id, type, address, state, requests, good, timeouts
    case crcErrors = "crc_errors"
    case malformed, exceptions
    case exceptionsByCode = "exceptions_by_code"
    case linkFailures = "link_failures"
    case staleReplies = "stale_replies"
    case latencyP50Seconds = "latency_p50_seconds"
    case latencyP99Seconds = "latency_p99_seconds"
    case efficiency
    case slotsDue = "slots_due"
    case slotsOnTime = "slots_on_time"
    case skippedSlots = "skipped_slots"
    case queueLength = "queue_length"
    case lastError = "last_error"
    case lastErrorAt = "last_error_at"
    case advice, station
  }
}
