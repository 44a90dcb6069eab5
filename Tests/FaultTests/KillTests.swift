import Glibc
import TestSupport
import Testing

extension Faults {
  /// kill -9 at any moment: what was shown stays, every slot is accounted for once, the same spool files come out.
  @Suite struct KillTests {
    private static let meters = (1...10).map { "meter-\($0)" }
    private static let everyMilliseconds = 100
    private static let periodSeconds = 2

    /// `METERD_SEED=…` repeats the moments of a run.
    @Test(.timeLimit(.minutes(60)))
    func nothingShownIsLostAndNothingIsTwice() async throws {
      let seed = getenv("METERD_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...1_000_000)
      print("kill -9: seed \(seed)")
      var random = SplitMix64(seed: seed)

      let directory = try TemporaryDirectory()
      let spool = directory.file("spool")
      let meterd = try MeterdUnderTest(try KillTests.plant(directory, spool), in: directory)
      let simulator = try await meterd.startSimulator()
      let witness = Witness(meterd, meters: KillTests.meters, spool: spool)

      for round in 0..<(Machine.isSoak ? 50 : 5) {
        let from = KillTests.now()
        let daemon = try meterd.start()
        async let watching: Void = KillTests.watch(witness, daemon, from: from)
        if round % 2 == 0 {
          // Any moment, the first instants of the start included.
          try await Task.sleep(for: .milliseconds(Int(random.next() % 4000)))
        } else {
          try await KillTests.waitForCut(spool, daemon)
          try await Task.sleep(for: .microseconds(Int(random.next() % 40_000)))
        }
        #expect(daemon.isRunning, "round \(round): \(meterd.log.suffix(2000))")
        try await daemon.killHard()
        try await watching
        try witness.lookAtSpool()
        #expect(try await SpoolFiles(spool).verify() == nil, "round \(round)")
        #expect(try await witness.findMissing() == [], "round \(round)")
      }

      let last = try meterd.start()
      try await KillTests.waitForFiles(spool, through: KillTests.seconds() + KillTests.periodSeconds, meterd)
      try await witness.look(from: KillTests.now())
      #expect(try await witness.findMissing() == [])
      try await meterd.stop(last)
      print("kill -9: \(witness.counts)")
      #expect(witness.lineCount > 100 && witness.readingCount > 0, "nothing was looked at")

      try await checkArchive(meterd)
      try await checkSpool(meterd, spool)
      try await checkLedgerIsACache(meterd, spool, witness)
      withExtendedLifetime(simulator) {}
    }

    private func checkArchive(_ meterd: MeterdUnderTest) async throws {
      let summary = try await ArchiveSummary.read(
        meterd.plant.archive, everyMilliseconds: KillTests.everyMilliseconds)
      #expect(summary.wrong == [])
      #expect(Set(summary.meters.keys) == Set(KillTests.meters))
      for (id, meter) in summary.meters {
        #expect(meter.good > 0 && meter.missed["gateway-down", default: 0] > 0, "\(id): \(meter)")
      }
    }

    /// One r0 for each period, none left out, and in their newest revisions the rows of the archive, no more and no less.
    private func checkSpool(_ meterd: MeterdUnderTest, _ spool: String) async throws {
      let files = SpoolFiles(spool)
      #expect(try await files.verify() == nil)
      let starts = files.starts.compactMap(SpoolFiles.seconds)
      let first = try #require(starts.first)
      let last = try #require(starts.last)
      #expect(starts == Array(stride(from: first, through: last, by: KillTests.periodSeconds)), "\(files.starts)")
      for (start, revisions) in files.periods {
        #expect(revisions == Array(0..<revisions.count), "\(start)")
        for revision in revisions {
          let manifest = "\(spool)/test_spool_\(start)_r\(revision).csv.sha256"
          #expect(TextFile.bytes(manifest) != nil, "\(manifest)")
        }
      }
      var archived: [Substring] = []
      let end = KillTests.rfc3339(last + KillTests.periodSeconds)
      for meter in KillTests.meters {
        let answer = try await meterd.query(
          meter, from: KillTests.rfc3339(first), to: end, format: "csv", raw: false)
        archived += answer.output.split(separator: "\n").dropFirst()
      }
      let spooled = files.rows(prefix: "test_spool")
      #expect(spooled.count == Set(spooled).count, "rows that are there twice")
      let lost = Set(archived).subtracting(spooled)
      let invented = Set(spooled).subtracting(archived)
      #expect(lost.isEmpty, "in no file: \(lost.count), such as \(lost.min() ?? "")")
      #expect(invented.isEmpty, "in a file only: \(invented.count), such as \(invented.min() ?? "")")
    }

    /// Without its ledger a forward knows from the archive what it delivered: nothing goes out again.
    private func checkLedgerIsACache(_ meterd: MeterdUnderTest, _ spool: String, _ witness: Witness) async throws {
      for name in TextFile.names(in: meterd.plant.archive) where name.hasPrefix("forward-") {
        unlink("\(meterd.plant.archive)/\(name)")
      }
      func inodes() -> [String: UInt] {
        TextFile.names(in: spool).reduce(into: [:]) { result, name in
          var information = stat()
          if stat("\(spool)/\(name)", &information) == 0 { result[name] = information.st_ino }
        }
      }
      let before = inodes()
      let daemon = try meterd.start()
      try await KillTests.waitForFiles(spool, through: KillTests.seconds() + KillTests.periodSeconds, meterd)
      try await meterd.stop(daemon)
      try witness.lookAtSpool()
      let after = inodes()
      #expect(before.allSatisfy { after[$0.key] == $0.value }, "files were written again")
      #expect(after.count > before.count)
    }

    // MARK: - Steps

    private static func plant(_ directory: TemporaryDirectory, _ spool: String) throws -> Plant {
      var plant = Plant(in: directory)
      for bus in 1...5 { plant.addTCPBus("bus-\(bus)", try LoopbackAddress.take()) }
      for (place, meter) in meters.enumerated() {
        plant.addSmallMeter(meter, bus: "bus-\(place / 2 + 1)", unit: place + 1, every: "\(everyMilliseconds)ms")
      }
      plant.addSpool("spool", spool, period: "\(periodSeconds)s", grace: "500ms")
      return plant
    }

    private static func watch(_ witness: Witness, _ daemon: ChildProcess, from: String) async throws {
      while daemon.isRunning { try await witness.look(from: from) }
    }

    /// Returns while a file is being written, or has just been.
    private static func waitForCut(_ spool: String, _ daemon: ChildProcess) async throws {
      let before = Set(TextFile.names(in: spool))
      try await eventually(every: .milliseconds(1), "a file being cut") {
        !daemon.isRunning || TextFile.names(in: spool).contains { !before.contains($0) }
      }
    }

    /// Waits for the file of the period that holds a time: by then all before it are there too, or never come.
    private static func waitForFiles(_ spool: String, through time: Int, _ meterd: MeterdUnderTest) async throws {
      try await eventually(within: .seconds(120), "a file of \(time); \(SpoolFiles(spool).starts) \(meterd.log)") {
        SpoolFiles(spool).starts.compactMap(SpoolFiles.seconds).contains { $0 > time - periodSeconds }
      }
      // Revisions of periods that late records belong to are debounced.
      try await meterd.waitForStatus("an idle forward") { status in
        status.forwards.allSatisfy { $0.waitingFiles == 0 && $0.lastError == nil }
      }
    }

    private static func seconds() -> Int { time(nil) }
    private static func now() -> String { rfc3339(seconds()) }

    private static func rfc3339(_ seconds: Int) -> String {
      var time = time_t(seconds)
      var parts = tm()
      gmtime_r(&time, &parts)
      func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + "\(number)" }
      return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
        + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
  }
}

/// One seed, one run.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
