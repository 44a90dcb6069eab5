import Glibc
import TestSupport
import Testing

extension Faults {
  /// A gateway that starts at 1970 and learns the time later.
  @Suite struct ClockTests {
    @Test(.timeLimit(.minutes(5)))
    func aStartAt1970IsCorrectedWhenTheTimeIsKnown() async throws {
      let directory = try TemporaryDirectory()
      let shim = directory.file("clock.so")
      let source = Repository.root + "/Tests/FaultTests/clock.c"
      let compiled = try await run(["cc", "-shared", "-fPIC", "-O1", "-o", shim, source])
      guard compiled.isSuccess else { try Test.cancel("no C compiler for the clock: \(compiled.errors)") }

      var plant = Plant(in: directory)
      let spool = directory.file("spool")
      plant.addTCPBus("bus", try LoopbackAddress.take())
      plant.addSmallMeter("pump", bus: "bus", unit: 1, every: "1s")
      plant.addSpool("spool", spool, period: "2s", grace: "500ms")
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator()
      let first = try meterd.start()
      try await meterd.waitForStatus("a spool file") { $0.state == "healthy" && $0.forwards.first?.lastFile != nil }
      try await meterd.stop(first)

      // Ten minutes after the epoch.
      try setClock(directory, offset: 600 - Int64(time(nil)))
      let startedAt = Int64(time(nil))
      let environment = ["LD_PRELOAD": shim, "METERD_TEST_CLOCK": directory.file("clock")]
      let second = try meterd.start(environment: environment)
      let status = try await meterd.waitForStatus("a clock that is not trusted") {
        !$0.clockTrusted && $0.archive.headSeq != nil
      }
      #expect(status.state == "degraded")
      #expect(status.reasons.contains { $0.contains("clock") && $0.contains("1970") }, "\(status.reasons)")
      // Whole periods pass, and no file is cut.
      let files = SpoolFiles(spool).starts
      let head = status.archive.headSeq ?? 0
      try await meterd.waitForStatus("six polls at 1970") { ($0.archive.headSeq ?? 0) >= head + 6 }
      let reading = try #require(try await meterd.status(of: "pump")?.readings?.first)
      #expect(reading.due?.hasPrefix("1970-01-01T") == true && reading.flags == ["clock"], "\(reading)")
      #expect(SpoolFiles(spool).starts == files, "a file was cut by a clock that is wrong")

      try setClock(directory, offset: 0)
      try await meterd.waitForStatus("a trusted clock, and polls by it") { status in
        status.clockTrusted && status.state == "healthy" && (status.archive.headSeq ?? 0) > head + 8
      }
      let trustedAt = Int64(time(nil))
      try await eventually(within: .seconds(60), "a file of the corrected time; \(meterd.log)") {
        SpoolFiles(spool).rows(prefix: "test_spool").contains { $0.contains(",clock,") }
      }
      try await eventually("a good poll by the true clock; \(meterd.log)") {
        try await meterd.lines(of: "pump", format: "csv").contains { line in
          line.contains(",good,,") && (ClockTests.seconds(line) ?? 0) >= trustedAt
        }
      }
      try await meterd.stop(second)

      // Nothing is left in 1970; what was polled then stands at its true time, uncertain.
      let old = try await meterd.query("pump", from: "1970-01-01", to: "2020-01-01")
      #expect(old.isSuccess && old.output.isEmpty, "\(old.output.prefix(500))")
      let lines = try await meterd.lines(of: "pump/energy_active_import", format: "csv").dropFirst()
      let corrected = lines.filter { $0.contains(",uncertain,clock,") }
      #expect(corrected.count >= 6, "\(lines.joined(separator: "\n"))")
      for line in corrected {
        let at = try #require(ClockTests.seconds(line))
        #expect(at >= startedAt - 1 && at <= trustedAt + 1, "\(line) is not between \(startedAt) and \(trustedAt)")
      }
      // The time in which nobody was running is explained, up to the corrected start.
      let down = lines.filter { $0.contains(",bad,gateway-down") }.compactMap(ClockTests.seconds)
      #expect(down.allSatisfy { $0 <= startedAt + 60 } && Set(down).count == down.count, "\(down)")
      let sequence = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 0)
      #expect(sequence.wrong == [] && sequence.head > head)
      withExtendedLifetime(simulator) {}
    }

    /// In place: the daemon has the file mapped.
    private func setClock(_ directory: TemporaryDirectory, offset: Int64) throws {
      let descriptor = open(directory.file("clock"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw TestSupportError("the clock's file cannot be written") }
      defer { close(descriptor) }
      var value = offset
      guard pwrite(descriptor, &value, 8, 0) == 8 else { throw TestSupportError("the clock's file takes nothing") }
    }

    /// The time of a CSV row of Asia/Shanghai, in whole seconds since 1970.
    private static func seconds(_ line: Substring) -> Int64? {
      SpoolFiles.seconds(String(line.prefix(19))).map { Int64($0) - 8 * 3600 }
    }
  }
}
