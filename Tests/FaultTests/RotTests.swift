import TestSupport
import Testing

extension Faults {
  @Suite struct RotTests {
    /// A damaged row once kept the daemon from starting: the search for the down-time stumbled over it.
    @Test(.timeLimit(.minutes(5)))
    func aDamagedRowIsNamedAndCollectionGoesOn() async throws {
      let directory = try TemporaryDirectory()
      var plant = Plant(in: directory)
      plant.addTCPBus("bus", try LoopbackAddress.take())
      plant.addSmallMeter("pump", bus: "bus", unit: 1, every: "1s")
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator()
      var daemon = try meterd.start()
      try await meterd.waitForStatus("some readings") { ($0.archive.headSeq ?? 0) >= 3 }
      try await meterd.stop(daemon)

      let damage = """
        import glob, sqlite3
        file = sorted(glob.glob("\(plant.archive)/hot/*.sqlite"))[-1]
        database = sqlite3.connect(file)
        database.execute("UPDATE observation SET time = time + 1 WHERE seq = 2")
        database.commit()
        """
      #expect(try await run(["python3", "-c", damage]).isSuccess)

      daemon = try meterd.start()
      let status = try await meterd.waitForStatus("new readings") {
        ($0.archive.headSeq ?? 0) >= 8 && $0.meter("pump")?.state == "ok"
      }
      #expect(status.state == "degraded" && status.reasons.contains { $0.contains("seq 2 ") }, "\(status.reasons)")
      let query = try await meterd.query("pump")
      #expect(query.status == .exited(1) && query.errors.contains("seq 2 "), "\(query)")
      try await meterd.stop(daemon)
      withExtendedLifetime(simulator) {}
    }
  }
}
