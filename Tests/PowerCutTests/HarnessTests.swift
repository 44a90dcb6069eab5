import TestSupport
import Testing

extension PowerCuts {
  /// Who says that nothing is lost must have found what is. Cuts are made until something is, in `make soak` all of them.
  @Suite struct HarnessTests {
    private static let mostCuts = 400

    /// A SQLite file with other settings than `DurableDatabase` has: NORMAL syncs no commit, psow=1 believes that octets beside
    /// those that are being written are safe.
    @Test(.timeLimit(.minutes(20)), arguments: [("NORMAL", 0), ("FULL", 1)])
    func weakerSettingsLose(synchronous: String, psow: Int) async throws {
      let losses = try await plainCuts(synchronous: synchronous, psow: psow, atMost: HarnessTests.mostCuts)
      #expect(losses.count > 0, "synchronous=\(synchronous) with psow=\(psow) lost nothing in \(losses.cuts) cuts")
    }

    @Test(.timeLimit(.minutes(20)))
    func ourSettingsLoseNothing() async throws {
      let losses = try await plainCuts(
        synchronous: "FULL", psow: 0, atMost: Machine.isSoak ? HarnessTests.mostCuts : 40)
      #expect(losses.count == 0, "\(losses)")
    }

    /// The archive with one kind of sync left out.
    @Test(
      .timeLimit(.minutes(20)),
      arguments: [
        RecordedDisk.IgnoredSyncs.files(ending: "-wal"), .files(ending: ".sqlite"), .files(ending: ".mseg.tmp"),
        .files(ending: ".manifest.tmp"), .files(ending: ".sig.tmp"), .directories,
      ])
    func everySyncIsNeeded(ignored: RecordedDisk.IgnoredSyncs) async throws {
      let laboratory = try await Laboratory()
      // Even: with a day so busy that SQLite copies the WAL back and begins it anew.
      let seed = Laboratory.seed(for: "without syncs of \(ignored)") * 2
      let log = try await laboratory.record("run", "archive", ["seed=\(seed)", "days=5"])
      let losses = try await losses(laboratory, log, seed: seed, ignoring: ignored, atMost: HarnessTests.mostCuts) {
        ("resume", "archive", ["seed=\(seed)", "more=10"] + $0)
      }
      #expect(losses.count > 0, "without syncs of \(ignored) nothing was lost in \(losses.cuts) cuts")
    }

    // MARK: - Steps

    /// Of `cuts` cuts `count` had problems, such as `first`.
    private struct Losses {
      var cuts = 0
      var count = 0
      var first = ""
    }

    private func plainCuts(synchronous: String, psow: Int, atMost count: Int) async throws -> Losses {
      let laboratory = try await Laboratory()
      let seed = Laboratory.seed(for: "synchronous=\(synchronous), psow=\(psow)")
      let settings = ["synchronous=\(synchronous)", "psow=\(psow)", "rows=150"]
      let log = try await laboratory.record("plain-run", "plain.sqlite", settings)
      return try await losses(laboratory, log, seed: seed, atMost: count) { ("plain-check", "plain.sqlite", $0) }
    }

    private func losses(
      _ laboratory: Laboratory, _ log: RecordedLog, seed: UInt64, ignoring ignored: RecordedDisk.IgnoredSyncs = .none,
      atMost count: Int, _ command: ([String]) -> (command: String, path: String, arguments: [String])
    ) async throws -> Losses {
      var losses = Losses()
      // Not in their order, so that the first ones are not all of the first instants.
      var random = SplitMix64(seed: seed)
      for position in CutSchedule(log, count: count, seed: seed).positions.shuffled(using: &random) {
        var disk = RecordedDisk(log, ignoring: ignored)
        try disk.advance(to: position)
        var cut = PowerCut(seed: seed &* 1000 &+ UInt64(losses.cuts))
        let root = try laboratory.makeRoot("cut")
        defer { laboratory.removeRoot(root) }
        try cut.survivors(of: disk).write(to: root)
        let (command, path, arguments) = command(log.marks(before: position).map { "\($0.key)=\($0.value)" })
        let problems = try await laboratory.drive(command, path, arguments, in: root)
        losses.cuts += 1
        if let first = problems.first {
          if losses.count == 0 { losses.first = "\(first.prefix(200)), at operation \(position)" }
          losses.count += 1
          if !Machine.isSoak { break }
        }
      }
      print("  lost in \(losses.count) of \(losses.cuts) cuts\(losses.count > 0 ? ", first: " : "")\(losses.first)")
      return losses
    }
  }
}
