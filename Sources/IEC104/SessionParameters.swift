/// Window sizes and timeouts of one connection, both sides (IEC 60870-5-104 clauses 5.4, 5.5 and 9.6).
public struct SessionParameters: Hashable, Sendable {
  /// Most I frames sent and not yet acknowledged: 1…32767.
  public var k: Int
  /// An acknowledgement is due after this many I frames received: 1…32767, best not above two thirds of the other side's k.
  public var w: Int
  /// Establishing the connection. The owner of the transport watches it: a session begins when it is there.
  public var t0Milliseconds: Int
  /// An I frame sent, or STARTDT, STOPDT or TESTFR act, each for itself, until the answer.
  public var t1Milliseconds: Int
  /// The first unacknowledged I frame received until its acknowledgement; shorter than t1.
  public var t2Milliseconds: Int
  /// Silence of the other side until TESTFR act is sent.
  public var t3Milliseconds: Int
  /// ASDUs that wait for the window or for STARTDT.
  public var queueLimit: Int
  /// Received I frames that wait for a commit, from which on the owner is asked to read no further. Only a peer whose k is larger
  /// than this comes there.
  public var uncommittedLimit: Int

  public init(
    k: Int = 12, w: Int = 8, t0Milliseconds: Int = 30_000, t1Milliseconds: Int = 15_000, t2Milliseconds: Int = 10_000,
    t3Milliseconds: Int = 20_000, queueLimit: Int = 1_000, uncommittedLimit: Int = 4_096
  ) {
    self.k = k
    self.w = w
    self.t0Milliseconds = t0Milliseconds
    self.t1Milliseconds = t1Milliseconds
    self.t2Milliseconds = t2Milliseconds
    self.t3Milliseconds = t3Milliseconds
    self.queueLimit = queueLimit
    self.uncommittedLimit = uncommittedLimit
  }
}
