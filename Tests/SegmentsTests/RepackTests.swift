import Proof
import Testing

@testable import Segments

@Suite struct RepackTests {
  /// Days with changing sources and shapes; a source that comes later, one that goes.
  private static func days(_ random: inout SeededGenerator, count: Int) -> [MadeDay] {
    var seqs: [String: UInt64] = [:]
    return (1...count).map { number in
      var day = MadeDay(segment: "2026-11-\(number < 10 ? "0" : "")\(number)")
      for source in ["meter:a", "meter:b", "station:a", "journal:"] where number == 1 || random.chance(80) {
        var rows: [Row] = []
        let registers = Int.random(in: 0...3, using: &random)
        for minute in 0..<Int.random(in: 1...60, using: &random) {
          seqs[source, default: 0] += UInt64.random(in: 1...3, using: &random)
          var row = Row.poll(
            seqs[source] ?? 0, minute: 1_440 * number + minute, registers: random.chance(90) ? registers : 5,
            using: &random)
          if source == "journal:" { row.payload = [0xFF] + random.bytes(100) }
          rows.append(row)
        }
        day.sources.append((name: source, rows: rows))
      }
      return day
    }
  }

  @Test func aMonthGivesTheSameRowsHashesAndRoots() throws {
    let seed = seedOfRun("aMonthGivesTheSameRowsHashesAndRoots")
    let folder = try Folder()
    for round in 0..<8 as Range<UInt64> {
      var random = SeededGenerator(state: seed &+ round)
      let days = RepackTests.days(&random, count: Int.random(in: 1...6, using: &random))
      let summaries = try days.map { try $0.write(to: folder.file($0.segment)) }
      let readers = try days.map { try SegmentReader(path: folder.file($0.segment)) }
      let entries = try SegmentWriter.repack(days: readers, to: folder.file("month"))
      #expect(entries.map(\.root) == summaries.map(\.root))
      let month = try SegmentReader(path: folder.file("month"))
      #expect(month.segments == entries)
      let verification = try month.verify()
      #expect(verification.faults == [])
      #expect(verification.segments.map(\.root) == summaries.map(\.root))
      for (segment, summary) in zip(verification.segments, summaries) {
        #expect(Set(segment.sources) == Set(summary.sources))
        #expect(try month.digests(of: segment.name) == summary.leaves)
      }
      for source in month.sources {
        let written = days.flatMap { day in day.sources.filter { $0.name == source.name } }
        let comparison = try month.comparison(of: source.name)
        for row in written.flatMap(\.rows) { try comparison.expect(row) }
        try comparison.finish()
        #expect(try month.days(of: source.name).map(\.rows) == written.map(\.rows.count))
      }
      // Of one day of the month by its own seqs.
      let source = days[0].sources[0]
      var rows: [Row] = []
      try month.forEachRow(of: source.name, seqs: 0...(source.rows.last?.seq ?? 0)) { rows.append($0) }
      #expect(rows == source.rows)
    }
  }

  @Test func leavesAreThoseOfTheHeaders() throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 14)
    let days = RepackTests.days(&random, count: 3)
    let summaries = try days.map { try $0.write(to: folder.file($0.segment)) }
    let readers = try days.map { try SegmentReader(path: folder.file($0.segment)) }
    _ = try SegmentWriter.repack(days: readers, to: folder.file("month"))
    let month = try SegmentReader(path: folder.file("month"))
    for (summary, reader) in zip(summaries, readers) {
      var count = 0
      let tree = MerkleTree(leaves: summary.leaves)
      for source in summary.sources {
        let leaves = try month.leaves(of: source.name, in: summary.segment)
        #expect(leaves.map(\.chunk) == (try reader.leaves(of: source.name, in: summary.segment)).map(\.chunk))
        for leaf in leaves {
          #expect(leaf.header.hash(leaf.chunk) == leaf.digest)
          #expect(summary.leaves[leaf.header.leaf] == leaf.digest)
          #expect(try LeafHeader(line: leaf.header.line) == leaf.header)
          #expect(tree.path(of: leaf.header.leaf)?.leads(from: leaf.digest, to: summary.root) == true)
        }
        count += leaves.count
      }
      #expect(count == summary.leaves.count)
    }
  }

  /// The columns of a month lie one behind the other, so a point takes few reads.
  @Test func aColumnOfAMonthIsOneRun() throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 15)
    let days = (1...30).map { number in
      let rows = (0..<1_000).map {
        Row.poll(UInt64(1_000 * number + $0), minute: 1_440 * number + $0, registers: 10, using: &random)
      }
      return MadeDay(segment: "2026-11-\(number)", sources: [(name: "meter:a", rows: rows)])
    }
    let readers = try days.map { day in
      _ = try day.write(to: folder.file(day.segment))
      return try SegmentReader(path: folder.file(day.segment))
    }
    _ = try SegmentWriter.repack(days: readers, to: folder.file("month"))
    let month = try SegmentReader(path: folder.file("month"))
    let before = month.storage.reads
    var count = 0
    try month.series(of: "meter:a", columns: { $0 == "holding/8/2" }, odd: { _ in }, { count += $0.count })
    #expect(count == 30_000)
    #expect(month.storage.reads - before == 3, "index, row columns, column")
    let chunks = try #require(try month.open("meter:a"))
    let labels = chunks.index.chunks.map(\.label)
    #expect(labels == labels.sorted())
  }

  @Test func damagedDaysAreNotRepacked() throws {
    let folder = try Folder()
    let whole = try DamageTests.small(folder, month: false)
    let second = try SegmentReader(path: folder.file("2"))
    let end = try SegmentReader(bytes: whole, name: "1").trailer.indexes
    for place in 16..<end {
      var damaged = whole
      damaged[place] ^= 0x40
      let first = try SegmentReader(bytes: damaged, name: "1")
      let fault = #expect(throws: SegmentFault.self) {
        try SegmentWriter.repack(days: [first, second], to: folder.file("month"))
      }
      #expect(fault?.file == "1")
    }
    #expect(!folder.names.contains("month"))
    let first = try SegmentReader(bytes: whole, name: "1")
    #expect(throws: SegmentFault.self) { try SegmentWriter.repack(days: [first, first], to: folder.file("month")) }
    #expect(throws: SegmentFault.self) { try SegmentWriter.repack(days: [], to: folder.file("month")) }
    #expect(!folder.names.contains("month"))
  }
}
