import Glibc
import TestSupport
import Testing

extension Faults {
  /// What is not there at the start: the daemon starts with what works, shows the rest, and says what to do.
  @Suite struct MissingPartsTests {
    @Test(.timeLimit(.minutes(2)))
    func unknownProfileExits78() async throws {
      let directory = try TemporaryDirectory()
      var plant = Plant(in: directory)
      plant.addTCPBus("bus", try LoopbackAddress.take())
      plant.addMeter("pump", bus: "bus", unit: 1, profile: "eastron-sdm360", every: "1s")
      let meterd = try MeterdUnderTest(plant, in: directory)
      for command in [["run", "--config"], ["check"]] {
        let result = try await meterd.meterd(command + [meterd.configuration])
        #expect(result.status == .exited(78))
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 1, "\(result.errors)")
        #expect(result.errors.hasPrefix("\(meterd.configuration):"), "\(result.errors)")
        #expect(result.errors.contains(": error: "), "\(result.errors)")
        #expect(result.errors.contains("eastron-sdm630"), "the nearest name is not named: \(result.errors)")
      }
      #expect(TextFile.names(in: plant.archive).isEmpty, "a bad file must not make an archive")
    }

    @Test(.timeLimit(.minutes(5)))
    func deadBusesDoNotStopTheOthers() async throws {
      let directory = try TemporaryDirectory()
      let device = directory.file("ttyUSB7")
      let nobody = try LoopbackAddress.take()
      var plant = Plant(in: directory)
      plant.addSerialBus("serial", device)
      plant.addTCPBus("nobody", nobody, more: "probe_every = \"1s\"")
      plant.addTCPBus("alive", try LoopbackAddress.take())
      plant.addSmallMeter("on-serial", bus: "serial", unit: 1, every: "1s")
      plant.addSmallMeter("on-nobody", bus: "nobody", unit: 1, every: "1s")
      plant.addSmallMeter("alive", bus: "alive", unit: 1, every: "1s")
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator(of: [2])
      let daemon = try meterd.start()

      let status = try await meterd.waitForStatus("two dead meters, one alive") { status in
        status.meter("alive")?.state == "ok" && status.meter("on-serial")?.state == "failing"
          && status.meter("on-nobody")?.state == "failing"
      }
      #expect(status.state == "degraded")
      #expect(status.reasons.contains { $0.contains(device) }, "\(status.reasons)")
      #expect(status.reasons.contains { $0.contains(nobody) || $0.contains("nobody") }, "\(status.reasons)")
      let text = try await meterd.meterd(["status", "--socket", plant.socket])
      #expect(text.status == .exited(1))
      // The device by name, and what to do.
      #expect(text.output.contains(device), "\(text.output)")
      let advice = ["look at", "plug", "check", "connect", "see "]
      #expect(advice.contains { text.output.contains($0) }, "nothing says what to do: \(text.output)")

      // The line is plugged in, somebody listens: both are collected without a restart.
      let late = try await meterd.startSimulator(of: [0, 1])
      try await meterd.waitForStatus("all three") { $0.meters.allSatisfy { $0.state == "ok" } && $0.state == "healthy" }
      try await meterd.stop(daemon)
      let summary = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 1000)
      #expect(summary.wrong == [])
      let alive = try #require(summary.meters["alive"])
      #expect(alive.missed == [:])
      for id in ["on-serial", "on-nobody"] {
        let meter = try #require(summary.meters[id])
        #expect(meter.good > 0 && meter.failed + meter.missed.values.reduce(0, +) > 0, "\(id): \(meter)")
      }
      withExtendedLifetime((simulator, late)) {}
    }

    @Test(.timeLimit(.minutes(5)))
    func anArchiveThatCannotBeHadIsTriedAgain() async throws {
      let directory = try TemporaryDirectory()
      var plant = Plant(in: directory)
      // A file stands where a directory has to be: no permission of root helps.
      let obstacle = try directory.write("not a directory", to: "data")
      plant.archive = obstacle + "/archive"
      plant.addTCPBus("bus", try LoopbackAddress.take())
      plant.addSmallMeter("pump", bus: "bus", unit: 1, every: "1s")
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator()
      let daemon = try meterd.start()

      let status = try await meterd.waitForStatus("a failing archive") { $0.archive.state == "failing" }
      #expect(status.state == "degraded")
      #expect(status.reasons.contains { $0.contains(obstacle) }, "\(status.reasons)")
      #expect(meterd.log.contains(obstacle), "\(meterd.log)")
      let text = try await meterd.meterd(["status", "--socket", plant.socket])
      #expect(text.status == .exited(1) && text.output.contains(obstacle), "\(text)")
      #expect(daemon.isRunning)

      unlink(obstacle)
      try await meterd.waitForStatus("a reading") { $0.state == "healthy" && $0.meter("pump")?.state == "ok" }
      try await meterd.stop(daemon)
      withExtendedLifetime(simulator) {}
    }

    @Test(.enabled(if: Machine.isRoot, "needs root to become user nobody"), .timeLimit(.minutes(5)))
    func aDirectoryOfAnotherUserIsNamed() async throws {
      let nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
      guard try await run(nobody + [Repository.meterd, "--version"]).isSuccess else {
        try Test.cancel("user nobody may not run \(Repository.meterd)")
      }
      let directory = try TemporaryDirectory()
      var plant = Plant(in: directory)
      let foreign = try directory.makeDirectory("foreign")
      chmod(foreign, 0o700)
      plant.archive = foreign + "/archive"
      let open = try directory.makeDirectory("run")
      chmod(open, 0o777)
      plant.socket = open + "/status.sock"
      plant.addTCPBus("bus", try LoopbackAddress.take())
      plant.addSmallMeter("pump", bus: "bus", unit: 1, every: "1s")
      let meterd = try MeterdUnderTest(plant, in: directory)
      let daemon = try meterd.start(as: nobody)
      let status = try await meterd.waitForStatus("a failing archive") { $0.archive.state == "failing" }
      #expect(status.reasons.contains { $0.contains(foreign) && $0.contains("Permission denied") }, "\(status.reasons)")
      chmod(foreign, 0o777)
      try await meterd.waitForStatus("an archive") { $0.archive.state == "ok" }
      try await meterd.stop(daemon)
    }

    @Test(.timeLimit(.minutes(5)))
    func aSocketThatCannotBeMadeDoesNotStopCollection() async throws {
      let directory = try TemporaryDirectory()
      var plant = Plant(in: directory)
      plant.socket = directory.file("missing/status.sock")
      plant.addTCPBus("bus", try LoopbackAddress.take())
      plant.addSmallMeter("pump", bus: "bus", unit: 1, every: "1s")
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator()
      let daemon = try meterd.start()
      try await eventually("readings; \(meterd.log)") { try await meterd.lines(of: "pump").count >= 4 }
      #expect(meterd.log.contains(directory.file("missing")), "\(meterd.log)")
      let silent = try await meterd.meterd(["status", "--socket", plant.socket])
      #expect(silent.status == .exited(2) && silent.errors.contains(plant.socket), "\(silent)")

      try directory.makeDirectory("missing")
      try await meterd.waitForStatus("a status") { $0.state == "healthy" }
      try await meterd.stop(daemon)
      let summary = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 1000)
      #expect(summary.wrong == [] && summary.missed == [:])
      withExtendedLifetime(simulator) {}
    }
  }
}
