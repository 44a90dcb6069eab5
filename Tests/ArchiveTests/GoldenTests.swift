import Files
import FoundationEssentials
import GRDB
import Metering
import Proof
import Segments
import Testing

@testable import Archive

/// Archives that earlier versions wrote, kept for ever: what is written today is read in twenty years. Made by
/// `sample-archive --golden`; what is in them stands in `Tests/SampleArchive/GoldenArchive.swift`.
@Suite struct GoldenTests {
  private static let versions = ["v1"]
  private let scratch = Scratch()

  /// A copy: whoever opens an archive makes a catalog in it.
  private func copy(_ version: String) throws -> (archive: String, golden: String) {
    let golden = #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Golden/" + version
    let archive = scratch.path + "/archive"
    try FileManager.default.copyItem(atPath: golden + "/archive", toPath: archive)
    return (archive, golden)
  }

  private func lines(_ path: String) throws -> [String] {
    let bytes = try #require(try Files.read(path, limit: 1 << 20))
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test(arguments: versions) func sealedRowsAreThoseThatWereReceived(version: String) throws {
    let (archive, golden) = try copy(version)
    var rows: [String: [UInt64: String]] = [:]
    for file in try Files.names(in: archive + "/segments") {
      let reader = try SegmentReader(path: "\(archive)/segments/\(file)")
      for source in reader.sources.map(\.name) {
        try reader.forEachRow(of: source) { row in
          let before = rows[source, default: [:]].updateValue(GoldenTests.line(row, source), forKey: row.seq)
          #expect(before == nil, "\(file): \(source) \(row.seq) is there twice")
        }
      }
    }
    let sorted = rows.sorted { $0.key < $1.key }.flatMap { $0.value.sorted { $0.key < $1.key }.map(\.value) }
    #expect(sorted == (try lines(golden + "/rows.ndjson")))
  }

  @Test(arguments: versions) func hotRowsAreThoseThatWereReceived(version: String) throws {
    let (archive, golden) = try copy(version)
    var rows: [String] = []
    for file in try Files.names(in: archive + "/hot") where file.hasSuffix(".sqlite") {
      let path = "\(archive)/hot/\(file)"
      let hot = try HotRows(path: path)
      try hot.forEach(of: nil) { row in
        let source =
          switch row.kind {
          case .poll, .missed: "meter:"
          case .clockOffset, .forward: "gateway:"
          case .asdu, .interrogation, .link: "station:"
          }
        let kept = Segments.Row(
          seq: row.seq, kind: UInt8(row.kind.rawValue), marks: row.marks, boot: hot.boots[row.boot] ?? "",
          definition: hot.definitions[row.definition] ?? "", time: row.time, due: row.due, received: row.received,
          payload: Array(row.payload))
        rows.append(GoldenTests.line(kept, source + (hot.meters[row.meter] ?? "")))
      }
      for entry in try DurableDatabase.openForReading(path).read({ try HotFile.journal($0, path: path) }) {
        rows.append(GoldenTests.line(entry.row, "journal:"))
      }
    }
    #expect(Set(rows) == Set(try lines(golden + "/hot.ndjson")) && !rows.isEmpty)
  }

  @Test(arguments: versions) func itIsWholeAndUnchanged(version: String) throws {
    let (archive, _) = try copy(version)
    let keys = try Files.names(in: archive + "/keys").map { "\(archive)/keys/\($0)" }
    let report = try ArchiveVerifier(path: archive, publicKeys: keys, threads: 1).run()
    #expect(report.problems == [] && report.notes == [])
    #expect(report.chain.manifests == 8 && report.chain.expiredThrough == 2 && report.chain.adoptions.count == 1)
  }

  /// What a reading says depends on definitions and clock offsets, which are read from the sealed files.
  @Test(arguments: versions) func readingsAreWhatTheyWere(version: String) async throws {
    let (archive, golden) = try copy(version)
    let site = "golden-1"
    let rebuilt = try Archive.rebuildCatalog(path: archive, site: site)
    #expect(rebuilt.sealed == 8 && rebuilt.hot == 1)
    let reader = try ArchiveReader(path: archive)
    var readings: [String] = []
    for meter in ["feeder", "main", "water"] {
      try reader.forEachReading(meterID: meter, from: .distantPast, to: .distantFuture) {
        readings.append("\($0.meterID),\($0.quantity),\($0.time.milliseconds),\($0.shown ?? "")")
      }
    }
    #expect(readings == (try lines(golden + "/readings.csv")))
    // And it goes on from there.
    let again = try Archive(
      .init(path: archive, site: site, commitEveryMilliseconds: 50, bootID: "boot"), clock: SystemClock())
    #expect(again.health.headSeq == rebuilt.headSeq)
    await again.close()
  }

  private static func line(_ row: Segments.Row, _ source: String) -> String {
    let hex = row.payload.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    return """
      {"source":"\(source)","seq":\(row.seq),"kind":\(row.kind),"marks":\(row.marks),"boot":"\(row.boot)",\
      "definition":"\(row.definition)","time":\(row.time),"due":\(row.due.map(String.init) ?? "null"),\
      "received":\(row.received),"payload":"\(hex)"}
      """
  }
}
