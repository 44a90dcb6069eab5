import Glibc
import TestSupport
import Testing

/// The power goes at any moment, and a disk loses of what was not synced whatever it likes. One after the other: they keep both
/// processors busy.
@Suite(.serialized)
enum PowerCuts {}

extension PowerCuts {
  @Suite struct ArchiveTests {
    /// Cuts of one recorded run: the first ones, and of every fourth the second one, during the recovery.
    private static let firstCuts = 40
    private static let secondCutEvery = 4
    private static let cutsPerRun = firstCuts + firstCuts / secondCutEvery
    private static let days = 12

    /// `METERD_SEED=…` repeats the cuts of a run.
    @Test(.timeLimit(.minutes(240)))
    func nothingAcknowledgedIsLost() async throws {
      let laboratory = try await Laboratory()
      let seed = Laboratory.seed(for: "power cuts")
      let failures = Failures()
      let cuts = Machine.isSoak ? 3000 : 200
      for run in 0..<UInt64(cuts / ArchiveTests.cutsPerRun) {
        try await cut(laboratory, seed: seed + run, failures)
      }
      await failures.finish()
      print("power cuts: \(cuts), of which \(await failures.count) with problems")
    }

    private func cut(_ laboratory: Laboratory, seed: UInt64, _ failures: Failures) async throws {
      let log = try await laboratory.record("run", "archive", ["seed=\(seed)", "days=\(ArchiveTests.days)"])
      let schedule = CutSchedule(log, count: ArchiveTests.firstCuts, seed: seed)
      try await withThrowingTaskGroup(of: Void.self) { group in
        var disk = RecordedDisk(log)
        for (number, position) in schedule.positions.enumerated() {
          if number >= 2 { try await group.next() }
          try disk.advance(to: position)
          var cut = PowerCut(seed: seed &* 1000 &+ UInt64(number))
          let attempt = Attempt(
            laboratory: laboratory, tree: cut.survivors(of: disk), marks: log.marks(before: position), seed: seed,
            name: "seed \(seed), cut \(number) at operation \(position)", failures: failures)
          let isTwice = number % ArchiveTests.secondCutEvery == 0
          group.addTask { try await attempt.check(withSecondCut: isTwice) }
        }
        try await group.waitForAll()
      }
    }
  }
}

/// One disk after a power cut, and what had been said before.
private struct Attempt: Sendable {
  let laboratory: Laboratory
  let tree: DiskTree
  let marks: [String: String]
  let seed: UInt64
  let name: String
  let failures: Failures

  func check(withSecondCut isTwice: Bool) async throws {
    let root = try laboratory.makeRoot("cut")
    defer { laboratory.removeRoot(root) }
    try tree.write(to: root)
    let arguments = ["seed=\(seed)", "more=40"] + marks.map { "\($0.key)=\($0.value)" }
    let file = isTwice ? root + ".log" : nil
    defer { if let file { unlink(file) } }
    let problems = try await laboratory.drive("resume", "archive", arguments, recording: file, in: root)
    if !problems.isEmpty {
      await failures.add("\(name): \(problems.prefix(5)); said before: \(marks)", tree)
      return
    }
    guard let file else { return }
    let log = try RecordedLog(reading: file)
    try Laboratory.check(log, base: tree, against: root)
    var random = SplitMix64(seed: seed ^ UInt64(log.operations.count))
    let schedule = CutSchedule(log, count: 3, seed: random.next())
    let position = schedule.positions[Int(random.next() % 3)]
    var disk = RecordedDisk(log, base: tree)
    try disk.advance(to: position)
    var cut = PowerCut(seed: random.next())
    let second = Attempt(
      laboratory: laboratory, tree: cut.survivors(of: disk),
      marks: marks.merging(log.marks(before: position)) { $1 }, seed: seed,
      name: "\(name), and at operation \(position) of the recovery", failures: failures)
    try await second.check(withSecondCut: false)
  }
}

/// The first failures in full, and how many there are.
private actor Failures {
  private static let shown = 10
  private(set) var count = 0

  func add(_ text: String, _ tree: DiskTree) {
    count += 1
    if count <= Failures.shown { Issue.record("\(text); the disk is kept as \(keep(tree))") }
  }

  func finish() {
    if count > Failures.shown { Issue.record("and \(count - Failures.shown) more cuts") }
  }

  /// For whoever has to find out why.
  private func keep(_ tree: DiskTree) -> String {
    var template = Array("/tmp/meterd-powercut-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return "nothing" }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do { try tree.write(to: path) } catch { return "\(error)" }
    return path
  }
}
