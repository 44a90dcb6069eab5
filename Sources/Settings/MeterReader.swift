import Metering

/// Reads `[[meter]]`.
struct MeterReader {
  /// What the checks over all meters need, also of a meter that is not sound.
  struct Outcome {
    var id: Located<String>?
    var bus: String?
    var unit: Located<Int>?
    var parent: Located<String>?
    /// With the place of its own address, or nil where the points come from a profile.
    var registers: [(register: RegisterReference, position: Position?)] = []
    var meter: Settings.Meter?
  }

  /// Where a meter's points come from.
  private struct Source {
    var points: [Definition.Point]
    var maxRegisters = 125
    var profile: Profile?
    var references: [String: String] = [:]
  }

  static let largestRatio = ExactDecimal(1_000_000)

  let table: TableReader
  let buses: [String: BusReader.Kind?]
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
    let placed = readPoints()
    let source = readSource(placed)
    let ctRatio = readRatio("ct_ratio", source, scaledBy: [.current, .both], what: "current, power or energy")
    let vtRatio = readRatio("vt_ratio", source, scaledBy: [.voltage, .both], what: "voltage, power or energy")
    var metadata = readMetadata(profile: source?.profile)
    outcome.parent = readParent()
    if let parent = outcome.parent { metadata["parent"] = parent.value }
    for (quantity, reference) in source?.references ?? [:] { metadata["reference.\(quantity)"] = reference }
    table.finish()
    outcome.registers =
      source?.profile.map { $0.points.map { ($0.register, nil) } }
      ?? placed.map { ($0.point.register, $0.addressPosition) }
    guard let id = outcome.id, let bus, let unit = outcome.unit, let every, let source else { return outcome }
    let definition = Definition(
      meterID: id.value, bus: bus.value, unitID: UInt8(unit.value), profile: source.profile?.name,
      everyMilliseconds: every.value, timeZone: timeZone, ctRatio: ctRatio, vtRatio: vtRatio, points: source.points,
      metadata: metadata)
    outcome.meter = Settings.Meter(
      id: id.value, definition: definition, maxRegisters: source.maxRegisters,
      line: Settings.SourceLine(number: table.position.line))
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
    switch bus.flatMap({ buses[$0.value] ?? nil }) {
    case .rtu?:
      isValid = (1...247).contains(unit.value)
      range = "on a bus of type rtu it must be 1 to 247"
    case .tcp?:
      isValid = (0...247).contains(unit.value) || unit.value == 255
      range = "on a bus of type tcp it must be 0 to 247, or 255"
    case nil:
      isValid = (0...247).contains(unit.value) || unit.value == 255
      range = "it must be 1 to 247 on a bus of type rtu, 0 to 247 or 255 on one of type tcp"
    }
    guard isValid else {
      table.error(unit.position, "'unit' is \(unit.value); \(range)")
      return nil
    }
    return Located(value: Int(unit.value), position: unit.position)
  }

  private func readPoints() -> [PlacedPoint] {
    let tables = table.tables("point", parent: "meter", limit: PointReader.maximumPoints)
    let points = tables.compactMap { PointReader(table: $0, isInProfile: false).read() }
    for point in PlacedPoint.duplicates(points) {
      table.error(point.quantityPosition, "the quantity '\(point.point.quantity)' stands twice in this meter")
    }
    return points
  }

  private func readSource(_ placed: [PlacedPoint]) -> Source? {
    let name = table.string("profile")
    switch (table.has("profile"), table.has("point")) {
    case (true, true):
      table.error(table.keyPosition("profile"), "a meter has either a 'profile' or [[meter.point]], not both")
      return nil
    case (false, false):
      if !table.has("station") {
        table.error(table.position, "[[meter]] has neither a 'profile' nor a [[meter.point]]; one of them is required")
      }
      return nil
    case (true, false):
      guard let profile = name.flatMap(profiles) else { return nil }
      return Source(
        points: profile.points, maxRegisters: profile.maxRegisters, profile: profile, references: profile.references)
    case (false, true):
      if case .array(let elements)? = table.node("point")?.value, elements.isEmpty {
        table.error(table.keyPosition("point"), "'point' is empty: a meter needs at least one [[meter.point]]")
      }
      return Source(points: placed.map(\.point), references: PlacedPoint.references(placed))
    }
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
