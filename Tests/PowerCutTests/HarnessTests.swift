import Glibc
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
      let losses = try await plainCuts(["synchronous=\(synchronous)", "psow=\(psow)"], atMost: HarnessTests.mostCuts)
      #expect(losses.count > 0, "synchronous=\(synchronous) with psow=\(psow) lost nothing in \(losses.cuts) cuts")
    }

    @Test(.timeLimit(.minutes(20)))
    func ourSettingsLoseNothing() async throws {
      let losses = try await plainCuts([], atMost: Machine.isSoak ? HarnessTests.mostCuts : 40)
      #expect(losses.count == 0, "\(losses)")
    }

    /// Bug: SQLite rounds a commit up to the end of a block, but not what it finds at a start: the first commit after a power cut
    /// begins in the block where the last one that was acknowledged ends, and took it along when power failed again.
    @Test(.timeLimit(.minutes(20)))
    func aSecondCutAtTheFirstCommitLosesNothing() async throws {
      let losses = try await plainCuts([], isTwice: true, atMost: Machine.isSoak ? HarnessTests.mostCuts : 100)
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

    private func plainCuts(_ settings: [String], isTwice: Bool = false, atMost count: Int) async throws -> Losses {
      let laboratory = try await Laboratory()
      let seed = Laboratory.seed(for: "a SQLite file, \(settings.isEmpty ? ["as ours"] : settings)")
      let log = try await laboratory.record("plain-run", "plain.sqlite", settings + ["rows=150"])
      let again = isTwice ? settings + ["rows=3"] : nil
      return try await losses(laboratory, log, seed: seed, again: again, atMost: count) {
        ("plain-check", "plain.sqlite", $0)
      }
    }

    /// - Parameter again: for a second cut, while the driver runs on with these arguments.
    private func losses(
      _ laboratory: Laboratory, _ log: RecordedLog, seed: UInt64, ignoring ignored: RecordedDisk.IgnoredSyncs = .none,
      again: [String]? = nil, atMost count: Int,
      _ command: ([String]) -> (command: String, path: String, arguments: [String])
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
        var tree = cut.survivors(of: disk)
        var marks = log.marks(before: position)
        if let again { (tree, marks) = try await cutAgain(laboratory, tree, marks, again, &random) }
        try tree.write(to: root)
        let (command, path, arguments) = command(marks.map { "\($0.key)=\($0.value)" })
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

    private func cutAgain(
      _ laboratory: Laboratory, _ tree: DiskTree, _ marks: [String: String], _ arguments: [String],
      _ random: inout SplitMix64
    ) async throws -> (DiskTree, [String: String]) {
      let root = try laboratory.makeRoot("again")
      defer { laboratory.removeRoot(root) }
      try tree.write(to: root)
      let file = root + ".log"
      defer { unlink(file) }
      let problems = try await laboratory.drive("plain-run", "plain.sqlite", arguments, recording: file, in: root)
      #expect(problems.isEmpty)
      let log = try RecordedLog(reading: file)
      var disk = RecordedDisk(log, base: tree)
      let position = Int(random.next() % UInt64(log.operations.count + 1))
      try disk.advance(to: position)
      var cut = PowerCut(seed: random.next())
      return (cut.survivors(of: disk), marks.merging(log.marks(before: position)) { $1 })
    }
  }
}
