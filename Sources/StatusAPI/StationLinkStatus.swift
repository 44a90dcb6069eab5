/// One connection of a station; several are a redundancy group (IEC 60870-5-104 clause 10), of which one carries the
/// data. Counts are since the start of the daemon, over all connections to this address.
public struct StationLinkStatus: Codable, Hashable, Sendable {
  public enum State: String, Codable, Hashable, Sendable {
    /// Not connected; it is tried again.
    case down
    /// Connecting, or in the TLS handshake.
    case connecting
    /// Connected, and data transfer is stopped: the spare of a group.
    case standby
    /// Waits for STARTDT con.
    case starting
    /// Carries the station's data.
    case started
    /// Waits for STOPDT con.
    case stopping

    /// Whether there is a connection.
    public var isConnected: Bool {
      switch self {
      case .standby, .starting, .started, .stopping: true
      case .down, .connecting: false
      }
    }
  }

  /// Host and port, `192.0.2.20:2404`.
  public var address: String
  public var state: State
  /// When it came into this state, RFC 3339; null before the first attempt.
  @OrNull public var since: String?
  /// I frames (APDUs with an ASDU) received.
  public var iFramesReceived: UInt64
  /// I frames sent.
  public var iFramesSent: UInt64
  /// S frames (acknowledgements) sent.
  public var sFramesSent: UInt64
  /// TESTFR act sent.
  public var testFramesSent: UInt64
  /// Octets of APDUs received.
  public var octetsReceived: UInt64
  /// Octets of APDUs sent.
  public var octetsSent: UInt64
  /// Connections made.
  public var connections: UInt64
  /// Why the last connection ended, or could not be made, in words; null when there has been no such end.
  @OrNull public var lastClose: String?
  /// Whether it is TLS.
  public var tls: Bool

  /// Cuts a `lastClose` of more than 300 characters.
  public init(
    address: String, state: State, since: String? = nil, iFramesReceived: UInt64 = 0, iFramesSent: UInt64 = 0,
    sFramesSent: UInt64 = 0, testFramesSent: UInt64 = 0, octetsReceived: UInt64 = 0, octetsSent: UInt64 = 0,
    connections: UInt64 = 0, lastClose: String? = nil, tls: Bool = false
  ) {
    self.address = address
    self.state = state
    self.since = since
    self.iFramesReceived = iFramesReceived
    self.iFramesSent = iFramesSent
    self.sFramesSent = sFramesSent
    self.testFramesSent = testFramesSent
    self.octetsReceived = octetsReceived
    self.octetsSent = octetsSent
    self.connections = connections
    self.lastClose = lastClose.map { StationStatus.cut($0) }
    self.tls = tls
  }

  enum CodingKeys: String, CodingKey {
    case address, state, since
    case iFramesReceived = "i_frames_received"
    case iFramesSent = "i_frames_sent"
    case sFramesSent = "s_frames_sent"
    case testFramesSent = "test_frames_sent"
    case octetsReceived = "octets_received"
    case octetsSent = "octets_sent"
    case connections
    case lastClose = "last_close"
    case tls
  }
}
