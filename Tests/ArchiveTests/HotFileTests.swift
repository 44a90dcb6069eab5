import Foundation
import GRDB
import Metering
import Testing

@testable import Archive

/// What stands in a file of the hot store, column by column.
@Suite struct HotFileTests {
  private let scratch = Scratch()

  private func file() throws -> HotFile {
    let layout = ArchiveLayout(root: scratch.path)
    try layout.createDirectories()
    return try HotFile(layout, name: "2026-11-21", site: "s")
  }

  /// The checksum of docs/ARCHIVE-FORMAT.md, bit by bit.
  private func checksum(_ o: Observation, boot: String, payload: [UInt8]) -> Int64 {
    func octets(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    var bytes = octets(o.seq) + [UInt8(ObservationRow.kind(of: o.content).rawValue), o.marks.rawValue]
    bytes += octets(o.time.milliseconds) + octets(o.due?.milliseconds ?? .min) + octets(o.received.milliseconds)
    for text in [o.meterID, o.definition, boot] { bytes += Array(text.utf8) + [0] }
    var crc: UInt32 = ~0
    for byte in bytes + payload {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    return Int64(~crc)
  }

  /// One of each kind; the places that may be empty both ways.
  private func observations() -> [Observation] {
    let frame = [UInt8](repeating: 7, count: 260)
    let blocks = [
      Block(table: .coil, address: 0xFFFF, count: 1, outcome: .ok, bytes: [1]),
      Block(table: .input, address: 258, count: 2, outcome: .malformed, bytes: frame),
      Block(table: .holding, address: 0, count: 0, outcome: .timeout, bytes: []),
    ]
    let interrogation = Interrogation(
      kind: .counter, commonAddress: 0x1234, qualifier: 5, outcome: .refused(cause: 45), absent: [0x56_789A])
    let contents: [Observation.Content] = [
      .poll(blocks), .poll([]), .missed(from: start, to: start + 60_000, count: 2, reason: .late),
      .clockOffset(bootID: "boot-1", offsetMilliseconds: -5), .forward("{}"),
      .asdu(.init(bytes: [9, 8], link: 3, repeated: [5, 7])), .interrogation(interrogation),
      .link(isUp: true, reason: "é"),
    ]
    return contents.enumerated().map { index, content in
      Observation(
        seq: UInt64(index + 1), meterID: ["", "m1", "zähler-2"][index % 3], time: start - Int64(index),
        due: index % 2 == 0 ? start : nil, received: start + Int64(index), definition: ["", "d1"][index % 2],
        marks: [[], .untrustedClock, [.untrustedClock, .repeatedLabel]][index % 3], content: content)
    }
  }

  @Test func everyColumnIsAsTheFormatSays() throws {
    let all = observations()
    var file = try file()
    // Several commits: ids of the first are used in the next.
    try file.append(all[..<3], bootID: "boot-1")
    try file.append(all[3...], bootID: "boot-1")
    try file.close()
    let sql = """
      SELECT seq, kind, meter_id, sha256, marks, boot_id, time, due, received, until, outcome, payload, crc32c,
        typeof(due), typeof(until), typeof(payload)
      FROM observation o JOIN meter m ON m.id = o.meter JOIN definition d ON d.id = o.definition
        JOIN boot b ON b.id = o.boot ORDER BY seq
      """
    let rows = try DurableDatabase.openForReading(file.path).read { try Row.fetchAll($0, sql: sql) }
    try #require(rows.count == all.count)
    for (row, o) in zip(rows, all) {
      var payload: [UInt8] = []
      ObservationRow.encode(o.content, into: &payload)
      let boot = o.marks.contains(.untrustedClock) ? "boot-1" : ""
      let until: Int64? = if case .missed(_, let to, _, _) = o.content { to.milliseconds } else { nil }
      let outcome: Int64 = if case .poll(let blocks) = o.content, !blocks.isEmpty { 3 } else { 0 }
      #expect(row[0] == Int64(o.seq) && row[1] == ObservationRow.kind(of: o.content).rawValue)
      #expect(row[2] == o.meterID && row[3] == o.definition && row[4] == Int64(o.marks.rawValue) && row[5] == boot)
      #expect(row[6] == o.time.milliseconds && row[7] == o.due?.milliseconds && row[8] == o.received.milliseconds)
      #expect(row[9] == until && row[10] == outcome && row[11] == Data(payload))
      #expect(row[12] == checksum(o, boot: boot, payload: payload))
      #expect(row[13] == (o.due == nil ? "null" : "integer") && row[14] == (until == nil ? "null" : "integer"))
      #expect(row[15] == "blob")
    }
  }

  @Test func ofACommitThatFailsNothingStays() throws {
    var file = try file()
    try file.append([numbered(1, meter: "m1")], bootID: "")
    let error = #expect(throws: DatabaseError.self) {
      try file.append([numbered(2, meter: "new"), numbered(1, meter: "m1"), numbered(3, meter: "m1")], bootID: "")
    }
    #expect(error?.resultCode == .SQLITE_CONSTRAINT)
    #expect(try file.last()?.seq == 1)
    // The meter that was new in the failed commit has no id yet: rows that named it by that would belong to nobody.
    try file.append([numbered(2, meter: "other"), numbered(3, meter: "new")], bootID: "")
    try file.close()
    let rows = try HotRows(path: file.path)
    var meters: [String?] = []
    try rows.forEach(of: nil) { meters.append(rows.meters[$0.meter]) }
    #expect(meters == ["m1", "other", "new"])
  }

  @Test func theJournalStaysSmallUnderCommitsOfAnySize() throws {
    var file = try file()
    let block = Block(table: .input, address: 0, count: 125, outcome: .ok, bytes: [UInt8](repeating: 1, count: 250))
    var seq: UInt64 = 0
    func commit(rows: Int) throws -> Int64 {
      let batch = (0..<rows).map { _ in
        seq += 1
        var observation = numbered(seq, meter: "m1")
        observation.content = .poll([block])
        return observation
      }
      try file.append(batch[...], bootID: "")
      var information = stat()
      guard stat(file.path + "-wal", &information) == 0 else { throw CocoaError(.fileNoSuchFile) }
      return Int64(information.st_size)
    }
    // 300 octets a row: the first commit is more than the 16 MiB that may stay of a journal.
    for rows in [60_000, 1, 1] { _ = try commit(rows: rows) }
    #expect(try commit(rows: 1) <= 16 << 20)
    var largest: Int64 = 0
    for _ in 0..<300 { largest = max(largest, try commit(rows: 20)) }
    #expect(largest <= 16 << 20)
    try file.close()
  }

  private func numbered(_ seq: UInt64, meter: String) -> Observation {
    var observation = poll(start, meter: meter, definition: "x")
    observation.seq = seq
    return observation
  }
}
