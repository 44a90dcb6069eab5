/// What went over one connection.
public struct SessionStatistics: Hashable, Sendable {
  public var informationFramesReceived: UInt64 = 0
  public var informationFramesSent: UInt64 = 0
  public var supervisoryFramesReceived: UInt64 = 0
  public var supervisoryFramesSent: UInt64 = 0
  public var unnumberedFramesReceived: UInt64 = 0
  public var unnumberedFramesSent: UInt64 = 0
  public var octetsReceived: UInt64 = 0
  public var octetsSent: UInt64 = 0
  /// TESTFR act sent.
  public var testsSent: UInt64 = 0
  /// How often a commit was asked for.
  public var commitsAsked: UInt64 = 0
  /// U frames that nobody waited for, or that this side does not take: ignored.
  public var unexpectedFrames: UInt64 = 0

  public init() {}
}
