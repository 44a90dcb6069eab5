import Testing

@testable import Segments

@Suite struct RoundTripTests {
  /// Rows that nobody would send.
  private static func adversarial(_ random: inout SeededGenerator) -> [Row] {
    let count = [1, 2, 7, 8, 9, 100, 700].randomElement(using: &random) ?? 1
    let shapes = Int.random(in: 1...[1, 3, 90].randomElement(using: &random).unsafelyUnwrapped, using: &random)
    let texts = ["", "a\nb", "e\u{301}", "\u{e9}", "100 %", String(repeating: "x", count: 255), "\u{0}"]
    var seq: UInt64 = random.chance(10) ? .max - UInt64(10 * count) : 0
    var time: Int64 = random.chance(10) ? .min : 1_795_219_200_000
    return (0..<count).map { _ in
      seq += UInt64.random(in: 1...(random.chance(90) ? 2 : 10), using: &random)
      time &+= random.chance(5) ? Int64.random(in: .min ... .max, using: &random) : 60_000
      if random.chance(5) { time &-= 3_600_000 }
      var payload: [UInt8]
      switch Int.random(in: 0..<20, using: &random) {
      case 0: payload = []
      case 1: payload = [0xFF] + random.bytes(Int.random(in: 0...300, using: &random))
      case 2: payload = random.bytes(Int.random(in: 0...9, using: &random))
      default:
        let registers = Int.random(in: 0..<shapes, using: &random)
        payload = [UInt8(registers)]
        let special: [UInt32] = [0, 0x8000_0000, 1, 0x7FC0_0001, 0xFFFF_FFFF, 0x7F80_0000, 0x0000_0001, 0x7FA5_5A5A]
        for _ in 0..<registers {
          let value =
            random.chance(30)
            ? special.randomElement(using: &random) ?? 0
            : random.chance(50) ? Float(Int(seq % 1_000)).bitPattern : UInt32.random(in: 0...999, using: &random)
          payload += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
      }
      return Row(
        seq: seq, kind: random.chance(95) ? 0 : UInt8.random(in: 0...255, using: &random),
        marks: random.chance(95) ? 0 : 1, boot: random.chance(95) ? "" : texts.randomElement(using: &random) ?? "",
        definition: random.chance(90) ? "d" : texts.randomElement(using: &random) ?? "", time: time,
        due: random.chance(80) ? time &- Int64.random(in: -5...5, using: &random) : nil,
        received: random.chance(95) ? time &+ 3 : Int64.random(in: .min ... .max, using: &random), payload: payload)
    }
  }

  @Test func randomAndAdversarialRowsComeBackInOrder() throws {
    let seed = seedOfRun("RoundTripTests")
    let folder = try Folder()
    for round in 0..<40 as Range<UInt64> {
      var random = SeededGenerator(state: seed &+ round)
      var day = MadeDay()
      for number in 0..<Int.random(in: 0...4, using: &random) {
        day.sources.append((name: "meter:m-\(number)", rows: RoundTripTests.adversarial(&random)))
      }
      let summary = try day.write(to: folder.file())
      let reader = try SegmentReader(path: folder.file())
      #expect(reader.sources.map(\.name) == day.sources.map(\.name))
      for source in day.sources {
        var rows: [Row] = []
        try reader.forEachRow(of: source.name) { rows.append($0) }
        #expect(rows == source.rows, "seed \(seed &+ round) \(source.name)")
        let comparison = try reader.comparison(of: source.name)
        for row in source.rows { try comparison.expect(row) }
        try comparison.finish()
        let entry = try #require(reader.sources.first { $0.name == source.name })
        #expect(entry.rows == source.rows.count)
        #expect(entry.times.lowerBound == source.rows.map(\.time).min())
        #expect(entry.times.upperBound == source.rows.map(\.time).max())
        #expect(entry.seqs.upperBound == source.rows.last?.seq)
      }
      var merged: [UInt64] = []
      try reader.forEachRow { _, row in merged.append(row.seq) }
      #expect(merged == day.sources.flatMap(\.rows).map(\.seq).sorted())
      let verification = try reader.verify()
      #expect(verification.faults == [])
      #expect(verification.segments.map(\.root) == [summary.root])
      #expect(verification.segments.first?.sources ?? [] == summary.sources)
    }
  }

  @Test func rangesGiveWhatAFilterWould() throws {
    let seed = seedOfRun("rangesGiveWhatAFilterWould")
    let folder = try Folder()
    for round in 0..<20 as Range<UInt64> {
      var random = SeededGenerator(state: seed &+ round)
      let rows = RoundTripTests.adversarial(&random)
      _ = try MadeDay(sources: [(name: "meter:a", rows: rows)]).write(to: folder.file())
      let reader = try SegmentReader(path: folder.file())
      let low = rows.randomElement(using: &random)?.seq ?? 0
      let time = rows.randomElement(using: &random)?.time ?? 0
      for (seqs, times) in [
        (low...UInt64.max, Int64.min...Int64.max), (0...low, time...Int64.max), (low...low, Int64.min...Int64.max),
        (0...UInt64.max, time...time), (0...UInt64.max, Int64.min...time),
      ] {
        var found: [Row] = []
        try reader.forEachRow(of: "meter:a", seqs: seqs, times: times) { found.append($0) }
        #expect(found == rows.filter { seqs.contains($0.seq) && times.contains($0.time) })
      }
    }
  }

  @Test func largePayloadsWithAndWithoutShape() throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 7)
    var rows: [Row] = []
    for seq in 1...200 as ClosedRange<UInt64> {
      var row = Row.poll(seq, minute: Int(seq), registers: 0, using: &random)
      row.payload = random.bytes(8) + [UInt8](repeating: UInt8(seq % 3 == 0 ? seq % 200 : 0), count: 64_992)
      rows.append(row)
    }
    let shape: SourceBuilder.ShapeOf = { _, _, payload in
      let fixed = [UInt8](repeating: 0, count: 8) + payload.dropFirst(8)
      return Shape(fixed: fixed, columns: [.init(name: "a", offset: 0, width: 8)])
    }
    let summary = try MadeDay(sources: [(name: "meter:a", rows: rows)], shape: shape).write(to: folder.file())
    // Two thirds have one shape: more than one group can hold.
    #expect(summary.sources[0].oddRows == 66 + 5)
    var found: [Row] = []
    try SegmentReader(path: folder.file()).forEachRow(of: "meter:a") { found.append($0) }
    #expect(found == rows)
  }

  @Test func moreRowsThanAGroupHolds() throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 8)
    var rows: [Row] = []
    for seq in 1...40_000 as ClosedRange<UInt64> {
      rows.append(.poll(seq, minute: Int(seq), registers: seq % 10_000 == 0 ? 2 : 1, using: &random))
    }
    let summary = try MadeDay(sources: [(name: "meter:a", rows: rows)]).write(to: folder.file())
    #expect(summary.sources[0].oddRows == 4)
    let reader = try SegmentReader(path: folder.file())
    let chunks = try #require(try reader.open("meter:a"))
    #expect(chunks.index.days[0].groups.map(\.rows) == [16_384, 4, 16_384, 7_228])
    let comparison = try reader.comparison(of: "meter:a")
    for row in rows { try comparison.expect(row) }
    try comparison.finish()
  }

  @Test func theMostFrequentOfManyShapesAreGroups() throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 9)
    var rows: [Row] = []
    // 100 shapes in turns; those below 10 in each second turn only.
    for turn in 0..<20 {
      for registers in (turn % 2 == 0 ? 0 : 10)..<100 {
        rows.append(.poll(UInt64(rows.count + 1), minute: rows.count, registers: registers, using: &random))
      }
    }
    let summary = try MadeDay(sources: [(name: "meter:a", rows: rows)]).write(to: folder.file())
    #expect(summary.sources[0].oddRows == rows.count - 64 * 20)
    let comparison = try SegmentReader(path: folder.file()).comparison(of: "meter:a")
    for row in rows { try comparison.expect(row) }
    try comparison.finish()
  }

  @Test func columnsThatAreNotWantedAreZero() throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 10)
    let rows = (1...50).map { Row.poll(UInt64($0), minute: $0, registers: 3, using: &random) }
    _ = try MadeDay(sources: [(name: "meter:a", rows: rows)]).write(to: folder.file())
    var found: [Row] = []
    let reader = try SegmentReader(path: folder.file())
    try reader.forEachRow(of: "meter:a", columns: { $0 == "holding/2/2" }, { found.append($0) })
    let expected = rows.map { row in
      var row = row
      for place in [1, 2, 3, 4, 9, 10, 11, 12] { row.payload[place] = 0 }
      return row
    }
    #expect(found == expected)
  }

  @Test func differencesAreFoundByComparison() throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 11)
    let rows = (1...20).map { Row.poll(UInt64($0), minute: $0, registers: 3, using: &random) }
    _ = try MadeDay(sources: [(name: "meter:a", rows: rows)]).write(to: folder.file())
    let reader = try SegmentReader(path: folder.file())
    let changes: [(inout Row) -> Void] = [
      { $0.seq += 1 }, { $0.kind = 1 }, { $0.marks = 1 }, { $0.boot = "b" }, { $0.definition = "" },
      { $0.time += 1 }, { $0.due = nil }, { $0.received += 1 }, { $0.payload[12] ^= 1 }, { $0.payload.append(0) },
    ]
    for change in changes {
      let comparison = try reader.comparison(of: "meter:a")
      for row in rows[..<10] { try comparison.expect(row) }
      var changed = rows[10]
      change(&changed)
      #expect(throws: SegmentFault.self) { try comparison.expect(changed) }
    }
    let comparison = try reader.comparison(of: "meter:a")
    for row in rows.dropLast() { try comparison.expect(row) }
    #expect(throws: SegmentFault.self) { try comparison.finish() }
    let other = try reader.comparison(of: "meter:a")
    for row in rows { try other.expect(row) }
    #expect(throws: SegmentFault.self) { try other.expect(rows[0]) }
  }
}
