import IEC104

/// Whom a `StationClient` tells. Everything is called on the station's event loop, in the order of the wire, and must
/// not block. Each method may call the client.
public protocol StationClientDelegate: AnyObject, Sendable {
  /// One ASDU as it came, whatever is in it.
  ///
  /// - Parameters:
  ///   - asdu: valid during the call only.
  ///   - link: place of its endpoint in the settings.
  ///   - session: counts the connections of the client, from 1.
  ///   - frame: counts the I frames of that connection, from 1: for `StationClient.committed`.
  func received(_ asdu: UnsafeRawBufferPointer, link: Int, session: UInt64, frame: UInt64)

  /// The station waits for an acknowledgement: commit what came up to this frame now, then say so by
  /// `StationClient.committed`.
  func wantsCommit(link: Int, session: UInt64, through frame: UInt64)

  func happened(_ event: StationEvent)

  /// Now, in the time that the station is to have; nil: it is not to be told.
  func clockTime() -> CP56Time2a?
}

/// What happens to a station's links and procedures.
public enum StationEvent: Hashable, Sendable {
  /// A connection is there (TLS included); it carries no data yet.
  case linkUp(link: Int, session: UInt64)
  /// A connection ended. The reason names the station, the endpoint and when it is tried again.
  case linkDown(link: Int, session: UInt64, reason: String, close: CloseReason)
  /// A connection could not be made.
  case connectFailed(link: Int, reason: String)
  /// This link carries the station's data from now on. After a switchover it repeats what the one before had not
  /// acknowledged.
  case started(link: Int, session: UInt64, isSwitchover: Bool)
  /// No link carries data any more, until `started` comes again.
  case notStarted(reason: String)
  case began(Procedures.Request)
  case ended(Procedures.Request, Procedures.Outcome)
  /// The station was restarted, or restarted its application.
  case endOfInitialization(commonAddress: UInt16)
}
