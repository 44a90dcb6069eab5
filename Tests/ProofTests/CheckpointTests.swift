import Proof
import Testing

@Suite struct CheckpointTests {
  static let checkpoint = """
    meterd-checkpoint-1
    site: yangzhou-1
    through: 2021-10
    last_segment: 2021-10-31.2
    last_manifest: 305
    manifest_sha256: \(ManifestTests.root)
    first_kept_seq: 8812345
    retention_days: 1826
    clock: trusted
    written: 2026-11-21T03:00:00Z
    hash: sha256
    signature: ed25519
    key: 0123456789abcdef

    """
  static let head = """
    meterd-head-1
    site: yangzhou-1
    number: 12
    segment: 2026-11-21
    manifest: \(ManifestTests.root)
    root: \(ManifestTests.zero)

    """

  @Test func checkpointReadsAndWritesTheSame() throws {
    let checkpoint = try Checkpoint.parse(Array(Self.checkpoint.utf8))
    #expect(checkpoint.text == Self.checkpoint)
    #expect(checkpoint.through == "2021-10")
    #expect(checkpoint.lastManifest == 305)
    #expect(checkpoint.isClockTrusted)
  }

  @Test func headReadsAndWritesTheSame() throws {
    let head = try Head.parse(Array(Self.head.utf8))
    #expect(head.text == Self.head)
    #expect(head.number == 12)
  }

  @Test func headOfAManifest() throws {
    let manifest = try Manifest.parse(Array(ManifestTests.text.utf8))
    #expect(
      Head(manifest)
        == Head(
          site: "yangzhou-1", number: 12, segment: "2026-11-21", manifest: .sha256(Array(ManifestTests.text.utf8)),
          root: manifest.root))
  }

  @Test(arguments: [
    ("checkpoint-1", "checkpoint-2", 1), ("through: 2021-10", "through: 2021-13", 3),
    ("through: 2021-10", "through: 2021-1", 3), ("through: 2021-10", "through: 2021-10-01", 3),
    ("last_segment: 2021-10-31.2", "last_segment: 2021-10", 4), ("last_manifest: 305", "last_manifest: 0305", 5),
    ("retention_days: 1826", "retention_days: 99999999999", 8), ("clock: trusted", "clock: untrusted 7", 9),
    ("written: 2026-11-21T03:00:00Z", "written: 2026-11-21T03:00:00.000Z", 10), ("hash: sha256\n", "", 11),
    ("key: 0123456789abcdef\n", "key: 0123456789abcdef\nkey: 0123456789abcdef\n", 14),
    ("key: 0123456789abcdef\n", "key: 0123456789abcdef", 13), ("site: yangzhou-1\n", "site: yangzhou-1\r\n", 2),
  ])
  func refusesCheckpoint(replace: String, with: String, line: Int) {
    let text = Self.checkpoint.replacing(replace, with: with)
    #expect(text != Self.checkpoint)
    let fault = #expect(throws: TextFault.self) { try Checkpoint.parse(Array(text.utf8)) }
    #expect(fault?.line == line)
  }

  @Test(arguments: [
    ("head-1", "head-2", 1), ("number: 12", "number: 0", 3), ("number: 12", "number: 0x12", 3),
    ("segment: 2026-11-21\n", "", 4), ("root: 0", "root: ", 6), ("root: ", "\nroot: ", 6),
    ("manifest: 5", "manifest: F", 5),
  ])
  func refusesHead(replace: String, with: String, line: Int) {
    let text = Self.head.replacing(replace, with: with)
    #expect(text != Self.head)
    let fault = #expect(throws: TextFault.self) { try Head.parse(Array(text.utf8)) }
    #expect(fault?.line == line)
  }
}
