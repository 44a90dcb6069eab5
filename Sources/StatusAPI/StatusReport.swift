/// All that `GET /v1/status` says. `docs/STATUS-API.md` is the contract; a field here is a field there.
public struct StatusReport: Codable, Hashable, Sendable {
  public enum State: String, Codable, Hashable, Sendable {
    case healthy, degraded
  }

  /// `degraded` as soon as there is one entry in `reasons`.
  public var state: State
  /// One line for people.
  public var headline: String
  /// Version of the running daemon.
  public var version: String
  /// `[site] id` of the configuration.
  public var site: String
  /// Start of the daemon, RFC 3339.
  public var startedAt: String
  /// The gateway's clock when this report was made, RFC 3339.
  public var now: String
  /// Monotonic time since the start, in seconds.
  public var uptimeSeconds: UInt64
  /// Whether the gateway's clock may be believed; no spool file is cut before.
  public var clockTrusted: Bool
  /// Why the state is `degraded`: each says who, what, where and what to do.
  public var reasons: [String]
  /// In the order of the configuration.
  public var buses: [BusStatus]
  /// In the order of the configuration, without their readings.
  public var meters: [MeterStatus]
  /// The one archive of the daemon.
  public var archive: ArchiveStatus
  /// In the order of the configuration; also `GET /v1/deliveries`.
  public var forwards: [ForwardStatus]

  public init(
    state: State, headline: String, version: String, site: String, startedAt: String, now: String,
    uptimeSeconds: UInt64, clockTrusted: Bool, reasons: [String] = [], buses: [BusStatus] = [],
    meters: [MeterStatus] = [], archive: ArchiveStatus, forwards: [ForwardStatus] = []
  ) {
    self.state = state
    self.headline = headline
    self.version = version
    self.site = site
    self.startedAt = startedAt
    self.now = now
    self.uptimeSeconds = uptimeSeconds
    self.clockTrusted = clockTrusted
    self.reasons = reasons
    self.buses = buses
    self.meters = meters
    self.archive = archive
    self.forwards = forwards
  }

  enum CodingKeys: String, CodingKey {
    case state, headline, version, site
    case startedAt = "started_at"
    case now
    case uptimeSeconds = "uptime_seconds"
    case clockTrusted = "clock_trusted"
    case reasons, buses, meters, archive, forwards
  }
}
