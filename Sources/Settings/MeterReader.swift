import Metering

/// Reads `[[meter]]`.
struct MeterReader {
  /// What the checks over all meters need, also of a meter that is not sound.
  struct Outcome {
    var id: Located<String>?
    var bus: String?
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
  let timeZone: String
  /// The profile of that name; nil where it is broken or absent, which `profiles` has reported.
  let profiles: (Located<String>) -> Profile?

  func read() -> Outcome {
    var outcome = Outcome(id: table.identifier("id", required: true))
    table.unsupported(["station"]) { "'\($0)' of a meter (IEC 60870-5-104)" }
    table.unsupported(["change", "exchange"]) { "[[meter.\($0)]]" }
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
    let ctRatio = readRatio("ct_ratio", source, scaledBy: [.current, .both], what: "current, power or energy")
    let vtRatio = readRatio("vt_ratio", source, scaledBy: [.voltage, .both], what: "voltage, power or energy")
    var metadata = readMetadata(profile: source?.profile)
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
      everyMilliseconds: every.value, timeZone: timeZone, ctRatio: ctRatio, vtRatio: vtRatio, points: source.points,
      metadata: metadata)
    outcome.meter = Settings.Meter(
      id: id.value, definition: definition, maxRegisters: maxRegisters, timeoutMilliseconds: timeout?.value,
      pauseMilliseconds: pause?.value, serialFormat: format?.value == buses[bus.value]?.format ? nil : format?.value,
      forbidden: source.profile?.forbidden ?? [], line: Settings.SourceLine(number: table.position.line))
    return outcome
  }

  private func readBus() -> Located<String>? {
    // A meter on a station has no bus: one error is enough.
    guard let bus = table.string("bus", required: !table.has("station")) else { return nil }
    guard buses[bus.value] != nil else {
      table.error(
        bus.position,
        "there is no bus \(Wording.quoted(bus.value))\(table.sink.suggestion(for: bus.value, among: buses.keys))")
      return nil
    }
    return bus
  }

  private func readUnit(_ bus: Located<String>?) -> Located<Int>? {
    guard let unit = table.integer("unit", required: !table.has("station")) else { return nil }
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

  /// A ratio scales what the device reports of the secondary side; on primary values it would falsify, so it is an
  /// error where there is nothing for it to scale.
  private func readRatio(
    _ key: String, _ source: Source?, scaledBy: [Quantity.Transformer], what: String
  ) -> ExactDecimal {
    guard let ratio = table.positiveDecimal(key, maximum: MeterReader.largestRatio, maximumDigits: 9) else {
      return .one
    }
    if let source {
      let applies = source.points.contains { point in
        point.side == .secondary && Quantity(point.quantity).map { scaledBy.contains($0.transformer) } == true
      }
      // Points that are broken may have been the ones.
      let isComplete = source.profile != nil || source.points.count == pointCount
      if !applies, isComplete {
        table.error(
          table.keyPosition(key),
          "'\(key)' on primary values: no \(what) of this meter is of side = \"secondary\"; remove it")
      }
    }
    return ratio.value
  }

  private var pointCount: Int {
    if case .array(let elements)? = table.node("point")?.value { elements.count } else { 0 }
  }
}
