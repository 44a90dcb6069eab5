import Metering

extension Settings {
  /// `[[meter]]`: a measuring point on a bus or, where `definition.station` says so, on a station.
  public struct Meter: Hashable, Sendable {
    public var id: String
    /// How raw becomes value: the points of the profile (of the meter's circuit), the meter's own or those of its
    /// station, the ratios, and the metadata (`name`, `energy`, `level`, `use`, `accuracy_class`, `serial`,
    /// `calibrated_until`, `max_rate`, `parent`, `circuit`, and `reference.<quantity>` for pressures and standard
    /// volumes) where the file gives them. Without the changes.
    public var definition: Definition
    /// `[[meter.change]]`, by the time from which they hold; no two hold from one time.
    public var changes: [Definition.Change] = []
    /// `[[meter.exchange]]`, by their time; at one time no two of one quantity.
    public var exchanges: [Exchange] = []
    /// The most registers one request may ask for, 1 to 125: the smaller of the meter's and the profile's.
    public var maxRegisters: Int
    /// In place of the bus's. 10 ms to 60 s.
    public var timeoutMilliseconds: Int64?
    /// Silence kept after each request to this meter. 0 to 10 s.
    public var pauseMilliseconds: Int64?
    /// Where the meter speaks otherwise than its bus, which is of type `rtu` then. Meters of one unit agree in it.
    public var serialFormat: SerialFormat?
    /// What no request may touch, not even in passing: the profile's.
    public var forbidden: [RegisterRange]
    public var line: SourceLine
  }
}
