import Glibc
import TestSupport
import Testing

extension Faults {
  /// Nobody at the status socket can disturb collection.
  @Suite struct StatusSocketTests {
    private static let meters = ["meter-1", "meter-2", "meter-3", "meter-4"]

    @Test(.timeLimit(.minutes(5)))
    func rudeClientsCostNoSlot() async throws {
      let directory = try TemporaryDirectory()
      var plant = Plant(in: directory)
      plant.addTCPBus("bus", try LoopbackAddress.take())
      for (place, meter) in StatusSocketTests.meters.enumerated() {
        plant.addSmallMeter(meter, bus: "bus", unit: place + 1, every: "1s")
      }
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator()
      let daemon = try meterd.start()
      try await meterd.waitForStatus("all meters") { $0.meters.allSatisfy { $0.state == "ok" } }

      let clients = RudeClients(plant.socket)
      for _ in 0..<200 { try clients.connect() }
      let slow = try clients.connect(sending: Array("GET /metrics HTTP/1.1\r\nHost: meterd\r\n\r\n".utf8))
      let header = "GET / HTTP/1.1\r\nHost: meterd\r\nX-Long: " + String(repeating: "x", count: 1_000_000)
      let longHeader = try clients.connect(sending: Array(header.utf8))
      let body = "POST /v1/status HTTP/1.1\r\nHost: meterd\r\nContent-Length: 1000000\r\n\r\n"
      let longBody = try clients.connect(
        sending: Array((body + String(repeating: "x", count: 1_000_000)).utf8))

      // Ten slots pass under the siege, and a polite client is served meanwhile.
      let start = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 1000)
      var bytesRead = 0
      try await eventually(every: .seconds(1), "ten slots; \(meterd.log)") {
        bytesRead += clients.readByte(slow) ?? 0
        clients.push([120, 120], to: longHeader)
        clients.push([120, 120], to: longBody)
        #expect(try await meterd.status()?.state == "healthy")
        let now = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 1000)
        return StatusSocketTests.meters.allSatisfy { id in
          guard let now = now.meters[id], let start = start.meters[id] else { return false }
          return now.slots >= start.slots + 10
        }
      }
      #expect(bytesRead > 0)
      #expect(clients.count == 203)
      let status = try #require(try await meterd.status())
      #expect(status.buses.map(\.skippedSlots) == [0])
      try await meterd.stop(daemon)

      let summary = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 1000)
      #expect(summary.wrong == [])
      #expect(summary.missed == [:])
      #expect(summary.meters.values.allSatisfy { $0.failed == 0 && $0.good == $0.slots })
      withExtendedLifetime(simulator) {}
    }

    @Test(.timeLimit(.minutes(5)))
    func aSecondDaemonNamesTheOwnerOfTheArchive() async throws {
      let directory = try TemporaryDirectory()
      var plant = Plant(in: directory)
      plant.addTCPBus("bus", try LoopbackAddress.take())
      plant.addSmallMeter("pump", bus: "bus", unit: 1, every: "1s")
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator()
      let owner = try meterd.start()
      try await meterd.waitForStatus("a reading") { $0.meter("pump")?.state == "ok" }

      // The same file, and one that shares nothing but the archive.
      var other = plant
      other.socket = directory.file("other.sock")
      let files = [meterd.configuration, try directory.write(other.toml, to: "other.toml")]
      for file in files {
        let second = try ChildProcess(
          [Repository.meterd, "run", "--config", file], output: directory.file("second"))
        #expect(try await second.waitForEnd(within: .seconds(30)) == .exited(1))
        #expect(second.errors.contains("pid \(owner.pid)"), "\(second.errors)")
        #expect(second.errors.contains(plant.archive), "\(second.errors)")
      }
      // The first was not disturbed: its socket answers, its slots go on.
      let head = try #require(try await meterd.status()?.archive.headSeq)
      try await meterd.waitForStatus("more readings") { ($0.archive.headSeq ?? 0) > head + 1 && $0.state == "healthy" }
      try await meterd.stop(owner)
      let summary = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 1000)
      #expect(summary.wrong == [] && summary.missed == [:])
      withExtendedLifetime(simulator) {}
    }
  }
}
