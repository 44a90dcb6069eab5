import Metering

extension MeterReader {
  /// A meter whose points stand in its station.
  func readOnStation(_ begun: Outcome) -> Outcome {
    var outcome = begun
    reportMisplacedOnStation()
    outcome.station = table.string("station")
    let station = readStation(outcome.station)
    let placed = points(of: outcome, in: station)
    let points = placed.compactMap(\.point)
    let isComplete = station != nil && points.count == placed.count
    let secondary = points.filter { $0.side == .secondary }.compactMap { Quantity($0.quantity) }
    let ratios = readRatios(isComplete ? secondary : nil)
    let changes = readChanges(isComplete ? secondary : nil)
    var metadata = readMetadata(profile: nil)
    let counters = points.filter { $0.kind == .counter }.map(\.quantity)
    let exchanges = readExchanges(isComplete ? counters : nil, accounting: nil, energy: metadata["energy"])
    outcome.parent = readParent()
    if let parent = outcome.parent { metadata["parent"] = parent.value }
    for point in placed {
      if let quantity = point.point?.quantity, let reference = point.reference {
        metadata["reference.\(quantity)"] = reference
      }
    }
    table.finish()
    guard let id = outcome.id, let definition = station?.station?.definition, points.count == placed.count,
      let every = MeterReader.every(of: points, in: definition)
    else { return outcome }
    outcome.meter = Settings.Meter(
      id: id.value,
      definition: Definition(
        meterID: id.value, bus: "", unitID: 0, everyMilliseconds: every, timeZone: zone.name, ctRatio: ratios.current,
        vtRatio: ratios.voltage, points: [], station: definition, stationPoints: points, metadata: metadata),
      changes: changes, exchanges: exchanges, maxRegisters: 125, forbidden: [],
      line: Settings.SourceLine(number: table.position.line))
    return outcome
  }

  private func reportMisplacedOnStation() {
    table.misplaced(["bus", "unit"], because: "the meter hangs on a station")
    table.misplaced(
      ["profile", "point", "circuit", "point_every", "per_pulse"],
      because: "the points of a meter on a station are the [[station.point]] that name it")
    table.misplaced(["every"], because: "'interrogate_every' and 'counters_every' of the station say it")
    table.misplaced(
      ["max_registers", "timeout", "pause", "baud", "parity", "stop_bits"], because: "it is for a meter on a bus")
  }

  private func readStation(_ id: Located<String>?) -> StationReader.Outcome? {
    guard let id else { return nil }
    if let station = stations[id.value] { return station }
    table.error(
      id.position,
      "there is no station \(Wording.quoted(id.value))\(table.sink.suggestion(for: id.value, among: stations.keys))")
    return nil
  }

  /// Those that name this meter, sound or not.
  private func points(of outcome: Outcome, in station: StationReader.Outcome?) -> [PlacedStationPoint] {
    guard let id = outcome.id, let station, let name = outcome.station else { return [] }
    guard let places = station.pointsOfMeter[id.value] else {
      table.error(
        name.position,
        "no [[station.point]] of the station '\(name.value)' names the meter '\(id.value)'; one is required")
      return []
    }
    return places.map { station.points[$0] }
  }

  /// The greatest common divisor of the intervals that the points use: their slots all are slots of it. Nil where one
  /// of them is missing, which has been reported.
  private static func every(of points: [Definition.StationPoint], in station: Definition.Station) -> Int64? {
    var every: Int64 = 0
    for point in points {
      var interval =
        point.isIntegratedTotal ? station.countersEveryMilliseconds : station.interrogateEveryMilliseconds
      while interval != 0 { (every, interval) = (interval, every % interval) }
    }
    return every > 0 ? every : nil
  }
}
