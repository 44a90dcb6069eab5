/// One connection, either side, without I/O (IEC 60870-5-104 clause 5).
///
/// Give it every octet that arrives and the time; write what `outgoing` holds; carry the events out. Received frames are acknowledged
/// only once they are committed: a controlled station forgets what is acknowledged.
/// Times are nanoseconds of a clock that never steps back.
public struct Session: Sendable {
  public enum Role: Hashable, Sendable {
    /// Reads, starts and stops data transfer (the client).
    case controlling
    /// Is read (the station).
    case controlled
  }

  public enum State: Hashable, Sendable {
    /// Before the transport is there.
    case idle
    case stopped
    /// STARTDT act was sent.
    case starting
    case started
    /// On the way to STOPDT con.
    case stopping
    case closed(CloseReason)
  }

  public enum Event: Hashable, Sendable {
    /// Data transfer is on: STARTDT was confirmed, by either side.
    case started
    /// Data transfer is off: STOPDT was confirmed.
    case stopped
    /// Commit the I frames up to this one now and call `committed`; their acknowledgement is due.
    case wantsCommit(through: UInt64)
    /// Close the transport, writing nothing more.
    case close(CloseReason)
  }

  /// An I frame that was sent and is not acknowledged.
  struct Sent: Sendable {
    let asdu: OutgoingASDU
    let time: UInt64
  }

  /// I frames that came with one call of `receive`: up to which, and when.
  struct Arrival: Sendable {
    var through: UInt64
    let time: UInt64
  }

  public let role: Role
  public let parameters: SessionParameters
  public internal(set) var state: State = .idle
  /// I frames received on this connection. V(R) is this modulo 32768.
  public internal(set) var received: UInt64 = 0
  /// Of those, the first so many are committed.
  public internal(set) var committed: UInt64 = 0
  /// Of those, the first so many are acknowledged.
  public internal(set) var acknowledged: UInt64 = 0
  /// I frames sent on this connection. V(S) is this modulo 32768.
  public internal(set) var sent: UInt64 = 0
  /// Of those, the first so many were acknowledged by the other side.
  public internal(set) var confirmed: UInt64 = 0
  public internal(set) var statistics = SessionStatistics()
  /// What is to be written. Its owner writes it and clears it (`removeAll(keepingCapacity:)`), or uses `takeOutgoing`.
  public var outgoing: [UInt8] = []

  let k: Int
  let w: UInt64
  let t1: UInt64
  let t2: UInt64
  let t3: UInt64
  /// The beginning of a frame whose end has not come.
  var partial: [UInt8] = []
  var events: [Event] = []
  /// Not acknowledged by the other side, oldest first.
  var window = SessionQueue<Sent>()
  /// Not sent.
  var queue = SessionQueue<OutgoingASDU>()
  /// When the I frames that are not acknowledged came.
  var arrivals: [Arrival] = []
  /// A commit was asked for up to here.
  var asked: UInt64 = 0
  /// When U frames were sent that wait for their confirmation; each has a t1 of its own.
  var startSent: UInt64?
  var stopSent: UInt64?
  var testSent: UInt64?
  /// A stop that waits for the commit of the frames up to here, since then.
  var stopWaits: (through: UInt64, since: UInt64)?
  var lastReceived: UInt64 = 0
  /// Nothing could be answered before: since then the owner reads (again).
  var readingSince: UInt64 = 0
  /// STOPDT was confirmed on this connection, and it was not started since.
  var wasStopped = false

  /// Values of `parameters` outside their ranges are taken as the nearest possible.
  public init(role: Role, parameters: SessionParameters = SessionParameters()) {
    func nanoseconds(_ milliseconds: Int) -> UInt64 { UInt64(min(max(milliseconds, 1), 1 << 40)) * 1_000_000 }
    self.role = role
    self.parameters = parameters
    k = min(max(parameters.k, 1), 32_767)
    // Past three quarters of what may wait for commits it would come too late.
    w = UInt64(min(max(parameters.w, 1), 32_767, max(1, parameters.uncommittedLimit / 4 * 3)))
    t1 = nanoseconds(parameters.t1Milliseconds)
    t2 = nanoseconds(parameters.t2Milliseconds)
    t3 = nanoseconds(parameters.t3Milliseconds)
  }

  public var isOpen: Bool {
    switch state {
    case .idle, .closed: false
    case .stopped, .starting, .started, .stopping: true
    }
  }

  /// False while so many frames wait for a commit that the owner should read no further. No timer that needs an answer runs meanwhile.
  public var mayRead: Bool { received - committed < UInt64(max(1, parameters.uncommittedLimit)) || state == .stopping }

  /// ASDUs that wait for the window or for STARTDT.
  public var queued: Int { queue.count }

  /// The TCP or TLS connection is there. Both sides begin with data transfer stopped and all numbers 0.
  public mutating func opened(at now: UInt64) {
    guard state == .idle else { return }
    state = .stopped
    lastReceived = now
    readingSince = now
  }

  /// Controlling: asks for data transfer (STARTDT act). Only where it is stopped.
  public mutating func start(at now: UInt64) {
    guard role == .controlling, state == .stopped, startSent == nil else { return }
    state = .starting
    startSent = now
    append(.startActivation)
  }

  /// Controlling: ends data transfer. What was received up to now is first acknowledged, for at most t1 it waits for its commit;
  /// then goes STOPDT act. What waits to be sent is dropped: it belongs to the transfer that ends.
  public mutating func stop(at now: UInt64) {
    guard role == .controlling, state == .started || state == .starting else { return }
    queue.removeAll()
    becomeStopping(at: now)
    settle(at: now)
  }

  /// Sends an I frame as soon as STARTDT and the window (k) allow.
  ///
  /// - Returns: false, where it will not be sent: the queue is full, or there is no connection, or a controlling session is stopping,
  ///   or should send what is no request for data (a confirmation of a command that nobody sent).
  public mutating func send(_ asdu: OutgoingASDU, at now: UInt64) -> Bool {
    (role == .controlled || asdu.isRequest) && sendAnything(asdu, at: now)
  }

  /// Tests of the other side send what a client may not.
  mutating func sendAnything(_ asdu: OutgoingASDU, at now: UInt64) -> Bool {
    guard isOpen, role == .controlled || state != .stopping, queue.count < max(1, parameters.queueLimit) else {
      return false
    }
    queue.append(asdu)
    settle(at: now)
    return true
  }

  /// The I frames 1…`frame` of this connection are on disk. N(R) covers these and no others.
  public mutating func committed(through frame: UInt64, at now: UInt64) {
    let couldRead = mayRead
    committed = max(committed, min(frame, received))
    guard isOpen else { return }
    if !couldRead, mayRead { readingSince = now }
    settle(at: now)
  }

  /// The transport ended, or is about to.
  public mutating func closed(_ reason: CloseReason) {
    if case .closed = state { return }
    state = .closed(reason)
    partial.removeAll()
    if role == .controlling { queue.removeAll() }
  }

  /// What happened since the last call, in order.
  public mutating func takeEvents() -> [Event] {
    guard !events.isEmpty else { return [] }
    defer { events.removeAll(keepingCapacity: true) }
    return events
  }

  /// What is to be written since the last call.
  public mutating func takeOutgoing() -> [UInt8] {
    defer { outgoing = [] }
    return outgoing
  }

  /// What was given to `send` and never acknowledged, in order. A station sends it again on its next connection; a controlling
  /// session forgets what it had not sent yet when it stops.
  public mutating func takeUnacknowledged() -> [OutgoingASDU] {
    defer {
      window.removeAll()
      queue.removeAll()
    }
    return window.all.map(\.asdu) + queue.all
  }

  /// Ends the connection because a rule was broken.
  mutating func close(_ reason: CloseReason) {
    closed(reason)
    events.append(.close(reason))
  }

  /// Appends a U frame.
  mutating func append(_ function: UFunction) {
    APCI.u(function).append(to: &outgoing)
    statistics.unnumberedFramesSent += 1
    statistics.octetsSent += UInt64(APCI.size)
  }
}
