import Foundation
import GRDB
import Metering
import Testing

@testable import Archive

@Suite struct HotRowsTests {
  private let scratch = Scratch()
  private var path: String { ArchiveLayout(root: scratch.path + "/archive").hotFile("2026-11-21") }

  /// Polls of three meters, and of a station of the name of one.
  private func fill(_ archive: Archive) -> [Observation] {
    var all: [Observation] = []
    for index in 0..<30 {
      var observation = poll(
        start + Int64(index), meter: "m\(index % 3)", value: UInt8(index), definition: "d\(index % 3)",
        marks: index % 4 == 0 ? .untrustedClock : [])
      if index % 5 == 0 { observation.content = .link(isUp: true, reason: "up") }
      if index % 5 == 1 { observation.due = nil }
      #expect(archive.offer(observation))
      observation.seq = UInt64(index + 1)
      all.append(observation)
    }
    return all
  }

  private func read(_ rows: HotRows, of meters: Set<Int64>? = nil) throws -> [Observation] {
    var all: [Observation] = []
    try rows.forEach(of: meters) { row in
      let content = try #require(ObservationRow.decode(row.kind, Array(row.payload)))
      let marks = Observation.Marks(rawValue: row.marks)
      #expect(rows.boots[row.boot] == (marks.contains(.untrustedClock) ? "boot-1" : ""))
      all.append(
        Observation(
          seq: row.seq, meterID: try #require(rows.meters[row.meter]), time: .init(milliseconds: row.time),
          due: row.due.map { .init(milliseconds: $0) }, received: .init(milliseconds: row.received),
          definition: try #require(rows.definitions[row.definition]), marks: marks, content: content))
    }
    return all
  }

  @Test func everythingComesBackBesideTheWriterAndAfterIt() async throws {
    let archive = try open(scratch)
    let all = fill(archive)
    #expect(await archive.flush())
    let beside = try HotRows(path: path)
    #expect(try read(beside) == all && beside.site == "s")
    #expect(archive.offer(poll(start + 100, definition: "d1")))
    await archive.close()
    // A file is read as far as it is written by then.
    #expect(try read(beside).count == 31)
    let after = try HotRows(path: path)
    #expect(try read(after).count == 31)
  }

  @Test func onlyTheMetersThatAreWanted() async throws {
    let archive = try open(scratch)
    let all = fill(archive)
    await archive.close()
    let rows = try HotRows(path: path)
    let wanted = rows.meters.filter { ["m0", "m2"].contains($0.value) }
    #expect(try read(rows, of: Set(wanted.keys)) == all.filter { ["m0", "m2"].contains($0.meterID) })
    #expect(try read(rows, of: []).isEmpty && read(rows, of: [99, .min]).isEmpty)
  }

  @Test func extentsAddUp() async throws {
    let archive = try open(scratch)
    let all = fill(archive)
    await archive.close()
    let rows = try HotRows(path: path)
    let extents = try rows.extents()
    #expect(extents.count == 6)
    for (source, extent) in extents {
      let own = all.filter {
        $0.meterID == rows.meters[source.meter] && ObservationRow.kind(of: $0.content) == source.kind
      }
      let octets = own.reduce(0) { sum, observation in
        var payload: [UInt8] = []
        ObservationRow.encode(observation.content, into: &payload)
        return sum + payload.count
      }
      #expect(extent == .init(rows: own.count, payloadOctets: octets))
    }
  }

  @Test(arguments: [
    "seq = 99", "kind = 1", "meter = meter + 1", "definition = definition + 1", "boot = 3 - boot", "marks = marks + 2",
    "time = time + 1", "due = NULL", "due = due + 1", "received = received - 1", "payload = payload || x'00'",
    "crc32c = crc32c + 1", "crc32c = -1",
    // What no meterd writes.
    "kind = 250", "kind = -1", "marks = 256", "marks = -1", "meter = 1000", "definition = -7", "boot = 99",
    "payload = x''", "payload = x'02'", "payload = 'text'", "time = 'noon'", "time = 1e300", "due = x'00'", "seq = -2",
    "crc32c = crc32c + (1 << 32)",
  ])
  func damageIsNamedWithFileAndSequenceNumber(change: String) async throws {
    let archive = try open(scratch)
    _ = fill(archive)
    await archive.close()
    let queue = try DurableDatabase.openForWriting(path)
    try await queue.write { db in try db.execute(sql: "UPDATE observation SET \(change) WHERE seq = 5") }
    try queue.close()
    let rows = try HotRows(path: path)
    let error = #expect(throws: ArchiveError.self) { try rows.forEach(of: nil) { _ in } }
    #expect(error?.reason == .damaged && error?.description.hasPrefix("\(path): seq ") == true)
  }

  @Test(arguments: [
    "UPDATE meter SET meter_id = x'ff' WHERE id = 1", "DELETE FROM definition",
    "UPDATE boot SET boot_id = x'80' WHERE id = 1",
  ])
  func damagedTablesOfTextsAreFoundAtTheFirstRow(change: String) async throws {
    let archive = try open(scratch)
    _ = fill(archive)
    await archive.close()
    let queue = try DurableDatabase.openForWriting(path)
    try await queue.write { db in try db.execute(sql: change) }
    try queue.close()
    let error = #expect(throws: ArchiveError.self) { try HotRows(path: path).forEach(of: nil) { _ in } }
    #expect(error?.reason == .damaged)
  }

  @Test func whatIsNoHotFileIsRefused() async throws {
    await (try open(scratch)).close()
    let catalog = #expect(throws: ArchiveError.self) { try HotRows(path: scratch.path + "/archive/catalog.sqlite") }
    #expect(catalog?.reason == .foreignFormat && catalog?.description.contains("meterd-archive-2") == true)
    let missing = #expect(throws: ArchiveError.self) { try HotRows(path: path) }
    #expect(missing?.reason == .unreadable && missing?.description.contains(path) == true)
    try Data(repeating: 65, count: 5000).write(to: URL(filePath: scratch.path + "/text"))
    let text = #expect(throws: ArchiveError.self) { try HotRows(path: scratch.path + "/text") }
    #expect(text?.reason == .damaged)
  }

  @Test func anErrorOfTheBodyComesOut() async throws {
    struct Enough: Error {}
    let archive = try open(scratch)
    _ = fill(archive)
    await archive.close()
    let rows = try HotRows(path: path)
    #expect(throws: Enough.self) { try rows.forEach(of: nil) { _ in throw Enough() } }
    // And the file is still there to be read.
    #expect(try read(rows).count == 30)
  }
}
