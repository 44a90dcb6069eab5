import Metering

/// What holds between the meters of one bus or of one unit on it.
extension SettingsReader {
  /// No register belongs to two meters. (Several meters may share a bus and unit.) What a profile's circuits share is
  /// that of the first of them.
  func checkRegisters(_ outcomes: [MeterReader.Outcome]) {
    struct Area: Hashable {
      var bus: String
      var unit: Int
      var table: RegisterTable
    }
    struct Shared: Hashable {
      var area: Area
      var profile: String
      var register: RegisterReference
    }
    struct Use {
      var register: RegisterReference
      var meter: Int
      var position: Position
    }
    var areas: [Area: [Use]] = [:]
    var shared: Set<Shared> = []
    for (meter, outcome) in outcomes.enumerated() {
      guard let bus = outcome.bus, let unit = outcome.unit else { continue }
      for use in outcome.registers {
        let area = Area(bus: bus, unit: unit.value, table: use.register.table)
        if let profile = use.sharedProfile,
          !shared.insert(Shared(area: area, profile: profile, register: use.register)).inserted
        {
          continue
        }
        areas[area, default: []].append(
          Use(register: use.register, meter: meter, position: use.position ?? unit.position))
      }
    }
    struct Pair: Hashable {
      var earlier: Int
      var later: Int
    }
    var reported: Set<Pair> = []
    for (area, uses) in areas {
      // In order of address, the use that reaches furthest and the one of another meter that does: enough to see for
      // each use whether some meter before it reaches into it.
      var furthest: Use?
      var other: Use?
      for use in uses.sorted(by: { ($0.register.address, $0.meter) < ($1.register.address, $1.meter) }) {
        let rival = furthest?.meter == use.meter ? other : furthest
        if let rival, rival.register.end > use.register.address {
          let (earlier, later) = rival.meter < use.meter ? (rival, use) : (use, rival)
          if reported.insert(Pair(earlier: earlier.meter, later: later.meter)).inserted {
            let name = outcomes[earlier.meter].id.map { "the meter '\($0.value)'" } ?? "another meter"
            file.error(
              later.position,
              "address \(use.register.address) of the \(area.table.rawValue) table of unit \(area.unit) on the bus"
                + " '\(area.bus)' belongs to \(name) already")
          }
        }
        if use.register.end > furthest?.register.end ?? 0 {
          if furthest?.meter != use.meter { other = furthest }
          furthest = use
        } else if use.meter != furthest?.meter, use.register.end > other?.register.end ?? 0 {
          other = use
        }
      }
    }
  }

  /// A device that answers with any unit cannot be told from another one on the same connection.
  func checkAnyUnit(_ outcomes: [MeterReader.Outcome], buses: [String: BusReader.Outcome]) {
    var first: [String: MeterReader.Outcome] = [:]
    for outcome in outcomes {
      guard let bus = outcome.bus, let unit = outcome.unit, buses[bus]?.anyUnit == true else { continue }
      guard let other = first[bus], let expected = other.unit?.value else {
        first[bus] = outcome
        continue
      }
      if unit.value != expected {
        let name = other.id.map { "the meter '\($0.value)'" } ?? "another meter"
        file.error(
          unit.position,
          "'unit' is \(unit.value), but \(name) on the bus '\(bus)' has \(expected): with any_unit = true all meters"
            + " of the bus must have the same")
      }
    }
  }

  /// One device speaks in one way, however many meters it is.
  func checkFormats(_ outcomes: [MeterReader.Outcome]) {
    struct Device: Hashable {
      var bus: String
      var unit: Int
    }
    var first: [Device: MeterReader.Outcome] = [:]
    for outcome in outcomes {
      guard let bus = outcome.bus, let unit = outcome.unit, let format = outcome.format else { continue }
      let device = Device(bus: bus, unit: unit.value)
      guard let other = first[device], let expected = other.format?.value else {
        first[device] = outcome
        continue
      }
      if format.value != expected {
        let name = other.id.map { "the meter '\($0.value)'" } ?? "another meter"
        file.error(
          format.position,
          "\(name) has the same unit \(unit.value) on the bus '\(bus)' and speaks \(expected), not \(format.value): both"
            + " must agree in 'baud', 'parity' and 'stop_bits'")
      }
    }
  }
}
