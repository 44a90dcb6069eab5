import Metering

extension MeterReader {
  private static let maximumPatterns = 100

  func readPoints(every: Int64?) -> [PlacedPoint] {
    let tables = table.tables("point", parent: "meter", limit: PointReader.maximumPoints)
    let points = tables.compactMap { PointReader(table: $0, place: .meter(every: every)).read() }
    for point in PlacedPoint.duplicates(points) {
      table.error(point.quantityPosition, "the quantity '\(point.point.quantity)' stands twice in this meter")
    }
    return points
  }

  func readSource(_ placed: [PlacedPoint]) -> Source? {
    let name = table.string("profile")
    switch (table.has("profile"), table.has("point")) {
    case (true, true):
      _ = table.has("circuit")
      table.error(table.keyPosition("profile"), "a meter has either a 'profile' or [[meter.point]], not both")
      return nil
    case (false, false):
      _ = table.has("circuit")
      table.error(table.position, "[[meter]] has neither a 'profile' nor a [[meter.point]]; one of them is required")
      return nil
    case (true, false):
      guard let profile = name.flatMap(profiles) else {
        _ = table.has("circuit")
        return nil
      }
      return source(profile)
    case (false, true):
      if case .array(let elements)? = table.node("point")?.value, elements.isEmpty {
        table.error(table.keyPosition("point"), "'point' is empty: a meter needs at least one [[meter.point]]")
      }
      table.misplaced(["circuit"], because: "it is for a 'profile' that has circuits")
      return Source(
        points: placed.map(\.point),
        uses: placed.map { Use(register: $0.point.register, position: $0.addressPosition) },
        references: PlacedPoint.references(placed))
    }
  }

  private func source(_ profile: Profile) -> Source {
    var source = Source(points: profile.points, uses: [], profile: profile, references: profile.references)
    guard let circuits = profile.circuits else {
      table.misplaced(["circuit"], because: "the profile '\(profile.name)' has no circuits")
      source.uses = profile.points.map { Use(register: $0.register) }
      return source
    }
    guard let circuit = table.integer("circuit") else {
      if !table.has("circuit") {
        table.error(
          table.position, "[[meter]] has no 'circuit', which the profile '\(profile.name)' needs: 1 to \(circuits)")
      }
      return source
    }
    guard (1...Int64(circuits)).contains(circuit.value) else {
      table.error(
        circuit.position,
        "'circuit' is \(circuit.value); the profile '\(profile.name)' has the circuits 1 to \(circuits)")
      return source
    }
    source.circuit = Int(circuit.value)
    source.points = profile.points(circuit: Int(circuit.value))
    source.uses = zip(source.points, profile.strides).map { point, stride in
      Use(register: point.register, sharedProfile: stride.register == 0 ? profile.name : nil)
    }
    return source
  }

  /// The points with what `point_every` says of them: of the patterns that match a quantity, its own name goes before
  /// all, then the longest prefix.
  func readPointEvery(_ source: Source, every: Int64?) -> [Definition.Point] {
    guard let profile = source.profile else {
      table.misplaced(["point_every"], because: "it is for a 'profile'; a [[meter.point]] has 'every'")
      return source.points
    }
    guard let (patterns, keys) = table.inlineTable("point_every", example: "{ \"energy_*\" = \"15m\" }") else {
      return source.points
    }
    guard (1...MeterReader.maximumPatterns).contains(keys.count) else {
      table.error(
        table.valuePosition("point_every"),
        "'point_every' has \(keys.count) entries; 1 to \(MeterReader.maximumPatterns) are possible")
      return source.points
    }
    var intervals: [String: Int64?] = [:]
    for pattern in keys {
      guard profile.points.contains(where: { MeterReader.matches($0.quantity, pattern) }) else {
        _ = patterns.has(pattern)
        let names = profile.points.map(\.quantity)
        let isMisplaced = pattern.dropLast().utf8.contains(UInt8(ascii: "*"))
        patterns.error(
          patterns.keyPosition(pattern),
          "\(Wording.quoted(pattern)) matches no quantity of the profile '\(profile.name)'"
            + (isMisplaced ? "; a '*' stands at the end only" : table.sink.suggestion(for: pattern, among: names)))
        continue
      }
      intervals[pattern] = .some(patterns.pointInterval(pattern, meter: every))
    }
    return source.points.map { point in
      let best = keys.filter { MeterReader.matches(point.quantity, $0) }.max { a, b in
        (a.hasSuffix("*") ? 0 : 1, a.utf8.count) < (b.hasSuffix("*") ? 0 : 1, b.utf8.count)
      }
      var point = point
      point.everyMilliseconds = best.flatMap { intervals[$0] ?? nil }
      return point
    }
  }

  private static func matches(_ quantity: String, _ pattern: String) -> Bool {
    pattern.hasSuffix("*") ? quantity.hasPrefix(pattern.dropLast()) : quantity == pattern
  }

  /// The smaller of the meter's and the profile's.
  func readMaxRegisters(_ source: Source?) -> Int {
    let own = table.integer("max_registers", in: 1...125)
    if let own, let source {
      let all = source.points.flatMap { point in point.registers.map { (point.quantity, $0) } }
      if let (quantity, widest) = all.max(by: { $0.1.width < $1.1.width }), widest.width > own.value {
        table.error(
          own.position,
          "'max_registers' is \(own.value), but \(quantity) needs \(widest.width) registers (\(widest.type.rawValue))")
      }
    }
    return min(own?.value ?? 125, source?.profile?.maxRegisters ?? 125)
  }

  /// How the meter speaks where its bus is a serial line of this machine.
  func readFormat(_ bus: BusReader.Outcome?) -> Located<Settings.SerialFormat>? {
    let keys = ["baud", "parity", "stop_bits"]
    if let kind = bus?.kind, kind != .rtu {
      table.misplaced(keys, because: "only on a bus of type rtu may a meter speak otherwise than its bus")
      return nil
    }
    let baud = table.baud()
    let parity = table.choice("parity", of: Settings.Parity.self)
    let stopBits = table.integer("stop_bits", in: 1...2)
    guard let bus, bus.kind == .rtu else { return nil }
    let format = Settings.SerialFormat(
      baud: baud?.value ?? bus.format.baud, parity: parity?.value ?? bus.format.parity,
      stopBits: stopBits?.value ?? bus.format.stopBits)
    let said = [baud?.position, parity?.position, stopBits?.position].compactMap(\.self).min()
    return Located(value: format, position: said ?? table.valuePosition("unit"))
  }
}
