/// What a series measures: a name of the vocabulary with its canonical unit and kind, or `x_…` for one's own.
public struct Quantity: Hashable, Sendable {
  /// `energy_active_import`, `voltage_l1`, `energy_active_import_t2`, `x_line_speed`
  public let name: String
  /// The canonical unit; nil for `x_…`, whose unit is the one that the point names.
  public let unit: Unit?
  /// Nil for `x_…`.
  public let kind: Kind?
  /// How an instrument transformer's ratio scales this quantity.
  public let transformer: Transformer

  /// Counter readings only grow (but for wrapping); gauges go anywhere; an interval is a difference sent by a station; a
  /// text is no number.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case counter, gauge, interval, text
  }

  /// Which ratios a value measured behind transformers has to be multiplied with.
  public enum Transformer: Sendable {
    case none, current, voltage, both
  }

  /// Nil where the name is neither of the vocabulary nor `x_…`.
  public init?(_ name: String) {
    if name.hasPrefix("x_"), name.utf8.count > 2, name.utf8.count <= 64, name.utf8.allSatisfy(Quantity.isNameByte) {
      self.init(name: name, unit: nil, kind: nil, transformer: .none)
      return
    }
    if let known = Quantity.vocabulary[name] {
      self = known
      return
    }
    // A suffix: one phase (_l1…_l3), the pair of phases is spelt out in the table; one tariff (_t1…_t8).
    guard let underscore = name.lastIndex(of: "_") else { return nil }
    let base = String(name[..<underscore])
    let suffix = name[name.index(after: underscore)...]
    guard let of = Quantity.vocabulary[base] else { return nil }
    let isPhase = ["l1", "l2", "l3"].contains(suffix) && Quantity.perPhase.contains(base)
    let isTariff = ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"].contains(suffix) && of.kind == .counter
    guard isPhase || isTariff else { return nil }
    self.init(name: name, unit: of.unit, kind: of.kind, transformer: of.transformer)
  }

  private init(name: String, unit: Unit?, kind: Kind?, transformer: Transformer) {
    self.name = name
    self.unit = unit
    self.kind = kind
    self.transformer = transformer
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || byte == UInt8(ascii: "_")
  }

  /// Every name without its tariff suffix, for help texts and "did you mean".
  public static var names: [String] { vocabulary.keys.sorted() }

  private static let perPhase: Set<String> = [
    "energy_active_import", "energy_active_export", "energy_reactive_import", "energy_reactive_export",
    "power_active", "power_reactive", "power_apparent", "power_factor",
  ]

  /// The table of `design/data-model.md`, which `docs/ARCHITECTURE.md` repeats.
  private static let vocabulary: [String: Quantity] = {
    var table: [String: Quantity] = [:]
    func add(_ names: [String], _ unit: Unit, _ kind: Kind, _ transformer: Transformer = .none) {
      for name in names { table[name] = Quantity(name: name, unit: unit, kind: kind, transformer: transformer) }
    }
    add(["energy_active_import", "energy_active_export"], .kWh, .counter, .both)
    add(["energy_reactive_import", "energy_reactive_export"], .kvarh, .counter, .both)
    add(["power_active"], .kW, .gauge, .both)
    add(["power_reactive"], .kvar, .gauge, .both)
    add(["power_apparent"], .kVA, .gauge, .both)
    add(["voltage_l1", "voltage_l2", "voltage_l3"], .volt, .gauge, .voltage)
    add(["voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1"], .volt, .gauge, .voltage)
    add(["current_l1", "current_l2", "current_l3", "current_n"], .ampere, .gauge, .current)
    add(["power_factor"], .one, .gauge)
    add(["frequency"], .hertz, .gauge)
    add(["volume", "volume_standard"], .m3, .counter)
    add(["volume_flow"], .m3PerHour, .gauge)
    add(["energy_thermal_heating", "energy_thermal_cooling"], .kWh, .counter)
    add(["power_thermal"], .kW, .gauge)
    add(["mass"], .t, .counter)
    add(["mass_flow"], .tPerHour, .gauge)
    add(["temperature_flow", "temperature_return"], .degC, .gauge)
    add(["pressure"], .kPa, .gauge)
    add(["serial_number"], .one, .text)
    add(["clock_offset"], .second, .gauge)
    return table
  }()
}
