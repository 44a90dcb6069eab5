import Glibc
import Proof
import Testing

@testable import Segments

@Suite struct DamageTests {
  /// A small file with everything that a file can have, of a day or of two.
  static func small(_ folder: Folder, month: Bool) throws -> [UInt8] {
    var random = SeededGenerator(state: 12)
    var days: [SegmentReader] = []
    for number in 1...2 {
      var day = MadeDay(segment: "2026-11-2\(number)")
      var rows = (1...40).map { Row.poll(UInt64(100 * number + $0), minute: $0, registers: 3, using: &random) }
      rows.append(Row.poll(UInt64(100 * number + 41), minute: 41, registers: 2, using: &random))
      day.sources.append((name: "meter:a", rows: rows))
      let link = Row(
        seq: UInt64(100 * number + 42), kind: 6, marks: 0, boot: "", definition: "", time: 5, due: nil, received: 6,
        payload: [1, 1])
      day.sources.append((name: "station:a\(number)", rows: [link]))
      _ = try day.write(to: folder.file("\(number)"))
      days.append(try SegmentReader(path: folder.file("\(number)")))
    }
    guard month else { return try octets(of: folder.file("1")) }
    _ = try SegmentWriter.repack(days: days, to: folder.file("m"))
    return try octets(of: folder.file("m"))
  }

  private static func isFound(_ octets: [UInt8]) throws -> Bool {
    do throws(SegmentFault) {
      let reader = try SegmentReader(bytes: octets, name: "damaged")
      do {
        return try !reader.verify().faults.isEmpty
      } catch {
        Issue.record("verify throws \(error)")
        return false
      }
    } catch {
      return true
    }
  }

  @Test(arguments: [false, true]) func everyOctetCounts(isMonth: Bool) throws {
    let whole = try DamageTests.small(Folder(), month: isMonth)
    #expect(try !DamageTests.isFound(whole))
    var random = SeededGenerator(state: seedOfRun("everyOctetCounts"))
    var unfound: [Int] = []
    for place in whole.indices {
      var damaged = whole
      damaged[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      if try !DamageTests.isFound(damaged) { unfound.append(place) }
    }
    #expect(unfound == [], "of \(whole.count)")
  }

  @Test func everyTruncatedFileIsRefused() throws {
    let whole = try DamageTests.small(Folder(), month: false)
    for count in whole.indices {
      #expect(throws: SegmentFault.self) { try SegmentReader(bytes: Array(whole[..<count]), name: "short") }
    }
    #expect(throws: SegmentFault.self) { try SegmentReader(bytes: whole + [0], name: "long") }
    #expect(throws: SegmentFault.self) { try SegmentReader(bytes: whole + whole.suffix(80), name: "long") }
  }

  @Test func aTruncatedFileIsNamedWithItsPlace() throws {
    let folder = try Folder()
    let whole = try DamageTests.small(folder, month: false)
    #expect(truncate(folder.file("1"), whole.count - 1) == 0)
    let fault = #expect(throws: SegmentFault.self) { try SegmentReader(path: folder.file("1")) }
    #expect(fault?.file == folder.file("1"))
    #expect(fault?.offset == whole.count - 81)
    #expect(fault?.what == "is not a segment, or its end is missing")
  }

  /// A file that becomes shorter, or whose octets change, under a reader that has its directory.
  @Test func rowsOfADamagedChunkAreNotGiven() throws {
    let folder = try Folder()
    let whole = try DamageTests.small(folder, month: false)
    let reader = try SegmentReader(path: folder.file("1"))
    let chunks = try #require(try reader.open("meter:a"))
    for chunk in chunks.index.chunks {
      var damaged = whole
      damaged[chunk.offset + chunk.length - 1] ^= 0x10
      let reader = try SegmentReader(bytes: damaged, name: "damaged")
      let label = chunks.index.labels[Int(chunk.label)].text
      let faults = try reader.verify().faults
      #expect(faults.first?.offset == chunk.offset)
      #expect(faults.first?.what.hasPrefix("chunk \(label) of meter:a, segment 2026-11-21, leaf \(chunk.leaf)") == true)
      // Aggregates are not needed for rows.
      if label.hasPrefix("quarter") || label.hasSuffix("er") || label.hasSuffix("gauge") { continue }
      #expect(throws: SegmentFault.self, "\(label)") { try reader.forEachRow(of: "meter:a") { _ in } }
    }
  }

  @Test func aChunkOfAnotherSiteDayOrSourceIsFound() throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 13)
    let rows = (1...40).map { Row.poll(UInt64($0), minute: $0, registers: 3, using: &random) }
    var files: [[UInt8]] = []
    for (site, segment, source) in [
      ("a", "2026-11-21", "meter:a"), ("b", "2026-11-21", "meter:a"), ("a", "2026-11-22", "meter:a"),
      ("a", "2026-11-21", "meter:b"),
    ] {
      var day = MadeDay(segment: segment, site: site)
      day.sources = [(name: source, rows: rows)]
      _ = try day.write(to: folder.file())
      files.append(try octets(of: folder.file()))
    }
    // Same rows, so the same chunks: only the headers make their hashes differ.
    let end = try SegmentReader(bytes: files[0], name: "a").trailer.indexes
    for other in files.dropFirst() {
      #expect(other[..<end] == files[0][..<end])
      #expect(other[end...] != files[0][end...])
    }
    let roots = try files.map { try SegmentReader(bytes: $0, name: "a").verify().segments[0].root }
    #expect(Set(roots).count == 4)
  }

  @Test func verifyTellsHowFarItIsAndCanBeEnded() throws {
    struct Ended: Error {}
    let folder = try Folder()
    let whole = try DamageTests.small(folder, month: false)
    let reader = try SegmentReader(path: folder.file("1"))
    var octets = 0
    let verification = try reader.verify { octets += $0 }
    #expect(octets == verification.octets)
    #expect(octets == whole.count - 16 - 32)
    #expect(throws: Ended.self) { try reader.verify { _ in throw Ended() } }
  }
}
