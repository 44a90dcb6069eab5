import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// c104 2.2.1 as the station: what it refuses, and connections that end.
@Suite(.serialized)
struct C104FaultTests {
  /// c104 answers a common address that it does not have twice: a negative confirmation, then cause 46 with P/N = 0. That is
  /// one refusal, and the status says the cause.
  @Test(.timeLimit(.minutes(2)))
  func refusalsAreSaidInWordsAndCountedOnce() async throws {
    let directory = try TemporaryDirectory()
    let (asked, grouped) = try await (C104Station("asked", in: directory), C104Station("grouped", in: directory))
    var plant = Plant(in: directory)
    plant.add(
      asked,
      more: """

        [[station.point]]
        meter = "elsewhere"
        quantity = "x_voltage"
        unit = "1"
        kind = "gauge"
        common_address = 99
        object_address = 1
        type = "M_ME"
        """)
    plant.meters.append("id = \"elsewhere\"\nstation = \"asked\"")
    // c104 knows no groups.
    plant.stations.append(grouped.tables[0].replacing("time_zone", with: "groups = [3]\ntime_zone"))
    plant.meters += grouped.tables.dropFirst()
    let servers = try await [asked.serve(), grouped.serve()]
    let meterd = try MeterdUnderTest(plant, in: directory)
    let daemon = try meterd.start()
    let status = try await meterd.waitForStatus("a slot of each") { status in
      [("asked", 99), ("grouped", 1)].allSatisfy { name, address in
        status.bus(name)?.station?.interrogations.contains {
          $0.kind == "general" && $0.commonAddress == address && $0.slot != nil
        } ?? false
      }
    }
    let words = try #require(status.bus("asked")?.lastError)
    #expect(words.contains("common address 99: the station refused: unknown common address"), "\(words)")
    let outcomes = try #require(status.bus("asked")?.station?.interrogations)
    for interrogation in outcomes where interrogation.commonAddress == 99 && interrogation.kind == "general" {
      #expect(interrogation.outcome == "refused-46")
    }
    #expect(outcomes.filter { $0.commonAddress == 1 }.allSatisfy { $0.outcome == "complete" }, "\(outcomes)")
    let group = status.bus("grouped")?.lastError ?? ""
    #expect(group.contains("interrogation of group 3 of common address 1: the station refused"), "\(group)")
    try await asked.waitForEverything(meterd)
    let once = try await meterd.lines(of: "elsewhere/x_voltage")
    #expect(!once.isEmpty && once.allSatisfy { $0.contains("\"refused-46\"") }, "\(once)")
    #expect(Set(once.compactMap { $0.split(separator: "\"due\":").last?.prefix(31) }).count == once.count)
    try await meterd.stop(daemon)
    withExtendedLifetime(servers) {}
  }

  /// While meterd stands still the station keeps its events, and sends them when it goes on; killed, meterd has on disk
  /// whatever it had acknowledged; after each start everything is asked for again.
  @Test(.timeLimit(.minutes(3)))
  func nothingThatWasAcknowledgedIsLost() async throws {
    let directory = try TemporaryDirectory()
    let station = try await C104Station("station", in: directory)
    var plant = Plant(in: directory)
    plant.add(station)
    let meterd = try MeterdUnderTest(plant, in: directory)
    // Nobody listens yet.
    var daemon = try meterd.start()
    try await meterd.waitForStatus("the first try") { $0.bus("station")?.station?.links.first?.lastClose != nil }
    let server = try await station.serve()
    try await station.waitForEverything(meterd)

    // Whoever was initialized knows nothing of what it was asked before.
    let answers = try await answersOfNoSlot(meterd)
    try await station.tell("initialized", server)
    try await eventually("another interrogation") { try await answersOfNoSlot(meterd) == answers + 1 }

    daemon.send(SIGSTOP)
    try await station.tell("burst 90", server)
    daemon.send(SIGCONT)
    try await station.waitForEverything(meterd)

    // Killed while events come: those that it had not acknowledged are c104's to lose.
    try await station.tell("burst 40", server)
    try await daemon.killHard()
    expectNoDifference(try await station.compare("events", station.rows(meterd)))
    daemon = try meterd.start()
    try await meterd.waitForStatus("it is up again") { status in
      status.bus("station")?.station?.interrogations.filter { $0.outcome == "complete" && $0.slot != nil }.count == 2
    }
    try await station.tell("burst 40", server)
    try await eventually("the last event") {
      try await meterd.lines(of: "station/x_event").contains { $0.contains("\"value\":170,") }
    }
    try await meterd.stop(daemon)
    let result = try await station.compare("events", station.rows(meterd))
    expectNoDifference(result)
    // Of 170, those whose acknowledgement the kill may have cut off are not among them.
    #expect(Int(result.output.prefix { $0.isNumber }).map { $0 >= 130 } == true, "\(result.output)")
    let tables = try await station.rows(meterd).map(TextFile.read)
    #expect(!tables.contains { $0.contains("\"duplicate\"") })
    withExtendedLifetime(server) {}
  }

  /// Of one object, to interrogations that nobody scheduled.
  private func answersOfNoSlot(_ meterd: MeterdUnderTest) async throws -> Int {
    try await meterd.lines(of: "station/x_event", from: "2000-01-01").filter {
      $0.contains("\"due\":null") && $0.contains("\"raw\":\"35:20:")
    }.count
  }

  /// Differences are consumed once: not again when the station answers a freeze with the totals and then the request for
  /// them too, nor when what was fetched is read once more at the start of a connection.
  @Test(.timeLimit(.minutes(2)))
  func intervalsAreCountedOnce() async throws {
    let directory = try TemporaryDirectory()
    let station = try await C104Station("reset", in: directory)
    var plant = Plant(in: directory)
    plant.add(station)
    let server = try await station.serve()
    let meterd = try MeterdUnderTest(plant, in: directory)
    for run in 1...2 {
      let daemon = try meterd.start()
      try await eventually("two freezes more") {
        TextFile.read(station.journal).split(separator: "\n").filter { $0.contains("\"frozen\"") }.count >= 4 * run
      }
      try await meterd.stop(daemon)
    }
    expectNoDifference(try await station.compare("intervals", station.rows(meterd)))
    withExtendedLifetime(server) {}
  }
}
