import Testing

@testable import Segments

@Suite struct SeriesTests {
  private struct Made {
    let rows: [Row]
    let reader: SegmentReader
    let folder: Folder
  }

  private static func made(_ seed: UInt64, _ rows: Int = 400) throws -> Made {
    let folder = try Folder()
    var random = SeededGenerator(state: seed)
    var registers = 6
    let made = (0..<rows).map { number in
      if random.chance(3) { registers = Int.random(in: 0...8, using: &random) }
      var row = Row.poll(
        UInt64(2 * number + 1), minute: number, registers: random.chance(98) ? registers : 20, using: &random)
      if random.chance(10) { row.time -= 3_600_000 }
      // A counter that begins anew.
      if random.chance(10), row.payload.count > 4 { row.payload.replaceSubrange(1...4, with: [0, 0, 0, 9]) }
      if number > rows / 2, number % 2 == 0 { row.due = nil }
      return row
    }
    _ = try MadeDay(sources: [(name: "meter:a", rows: made)]).write(to: folder.file())
    return Made(rows: made, reader: try SegmentReader(path: folder.file()), folder: folder)
  }

  /// The number at that place of a payload, as the shape of `MadeDay` reads it.
  static func pattern(_ row: Row, _ place: Int) -> UInt64? {
    guard let count = row.payload.first, place < Int(count) else { return nil }
    let orders: [[Int]] = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [0, 1, 2, 3], [1, 0, 3, 2], [0, 1, 2, 3]]
    return orders[place % 6].reduce(0) { $0 << 8 | UInt64(row.payload[1 + 4 * place + $1]) }
  }

  @Test func seriesGiveWhatTheRowsHold() throws {
    let seed = seedOfRun("seriesGiveWhatTheRowsHold")
    for round in 0..<10 as Range<UInt64> {
      let made = try SeriesTests.made(seed &+ round)
      let middle = made.rows[200]
      for (seqs, times) in [
        (UInt64.min...UInt64.max, Int64.min...Int64.max), (101...701, Int64.min...Int64.max),
        (UInt64.min...UInt64.max, middle.time...Int64.max), (301...UInt64.max, Int64.min...middle.time),
      ] {
        var found: [UInt64: (row: Row, pattern: UInt64?)] = [:]
        func take(_ batch: SeriesBatch) throws {
          for index in 0..<batch.count {
            let row = Row(
              seq: try #require(batch.seqs?[index]), kind: batch.group.kind, marks: batch.group.marks,
              boot: batch.group.boot, definition: batch.group.definition, time: batch.times[index],
              due: batch.dues?[index], received: try #require(batch.received?[index]), payload: [])
            #expect(found[row.seq] == nil)
            found[row.seq] = (row, batch.columns.first?.patterns[index])
          }
        }
        try made.reader.series(
          of: "meter:a", columns: { $0 == "holding/4/2" }, seqs: seqs, times: times, fields: [.seqs, .received],
          odd: { found[$0.seq] = ($0, SeriesTests.pattern($0, 2)) }, take)
        let expected = made.rows.filter { seqs.contains($0.seq) && times.contains($0.time) }
        #expect(found.count == expected.count)
        for row in expected {
          let one = try #require(found[row.seq])
          #expect(one.row.time == row.time && one.row.due == row.due && one.row.received == row.received)
          #expect(one.pattern == SeriesTests.pattern(row, 2))
        }
      }
    }
  }

  @Test func quartersGiveWhatTheRowsHold() throws {
    let seed = seedOfRun("quartersGiveWhatTheRowsHold")
    var coveredRows = 0
    var decreases = 0
    for round in 0..<10 as Range<UInt64> {
      let made = try SeriesTests.made(seed &+ round, 300)
      // Rows that are in quarters, by group: what is not comes by series(withoutQuarters:).
      var rest: Set<UInt64> = []
      func take(_ batch: SeriesBatch) throws { for seq in try #require(batch.seqs) { rest.insert(seq) } }
      try made.reader.series(
        of: "meter:a", columns: { _ in true }, fields: .seqs, odd: { rest.insert($0.seq) }, take)
      #expect(rest.count == made.rows.count)
      rest = []
      try made.reader.series(
        of: "meter:a", columns: { $0 == "holding/0/2" }, fields: .seqs, withoutQuarters: true,
        odd: { rest.insert($0.seq) }, take)
      let covered = made.rows.filter { !rest.contains($0.seq) }
      coveredRows += covered.count
      var rows = 0
      func takeQuarters(_ batch: QuarterBatch) throws {
        let groupRows = covered.filter {
          $0.payload.count == batch.group.shape.fixed.count && ($0.due != nil) == batch.group.hasDue
        }
        for (place, quarter) in batch.quarters.enumerated() {
          let own = groupRows.filter { QuarterTable.quarter(of: $0.time) == quarter }
          let first = try #require(own.first)
          let last = try #require(own.last)
          #expect(batch.rows[place] == own.count)
          #expect(batch.firstTimes[place] == first.time)
          #expect(batch.lastTimes[place] == last.time)
          guard case .counter(let firsts, let lasts, let backs) = batch.columns[0].numbers else {
            Issue.record("no counter")
            continue
          }
          #expect(firsts[place] == SeriesTests.pattern(first, 0))
          #expect(lasts[place] == SeriesTests.pattern(last, 0))
          let patterns = own.compactMap { SeriesTests.pattern($0, 0) }
          #expect(backs[place] == zip(patterns, patterns.dropFirst()).count { $0 > $1 })
          rows += own.count
          decreases += backs[place]
        }
      }
      try made.reader.quarters(of: "meter:a", columns: { $0 == "holding/0/2" }, takeQuarters)
      #expect(rows == covered.count)
    }
    #expect(coveredRows > 1_000)
    #expect(decreases > 0)
  }

  @Test func gaugesOfSignedAndOfFloats() throws {
    let folder = try Folder()
    let shape: SourceBuilder.ShapeOf = { _, _, payload in
      Shape(
        fixed: [UInt8](repeating: 0, count: 14),
        columns: [
          .init(name: "s", offset: 0, width: 2, number: .signed, quarters: .gauge),
          .init(name: "f", offset: 2, width: 4, number: .float, quarters: .gauge),
          .init(name: "w", offset: 6, width: 8, number: .unsigned, quarters: .gauge),
        ])
    }
    let floats: [Float] = [-0.0, 0.0, .nan, .infinity, 1.5, -2.25, .leastNonzeroMagnitude, 1.5]
    let rows = (0..<16).map { number in
      let signed = UInt16(bitPattern: Int16(number - 8))
      let bits = number < 8 ? floats[number].bitPattern : Float.nan.bitPattern
      return Row(
        seq: UInt64(number + 1), kind: 0, marks: 0, boot: "", definition: "", time: -900_000 + Int64(number) * 112_500,
        due: nil, received: 0,
        payload: [UInt8(signed >> 8), UInt8(signed & 255)] + (0..<4).map { UInt8(bits >> (24 - 8 * $0) & 255) }
          + [UInt8](repeating: 0xFF, count: 8))
    }
    _ = try MadeDay(sources: [(name: "meter:a", rows: rows)], shape: shape).write(to: folder.file())
    var batches: [QuarterBatch] = []
    let reader = try SegmentReader(path: folder.file())
    try reader.quarters(of: "meter:a", columns: { $0 != "w" }, { batches.append($0) })
    #expect(batches.count == 1)
    #expect(batches[0].quarters == [-1, 0])
    #expect(batches[0].rows == [8, 8])
    #expect(batches[0].columns.map(\.column.name) == ["s", "f"])
    guard case .gauge(let least, let greatest, let sums, let finite) = batches[0].columns[0].numbers else {
      return #expect(Bool(false))
    }
    #expect(least.map { Int16(bitPattern: UInt16($0)) } == [-8, 0])
    #expect(greatest.map { Int16(bitPattern: UInt16($0)) } == [-1, 7])
    #expect(sums.map(Int64.init(bitPattern:)) == [-36, 28])
    #expect(finite == [8, 8])
    guard case .gauge(let low, let high, let total, let some) = batches[0].columns[1].numbers else {
      return #expect(Bool(false))
    }
    #expect(low == [UInt64(Float(-2.25).bitPattern), 0])
    #expect(high == [UInt64(Float(1.5).bitPattern), 0])
    #expect(some == [6, 0])
    #expect(Double(bitPattern: total[0]) == 0.75 + Double(Float.leastNonzeroMagnitude))
    #expect(total[1] == 0)
    // A sum of eight octets might not fit: the rows have to be read.
    try reader.quarters(of: "meter:a", columns: { $0 == "w" }, { _ in Issue.record("quarters of w") })
    var count = 0
    try reader.series(
      of: "meter:a", columns: { $0 == "w" }, withoutQuarters: true, odd: { _ in }, { count += $0.count })
    #expect(count == 16)
    try reader.quarters(of: "meter:a", columns: { $0 == "s" }, times: -1 ... -1, { #expect($0.quarters == [-1]) })
  }

  @Test func fewRowsAQuarterHaveNone() throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 16)
    for (minutes, quarters) in [(3, 12), (4, 0)] {
      let rows = (0..<60).map { Row.poll(UInt64($0), minute: minutes * $0, registers: 2, using: &random) }
      _ = try MadeDay(sources: [(name: "meter:a", rows: rows)]).write(to: folder.file())
      var found = 0
      let reader = try SegmentReader(path: folder.file())
      try reader.quarters(of: "meter:a", columns: { _ in true }, { found += $0.quarters.count })
      #expect(found == quarters)
    }
  }
}
