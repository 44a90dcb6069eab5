import Archive
import Files
import GRDB
import Glibc
import Metering
import Proof
import Testing
import Threads

@Suite struct VerifyTests {
  private let scratch = Scratch()
  private let path: String

  init() { path = scratch.path + "/archive" }

  private func verify(
    _ path: String? = nil, keys: [String] = [], heads: [String] = [], days: ClosedRange<CivilDate>? = nil
  ) async throws -> ArchiveVerifier.Report {
    let path = path ?? self.path
    return try await OwnThread.run(name: "verify") {
      try ArchiveVerifier(path: path, publicKeys: keys, heads: heads, days: days, threads: 2).run()
    }
  }

  private func sealed(days: Int = 4) async throws -> Plant {
    let plant = try await Plant(scratch, at: Timestamp(rfc3339: "2026-11-28T20:00:00Z")!)
    try await plant.run(days: days)
    try await plant.maintain()
    return plant
  }

  @Test func anArchiveInUseIsWholeAndUnchanged() async throws {
    let plant = try await sealed()
    let key = try #require(plant.files("keys").first)
    let report = try await verify(keys: ["\(path)/keys/\(key)"])
    #expect(report.problems.isEmpty && report.notes.isEmpty)
    let sizes = try plant.files("segments").map { try Files.size(of: "\(path)/segments/\($0)") }
    #expect(report.octets > sizes.reduce(0, +) / 2 && report.octets <= sizes.reduce(0, +))
    #expect(report.segments == 4 && report.rows + report.hotRows == plant.archive.health.headSeq && report.hotRows > 0)
    await plant.archive.close()
    #expect(try await verify().problems.isEmpty)
    // One day of it.
    let day = CivilDate("2026-11-29")!
    #expect(try await verify(days: day...day).segments == 3)  // Its file is the month's.
  }

  @Test func anArchiveThatWasNeverSealedIsWholeToo() async throws {
    let plant = try await Plant(scratch)
    try await plant.run(days: 1)
    let report = try await verify()
    #expect(report.problems.isEmpty && report.segments == 0 && report.hotRows > 0)
    await plant.archive.close()
  }

  @Test func aForeignKeyIsNoProof() async throws {
    let plant = try await sealed()
    await plant.archive.close()
    let other = Scratch()
    let stranger = try await Plant(other)
    try await stranger.run(days: 2)
    try await stranger.maintain()
    await stranger.archive.close()
    let key = try #require(stranger.files("keys").first)
    let report = try await verify(keys: ["\(other.path)/archive/keys/\(key)"])
    #expect(report.problems.first?.contains("is not the public key that was given") == true)
  }

  @Test func aTailThatWasCutOffIsToldByItsHead() async throws {
    let plant = try await sealed()
    let heads = try ArchiveReader(path: path).heads(after: 0)
    #expect(heads.count == 4)
    let file = try AtomicFile(directory: scratch.path, name: "last.head")
    try file.write(try #require(heads.last).bytes[...])
    try file.publish()
    await plant.archive.close()
    #expect(try await verify(heads: ["\(scratch.path)/last.head"]).problems.isEmpty)
    // Everything after the first two days, as an attacker would who leaves no loose ends.
    for name in plant.files("manifests") where name >= "2026-11-30" { unlink("\(path)/manifests/\(name)") }
    for name in plant.files("hot") { unlink("\(path)/hot/\(name)") }
    for name in plant.files("segments") where name.hasPrefix("2026-12") { unlink("\(path)/segments/\(name)") }
    let report = try await verify(heads: ["\(scratch.path)/last.head"])
    #expect(report.problems.contains { $0.contains("its end was cut off") })
  }

  @Test func aRowThatIsMissingInTheHotStoreIsNamed() async throws {
    let plant = try await sealed()
    await plant.archive.close()
    let hot = try #require(plant.files("hot").first { $0.hasSuffix(".sqlite") })
    let queue = try DurableDatabase.openForWriting("\(path)/hot/\(hot)")
    let seq = try await queue.write { db in
      try db.execute(sql: "DELETE FROM observation WHERE seq = (SELECT max(seq) - 5 FROM observation)")
      return try Int64.fetchOne(db, sql: "SELECT max(seq) - 5 FROM observation") ?? 0
    }
    try queue.close()
    #expect(try await verify().problems == ["\(path)/hot/\(hot): rows \(seq) to \(seq) are missing"])
  }

  @Test func aCatalogThatWasEditedIsNamed() async throws {
    let plant = try await sealed()
    await plant.archive.close()
    let queue = try DurableDatabase.openForWriting("\(path)/catalog.sqlite")
    try await queue.write { db in
      try db.execute(sql: "UPDATE definition SET json = replace(json, '\"unitID\":1', '\"unitID\":2')")
    }
    try queue.close()
    #expect(try await verify().problems.first?.contains("run meterd archive rebuild") == true)
  }

  @Test func aBackupMadeWhileItIsWrittenToIsWholeAndGoesOnUnderAnotherKey() async throws {
    let plant = try await sealed()
    let copy = scratch.path + "/copy"
    let report = try ArchiveBackup(from: path, to: copy).run()
    #expect(report.files > 8 && report.kept == 0)
    let before = try entries(scratch)
    // Once more, after another day: only what is new.
    try await plant.run(days: 1)
    try await plant.maintain()
    #expect(try ArchiveBackup(from: path, to: copy).run().kept > 8)
    let all = try entries(scratch)
    await plant.archive.close()
    #expect((try Files.names(in: copy)).contains("signing-key.pem") == false)
    #expect(try await verify(copy).problems.isEmpty)

    // The gateway dies; the copy goes on elsewhere.
    let other = Scratch()
    rename(copy, other.path + "/archive")
    let next = try await Plant(other, at: plant.now)
    #expect(next.archive.health.headSeq == all.last?.seq && all.count > before.count)
    try await next.run(days: 2)
    await #expect(throws: ArchiveError.self) { try await next.maintain() }
    let archive = next.archive
    let adoption = try await OwnThread.run(name: "adopt") {
      try archive.adopt(keyPath: archive.path + "/signing-key.pem")
    }
    guard case .adopted = adoption else {
      Issue.record("\(adoption)")
      return
    }
    try await next.maintain()
    await next.archive.close()
    #expect(Array(try entries(other).prefix(all.count)) == all)
    let verified = try await verify(other.path + "/archive")
    #expect(verified.problems.isEmpty && verified.chain.adoptions.count == 1)
    #expect(verified.notes.contains { $0.contains("took over from") })
  }

  @Test func aScrubFindsRotAndComesAgainInThirtyDays() async throws {
    let plant = try await sealed()
    let month = "\(path)/segments/2026-11.mseg"
    let descriptor = Glibc.open(month, O_RDWR)
    var octet: UInt8 = 0
    pread(descriptor, &octet, 1, 2000)
    octet ^= 4
    pwrite(descriptor, &octet, 1, 2000)
    close(descriptor)
    var faults: [String: [String]] = [:]
    while let (file, found) = try await plant.scrub() { faults[file] = found }
    #expect(faults.keys.sorted() == ["2026-11.mseg", "2026-12-01.mseg"])
    #expect(faults["2026-12-01.mseg"] == [] && faults["2026-11.mseg"]?.first?.contains(month) == true)
    plant.now = plant.now + 30 * day
    #expect(try await plant.scrub() != nil)
    await plant.archive.close()
  }
}
