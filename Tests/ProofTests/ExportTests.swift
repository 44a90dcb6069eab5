import Foundation
import Proof
import Testing

/// Runs `check.sh` with /bin/sh.
@Suite struct ExportTests {
  /// A day of three sources; the second one's leaves are wanted.
  struct Day {
    var leaves: [ProofExport.Leaf] = []
    var digests: [Digest] { leaves.map { $0.header.hash($0.chunk) } }
    var manifest: SignedFile
    var key = SigningKey()
    var wanted: [ProofExport.Leaf] { Array(leaves[3..<8]) }

    init(site: String = "Werk 1", seed: UInt64 = 5) throws {
      var random = SeededGenerator(state: seed)
      let columns: [(source: String, group: String, column: String, rows: Int)] =
        [("journal:", "odd", "rows", 1), ("meter:a", "0", "time", 40), ("meter:a", "0", "seq", 40)]
        + [("meter:b=2", "0", "time", 96), ("meter:b=2", "0", "seq", 96), ("meter:b=2", "0", "holding/342/2:u32", 96)]
        + [("meter:b=2", "odd", "rows", 2), ("meter:b=2", "odd", "rows", 1), ("meter:c", "odd", "rows", 3)]
      for (place, column) in columns.enumerated() {
        let count = Int.random(in: 0...300, using: &random)
        leaves.append(
          .init(
            header: LeafHeader(
              site: site, segment: "2026-11-21", leaf: place, source: column.source, group: column.group,
              column: column.column, rows: column.rows, bytes: count),
            chunk: (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }))
      }
      let root = MerkleTree.root(of: leaves.map { $0.header.hash($0.chunk) })
      let made = Manifest(
        site: site, number: 1, segment: "2026-11-21", previous: .zero, key: key.id, leaves: leaves.count, root: root,
        rows: 142, firstSeq: 1, lastSeq: 142, firstReceived: 0, lastReceived: 1, firstJournal: 1, lastJournal: 1,
        definitions: .zero, clock: .trusted, sealed: 2,
        sources: [("journal:", 1), ("meter:a", 40), ("meter:b=2", 99), ("meter:c", 3)].map {
          .init(name: $0.0, rows: $0.1, firstSeq: 1, lastSeq: $0.0 == "journal:" ? 1 : 142, firstTime: 0, lastTime: 0)
        }, gaps: [])
      manifest = SignedFile(
        name: made.fileName, bytes: made.bytes, signatures: [key.id: try key.signature(over: made.bytes)])
    }

    func export(_ wanted: [ProofExport.Leaf]? = nil) throws(ExportFault) -> ProofExport {
      try ProofExport(
        leaves: wanted ?? self.wanted, digests: digests, manifest: manifest, keys: [key.publicKey])
    }
  }

  let scratch: Scratch
  let day: Day

  init() throws {
    scratch = try Scratch()
    day = try Day()
  }

  private func write(_ export: ProofExport) throws {
    for file in export.files { try scratch.write(file.bytes, file.name) }
  }

  private func check() throws -> (status: Int32, output: String) { try run(["/bin/sh", scratch.file("check.sh")]) }

  @Test func aWholeDayOfAMeter() throws {
    #expect(try Manifest.parse(day.manifest.bytes).contradiction == nil)
    try write(day.export())
    let id = day.key.id
    #expect(
      scratch.names
        == [
          "2026-11-21.manifest", "2026-11-21.manifest.\(id).sig", "\(id).pem", "check.sh", "leaf-3.bin", "leaf-4.bin",
          "leaf-5.bin", "leaf-6.bin", "leaf-7.bin", "path.txt",
        ].sorted())
    let (status, output) = try check()
    #expect(
      output == """
        OK: 5 chunks of 2026-11-21 of site Werk%201 are what was sealed.
            meter:b%3D2: all 99 rows of the day
        Signed by key \(id). Compare its fingerprint with what the site gave you:
        \(day.key.publicKey.fingerprint)

        """)
    #expect(status == 0)
    #expect(try run(["bash", "--posix", scratch.file("check.sh")]).output == output)
    #expect(
      try run(["sha256sum", scratch.file("leaf-3.bin")]).output.hasPrefix(day.digests[3].hex))
  }

  @Test func allSourcesAndHalfOfOne() throws {
    try write(day.export(Array(day.leaves.dropLast().shuffled())))
    let output = try check().output
    #expect(output.hasPrefix("OK: 8 chunks of "))
    #expect(output.contains("    journal:: all 1 rows of the day\n    meter:a: all 40 rows of the day\n"))
    let other = try Scratch()
    for file in try day.export(Array(day.leaves[3..<6])).files { try other.write(file.bytes, file.name) }
    let half = try run(["/bin/sh", other.file("check.sh")]).output
    #expect(half.contains("    meter:b%3D2: NOT ALL of the day, 96 of 99 rows\n"))
  }

  @Test(arguments: [1, 2, 3, 7, 9]) func treesOfEverySize(count: Int) throws {
    var small = day
    small.leaves = Array(small.leaves.prefix(count))
    var manifest = try Manifest.parse(day.manifest.bytes)
    manifest.leaves = count
    manifest.root = MerkleTree.root(of: small.digests)
    small.manifest.bytes = manifest.bytes
    small.manifest.signatures[day.key.id] = try day.key.signature(over: manifest.bytes)
    try write(small.export(small.leaves))
    let (status, output) = try check()
    #expect(output.hasPrefix("OK: \(count) chunks of "), "\(output)")
    #expect(status == 0)
  }

  /// In every file but the script, at many places.
  @Test func flippedBits() throws {
    var second = day
    let witness = SigningKey()
    second.manifest.signatures[witness.id] = try witness.signature(over: day.manifest.bytes)
    let export = try ProofExport(
      leaves: [day.leaves[3], day.leaves[7]], digests: day.digests, manifest: second.manifest,
      keys: [day.key.publicKey, witness.publicKey])
    try write(export)
    #expect(try check().status == 0)
    var random = SeededGenerator(state: 6)
    for file in export.files where file.name != "check.sh" {
      // The path is the text that no hash covers: more of it.
      for _ in 0..<(file.name == "path.txt" ? 10 : 3) {
        var bytes = file.bytes
        let bit = Int.random(in: 0..<(8 * bytes.count), using: &random)
        bytes.flip(bit: bit)
        try scratch.write(bytes, file.name)
        let (status, output) = try check()
        #expect(status == 1, "\(file.name) bit \(bit): \(output)")
        #expect(output.hasPrefix("WRONG: "), "\(file.name) bit \(bit): \(output)")
        #expect(output.split(separator: "\n").count == 1, "\(output)")
      }
      try scratch.write(file.bytes, file.name)
    }
    #expect(try check().status == 0)
  }

  @Test(arguments: [
    ("leaf-4.bin", "leaf-4.bin is missing"), ("path.txt", "path.txt is missing"),
    ("2026-11-21.manifest", "there is not one file *.manifest"), ("KEY.pem", "the public key KEY.pem"),
    ("2026-11-21.manifest.KEY.sig", "2026-11-21.manifest has no signature"),
  ])
  func missingFiles(name: String, problem: String) throws {
    func named(_ text: String) -> String { text.replacing("KEY", with: day.key.id.hex) }
    let files = try day.export().files.filter { $0.name != named(name) }
    #expect(files.count == 9)
    for file in files { try scratch.write(file.bytes, file.name) }
    let (status, output) = try check()
    #expect(status == 1)
    #expect(output.hasPrefix("WRONG: \(named(problem))"), "\(output)")
  }

  /// Changes that leave hashes and keys the same are found as well: every file has one text.
  @Test func otherTextsOfTheSame() throws {
    for file in try day.export().files {
      let text = String(decoding: file.bytes, as: UTF8.self)
      let (other, problem) =
        switch file.name {
        case "path.txt":
          (
            text.split(separator: "\n").map { $0.hasPrefix("left ") ? "left " + $0.dropFirst(5).uppercased() : $0 + "" }
              .joined(separator: "\n") + "\n", "path.txt: 'left "
          )
        case day.key.id.fileName: (text.replacing("\n", with: "\r\n"), "\(file.name) is not as openssl writes it")
        case "2026-11-21.manifest": (text + "\n", "the signature 2026-11-21.manifest.\(day.key.id).sig does not fit")
        default: (text, "")
        }
      guard other != text else { continue }
      try write(day.export())
      try scratch.write(other.utf8, file.name)
      let output = try check().output
      #expect(output.hasPrefix("WRONG: \(problem)"), "\(output)")
    }
  }

  @Test func aChunkOfAnotherPlaceDayOrSite() throws {
    try write(day.export())
    func expectWrong(_ problem: String) throws {
      let (status, output) = try check()
      #expect(status == 1)
      #expect(output.hasPrefix("WRONG: \(problem)"), "\(output)")
    }
    try scratch.write(scratch.read("leaf-3.bin"), "leaf-4.bin")
    try expectWrong("leaf-4.bin is not leaf 4 of 2026-11-21 of site Werk%201")
    let elsewhere = try Day(site: "Werk 2", seed: 9)
    for name in ["leaf-4.bin"] {
      try scratch.write(try elsewhere.export().files.first { $0.name == name }?.bytes ?? [], name)
    }
    try expectWrong("leaf-4.bin is not leaf 4 of 2026-11-21 of site Werk%201")
    // An inner node given out for a leaf: 65 octets that begin with 01.
    try scratch.write([1] + day.digests[4].bytes + day.digests[5].bytes, "leaf-4.bin")
    try expectWrong("leaf-4.bin does not begin with the octet 00")
    try write(day.export())
    try scratch.write([0x1B] + day.manifest.bytes, "2026-11-21.manifest")
    try expectWrong("2026-11-21.manifest holds control characters")
    try write(day.export())
    try scratch.write(Array("meterd-path-1\n\u{1B}[2J\n".utf8), "path.txt")
    try expectWrong("path.txt: '[2J'")
    try write(day.export())
    try scratch.write([0], "leaf-9.bin")
    try expectWrong("there is a leaf-*.bin that is not in path.txt")
  }

  @Test func signedByAnotherKey() throws {
    var forged = day
    forged.key = SigningKey()
    forged.manifest.signatures = [day.key.id: try forged.key.signature(over: day.manifest.bytes)]
    #expect(throws: ExportFault.self) { try forged.export() }
    try write(day.export())
    try scratch.write(forged.key.publicKey.pem.utf8, day.key.id.fileName)
    #expect(try check().output == "WRONG: \(day.key.id).pem does not hold the key \(day.key.id)\n")
  }

  /// The commands of docs/PROOF.md, "By hand", taken from there.
  @Test func byHand() throws {
    try write(day.export())
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/PROOF.md")
    let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").map(String.init)
    func command(_ beginning: String) throws -> String {
      try #require(lines.first { $0.hasPrefix(beginning) }).replacing("KEYID", with: day.key.id.hex)
        .replacing("leaf-N", with: "leaf-5")
    }
    var script = ["set -e", "cd \(scratch.path)", try command("openssl pkeyutl"), try command("hash=$(sha256sum")]
    script.append(try command("node()"))
    let path = String(decoding: try scratch.read("path.txt"), as: UTF8.self)
    let steps = try #require(path.components(separatedBy: "leaf 5 9\n").last?.components(separatedBy: "leaf ").first)
    for step in steps.split(separator: "\n") {
      let words = step.split(separator: " ").map(String.init)
      script.append(
        try command(words[0] == "left" ? "hash=$(node HASH" : "hash=$(node \"$hash").replacing("HASH", with: words[1]))
    }
    script.append("echo $hash")
    let output = try run(["bash", "-c", script.joined(separator: "\n")]).output
    let root = MerkleTree.root(of: day.digests)
    #expect(output == "Signature Verified Successfully\n\(root)\n")
    #expect(steps.split(separator: "\n").count == 4)
    let header = try run(["sh", "-c", "cd \(scratch.path); \(try command("head -n 1 leaf"))"]).output
    #expect(header.contains(day.leaves[5].header.line))
  }

  @Test func refusesWhatTheScriptWouldRefuse() throws {
    var wanted = day.wanted
    wanted[0].chunk.append(0)
    #expect(throws: ExportFault.self) { try day.export(wanted) }
    wanted = day.wanted
    wanted[0].header.leaf = 4
    #expect(throws: ExportFault.self) { try day.export(wanted) }
    wanted[0].header.leaf = 77
    #expect(throws: ExportFault.self) { try day.export(wanted) }
    #expect(throws: ExportFault.self) { try day.export(day.wanted + day.wanted) }
    #expect(throws: ExportFault.self) { try day.export([]) }
    var other = day
    other.leaves.removeLast()
    #expect(throws: ExportFault.self) { try other.export() }
    other = day
    other.manifest.bytes.append(10)
    #expect(throws: ExportFault.self) { try other.export() }
    #expect(throws: ExportFault.self) {
      try ProofExport(leaves: day.wanted, digests: day.digests, manifest: day.manifest, keys: [])
    }
  }
}
