/// One serial line or one TCP endpoint, as plain values.
public struct BusSettings: Sendable, Hashable {
  public enum Transport: Sendable, Hashable {
    case rtu(device: String, baud: Int, parity: Parity, stopBits: Int)
    case tcp(host: String, port: UInt16)
  }

  public enum Parity: String, Sendable, Hashable {
    case none, even, odd
  }

  public var id: String
  public var transport: Transport
  /// To the first byte of the answer; the time on the wire is added.
  public var timeoutMilliseconds: Int64
  /// Silence between requests, on top of the standard's.
  public var pauseMilliseconds: Int64

  public init(id: String, transport: Transport, timeoutMilliseconds: Int64 = 500, pauseMilliseconds: Int64 = 0) {
    self.id = id
    self.transport = transport
    self.timeoutMilliseconds = timeoutMilliseconds
    self.pauseMilliseconds = pauseMilliseconds
  }
}
