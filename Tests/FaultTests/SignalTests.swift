import Glibc
import TestSupport
import Testing

extension Faults {
  /// SIGHUP and SIGTERM.
  @Suite struct SignalTests {
    @Test(.timeLimit(.minutes(5)))
    func reloadStartsStopsAndDoesNotDisturb() async throws {
      let directory = try TemporaryDirectory()
      let address = try LoopbackAddress.take()
      func plant(_ meters: [String]) -> Plant {
        var plant = Plant(in: directory)
        plant.addTCPBus("bus", address)
        for meter in meters { plant.addSmallMeter(meter, bus: "bus", unit: meter.count, every: "1s") }
        return plant
      }
      // Three meters behind one address, all of them simulated from the start.
      let simulated = try MeterdUnderTest(plant(["a", "bb", "ccc"]), in: directory)
      let simulator = try await simulated.startSimulator()

      let meterd = try MeterdUnderTest(plant(["a", "bb"]), in: directory)
      let daemon = try meterd.start()
      try await meterd.waitForStatus("a and bb") { $0.meters.map(\.id) == ["a", "bb"] && $0.state == "healthy" }
      try await eventually("three polls of a") { try await meterd.lines(of: "a").count >= 6 }

      // bb goes, ccc comes, a stays.
      try directory.write(plant(["a", "ccc"]).toml, to: "meterd.toml")
      daemon.send(SIGHUP)
      try await meterd.waitForStatus("a and ccc") { $0.meters.map(\.id) == ["a", "ccc"] && $0.state == "healthy" }
      try await eventually("a poll of ccc") { try await meterd.lines(of: "ccc").count >= 2 }
      let ended = try await meterd.lines(of: "bb")

      // A bad file: refused, with the place of the error; what was in force goes on.
      try directory.write(plant(["a", "ccc"]).toml + "\n[[meter]]\nid = \"d\"\nbuss = \"bus\"\n", to: "meterd.toml")
      daemon.send(SIGHUP)
      try await eventually("a refusal; \(meterd.log)") { meterd.log.contains("the old settings stay in force") }
      #expect(meterd.log.contains("\(meterd.configuration):"), "\(meterd.log)")
      #expect(meterd.log.contains("buss"), "\(meterd.log)")
      let before = try await meterd.lines(of: "ccc").count
      try await eventually("more polls after the refusal") { try await meterd.lines(of: "ccc").count >= before + 4 }
      #expect(try await meterd.status()?.meters.map(\.id) == ["a", "ccc"])
      #expect(try await meterd.lines(of: "bb") == ended, "bb is polled although it was removed")

      try await meterd.stop(daemon)
      let summary = try await ArchiveSummary.read(meterd.plant.archive, everyMilliseconds: 1000)
      #expect(summary.wrong == [])
      let a = try #require(summary.meters["a"])
      #expect(a.missed == [:] && a.failed == 0 && a.good == a.slots, "a was disturbed: \(a)")

      // After a restart the gateway was down for those that are configured, not for a meter that was taken out before.
      try directory.write(plant(["a", "ccc"]).toml, to: "meterd.toml")
      let again = try meterd.start()
      let slots = a.slots
      try await eventually("two more slots of a") {
        let now = try await ArchiveSummary.read(meterd.plant.archive, everyMilliseconds: 1000).meters["a"]
        return (now?.slots ?? 0) >= slots + 2
      }
      try await meterd.stop(again)
      #expect(try await meterd.lines(of: "bb") == ended, "bb is said to be missing although it was removed")
      withExtendedLifetime(simulator) {}
    }

    /// A meter that never answers, with a timeout far beyond the five seconds of the contract.
    @Test(.timeLimit(.minutes(5)))
    func termEndsAPollUnderWay() async throws {
      let directory = try TemporaryDirectory()
      let address = try LoopbackAddress.take()
      let port = try #require(address.split(separator: ":").last)
      let host = try #require(address.split(separator: ":").first)
      let deaf = try ChildProcess(
        ["socat", "-u", "TCP-LISTEN:\(port),bind=\(host),reuseaddr,fork", "OPEN:/dev/null"],
        output: directory.file("socat"))
      var plant = Plant(in: directory)
      plant.addTCPBus("deaf", address, timeout: "60s")
      plant.addSmallMeter("deaf", bus: "deaf", unit: 1, every: "1s")
      let spool = directory.file("spool")
      plant.addSpool("spool", spool, period: "2s", grace: "500ms")
      let meterd = try MeterdUnderTest(plant, in: directory)
      let daemon = try meterd.start()
      try await meterd.waitForStatus("a slot that waits, a file") {
        ($0.bus("deaf")?.skippedSlots ?? 0) > 0 && $0.forwards.first?.lastFile != nil
      }
      let clock = ContinuousClock()
      let start = clock.now
      try await meterd.stop(daemon, within: .seconds(50))
      let taken = clock.now - start
      print("SIGTERM: ended after \(taken)")
      #expect(taken < .seconds(50), "the poll was waited for")
      #expect(access(plant.socket, F_OK) != 0, "the socket's file is left behind")
      withExtendedLifetime(deaf) {}
    }
  }
}
