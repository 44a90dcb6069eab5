import Metering

/// A quantity's name, taken apart once: what to compute for it.
enum Signal: Sendable {
  /// Which part of a meter's total.
  enum Share: Sendable {
    case all
    case phase(Int)
    case tariff(Int)
  }

  case energyActive(Share)
  case energyReactive(Share)
  case powerActive(Share)
  case powerReactive(Share)
  case powerApparent(Share)
  case voltage(Int)
  /// Between this phase and the next.
  case voltagePair(Int)
  case current(Int)
  case currentNeutral, powerFactor, frequency
  case volume(Share)
  case volumeFlow
  case energyThermal(Share)
  case powerThermal
  case mass(Share)
  case massFlow, temperatureFlow, temperatureReturn, pressure
  /// How far the device's clock is ahead, in seconds.
  case clockOffset
  /// A simulated factory feeds nothing back.
  case never
  /// `x_…`: percent of full load, or their sum over hours.
  case custom(Quantity.Kind)

  init(_ point: Definition.Point) throws(SimulationError) {
    guard let quantity = Quantity(point.quantity) else {
      throw SimulationError(
        .definition, "quantity '\(point.quantity)' is unknown: take a name of the vocabulary or x_…")
    }
    if quantity.kind == .text {
      throw SimulationError(.definition, "quantity '\(point.quantity)' is no number: give the point kind 'text'")
    }
    if quantity.name.hasPrefix("x_") {
      self = .custom(point.kind)
      return
    }
    let (base, share) = Signal.split(quantity.name)
    switch (base, share) {
    case ("energy_active_import", _): self = .energyActive(share)
    case ("energy_reactive_import", _): self = .energyReactive(share)
    case ("energy_active_export", _), ("energy_reactive_export", _): self = .never
    case ("power_active", _): self = .powerActive(share)
    case ("power_reactive", _): self = .powerReactive(share)
    case ("power_apparent", _): self = .powerApparent(share)
    case ("power_factor", _): self = .powerFactor
    case ("voltage", .phase(let phase)): self = .voltage(phase)
    case ("voltage_l1", _): self = .voltagePair(0)
    case ("voltage_l2", _): self = .voltagePair(1)
    case ("voltage_l3", _): self = .voltagePair(2)
    case ("current", .phase(let phase)): self = .current(phase)
    case ("current_n", _): self = .currentNeutral
    case ("frequency", _): self = .frequency
    case ("volume", _), ("volume_standard", _): self = .volume(share)
    case ("volume_flow", _): self = .volumeFlow
    case ("energy_thermal_heating", _), ("energy_thermal_cooling", _): self = .energyThermal(share)
    case ("power_thermal", _): self = .powerThermal
    case ("mass", _): self = .mass(share)
    case ("mass_flow", _): self = .massFlow
    case ("temperature_flow", _): self = .temperatureFlow
    case ("temperature_return", _): self = .temperatureReturn
    case ("pressure", _): self = .pressure
    case ("clock_offset", _): self = .clockOffset
    default:
      throw SimulationError(.definition, "quantity '\(point.quantity)' has no simulation: add it to Signal")
    }
  }

  private static func split(_ name: String) -> (base: String, share: Share) {
    guard let underscore = name.lastIndex(of: "_") else { return (name, .all) }
    let suffix = name[name.index(after: underscore)...]
    guard suffix.utf8.count == 2, let number = Int(suffix.dropFirst()) else { return (name, .all) }
    let base = String(name[..<underscore])
    switch suffix.first {
    case "l": return (base, .phase(number - 1))
    case "t": return (base, .tariff(number - 1))
    default: return (name, .all)
    }
  }
}
