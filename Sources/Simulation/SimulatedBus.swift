import Metering

/// A bus to simulate: where it is, and the meters on it.
public struct SimulatedBus: Sendable {
  public enum Endpoint: Sendable, Hashable {
    /// Modbus TCP on a loopback address; port 0 takes any free one.
    case tcp(host: String, port: Int)
    /// Modbus RTU on a pty, with a link to it at that path.
    case pty(devicePath: String)
  }

  public var id: String
  public var endpoint: Endpoint
  /// Meters with one unit id share its registers.
  public var meters: [Definition]
  /// Of a pty: how long a unit takes to answer.
  public var turnaroundMilliseconds: Int
  /// Of a pty: how fast characters travel; nil: at once.
  public var pacing: SerialPacing?

  public init(
    id: String, endpoint: Endpoint, meters: [Definition], turnaroundMilliseconds: Int = 0, pacing: SerialPacing? = nil
  ) {
    self.id = id
    self.endpoint = endpoint
    self.meters = meters
    self.turnaroundMilliseconds = turnaroundMilliseconds
    self.pacing = pacing
  }
}
