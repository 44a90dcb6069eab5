/// How raw becomes value: everything that decoding needs to know of one meter.
///
/// Content-addressed by the SHA-256 of its canonical JSON (the archive does that), so a field that is added later must
/// be optional: an old definition keeps its hash.
public struct Definition: Hashable, Sendable, Codable {
  public var meterID: String
  /// The bus, and the unit id on it; empty and 0 where the meter hangs on a station.
  public var bus: String
  public var unitID: UInt8
  /// The model, where the points came from a profile.
  public var profile: String?
  /// The interval of the schedule, for what was due. Divides the day.
  public var everyMilliseconds: Int64
  /// The IANA name of the site's zone, whose midnight the slots are aligned to.
  public var timeZone: String
  /// 1 where the values are primary or there is no transformer.
  public var ctRatio: ExactDecimal
  public var vtRatio: ExactDecimal
  /// Of a meter on a bus.
  public var points: [Point]
  /// The station that the meter hangs on, and its points there.
  public var station: Station?
  public var stationPoints: [StationPoint]?
  /// What else the settings say of the meter: `name`, `energy`, `level`, `use`, `serial`, `parent`, …
  public var metadata: [String: String]

  public init(
    meterID: String, bus: String, unitID: UInt8, profile: String? = nil, everyMilliseconds: Int64, timeZone: String,
    ctRatio: ExactDecimal = .one, vtRatio: ExactDecimal = .one, points: [Point], station: Station? = nil,
    stationPoints: [StationPoint]? = nil, metadata: [String: String] = [:]
  ) {
    self.meterID = meterID
    self.bus = bus
    self.unitID = unitID
    self.profile = profile
    self.everyMilliseconds = everyMilliseconds
    self.timeZone = timeZone
    self.ctRatio = ctRatio
    self.vtRatio = vtRatio
    self.points = points
    self.station = station
    self.stationPoints = stationPoints
    self.metadata = metadata
  }

  /// The quantities of its series, in the order of the points.
  public var quantities: [String] { points.map(\.quantity) + (stationPoints ?? []).map(\.quantity) }

  /// One series of a meter on a bus.
  public struct Point: Hashable, Sendable, Codable {
    /// A name of the vocabulary, or `x_…`.
    public var quantity: String
    /// The device's own unit; `pulse` with `perPulse`.
    public var unit: String
    public var kind: Quantity.Kind
    public var register: RegisterReference
    /// Raw number × scale = value in `unit`.
    public var scale: ExactDecimal
    /// Which side of the instrument transformers the device reports; nil where there are none (water).
    public var side: Side?
    /// The worth of a pulse, in `pulseUnit`, where `unit` is `pulse`.
    public var perPulse: ExactDecimal?
    public var pulseUnit: String?
    /// Where a counter wraps, in `unit`.
    public var modulus: ExactDecimal?
    /// Bit patterns of the whole value, most significant byte first, that mean "not available".
    public var invalid: [UInt64]?
    /// Of an unsigned value only these bits.
    public var bits: BitField?
    /// Added after the scale, in `unit`.
    public var offset: ExactDecimal?
    /// Numbers in other registers of the device that the value is multiplied by.
    public var factors: [Factor]?
    /// Where it is read more rarely than the meter: a multiple of the meter's interval that divides the day.
    public var everyMilliseconds: Int64?

    public init(
      quantity: String, unit: String, kind: Quantity.Kind, register: RegisterReference, scale: ExactDecimal = .one,
      side: Side? = nil, perPulse: ExactDecimal? = nil, pulseUnit: String? = nil, modulus: ExactDecimal? = nil,
      invalid: [UInt64]? = nil, bits: BitField? = nil, offset: ExactDecimal? = nil, factors: [Factor]? = nil,
      everyMilliseconds: Int64? = nil
    ) {
      self.quantity = quantity
      self.unit = unit
      self.kind = kind
      self.register = register
      self.scale = scale
      self.side = side
      self.perPulse = perPulse
      self.pulseUnit = pulseUnit
      self.modulus = modulus
      self.invalid = invalid
      self.bits = bits
      self.offset = offset
      self.factors = factors
      self.everyMilliseconds = everyMilliseconds
    }

    /// Every register that the point is read from: its own, then those of its factors.
    public var registers: [RegisterReference] { [register] + (factors ?? []).map(\.register) }
  }

  /// A number in another register: a ratio of instrument transformers, a decimal exponent.
  public struct Factor: Hashable, Sendable, Codable {
    public var register: RegisterReference
    /// Raw number × scale = factor (or exponent).
    public var scale: ExactDecimal
    /// Whether the value is multiplied by ten to the power of the number instead of the number.
    public var isExponent: Bool

    public init(register: RegisterReference, scale: ExactDecimal = .one, isExponent: Bool = false) {
      self.register = register
      self.scale = scale
      self.isExponent = isExponent
    }
  }

  /// Bits of an unsigned value, 0 being the least significant, both ends included.
  public struct BitField: Hashable, Sendable, Codable {
    public var lowest: UInt8
    public var highest: UInt8

    public init(lowest: UInt8, highest: UInt8) {
      self.lowest = lowest
      self.highest = highest
    }
  }

  public enum Side: String, Sendable, Codable, CaseIterable {
    case primary, secondary
  }
}
