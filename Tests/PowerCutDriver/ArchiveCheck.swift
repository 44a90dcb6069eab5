import Archive
import FoundationEssentials
import GRDB
import Metering

/// Compares an archive with the story that it has to tell.
struct ArchiveCheck {
  private let path: String
  private let story: Story
  private let reader: ArchiveReader

  init(_ path: String, _ story: Story) throws {
    (self.path, self.story) = (path, story)
    reader = try ArchiveReader(path: path)
  }

  /// The newest definition that was acknowledged, or a newer one, is in force; nothing said: none need be.
  func checkDefinitions(through version: String) throws {
    guard let acknowledged = UInt64(version) else { return }
    for meter in Story.meters + [Story.feeder] {
      let found = reader.latestDefinition(of: meter).flatMap(Story.version)
      if found.map({ $0 < acknowledged }) ?? true {
        let text = found.map { "\($0)" } ?? "none"
        Output.problem("\(meter): version \(text) of the definition, but \(acknowledged) was acknowledged")
      }
    }
  }

  /// The corrections that are there, numbered by the driver from 1. One that outlives the day on which it was made is there twice.
  func corrections() throws -> Set<UInt64> {
    let bodies = try DurableDatabase.openForReading(path + "/catalog.sqlite").read {
      try Data.fetchAll($0, sql: "SELECT body FROM note")
    }
    return Set(try bodies.map { try JSONDecoder().decode([String: UInt64].self, from: $0)["correction"] ?? 0 })
  }

  /// What people said of readings is there.
  func checkCorrections(through acknowledged: UInt64) throws {
    let found = try corrections()
    let last = max(acknowledged, found.max() ?? 0)
    if UInt64(found.count) != last || found.contains(0) {
      Output.problem("corrections \(found.sorted()), but \(acknowledged) were acknowledged")
    }
  }

  /// Every row from `kept` (or one before it) to the head, without a hole, each as the story tells it; its readings; and SQLite's
  /// own opinion.
  func check(from kept: UInt64, through head: UInt64) throws {
    if try reader.headSeq() != head { Output.problem("the reader finds head \(try reader.headSeq()), not \(head)") }
    var next: UInt64?
    var answered: [String: [UInt64]] = [:]
    try reader.forEachEntry(seqs: 1...UInt64(Int64.max)) { entry in
      let found = entry.observation
      let isExpected = next.map { found.seq == $0 } ?? (found.seq <= kept)
      if !isExpected { Output.problem("seq \(found.seq) where \(next ?? kept) is expected") }
      next = found.seq + 1
      let expected = try story.observation(found.seq)
      if found != expected { Output.problem("seq \(found.seq) is \(found), not \(expected)") }
      if case .poll(let blocks) = found.content, blocks.first?.outcome == .ok {
        answered[found.meterID, default: []].append(found.seq)
      }
    }
    if next != head + 1 { Output.problem("the rows end before \(next ?? 1), not at \(head)") }
    try checkReadings(answered)
    try checkDatabases()
    try verify()
  }

  /// What an auditor does.
  func verify() throws {
    for problem in try ArchiveVerifier(path: path, threads: 1).run().problems { Output.problem("verify: \(problem)") }
  }

  /// One reading for each poll that was answered.
  private func checkReadings(_ answered: [String: [UInt64]]) throws {
    for meter in Story.meters {
      var found: [UInt64] = []
      try reader.forEachReading(meterID: meter, from: .distantPast, to: .distantFuture) { reading in
        if reading.value != nil { found.append(reading.seq) }
      }
      let expected = answered[meter] ?? []
      if found != expected {
        Output.problem("\(meter): \(found.count) readings of \(expected.count) polls that were answered")
      }
    }
  }

  /// SQLite 3.40 says so of tables WITHOUT ROWID whose primary key does not stand first; nothing is NULL there.
  private static let falseAlarm = "NULL value in definition_use.sha256"

  private func checkDatabases() throws {
    let names = try FileManager.default.subpathsOfDirectory(atPath: path)
    for name in names.sorted() where name.hasSuffix(".sqlite") {
      let queue = try DurableDatabase.openForReading("\(path)/\(name)")
      let answer = try queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check(100000)") }
      let wrong = answer.filter { $0 != "ok" && $0 != ArchiveCheck.falseAlarm }
      if !wrong.isEmpty { Output.problem("\(name): \(wrong.prefix(5))") }
    }
  }
}
