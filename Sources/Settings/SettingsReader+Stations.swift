import Metering

/// What holds between stations, and between them and the meters.
extension SettingsReader {
  func readStations() -> [StationReader.Outcome] {
    let stations = file.tables("station", limit: SettingsReader.maximumStations).map { StationReader(table: $0).read() }
    checkUnique(stations.map(\.id), kind: "stations")
    checkEndpoints(stations)
    return stations
  }

  /// A station gives its data to one redundancy group: two of them would take them from each other.
  private func checkEndpoints(_ stations: [StationReader.Outcome]) {
    var owners: [Settings.Endpoint: String] = [:]
    for station in stations {
      guard let id = station.id else { continue }
      for endpoint in station.endpoints {
        if let owner = owners[endpoint.value] {
          file.error(
            endpoint.position,
            "the address \(Wording.quoted(endpoint.value.description)) belongs to the station '\(owner)' already; points"
              + " may have a 'common_address' of their own")
        }
      }
      for endpoint in station.endpoints where owners[endpoint.value] == nil { owners[endpoint.value] = id.value }
    }
  }

  /// Each point names a meter that hangs on its station.
  func checkMeters(of stations: [StationReader.Outcome], _ meters: [MeterReader.Outcome]) {
    var byID: [String: MeterReader.Outcome] = [:]
    for meter in meters {
      if let id = meter.id, byID[id.value] == nil { byID[id.value] = meter }
    }
    let ids = Set(stations.compactMap(\.id?.value))
    for station in stations {
      for case let name? in station.points.map(\.meter) {
        guard let meter = byID[name.value] else {
          file.error(
            name.position,
            "there is no meter \(Wording.quoted(name.value))\(file.sink.suggestion(for: name.value, among: byID.keys))")
          continue
        }
        guard let id = station.id, meter.station?.value != id.value else { continue }
        if let other = meter.station {
          // One that does not exist has had its error where the meter names it.
          if !ids.contains(other.value) { continue }
          file.error(
            name.position,
            "the meter '\(name.value)' hangs on the station \(Wording.quoted(other.value)), not on '\(id.value)'")
        } else if let bus = meter.bus {
          file.error(name.position, "the meter '\(name.value)' hangs on the bus '\(bus)', not on a station")
        }
      }
    }
  }
}
