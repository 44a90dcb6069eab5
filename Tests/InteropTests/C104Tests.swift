import Glibc
import TestSupport
import Testing

/// c104 2.2.1 as the station: what its objects were set to is, object by object and character by character, what meterd
/// archives, hands on and shows.
@Suite(.serialized)
struct C104Tests {
  /// Each type with limits, infinities and every bit of quality; two time zones; SQ = 0 and 1; counters read and frozen;
  /// spontaneous changes. Three stations and a Modbus line in one daemon, of which one station is killed.
  @Test(.timeLimit(.minutes(5)))
  func everyObjectIsWhatWasSet() async throws {
    let directory = try TemporaryDirectory()
    var plant = Plant(in: directory)
    let modbus = try await Peer.serve(.tcp, to: &plant, in: directory)
    // So far apart that a busy machine leaves none out.
    plant.meters = plant.meters.map { $0.replacing("\"1s\"", with: "\"5s\"") }
    let stations = try await [
      C104Station("alpha", in: directory), C104Station("beta", in: directory), C104Station("gamma", in: directory),
    ]
    var servers: [ChildProcess] = []
    for station in stations {
      plant.add(station)
      servers.append(try await station.serve())
    }
    let spool = directory.file("spool")
    plant.addSpool("spool", spool, period: "2s", grace: "500ms")
    let meterd = try MeterdUnderTest(plant, in: directory)
    let daemon = try meterd.start()
    for station in stations { try await station.waitForEverything(meterd) }
    for (station, server) in zip(stations, servers) { try await station.tell("change", server) }
    for station in stations { try await station.waitForEverything(meterd) }

    try await servers[2].killHard()
    try await meterd.waitForStatus("gamma is down") { $0.bus("gamma")?.state == "down" }
    servers[2] = try await stations[2].serve()
    try await stations[2].waitForEverything(meterd, downs: 1)

    let status = try await meterd.waitForStatus("all are interrogated") { status in
      stations.allSatisfy { station in
        status.bus(station.name)?.station?.interrogations.allSatisfy { $0.outcome == "complete" } ?? false
      }
    }
    for (station, unnamed) in zip(stations, [3, 0, 0]) {
      let bus = try #require(status.bus(station.name))
      let counts = try #require(bus.station)
      #expect(counts.malformedAsdus == 0 && counts.testAsdus == 0 && counts.repeatedObjects == 0, "\(bus)")
      #expect(counts.unnamedObjects == unnamed && counts.links[0].connections == (station.name == "gamma" ? 2 : 1))
      if station.name != "gamma" { #expect(bus.lastError == nil, "\(bus)") }
    }
    let line = try #require(status.bus("line"))
    #expect(line.state == "up" && line.skippedSlots == 0 && line.lastError == nil, "\(line)")
    try await meterd.stop(daemon)

    var rows: [String] = []
    for (station, downs) in zip(stations, [1, 1, 2]) {
      let files = try await station.rows(meterd)
      expectNoDifference(try await station.compare("query", ["\(downs)"] + files))
      rows += files
    }
    let units = try await meterd.files(of: Peer.profiles.keys.sorted().map { "unit-\($0)" })
    expectNoDifference(try await run([Repository.python, "-B", Peer.scripts + "/compare.py", "query"] + units))
    expectNoDifference(try await compare104(["spool", spool] + rows + units))

    for station in stations.prefix(2) { try await showsEverything(station, meterd) }
    withExtendedLifetime((modbus, servers)) {}
  }

  /// `meterd read` and `meterd scan`, which store nothing.
  private func showsEverything(_ station: C104Station, _ meterd: MeterdUnderTest) async throws {
    var tables: [String] = []
    for meter in station.meters {
      let result = try await meterd.meterd(["read", meter, "--config", meterd.configuration])
      tables.append(try meterd.directory.write(result.output, to: meter + ".txt"))
    }
    expectNoDifference(try await station.compare("read", tables))
    let scan = try await meterd.meterd(["scan", station.name, "--config", meterd.configuration, "--json"])
    #expect(scan.isSuccess, "\(scan)")
    expectNoDifference(try await station.compare("scan", [meterd.directory.write(scan.output, to: "scan.json")]))
  }

  /// In one of the two zones with seasons it is summer on nearly every day of the year.
  @Test(.timeLimit(.minutes(2)))
  func clocksAreSetInTheStationsZone() async throws {
    let zones = [
      ("Australia/Sydney", "honour"), ("Europe/Berlin", "honour"), ("Australia/Sydney", "ignore"), ("UTC", "honour"),
    ]
    let directory = try TemporaryDirectory()
    var plant = Plant(in: directory)
    var stations: [C104Station] = []
    var servers: [ChildProcess] = []
    for (number, (zone, summerTime)) in zones.enumerated() {
      let station = try await C104Station(
        "clock-\(number)", ["time_zone=\"\(zone)\"", "summer_time=\"\(summerTime)\"", "clock_sync=true"],
        in: directory)
      plant.add(station)
      stations.append(station)
      // A refused one is said, and nothing else suffers.
      servers.append(try await station.serve(number == 3 ? ["--refuse-clock"] : []))
    }
    let meterd = try MeterdUnderTest(plant, in: directory)
    let daemon = try meterd.start()
    let status = try await meterd.waitForStatus("all are interrogated") { status in
      stations.allSatisfy { status.bus($0.name)?.station?.interrogations.count == 2 }
    }
    for (station, (zone, summerTime)) in zip(stations, zones) {
      expectNoDifference(try await compare104(["clock", zone, summerTime, station.journal]))
      #expect(status.bus(station.name)?.station?.interrogations.allSatisfy { $0.outcome == "complete" } == true)
    }
    #expect(stations.prefix(3).allSatisfy { status.bus($0.name)?.lastError == nil })
    let refused = status.bus("clock-3")?.lastError ?? ""
    #expect(refused.contains("clock synchronization of common address 1: the station refused"), "\(refused)")
    try await meterd.stop(daemon)
    withExtendedLifetime(servers) {}
  }
}

func expectNoDifference(_ result: CommandResult, _ location: SourceLocation = #_sourceLocation) {
  #expect(result.isSuccess, "\(result.output)\(result.errors)", sourceLocation: location)
}
