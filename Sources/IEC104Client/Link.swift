import IEC104
import NIOCore

/// One endpoint of a station, and its connection.
final class Link {
  let index: Int
  let endpoint: Endpoint
  var session: Session
  /// Of the present connection, or the one on its way.
  var handler: LinkHandler?
  var tls: TLSLink?
  /// Counts tries to connect: what belongs to an earlier one is told apart by it.
  var attempt: UInt64 = 0
  var isUp = false
  var upSince: UInt64 = 0
  var delay: ReconnectDelay
  /// Of the connections before.
  var past = SessionStatistics()
  var status: StationClientStatus.Link

  /// `Session.start` was called, nothing has come since.
  var isStartPending = false
  /// `session` is being changed: what must change it too waits.
  var isReceiving = false
  var isSettling = false
  var needsSettling = false
  var lateCommit: UInt64 = 0
  var lateSends: [OutgoingASDU] = []

  /// Connecting within t0, or the pause before the next try.
  var stageTimer: Scheduled<Void>?
  var sessionTimer: Scheduled<Void>?
  var sessionTimerDeadline = UInt64.max
  var certificateTimer: Scheduled<Void>?

  init(index: Int, endpoint: Endpoint, settings: StationClientSettings) {
    self.index = index
    self.endpoint = endpoint
    session = Session(role: .controlling, parameters: settings.session)
    delay = ReconnectDelay(
      minimumMilliseconds: settings.reconnectMinimumMilliseconds,
      maximumMilliseconds: settings.reconnectMaximumMilliseconds)
    status = StationClientStatus.Link(endpoint: endpoint)
  }

  /// Counters as of now; while the session is at work, as of before.
  func refreshStatus() {
    guard !isReceiving else { return }
    status.statistics = past + session.statistics
    status.received = session.received
    status.committed = session.committed
    status.acknowledged = session.acknowledged
    status.isHeld = isUp && !session.mayRead
  }

  func cancelTimers() {
    stageTimer?.cancel()
    sessionTimer?.cancel()
    certificateTimer?.cancel()
    (stageTimer, sessionTimer, certificateTimer) = (nil, nil, nil)
    sessionTimerDeadline = .max
  }
}
