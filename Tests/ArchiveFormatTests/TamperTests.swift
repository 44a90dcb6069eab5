import Archive
import Glibc
import TestSupport
import Testing

/// Nobody changes an archive unnoticed: neither by meterd's verifier nor by the reader in Python.
@Suite struct TamperTests {
  private static let earlierCheckpoint = "checkpoints/2021-09.checkpoint"

  /// What cannot be told by design; docs/PROOF.md has the list and the reasons.
  private static func excuse(
    _ tampering: Tampering, _ archive: String, _ untouched: HotContents, keysGiven: Bool
  ) -> String? {
    if tampering.files.allSatisfy({ $0.hasPrefix("hot/") }), let hot = HotContents(archive),
      hot.isBeginning(of: untouched)
    {
      return hot == untouched ? "octets of SQLite that say nothing" : "the end of the hot store"
    }
    if tampering.kind == .delete, tampering.files == [earlierCheckpoint] { return "a checkpoint before the last" }
    if keysGiven, tampering.kind == .delete, tampering.files.allSatisfy({ $0.hasPrefix("keys/") }) {
      return "a key that the auditor has"
    }
    return nil
  }

  @Test func randomChangesAreFoundByBothReaders() async throws {
    let seed = seed(of: "TamperTests")
    var random = Random(seed: seed)
    let (golden, other) = (try await Sample.golden(), try await Sample.golden(seed: 2))
    let archive = golden.file("archive")
    let keys = TextFile.names(in: archive + "/keys").map { "\(golden.path)/\($0)" }
    for key in keys { link(archive + "/keys/" + (key.split(separator: "/").last ?? ""), key) }
    let untouched = try #require(HotContents(archive))
    #expect(try problems(archive, []) == [] && problems(archive, keys) == [])

    var excused: [String: Int] = [:]
    var expected: [String: [String: String]] = ["given": [:], "none": [:]]
    var unseen: [String] = []
    let cases = Machine.isSoak ? 1000 : 100
    for number in 0..<cases {
      let keysGiven = number % 2 == 0
      let name = "\(keysGiven ? "given" : "none")/\(1000 + number)"
      let copy = golden.file("cases/" + name)
      try Disk.link(archive, to: copy)
      var made: Tampering?
      while made == nil { made = try Tampering(copy, other: other.file("archive"), using: &random) }
      let tampering = try #require(made)
      let what = "\(name): \(tampering.kind): \(tampering.what)"
      if let reason = TamperTests.excuse(tampering, copy, untouched, keysGiven: keysGiven) {
        excused[reason, default: 0] += 1
        continue
      }
      expected[keysGiven ? "given" : "none"]?["\(1000 + number)"] = what
      if try problems(copy, keysGiven ? keys : []).isEmpty { unseen.append("meterd: \(what)") }
    }
    for (group, keys) in [("given", keys), ("none", [])] {
      let result = try await Python.check(["verify", golden.file("cases/" + group)] + keys)
      #expect(result.isSuccess, "\(result.errors)")
      let verdicts = result.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
      #expect(verdicts.count == (cases + (group == "given" ? 1 : 0)) / 2)
      for verdict in verdicts where verdict.last == "OK" {
        if let what = expected[group]?[String(verdict[0])] { unseen.append("read_archive.py: \(what)") }
      }
    }
    print("TamperTests: \(cases) changes, not to be found by design: \(excused)")
    #expect(unseen.isEmpty, "seed \(seed): \(unseen.joined(separator: "\n"))")
  }

  private func problems(_ archive: String, _ keys: [String]) throws -> [String] {
    try ArchiveVerifier(path: archive, publicKeys: keys, threads: 1).run().problems
  }
}
