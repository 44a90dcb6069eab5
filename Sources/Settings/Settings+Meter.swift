import Metering

extension Settings {
  /// `[[meter]]`: a measuring point on a bus.
  public struct Meter: Hashable, Sendable {
    public var id: String
    /// How raw becomes value: the points of the profile or the meter's own, the ratios, and the metadata
    /// (`name`, `energy`, `level`, `use`, `accuracy_class`, `serial`, `calibrated_until`, `max_rate`, `parent`, and
    /// `reference.<quantity>` for pressures and standard volumes) where the file gives them.
    public var definition: Definition
    /// The most registers one request may ask for, 1 to 125.
    public var maxRegisters: Int
    public var line: SourceLine
  }
}
