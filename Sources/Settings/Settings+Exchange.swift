import Metering

extension Settings {
  /// `[[meter.exchange]]`: another device sits at the measuring point from then on. The series goes on; what was
  /// consumed across the exchange is counted from both readings.
  public struct Exchange: Hashable, Sendable {
    public var at: Timestamp
    /// One of the meter's counters.
    public var quantity: String
    /// The last reading of the old device and the first of the new one, as values of the series: in its canonical unit
    /// (of `x_…`: the point's unit), ratios applied. Not negative.
    public var oldFinal: ExactDecimal
    public var newStart: ExactDecimal
    public var oldSerial: String?
    public var newSerial: String?
    public var reason: String?

    public init(
      at: Timestamp, quantity: String, oldFinal: ExactDecimal, newStart: ExactDecimal, oldSerial: String? = nil,
      newSerial: String? = nil, reason: String? = nil
    ) {
      self.at = at
      self.quantity = quantity
      self.oldFinal = oldFinal
      self.newStart = newStart
      self.oldSerial = oldSerial
      self.newSerial = newSerial
      self.reason = reason
    }
  }
}
