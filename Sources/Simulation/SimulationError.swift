/// Why a simulation cannot be built or started. The text says who, where and what to do.
public struct SimulationError: Error, CustomStringConvertible, Equatable {
  public enum Code: Sendable, Equatable {
    /// A definition that cannot be simulated: unknown quantity or unit, one id twice.
    case definition
    /// An endpoint that the simulator refuses: not loopback, or a path that is not its own.
    case refused
    /// The operating system said no.
    case system
    /// A meter id that no simulated bus has.
    case unknownMeter
  }

  public let code: Code
  public let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
