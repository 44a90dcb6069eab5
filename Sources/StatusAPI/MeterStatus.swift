/// One meter: a row of `meterd status`, or with `readings` the answer of `GET /v1/meters/{id}`.
public struct MeterStatus: Codable, Hashable, Sendable {
  public enum State: String, Codable, Hashable, Sendable {
    case ok, failing, waiting
  }

  /// The configuration's name of the meter.
  public var id: String
  /// Name for people, any language; empty when the configuration gives none.
  public var name: String
  /// Bus or station that the meter hangs on.
  public var bus: String
  /// Modbus unit id; null for a meter of a station.
  @OrNull public var unit: Int?
  /// Profile; null for a meter made of points of its own.
  @OrNull public var profile: String?
  /// `waiting` until the first poll has ended.
  public var state: State
  /// State of the line as seen from this meter, `up`, `waiting`, `no answer`, `probing` or `link down`.
  public var link: String
  /// Time of the newest good reading, RFC 3339.
  @OrNull public var lastGoodAt: String?
  /// Age of the newest good reading in seconds when the report was made.
  @OrNull public var ageSeconds: UInt64?
  /// Worst quality in the newest poll: `good`, `uncertain` or `bad`.
  @OrNull public var quality: String?
  /// Taken / due in the periods of the site's day whose files were delivered, 0 to 1; null before the first.
  @OrNull public var uploadRateToday: Double?
  /// Taken / due of the site's day so far, 0 to 1; null while nothing is due.
  @OrNull public var takenRateToday: Double?
  /// Readings due in the site's day so far.
  public var dueToday: UInt64
  /// Of those, the ones that are good or uncertain.
  public var takenToday: UInt64
  /// Slots since the start of the daemon; null for a meter of a station.
  @OrNull public var slotsDue: UInt64?
  /// Of those, the ones that were polled, with whatever outcome, before the next one came.
  @OrNull public var slotsOnTime: UInt64?
  /// The unit that it is on; null for a meter of a station.
  @OrNull public var device: DeviceStatus?
  /// The newest error: who, what, where and what to do; null when there has been none since the start.
  @OrNull public var lastError: String?
  /// When `lastError` happened, RFC 3339.
  @OrNull public var lastErrorAt: String?
  /// Newest reading of each quantity; only in the view of a single meter.
  public var readings: [ReadingStatus]?

  public init(
    id: String, name: String, bus: String, unit: Int? = nil, profile: String? = nil, state: State,
    link: String, lastGoodAt: String? = nil, ageSeconds: UInt64? = nil, quality: String? = nil,
    uploadRateToday: Double? = nil, takenRateToday: Double? = nil, dueToday: UInt64 = 0,
    takenToday: UInt64 = 0, slotsDue: UInt64? = nil, slotsOnTime: UInt64? = nil, device: DeviceStatus? = nil,
    lastError: String? = nil, lastErrorAt: String? = nil, readings: [ReadingStatus]? = nil
  ) {
    self.id = id
    self.name = name
    self.bus = bus
    self.unit = unit
    self.profile = profile
    self.state = state
    self.link = link
    self.lastGoodAt = lastGoodAt
    self.ageSeconds = ageSeconds
    self.quality = quality
    self.uploadRateToday = uploadRateToday
    self.takenRateToday = takenRateToday
    self.dueToday = dueToday
    self.takenToday = takenToday
    self.slotsDue = slotsDue
    self.slotsOnTime = slotsOnTime
    self.device = device
    self.lastError = lastError
    self.lastErrorAt = lastErrorAt
    self.readings = readings
  }

  enum CodingKeys: String, CodingKey {
    case id, name, bus, unit, profile, state, link
    case lastGoodAt = "last_good_at"
    case ageSeconds = "age_seconds"
    case quality
    case uploadRateToday = "upload_rate_today"
    case takenRateToday = "taken_rate_today"
    case dueToday = "due_today"
    case takenToday = "taken_today"
    case slotsDue = "slots_due"
    case slotsOnTime = "slots_on_time"
    case device
    case lastError = "last_error"
    case lastErrorAt = "last_error_at"
    case readings
  }
}
