import Archive
import Forwarding
import Foundation
import GRDB
import Logging
import Metering
import Schedule
import Synchronization
import Testing

/// One minute periods of one meter with one point, every 10 s, on a manual clock.
final class Plant: Sendable {
  let root: String
  let clock = ManualClock(Timestamp(rfc3339: "2026-11-21T10:00:00+08:00")!)
  let zone: Zone

  init() throws {
    zone = try Zone(named: "Asia/Shanghai")
    root = NSTemporaryDirectory() + "meterd-forward-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  var spool: String { root + "/spool" }

  func plan(_ compression: ForwardPlan.Compression = .none) throws -> ForwardPlan {
    ForwardPlan(
      id: "carbon", site: "site", directory: spool,
      periods: try #require(Slots(everyMilliseconds: 60_000, zone: zone)), graceMilliseconds: 5000,
      compression: compression)
  }

  func open() throws -> Archive {
    try Archive(.init(path: root + "/archive", site: "site", commitEveryMilliseconds: 50, bootID: "b"), clock: clock)
  }

  func forwarder(_ archive: Archive, _ compression: ForwardPlan.Compression = .none) throws -> Forwarder {
    let forwarder = Forwarder(
      try plan(compression), archive: archive, clock: clock, isTrusted: { true }, logger: Logger(label: "test"))
    try forwarder.start()
    return forwarder
  }

  static func definition() -> Definition {
    Definition(
      meterID: "m1", bus: "b", unitID: 1, everyMilliseconds: 10_000, timeZone: "Asia/Shanghai",
      points: [
        .init(
          quantity: "volume", unit: "L", kind: .counter, register: .init(table: .input, address: 0, type: .u16))
      ])
  }

  func poll(_ due: Timestamp, _ value: UInt8, _ hash: String, received: Timestamp? = nil) -> Observation {
    Observation(
      meterID: "m1", time: due + 20, due: due, received: received ?? due + 20, definition: hash,
      content: .poll([Block(table: .input, address: 0, count: 1, outcome: .ok, bytes: [0, value])]))
  }

  /// Polls once every 10 s for that many minutes, the clock going with it.
  func run(minutes: Int, _ archive: Archive) async throws {
    let hash = try #require(try await archive.use([Plant.definition()], from: clock.now())["m1"])
    for i in 0..<(minutes * 6) {
      #expect(archive.offer(poll(clock.now(), UInt8(i % 250), hash)))
      clock.advance(milliseconds: 10_000)
    }
    #expect(await archive.flush())
  }

  func files() -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: spool)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }

  func contents(_ name: String) -> String {
    (try? String(contentsOfFile: spool + "/" + name, encoding: .utf8)) ?? ""
  }

  /// Waits for a condition that the forward's thread brings about; gives up after a minute.
  func until(_ what: String, _ condition: () -> Bool) async throws {
    for _ in 0..<6000 {
      if condition() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("\(what) did not come about; files: \(files())")
  }
}

@Suite struct ForwarderTests {
  private let plant: Plant
  init() throws { plant = try Plant() }

  private func begun(_ forwarder: Forwarder, _ archive: Archive) async throws {
    try await plant.until("the first event") { archive.health.headSeq >= 1 }
  }

  @Test func aPeriodBecomesAFileWithAManifestThatSha256sumAccepts() async throws {
    let archive = try plant.open()
    let forwarder = try plant.forwarder(archive)
    try await begun(forwarder, archive)
    try await plant.run(minutes: 2, archive)
    let first = "site_carbon_20261121T020000Z_r0.csv"
    try await plant.until("the first file") { forwarder.status.filesDelivered == 1 }
    #expect(plant.files() == [first, first + ".sha256"])
    let lines = plant.contents(first).split(separator: "\n")
    #expect(lines.count == 7)
    #expect(lines[0] == "time,due,received,meter_id,quantity,value,unit,kind,quality,flags,seq,index")
    #expect(
      lines[2]
        == "2026-11-21T10:00:10.020+08:00,2026-11-21T10:00:10+08:00,2026-11-21T10:00:10.020+08:00,m1,volume,0.001,m3,counter,good,,3,0"
    )
    let check = Process()
    check.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
    check.arguments = ["--strict", "--check", "--quiet", first + ".sha256"]
    check.currentDirectoryURL = URL(fileURLWithPath: plant.spool)
    try check.run()
    check.waitUntilExit()
    #expect(check.terminationStatus == 0)
    await forwarder.stop()
    await archive.close()
  }

  @Test func gzipGivesTheSameBytesEachTimeAndUnpacksToThePlainFile() async throws {
    let archive = try plant.open()
    let plain = try plant.forwarder(archive)
    let packed = try ["p0", "p1"].map { id in
      var plan = try plant.plan(.gzip)
      plan.id = id
      let forwarder = Forwarder(
        plan, archive: archive, clock: plant.clock, isTrusted: { true }, logger: Logger(label: "test"))
      try forwarder.start()
      return forwarder
    }
    let all = [plain] + packed
    try await plant.until("three beginnings") { archive.health.headSeq >= 3 }
    try await plant.run(minutes: 1, archive)
    plant.clock.advance(milliseconds: 5000)
    try await plant.until("three files") { all.allSatisfy { $0.status.filesDelivered == 1 } }
    for forwarder in all { await forwarder.stop() }
    await archive.close()
    let names = ["p0", "p1"].map { "site_\($0)_20261121T020000Z_r0.csv.gz" }
    let bytes = try names.map { try Data(contentsOf: URL(fileURLWithPath: plant.spool + "/" + $0)) }
    #expect(bytes[0] == bytes[1] && bytes[0][4..<8] == Data([0, 0, 0, 0]))
    let unpack = Process()
    let pipe = Pipe()
    unpack.executableURL = URL(fileURLWithPath: "/bin/gzip")
    unpack.arguments = ["-dc", plant.spool + "/" + names[0]]
    unpack.standardOutput = pipe
    try unpack.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text == plant.contents("site_carbon_20261121T020000Z_r0.csv"))
  }

  @Test func lateDataMakeANewRevisionAndTheOldFileStays() async throws {
    let archive = try plant.open()
    let forwarder = try plant.forwarder(archive)
    try await begun(forwarder, archive)
    let begin = plant.clock.now()
    try await plant.run(minutes: 2, archive)
    try await plant.until("the first file") { forwarder.status.filesDelivered == 1 }
    let before = plant.contents("site_carbon_20261121T020000Z_r0.csv")
    let hash = try #require(try await archive.use([Plant.definition()], from: plant.clock.now())["m1"])
    #expect(archive.offer(plant.poll(begin + 55_000, 99, hash, received: plant.clock.now())))
    #expect(await archive.flush())
    // Revisions are debounced: it takes the grace without further changes.
    let revision = "site_carbon_20261121T020000Z_r1.csv"
    try await plant.until("the revision") {
      plant.clock.advance(milliseconds: 100)
      return plant.files().contains(revision + ".sha256")
    }
    #expect(plant.contents("site_carbon_20261121T020000Z_r0.csv") == before)
    #expect(plant.contents(revision).split(separator: "\n").count == 8 && plant.contents(revision).hasPrefix(before))
    await forwarder.stop()
    await archive.close()
  }

  @Test func aLostLedgerIsMadeAgainFromTheArchiveAndNothingIsSentTwice() async throws {
    let archive = try plant.open()
    let forwarder = try plant.forwarder(archive)
    try await begun(forwarder, archive)
    try await plant.run(minutes: 3, archive)
    try await plant.until("two files") { forwarder.status.filesDelivered == 2 }
    await forwarder.stop()
    for file in plant.files() { try FileManager.default.removeItem(atPath: plant.spool + "/" + file) }  // collected
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.removeItem(atPath: plant.root + "/archive/forward-carbon.sqlite" + suffix)
    }
    let again = try plant.forwarder(archive)
    try await plant.until("the ledger") { again.status.filesDelivered == 2 }
    try await plant.run(minutes: 1, archive)
    try await plant.until("the third file") { again.status.filesDelivered == 3 }
    #expect(plant.files().count == 2)
    await again.stop()
    await archive.close()
  }

  @Test func whatWasCutButNotDeliveredComesOutWithTheSameBytes() async throws {
    let archive = try plant.open()
    let forwarder = try plant.forwarder(archive)
    try await begun(forwarder, archive)
    try await plant.run(minutes: 2, archive)
    try await plant.until("the first file") { forwarder.status.filesDelivered == 1 }
    let name = "site_carbon_20261121T020000Z_r0.csv"
    let before = plant.contents(name)
    await forwarder.stop()
    // As after a crash between the decision and the receipt: the archive says cut, nobody says delivered.
    let ledger = try DurableDatabase.openForWriting(plant.root + "/archive/forward-carbon.sqlite")
    try await ledger.write { db in try db.execute(sql: "UPDATE file SET delivered_at = NULL, sha256 = NULL") }
    try ledger.close()
    try FileManager.default.removeItem(atPath: plant.spool + "/" + name)
    let again = try plant.forwarder(archive)
    try await plant.until("the file") { plant.files().contains(name) }
    #expect(plant.contents(name) == before)
    await again.stop()
    await archive.close()
  }

  @Test func aDirectoryThatCannotBeWrittenIsSaidAndTriedAgain() async throws {
    #expect(FileManager.default.createFile(atPath: plant.spool, contents: nil))
    let archive = try plant.open()
    let forwarder = try plant.forwarder(archive)
    try await begun(forwarder, archive)
    try await plant.run(minutes: 2, archive)
    try await plant.until("the complaint") { forwarder.status.failure?.contains(plant.spool) == true }
    try FileManager.default.removeItem(atPath: plant.spool)
    try await plant.until("the file") { forwarder.status.filesDelivered == 1 }
    #expect(forwarder.status.failure == nil)
    await forwarder.stop()
    await archive.close()
  }

  @Test func noFileIsCutWhileTheClockIsNotTrusted() async throws {
    let archive = try plant.open()
    let trusted = ManualSwitch()
    let forwarder = Forwarder(
      try plant.plan(), archive: archive, clock: plant.clock, isTrusted: { trusted.isOn }, logger: Logger(label: "test")
    )
    try forwarder.start()
    try await plant.run(minutes: 2, archive)
    trusted.isOn = true
    // It begins with the period of the moment when the clock became trusted.
    try await plant.until("the beginning") { archive.health.headSeq == 13 }
    #expect(plant.files().isEmpty)
    await forwarder.stop()
    await archive.close()
  }
}

final class ManualSwitch: Sendable {
  private let state = Mutex(false)
  var isOn: Bool {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}
