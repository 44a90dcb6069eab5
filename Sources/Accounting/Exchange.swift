import Metering

/// A device was exchanged: the series goes on, and the consumption across it is counted right (`[[meter.exchange]]`).
///
/// `at` must lie between the last reading of the old device and the first of the new one.
public struct Exchange: Hashable, Sendable, Codable {
  public var at: Timestamp
  /// By quantity: what the old device's register showed last, in the quantity's canonical unit, on the primary side.
  public var oldFinal: [String: ExactDecimal]
  /// By quantity: what the new device's register began with.
  public var newStart: [String: ExactDecimal]
  public var oldSerial: String?
  public var newSerial: String?
  public var reason: String?

  public init(
    at: Timestamp, oldFinal: [String: ExactDecimal] = [:], newStart: [String: ExactDecimal] = [:],
    oldSerial: String? = nil, newSerial: String? = nil, reason: String? = nil
  ) {
    self.at = at
    self.oldFinal = oldFinal
    self.newStart = newStart
    self.oldSerial = oldSerial
    self.newSerial = newSerial
    self.reason = reason
  }

  /// The last number of the old register and the first of the new one; nil where they were not written down: then the
  /// difference across the exchange is not known.
  public func registers(of quantity: String) -> (oldFinal: ExactDecimal, newStart: ExactDecimal)? {
    guard let oldFinal = oldFinal[quantity], let newStart = newStart[quantity] else { return nil }
    return (oldFinal, newStart)
  }
}
