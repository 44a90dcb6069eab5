import Metering

/// Reads `[[meter]]`.
struct MeterReader {
  /// What the checks over all meters need, also of a meter that is not sound.
  struct Outcome {
    var id: Located<String>?
    var bus: String?
    /// What the file says, also where there is no such station.
    var station: Located<String>?
    var unit: Located<Int>?
    var parent: Located<String>?
    /// As the meter speaks, on a bus of type rtu; the place is that of what it says of it, else of its unit.
    var format: Located<Settings.SerialFormat>?
    var registers: [Use] = []
    var meter: Settings.Meter?
  }

  /// A register that is a point of the meter.
  struct Use {
    var register: RegisterReference
    /// Of its own address; nil where the points come from a profile.
    var position: Position?
    /// The profile, where all circuits share the register.
    var sharedProfile: String?
  }

  /// Where a meter's points come from.
  struct Source {
    var points: [Definition.Point]
    var uses: [Use]
    var profile: Profile?
    var references: [String: String] = [:]
    var circuit: Int?
  }

  static let largestRatio = ExactDecimal(1_000_000)

  let table: TableReader
  let buses: [String: BusReader.Outcome]
  let stations: [String: StationReader.Outcome]
  /// The site's.
  let zone: Zone
  /// The profile of that name; nil where it is broken or absent, which `profiles` has reported.
  let profiles: (Located<String>) -> Profile?

  func read() -> Outcome {
    var outcome = Outcome(id: table.identifier("id", required: true))
    if table.has("station") { return readOnStation(outcome) }
    let bus = readBus()
    outcome.bus = bus?.value
    outcome.unit = readUnit(bus)
    let every = table.divisorOfDay("every", from: 100, required: true)
    let placed = readPoints(every: every?.value)
    var source = readSource(placed)
    if let sound = source {
      source?.points = readPointEvery(sound, every: every?.value)
      if let points = source?.points { source?.points = readPerPulse(points, of: sound.profile) }
    } else {
      for key in ["point_every", "per_pulse"] { _ = table.has(key) }
    }
    let maxRegisters = readMaxRegisters(source)
    let timeout = table.duration("timeout", in: 10...60_000)
    let pause = table.duration("pause", in: 0...10_000)
    let format = readFormat(bus.flatMap { buses[$0.value] })
    let secondary = secondary(source)
    let ratios = readRatios(secondary)
    let changes = readChanges(secondary)
    var metadata = readMetadata(profile: source?.profile)
    let exchanges = readExchanges(
      counters(source), accounting: source?.profile?.accountingQuantity, energy: metadata["energy"])
    outcome.parent = readParent()
    if let parent = outcome.parent { metadata["parent"] = parent.value }
    for (quantity, reference) in source?.references ?? [:] { metadata["reference.\(quantity)"] = reference }
    metadata["circuit"] = source?.circuit.map(String.init)
    table.finish()
    outcome.format = format
    outcome.registers = source?.uses ?? []
    guard let id = outcome.id, let bus, let unit = outcome.unit, let every, let source else { return outcome }
    let definition = Definition(
      meterID: id.value, bus: bus.value, unitID: UInt8(unit.value), profile: source.profile?.name,
      everyMilliseconds: every.value, timeZone: zone.name, ctRatio: ratios.current, vtRatio: ratios.voltage,
      points: source.points, metadata: metadata)
    outcome.meter = Settings.Meter(
      id: id.value, definition: definition, changes: changes, exchanges: exchanges, maxRegisters: maxRegisters,
      timeoutMilliseconds: timeout?.value, pauseMilliseconds: pause?.value,
      serialFormat: format?.value == buses[bus.value]?.format ? nil : format?.value,
      forbidden: source.profile?.forbidden ?? [], line: Settings.SourceLine(number: table.position.line))
    return outcome
  }

  private func readBus() -> Located<String>? {
    guard table.has("bus") else {
      table.error(table.position, "[[meter]] has neither a 'bus' nor a 'station'; one of them is required")
      return nil
    }
    guard let bus = table.string("bus") else { return nil }
    guard buses[bus.value] != nil else {
      table.error(
        bus.position,
        "there is no bus \(Wording.quoted(bus.value))\(table.sink.suggestion(for: bus.value, among: buses.keys))")
      return nil
    }
    return bus
  }

  private func readUnit(_ bus: Located<String>?) -> Located<Int>? {
    guard let unit = table.integer("unit", required: true) else { return nil }
    let isValid: Bool
    let range: String
    switch bus.flatMap({ buses[$0.value]?.kind }) {
    case let kind? where kind != .tcp:
      isValid = (1...247).contains(unit.value)
      range = "on a bus of type \(kind.rawValue) it must be 1 to 247"
    case .tcp?:
      isValid = (0...247).contains(unit.value) || unit.value == 255
      range = "on a bus of type tcp it must be 0 to 247, or 255"
    default:
      isValid = (0...247).contains(unit.value) || unit.value == 255
      range = "it must be 1 to 247 on a bus of type rtu or rtu-over-tcp, 0 to 247 or 255 on one of type tcp"
    }
    guard isValid else {
      table.error(unit.position, "'unit' is \(unit.value); \(range)")
      return nil
    }
    return Located(value: Int(unit.value), position: unit.position)
  }
}
