/// A unit of measurement as it is written in profiles, settings and files.
public struct Unit: Hashable, Sendable, CustomStringConvertible {
  public let symbol: String
  public var description: String { symbol }

  init(_ symbol: String) { self.symbol = symbol }

  public static let kWh = Unit("kWh")
  public static let kvarh = Unit("kvarh")
  public static let kW = Unit("kW")
  public static let kvar = Unit("kvar")
  public static let kVA = Unit("kVA")
  public static let volt = Unit("V")
  public static let ampere = Unit("A")
  public static let one = Unit("1")
  public static let hertz = Unit("Hz")
  public static let m3 = Unit("m3")
  public static let m3PerHour = Unit("m3/h")
  public static let t = Unit("t")
  public static let tPerHour = Unit("t/h")
  public static let degC = Unit("degC")
  public static let kPa = Unit("kPa")
  public static let second = Unit("s")

  /// How a value in an accepted input unit becomes one in the canonical unit: `value × factor + offset`.
  public struct Conversion: Hashable, Sendable {
    public let factor: ExactDecimal
    public let offset: ExactDecimal

    public init(factor: ExactDecimal, offset: ExactDecimal) {
      self.factor = factor
      self.offset = offset
    }

    public static let identity = Conversion(factor: .one, offset: .zero)
  }

  /// The conversion from an input unit into the canonical unit of a quantity.
  ///
  /// - Returns: nil where the unit is not accepted for that canonical unit. `pulse` is not in this table: what a pulse
  ///   is worth stands in the point (`per_pulse`, with the unit of that worth).
  public static func conversion(from symbol: String, to canonical: Unit) -> Conversion? {
    if symbol == canonical.symbol { return .identity }
    return table[canonical]?[symbol]
  }

  /// Every input unit that `conversion` accepts for a canonical unit, for "did you mean".
  public static func accepted(for canonical: Unit) -> [String] {
    [canonical.symbol] + (table[canonical]?.keys.sorted() ?? [])
  }

  private static let table: [Unit: [String: Conversion]] = {
    func factors(_ pairs: KeyValuePairs<String, String>) -> [String: Conversion] {
      var result: [String: Conversion] = [:]
      for (symbol, factor) in pairs {
        result[symbol] = ExactDecimal(factor).map { Conversion(factor: $0, offset: .zero) }
      }
      return result
    }
    return [
      // 1 GJ = 277.778 kWh: the rounded figure of the data model, so that two people compute the same.
      .kWh: factors(["Wh": "0.001", "MWh": "1000", "GWh": "1000000", "MJ": "0.277778", "GJ": "277.778"]),
      .kvarh: factors(["varh": "0.001", "Mvarh": "1000"]),
      .kW: factors(["W": "0.001", "MW": "1000"]),
      .kvar: factors(["var": "0.001", "Mvar": "1000"]),
      .kVA: factors(["VA": "0.001", "MVA": "1000"]),
      .volt: factors(["mV": "0.001", "kV": "1000"]),
      .ampere: factors(["mA": "0.001", "kA": "1000"]),
      .one: factors(["%": "0.01"]),
      .m3: factors(["L": "0.001"]),
      // L/s × 3.6, L/min × 0.06
      .m3PerHour: factors(["L/s": "3.6", "L/min": "0.06", "L/h": "0.001"]),
      .t: factors(["kg": "0.001"]),
      .tPerHour: factors(["kg/h": "0.001"]),
      .kPa: factors(["bar": "100", "MPa": "1000", "Pa": "0.001"]),
      .degC: [
        "K": Conversion(factor: .one, offset: ExactDecimal(significand: -27315, exponent: -2))
      ],
    ]
  }()
}
