import Metering

/// Reads `[[station]]`.
struct StationReader {
  /// What later checks need, also of a station that is not sound.
  struct Outcome {
    var id: Located<String>?
    var endpoints: [Located<Settings.Endpoint>] = []
    var points: [PlacedStationPoint] = []
    /// Places in `points`.
    var pointsOfMeter: [String: [Int]] = [:]
    var station: Settings.Station?
  }

  private enum SummerTime: String, CaseIterable { case honour, ignore }

  static let maximumPoints = 20_000

  let table: TableReader

  func read() -> Outcome {
    var outcome = Outcome(id: table.identifier("id", required: true))
    let tls = readTLS()
    outcome.endpoints = readEndpoints()
    let format = readFormat()
    let commonAddress = table.commonAddress(octets: format.commonAddressSize)
    let mode = table.choice("counters_mode", of: Settings.CountersMode.self)
    let context = StationPointReader.Context(
      commonAddress: commonAddress, isCommonAddressBroken: commonAddress == nil && table.has("common_address"),
      commonAddressSize: format.commonAddressSize, objectAddressSize: format.objectAddressSize,
      countersMode: mode?.value ?? (table.has("counters_mode") ? nil : .read))
    outcome.points = readPoints(context)
    for (place, point) in outcome.points.enumerated() {
      if let meter = point.meter { outcome.pointsOfMeter[meter.value, default: []].append(place) }
    }
    let zone = readTimeZone(outcome.points)
    let summerTime = table.choice("summer_time", of: SummerTime.self)
    let interrogateEvery = readEvery("interrogate_every", for: outcome.points) { !$0.isIntegratedTotal }
    let countersEvery = readEvery("counters_every", for: outcome.points) { $0.isIntegratedTotal }
    let clockSync = table.boolean("clock_sync")
    let groups = table.groups("groups", in: 1...16)
    let counterGroups = table.groups("counter_groups", in: 1...4)
    let originator = readOriginator(causeSize: format.causeSize)
    let session = readSession()
    let procedureTimeout = table.duration("procedure_timeout", in: 1_000...600_000)
    table.finish()
    guard let id = outcome.id, let zone, let interrogateEvery, let countersEvery else { return outcome }
    let definition = Definition.Station(
      id: id.value, causeSize: format.causeSize, commonAddressSize: format.commonAddressSize,
      objectAddressSize: format.objectAddressSize, privateTypes: format.privateTypes, timeZone: zone,
      honoursSummerTime: summerTime?.value != .ignore, interrogateEveryMilliseconds: interrogateEvery,
      countersEveryMilliseconds: countersEvery)
    outcome.station = Settings.Station(
      id: id.value, endpoints: outcome.endpoints.map(\.value), commonAddress: commonAddress, definition: definition,
      countersMode: mode?.value ?? .read, clockSync: clockSync?.value ?? false, groups: groups,
      counterGroups: counterGroups, originator: UInt8(originator), k: session.k, w: session.w,
      t0Milliseconds: session.t0, t1Milliseconds: session.t1, t2Milliseconds: session.t2, t3Milliseconds: session.t3,
      procedureTimeoutMilliseconds: procedureTimeout?.value ?? 30_000, tls: tls,
      line: Settings.SourceLine(number: table.position.line))
    return outcome
  }

  /// An interval that is required where a point needs it, else 0 where it is absent; nil where it is not sound.
  private func readEvery(
    _ key: String, for points: [PlacedStationPoint], where isNeeded: (StationType) -> Bool
  ) -> Int64? {
    if table.has(key) { return table.divisorOfDay(key, from: 1_000)?.value }
    let needs = points.lazy.compactMap { point in point.type.map { (type: $0, line: point.position.line) } }
    guard let first = needs.first(where: { isNeeded($0.type) }) else { return 0 }
    table.error(
      table.position,
      "\(table.title) has no '\(key)', which the type \(first.type.name) of the point in line \(first.line) needs")
    return nil
  }

  /// Required where time tags may come; nil where it is not sound.
  private func readTimeZone(_ points: [PlacedStationPoint]) -> String? {
    if let name = table.string("time_zone") {
      guard let problem = TimeZones.problem(withStation: name.value) else { return name.value }
      table.error(name.position, problem)
      return nil
    }
    if table.has("time_zone") { return nil }
    let needs = points.lazy.compactMap { point in point.type.map { (type: $0, line: point.position.line) } }
    guard let first = needs.first(where: \.type.hasTimeTag) else { return "UTC" }
    table.error(
      table.position,
      "\(table.title) has no 'time_zone', which the type \(first.type.name) of the point in line \(first.line) needs,"
        + " because its values may carry time tags: \(TimeZones.stationRule)")
    return nil
  }

  private func readOriginator(causeSize: Int) -> Int {
    if causeSize == 1 { table.misplaced(["originator"], because: "with cause_size = 1 there is no octet for it") }
    return table.integer("originator", in: 0...255)?.value ?? 0
  }
}

extension TableReader {
  /// Numbers of groups, each once; empty where there are none.
  func groups(_ key: String, in range: ClosedRange<Int64>) -> [Int] {
    guard let node = node(key) else { return [] }
    guard case .array(let elements) = node.value else {
      wrongType(key, node, wanted: "an array of integers such as [\(range.lowerBound), \(range.lowerBound + 1)]")
      return []
    }
    var groups: [Int] = []
    for element in elements.prefix(Int(range.upperBound) + 1) {
      guard case .integer(let number) = element.value else {
        error(element.position, "'\(key)' must hold integers, not \(element.typeName)")
        continue
      }
      if !range.contains(number) {
        error(
          element.position, "'\(key)' holds \(number); it must be \(range.lowerBound) to \(range.upperBound)")
      } else if groups.contains(Int(number)) {
        error(element.position, "'\(key)' holds \(number) twice")
      } else {
        groups.append(Int(number))
      }
    }
    return groups
  }
}
