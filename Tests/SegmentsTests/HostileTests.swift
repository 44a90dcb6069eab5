import Glibc
import Proof
import Testing

@testable import Segments

@Suite struct HostileTests {
  /// Files whose hashes are right, and whose contents are not.
  @Test func forgedFilesGiveFaultsOrRows() throws {
    let seed = seedOfRun("forgedFilesGiveFaultsOrRows")
    let folder = try Folder()
    var random = SeededGenerator(state: seed)
    for isMonth in [false, true] {
      let input = try HostileTests.input(DamageTests.small(folder, month: isMonth))
      #expect(try SegmentCheck.run(input) == (isMonth ? 82 : 41))
      for _ in 0..<300 {
        var forged = input
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let place = Int.random(in: 1..<(random.chance(70) ? 400 : forged.count), using: &random)
          switch Int.random(in: 0..<4, using: &random) {
          case 0: forged[place] = UInt8.random(in: 0...255, using: &random)
          case 1: forged[place] &+= 1
          case 2: forged.remove(at: place)
          default: forged.insert([0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0, at: place)
          }
        }
        try SegmentCheck.run(forged)
      }
    }
  }

  /// The first source of a file, as `ForgedSegment` takes it.
  static func input(_ file: [UInt8]) throws -> [UInt8] {
    let reader = try SegmentReader(bytes: file, name: "file")
    let chunks = try reader.open(0)
    let index = chunks.index.octets.dropLast(4 * chunks.index.chunks.count)
    return [0, UInt8(index.count & 255), UInt8(index.count >> 8)] + index
      + file[16..<(16 + reader.directory.sources[0].octets)]
  }

  @Test func arbitraryOctetsAreRefused() throws {
    var random = SeededGenerator(state: seedOfRun("arbitraryOctetsAreRefused"))
    for count in [0, 1, 79, 80, 95, 96, 97, 500] {
      let octets = random.bytes(count)
      #expect(throws: SegmentFault.self) { try SegmentReader(bytes: octets, name: "a") }
      #expect(throws: SegmentFault.self) { try SegmentReader(bytes: Trailer.magic + octets, name: "a") }
    }
  }

  @Test(arguments: ["", " ", "a b", "a\n", "a=b", "a%b", "m\u{e9}ter", "\u{0}", String(repeating: "x", count: 256)])
  func namesThatCannotStandInAHeaderAreRefused(name: String) throws {
    let folder = try Folder()
    #expect(throws: SegmentFault.self) { try SegmentWriter(path: folder.file(), site: name, segment: "2026-11-21") }
    #expect(throws: SegmentFault.self) { try SegmentWriter(path: folder.file(), site: "s", segment: name) }
    let builder = SourceBuilder(source: name) { _, _, _ in nil }
    var random = SeededGenerator(state: 17)
    try builder.append(.poll(1, minute: 1, registers: 1, using: &random))
    let writer = try SegmentWriter(path: folder.file(), site: "s", segment: "2026-11-21")
    #expect(throws: SegmentFault.self) { try writer.add(builder) }
  }

  @Test(arguments: [
    Shape.Column(name: "", offset: 1, width: 4), .init(name: "a b", offset: 1, width: 4),
    .init(name: "a:b", offset: 1, width: 4), .init(name: "seq", offset: 1, width: 4),
    .init(name: "a", offset: 2, width: 4), .init(name: "a", offset: -1, width: 4),
    .init(name: "a", offset: 1, width: 0),
    .init(name: "a", offset: 1, width: 9), .init(name: "a", offset: 1, width: 3, number: .float),
    .init(name: "a", offset: 1, width: 4, order: [0, 1, 2, 2]), .init(name: "a", offset: 1, width: 4, order: [0]),
    .init(name: "a", offset: 0, width: 4), .init(name: "a", offset: .max, width: 4),
    .init(name: String(repeating: "a", count: 65), offset: 1, width: 4),
  ])
  func shapesThatDoNotFitMakeOddRows(column: Shape.Column) throws {
    let folder = try Folder()
    var random = SeededGenerator(state: 18)
    let rows = (1...20).map { Row.poll(UInt64($0), minute: $0, registers: 1, using: &random) }
    let shape: SourceBuilder.ShapeOf = { _, _, payload in
      Shape(fixed: [payload[0], 0, 0, 0, 0], columns: [column])
    }
    let summary = try MadeDay(sources: [(name: "meter:a", rows: rows)], shape: shape).write(to: folder.file())
    #expect(summary.sources[0].oddRows == 20)
    let comparison = try SegmentReader(path: folder.file()).comparison(of: "meter:a")
    for row in rows { try comparison.expect(row) }
    try comparison.finish()
  }

  @Test func rowsOutOfOrderAreRefused() throws {
    var random = SeededGenerator(state: 19)
    let builder = SourceBuilder(source: "meter:a", shape: MadeDay.shape)
    try builder.append(.poll(5, minute: 1, registers: 1, using: &random))
    #expect(throws: SegmentFault.self) { try builder.append(.poll(5, minute: 1, registers: 1, using: &random)) }
    #expect(throws: SegmentFault.self) { try builder.append(.poll(4, minute: 1, registers: 1, using: &random)) }
    var row = Row.poll(6, minute: 1, registers: 1, using: &random)
    row.definition = String(repeating: "d", count: 256)
    #expect(throws: SegmentFault.self) { try builder.append(row) }
    row.definition = ""
    row.payload = [UInt8](repeating: 0, count: 16 << 20 + 1)
    #expect(throws: SegmentFault.self) { try builder.append(row) }
    try builder.append(.poll(6, minute: 1, registers: 1, using: &random))
    #expect(builder.rows == 2)
  }

  @Test func aWriterThatDoesNotFinishLeavesNothing() throws {
    let folder = try Folder()
    var writer: SegmentWriter? = try SegmentWriter(path: folder.file(), site: "s", segment: "2026-11-21")
    #expect(folder.names.count == 1)
    _ = writer
    writer = nil
    #expect(folder.names == [])
    #expect(throws: SegmentFault.self) {
      try SegmentWriter(path: "\(folder.path)/none/a", site: "s", segment: "2026-11-21")
    }
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = try Folder()
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    for path in [folder.path, folder.file("pipe"), folder.file("none"), "/dev/null"] {
      let fault = #expect(throws: SegmentFault.self) { try SegmentReader(path: path) }
      #expect(fault?.file == path)
    }
  }

  @Test func aDayWithoutRowsIsAFile() throws {
    let folder = try Folder()
    let summary = try MadeDay().write(to: folder.file())
    #expect(summary.root == MerkleTree.emptyRoot)
    let reader = try SegmentReader(path: folder.file())
    #expect(try reader.verify().faults == [])
    try reader.forEachRow { _, _ in Issue.record("a row") }
    try reader.forEachRow(of: "meter:a") { _ in Issue.record("a row") }
    #expect(try reader.days(of: "meter:a") == [])
  }
}
