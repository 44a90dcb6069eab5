import Testing

/// What a disk may do, and what it may not, on logs written by hand.
@Suite struct DiskModelTests {
  /// Octets of the log: the old content 'a' and the new one 'b', three blocks of 4096 each.
  private static let size = 3 * 4096
  private static let old = 0..<size
  private static let new = size..<(2 * size)
  private static let octets =
    [UInt8](repeating: UInt8(ascii: "a"), count: size) + [UInt8](repeating: UInt8(ascii: "b"), count: size)

  private static let root: UInt64 = 1
  private static let begin = [RecordedLog.Operation.opened(path: "", inode: root)]

  /// What is left after cuts at the end of a log.
  private func outcomes(_ operations: [RecordedLog.Operation], cuts: UInt64 = 300) throws -> [DiskTree] {
    let log = RecordedLog(octets: DiskModelTests.octets, operations: DiskModelTests.begin + operations)
    var disk = RecordedDisk(log)
    try disk.advance(to: log.operations.count)
    return (0..<cuts).map { seed in
      var cut = PowerCut(seed: seed)
      return cut.survivors(of: disk)
    }
  }

  private let written: [RecordedLog.Operation] = [
    .created(path: "file", inode: 2), .written(inode: 2, offset: 0, octets: old),
  ]
  private let durable: [RecordedLog.Operation] = [
    .created(path: "file", inode: 2), .written(inode: 2, offset: 0, octets: old), .synced(inode: 2),
    .synced(inode: root),
  ]

  @Test func whatWasSyncedStays() throws {
    let whole = Array(DiskModelTests.octets[DiskModelTests.old])
    let files = Set(try outcomes(durable).map(\.files))
    #expect(files == [["file": whole]])
  }

  @Test func whatWasNotSyncedMayBeAbsentEmptyShortFullOfZerosOrGarbage() throws {
    let files = try outcomes(written).map { $0.files["file"] }
    let whole = Array(DiskModelTests.octets[DiskModelTests.old])
    #expect(files.contains(nil) && files.contains([]) && files.contains(whole))
    // A block that did not come, within a size that did.
    #expect(files.contains { $0?.count == whole.count && $0?[4096] == 0 })
    let isOdd = files.map { file in (file ?? []).contains { $0 != 0 && $0 != 0x61 } }
    #expect(isOdd.contains(true))
  }

  @Test func aSyncedFileWhoseDirectoryWasNotIsThereWholeOrNotAtAll() throws {
    let files = try outcomes(written + [.synced(inode: 2)]).map { $0.files["file"] }
    let whole = Array(DiskModelTests.octets[DiskModelTests.old])
    #expect(Set(files) == [nil, whole])
  }

  @Test func eachBlockOfAnOverwrittenFileIsOldOrNewButForThoseInFlight() throws {
    let files = try outcomes(durable + [.written(inode: 2, offset: 0, octets: DiskModelTests.new)]).map {
      $0.files["file"] ?? []
    }
    #expect(files.allSatisfy { $0.count == DiskModelTests.size })
    let texts = files.map { file in
      [0, 4096, 8192].map { file[$0] == file[$0 + 4095] ? String(UnicodeScalar(file[$0])) : "?" }.joined()
    }
    for expected in ["aaa", "bbb", "aab", "baa", "aba"] { #expect(texts.contains(expected), "\(expected)") }
  }

  /// SQLite's psow=0: octets that were not written, and were synced long ago, go with those beside them.
  @Test func aBlockInFlightTakesItsNeighboursWithIt() throws {
    let few = DiskModelTests.new.lowerBound..<(DiskModelTests.new.lowerBound + 10)
    let files = try outcomes(durable + [.written(inode: 2, offset: 5000, octets: few)]).map { $0.files["file"] ?? [] }
    #expect(files.contains { $0[4999] != 0x61 && $0[5010] != 0x61 })
    let isWritten = files.map { file in file[5000..<5010].allSatisfy { $0 == 0x62 } && file[5010] != 0x61 }
    #expect(isWritten.contains(true))
    // But not those in other blocks.
    let others = Set(files.flatMap { $0[..<4096] + $0[8192...] })
    #expect(others == [0x61])
  }

  @Test func namesKeepTheirOrder() throws {
    let names = try outcomes([
      .created(path: "a", inode: 2), .madeDirectory(path: "d", inode: 3), .renamed(from: "a", to: "d/b"),
      .created(path: "c", inode: 4), .unlinked(path: "d/b"),
    ]).map { tree in (tree.directories.sorted() + tree.files.keys.sorted()).joined(separator: " ") }
    #expect(Set(names) == ["", "a", "d a", "d d/b", "d c d/b", "d c"])
  }

  @Test func theSyncOfADirectoryMakesItsNamesSureAndAllBefore() throws {
    let names = try outcomes([
      .created(path: "a", inode: 2), .madeDirectory(path: "d", inode: 3), .created(path: "d/b", inode: 4),
      .synced(inode: DiskModelTests.root),
    ]).map { $0.directories.sorted() + $0.files.keys.sorted() }
    #expect(Set(names) == [["d", "a"], ["d", "a", "d/b"]])
  }

  /// Publishing without syncing first: the name is there, the content may not be.
  @Test func aRenameBeforeTheSyncMayPublishNothing() throws {
    let operations: [RecordedLog.Operation] = [
      .created(path: "x.tmp", inode: 2), .written(inode: 2, offset: 0, octets: DiskModelTests.old),
      .renamed(from: "x.tmp", to: "x"), .synced(inode: DiskModelTests.root),
    ]
    let files = try outcomes(operations).map { $0.files["x"] }
    #expect(files.contains([]) && !files.contains(nil))
  }

  @Test func aTruncationThatWasNotSyncedMayNotHaveBeen() throws {
    let files = try outcomes(durable + [.resized(inode: 2, size: 100)]).map { $0.files["file"]?.count }
    #expect(Set(files) == [100, DiskModelTests.size])
  }

  @Test func aFileThatIsGoneForSureStaysAway() throws {
    let files = try outcomes(durable + [.unlinked(path: "file"), .synced(inode: DiskModelTests.root)]).map(\.files)
    #expect(Set(files) == [[:]])
  }
}
