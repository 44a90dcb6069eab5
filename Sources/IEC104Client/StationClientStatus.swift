import IEC104

/// What a `StationClient` is doing; a snapshot, at most a quarter of a second old.
public struct StationClientStatus: Hashable, Sendable {
  public struct Link: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
      case idle = "not started"
      case connecting = "connecting"
      case handshaking = "TLS handshake"
      case standby = "connected, stopped"
      case starting = "waits for STARTDT con"
      case started = "carries data"
      case stopping = "being stopped"
      case waiting = "waits to be tried again"
      case ended = "ended"
    }

    public var endpoint: Endpoint
    public var state: State = .idle
    /// When it came into this state: nanoseconds of the monotonic clock.
    public var sinceNanoseconds: UInt64 = 0
    /// Number of its present or last connection among those of the client; 0: there was none.
    public var session: UInt64 = 0
    /// Connections made.
    public var connections: UInt64 = 0
    /// Failures to connect, and connections lost.
    public var failures: UInt64 = 0
    /// Of all its connections.
    public var statistics = SessionStatistics()
    /// I frames of the present connection: received, committed, acknowledged.
    public var received: UInt64 = 0
    public var committed: UInt64 = 0
    public var acknowledged: UInt64 = 0
    /// Too much waits for a commit: nothing is read from the station.
    public var isHeld = false
    /// The newest one, with the time of the next try.
    public var lastError: String?

    public var isConnected: Bool {
      switch state {
      case .standby, .starting, .started, .stopping: true
      case .idle, .connecting, .handshaking, .waiting, .ended: false
      }
    }
  }

  public var links: [Link]
  /// The one that carries data.
  public var startedLink: Int?
  /// Times that another connection took over.
  public var switchovers: UInt64 = 0
  /// ASDUs that came with a common address that is not configured, by that address; the first 64 such addresses.
  public var foreignCommonAddresses: [UInt16: UInt64] = [:]
  /// ASDUs too short to have a header.
  public var headless: UInt64 = 0
}

extension SessionStatistics {
  /// Of two connections together.
  static func + (one: SessionStatistics, other: SessionStatistics) -> SessionStatistics {
    var sum = one
    sum.informationFramesReceived += other.informationFramesReceived
    sum.informationFramesSent += other.informationFramesSent
    sum.supervisoryFramesReceived += other.supervisoryFramesReceived
    sum.supervisoryFramesSent += other.supervisoryFramesSent
    sum.unnumberedFramesReceived += other.unnumberedFramesReceived
    sum.unnumberedFramesSent += other.unnumberedFramesSent
    sum.octetsReceived += other.octetsReceived
    sum.octetsSent += other.octetsSent
    sum.testsSent += other.testsSent
    sum.commitsAsked += other.commitsAsked
    sum.unexpectedFrames += other.unexpectedFrames
    return sum
  }
}
