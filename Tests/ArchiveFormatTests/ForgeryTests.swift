import Archive
import GRDB
import Glibc
import TestSupport
import Testing

/// What somebody does who knows the format and has no key.
@Suite struct ForgeryTests {
  private let golden: TemporaryDirectory
  private let archive: String

  init() async throws {
    golden = try await Sample.golden()
    archive = golden.file("archive")
  }

  /// Both readers name the file.
  private func expectFound(_ file: String, _ comment: Comment) async throws {
    let problems = try ArchiveVerifier(path: archive, threads: 1).run().problems
    #expect(problems.contains { $0.contains(file) }, "\(comment): meterd says \(problems)")
    let result = try await Python.read(["verify", archive])
    #expect(result.status == .exited(1) && result.output.contains(file), "\(comment): \(result.output)")
  }

  private func write(_ sql: String) throws {
    let name = try #require(TextFile.names(in: archive + "/hot").first { $0.hasSuffix(".sqlite") })
    try DurableDatabase.openForWriting("\(archive)/hot/\(name)").write { try $0.execute(sql: sql) }
  }

  /// Ranges in an index are in no leaf, but queries look only where the range says that something is.
  @Test(arguments: ["2026-11-01.mseg", "2026-10.mseg"])
  func anIndexThatHidesARow(file: String) async throws {
    let result = try await Python.check(["forge", "\(archive)/segments/\(file)", "meter:main"])
    try #require(result.isSuccess, "\(result.errors)")
    try await expectFound(file, "its hashes are right, its range is not what was signed")
  }

  @Test func aRowTakenOutOfTheMiddleOfTheHotStore() async throws {
    try write("DELETE FROM observation WHERE seq = (SELECT min(seq) + 1 FROM observation)")
    try await expectFound("hot", "rows have numbers without holes")
  }

  @Test func rowsTakenFromTheBeginningOfTheHotStore() async throws {
    try write("DELETE FROM observation WHERE seq < (SELECT max(seq) FROM observation)")
    try await expectFound("hot", "numbers go on from the last manifest")
  }

  @Test func aHotStoreOfAnotherSite() async throws {
    try write("UPDATE about SET value = 'golden-2' WHERE key = 'site'")
    try await expectFound("hot", "it is of another site")
  }

  /// A catalog is no part of the proof, but a query goes by it.
  @Test(arguments: [
    "UPDATE sealed SET file = '' WHERE name = '2026-11-01'", "DELETE FROM sealed WHERE name = '2026-11-02'",
    "UPDATE sealed SET last_seq = last_seq - 1 WHERE name = '2026-10-31'",
    "UPDATE opening SET first_seq = first_seq + 1 WHERE file = '2026-11-01.2'",
    "UPDATE definition SET json = replace(CAST(json AS TEXT), '20', '30')",
  ])
  func aCatalogThatHidesSomething(sql: String) throws {
    let rebuilt = try Archive.rebuildCatalog(path: archive, site: "golden-1")
    #expect(rebuilt.sealed == 8)
    #expect(try ArchiveVerifier(path: archive, threads: 1).run().problems == [])
    try DurableDatabase.openForWriting(archive + "/catalog.sqlite").write { try $0.execute(sql: sql) }
    let problems = try ArchiveVerifier(path: archive, threads: 1).run().problems
    #expect(problems.contains { $0.contains("catalog.sqlite") && $0.contains("archive rebuild") }, "\(problems)")
  }

  /// What definitions and corrections say decides on every value.
  @Test func anEntryOfTheHotJournalThatWasChanged() async throws {
    try write(
      "INSERT OR REPLACE INTO journal SELECT 1000, 103, 0, x'7b7d', 0 WHERE NOT EXISTS (SELECT 1 FROM journal)")
    try write("UPDATE journal SET body = replace(CAST(body AS TEXT), '2', '3')")
    try await expectFound("hot", "its checksum does not fit")
  }

  /// Another key, and all files of the chain's end made anew with it.
  @Test func aManifestSignedByAStranger() async throws {
    let stranger = golden.file("stranger.pem")
    let manifest = archive + "/manifests/2026-11-02.2.manifest"
    let made = try await run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", stranger])
    try #require(made.isSuccess)
    let der = try await run(["sh", "-c", "openssl pkey -in \(stranger) -pubout -outform DER | sha256sum"])
    let key = String(der.output.prefix(16))
    let published = try await run(
      ["openssl", "pkey", "-in", stranger, "-pubout", "-out", "\(archive)/keys/\(key).pem"])
    try #require(published.isSuccess)
    let text = TextFile.read(manifest).split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix("key: ") ? "key: \(key)" : String(line)
    }.joined(separator: "\n")
    try Disk.write(Array(text.utf8), to: manifest)
    for name in TextFile.names(in: archive + "/manifests") where name.hasPrefix("2026-11-02.2.manifest.") {
      unlink("\(archive)/manifests/\(name)")
    }
    let signed = try await run(
      ["openssl", "pkeyutl", "-sign", "-inkey", stranger, "-rawin", "-in", manifest, "-out", "\(manifest).\(key).sig"])
    try #require(signed.isSuccess)
    try await expectFound("2026-11-02.2.manifest", "nobody adopted the chain")
  }
}
