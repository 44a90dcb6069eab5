import Metering

extension SettingsReader {
  /// Reads every meter, then checks what holds between them.
  func readMeters(
    buses: [BusReader.Outcome], library: ProfileLibrary, timeZone: String
  ) -> [Settings.Meter] {
    var kinds: [String: BusReader.Kind?] = [:]
    for bus in buses {
      if let id = bus.id, kinds[id.value] == nil { kinds[id.value] = .some(bus.kind) }
    }
    var cache: [String: Profile?] = [:]
    let outcomes = file.tables("meter", limit: SettingsReader.maximumMeters).map { table in
      MeterReader(table: table, buses: kinds, timeZone: timeZone) { name in
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

  /// No register belongs to two meters. (Several meters may share a bus and unit.)
  private func checkRegisters(_ outcomes: [MeterReader.Outcome]) {
    struct Area: Hashable {
      var bus: String
      var unit: Int
      var table: RegisterTable
    }
    struct Use {
      var register: RegisterReference
      var meter: Int
      var position: Position
    }
    var areas: [Area: [Use]] = [:]
    for (meter, outcome) in outcomes.enumerated() {
      guard let bus = outcome.bus, let unit = outcome.unit else { continue }
      for (register, position) in outcome.registers {
        areas[Area(bus: bus, unit: unit.value, table: register.table), default: []].append(
          Use(register: register, meter: meter, position: position ?? unit.position))
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
}
