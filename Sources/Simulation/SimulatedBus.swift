import Metering

/// A bus to simulate: where it is, and the meters on it.
public struct SimulatedBus: Sendable {
  public enum Endpoint: Sendable, Hashable {
    /// Modbus TCP on a loopback address; port 0 takes any free one.
    case tcp(host: String, port: Int)
    /// Modbus RTU frames in a TCP connection to a loopback address, like a converter in transparent mode with a line
    /// behind it.
    case rtuOverTCP(host: String, port: Int)
    /// Modbus RTU on a pty, with a link to it at that path.
    case pty(devicePath: String)
  }

  public var id: String
  public var endpoint: Endpoint
  /// Meters with one unit id share its registers.
  public var meters: [Definition]
  /// Of a serial line, also behind a converter: how long a unit takes to answer.
  public var turnaroundMilliseconds: Int
  /// Of a serial line: how fast characters travel; nil: at once.
  public var pacing: SerialPacing?
  /// Whether the units answer function 43 with their profile's name; else it is unknown to them (exception 1).
  public var offersIdentification: Bool

  public init(
    id: String, endpoint: Endpoint, meters: [Definition], turnaroundMilliseconds: Int = 0, pacing: SerialPacing? = nil,
    offersIdentification: Bool = true
  ) {
    self.id = id
    self.endpoint = endpoint
    self.meters = meters
    self.turnaroundMilliseconds = turnaroundMilliseconds
    self.pacing = pacing
    self.offersIdentification = offersIdentification
  }
}
