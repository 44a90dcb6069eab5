import IEC104

/// What a simulated station has done.
public struct OutstationStatistics: Sendable, Hashable {
  /// Open connections.
  public var connections = 0
  /// The endpoint, from 0, whose connection carries data.
  public var startedEndpoint: Int?
  /// How often data transfer was started (STARTDT con).
  public var starts: UInt64 = 0
  /// ASDUs sent, those sent again included, and how many of them were acknowledged.
  public var sent: UInt64 = 0
  public var acknowledged: UInt64 = 0
  /// ASDUs sent and not acknowledged yet.
  public var unacknowledged = 0
  /// ASDUs with events that wait to be sent.
  public var waiting = 0
  /// ASDUs with events that were sent again after a connection had gone.
  public var sentAgain: UInt64 = 0
  /// ASDUs with events that were lost, because the buffer was full.
  public var overflow: UInt64 = 0
  /// Confirmations that were not sent, because too many waited.
  public var answersDropped: UInt64 = 0
  /// Commands refused with COT 44…47.
  public var refusals: UInt64 = 0
  /// ASDUs received that were none: nothing is answered.
  public var malformed: UInt64 = 0
  /// The time of the last clock synchronization. The station goes on with its own.
  public var clockSynchronization: CP56Time2a?
}

/// What a simulated station can suffer from, at each of its endpoints.
public enum OutstationFault: Sendable, Hashable {
  case none
  /// Connections are accepted and nothing is ever said on them. They end when it is well again.
  case silent
  /// STARTDT act is not confirmed.
  case refusesStart
  /// Connections are closed at once.
  case refusesConnections
  /// Everything is sent that much later.
  case slow(milliseconds: Int)
}
