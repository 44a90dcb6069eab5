import Metering

extension SettingsReader {
  /// Reads every meter, then checks what holds between them.
  func readMeters(
    buses: [BusReader.Outcome], stations: [StationReader.Outcome], library: ProfileLibrary, timeZone: String
  ) -> [Settings.Meter] {
    var byID: [String: BusReader.Outcome] = [:]
    for bus in buses {
      if let id = bus.id, byID[id.value] == nil { byID[id.value] = bus }
    }
    var stationByID: [String: StationReader.Outcome] = [:]
    for station in stations {
      if let id = station.id, stationByID[id.value] == nil { stationByID[id.value] = station }
    }
    // Where the zone is not sound, which has been reported, any will do.
    let zone = (try? Zone(named: timeZone)) ?? .utc
    var cache: [String: Profile?] = [:]
    let outcomes = file.tables("meter", limit: SettingsReader.maximumMeters).map { table in
      MeterReader(table: table, buses: byID, stations: stationByID, zone: zone) { name in
        if let known = cache[name.value] { return known }
        let profile = load(name, from: library)
        // An absent one is not kept: each meter that names it gets its error.
        if library.path(of: name.value) != nil { cache[name.value] = .some(profile) }
        return profile
      }.read()
    }
    checkUnique(outcomes.map(\.id), kind: "meters")
    checkParents(outcomes)
    checkRegisters(outcomes)
    checkAnyUnit(outcomes, buses: byID)
    checkFormats(outcomes)
    checkMeters(of: stations, outcomes)
    return outcomes.compactMap(\.meter)
  }

  private func load(_ name: Located<String>, from library: ProfileLibrary) -> Profile? {
    guard let path = library.path(of: name.value) else {
      file.error(name.position, library.absence(of: name.value))
      return nil
    }
    do throws(SettingsError) {
      return try library.read(name: name.value, path: path)
    } catch {
      file.sink.report.add(error)
      return nil
    }
  }

  /// A parent exists, and nobody is upstream of itself.
  private func checkParents(_ outcomes: [MeterReader.Outcome]) {
    var parents: [String: Located<String>] = [:]
    var ids: Set<String> = []
    for outcome in outcomes {
      guard let id = outcome.id?.value, ids.insert(id).inserted else { continue }
      parents[id] = outcome.parent
    }
    var settled: Set<String> = []
    for outcome in outcomes {
      guard let id = outcome.id?.value, let parent = outcome.parent else { continue }
      if !ids.contains(parent.value) {
        file.error(
          parent.position,
          "there is no meter \(Wording.quoted(parent.value))\(file.sink.suggestion(for: parent.value, among: ids))")
        continue
      }
      // Walk upstream until a meter that is known to be free of circles, or one of this walk.
      var walk: [String] = []
      var place: [String: Int] = [:]
      var next: String? = id
      while let at = next, !settled.contains(at), place[at] == nil {
        place[at] = walk.count
        walk.append(at)
        next = parents[at]?.value
      }
      if let at = next, let start = place[at], let link = parents[at] {
        let circle = (walk[start...] + [at]).map { "'\($0)'" }.joined(separator: " -> ")
        file.error(link.position, "these parents go in a circle: \(circle)")
      }
      settled.formUnion(walk)
    }
  }
}
