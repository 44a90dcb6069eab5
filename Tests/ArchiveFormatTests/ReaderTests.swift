import Glibc
import Segments
import TestSupport
import Testing

/// docs/read_archive.py reads what is written here: the promise that the format outlives its writer.
@Suite struct ReaderTests {
  @Test func rowsOfRandomAndAdversarialSegmentsAreTheSame() async throws {
    let seed = seed(of: "ReaderTests")
    var random = Random(seed: seed)
    let directory = try TemporaryDirectory()
    for month in 0..<(Machine.isSoak ? 60 : 6) {
      var days: [MadeSegment] = []
      for day in 1...2 {
        let made = try MadeSegment(month: month, day: day, after: days.last, using: &random)
        try made.write(to: directory.file(made.name + ".mseg"), expected: directory.file(made.name + ".ndjson"))
        days.append(made)
      }
      let whole = directory.file("month-\(month)")
      _ = try SegmentWriter.repack(
        days: days.map { try SegmentReader(path: directory.file($0.name + ".mseg")) }, to: whole + ".mseg")
      try directory.write(MadeSegment.lines(of: days), to: "month-\(month).ndjson")
    }
    let result = try await Python.check(["rows", directory.path])
    #expect(result.isSuccess, "METERD_SEED=\(seed): \(result.output) \(result.errors)")
    #expect(result.output.hasSuffix(" rows\n") && !result.output.hasPrefix("0 "))
  }

  @Test func theArchiveAsItIsWrittenTodayIsTheSame() async throws {
    let golden = try await Sample.golden(seed: 3)
    let result = try await Python.check(["golden", golden.path])
    #expect(result.isSuccess && result.output.hasSuffix(" rows\n"), "\(result.output) \(result.errors)")
    let verified = try await Python.read(["verify", golden.file("archive")])
    #expect(verified.isSuccess && verified.output.hasPrefix("OK: 8 manifests"), "\(verified.output) \(verified.errors)")
  }

  @Test func theCommittedArchiveOfThisVersionIsTheSame() async throws {
    let golden = Repository.root + "/Tests/ArchiveTests/Golden/v1"
    let copy = try TemporaryDirectory()
    // SQLite puts its own files beside a file that it reads.
    let copied = try await run(["cp", "-r", golden, copy.file("v1")])
    try #require(copied.isSuccess, "\(copied.errors)")
    let result = try await Python.check(["golden", copy.file("v1")])
    #expect(result.isSuccess && result.output == "213 rows\n", "\(result.output) \(result.errors)")
    let keys = TextFile.names(in: golden + "/archive/keys").flatMap {
      ["--public-key", "\(golden)/archive/keys/\($0)"]
    }
    let verified = try await Python.read(["verify", copy.file("v1/archive")] + keys)
    #expect(verified.isSuccess && verified.output.hasPrefix("OK: 8 manifests"), "\(verified.output) \(verified.errors)")
    #expect(!verified.output.contains("took over"), "both keys were given")
  }

  @Test func commandsSayWhatTheyAreAskedFor() async throws {
    let golden = Repository.root + "/Tests/ArchiveTests/Golden/v1"
    let file = golden + "/archive/segments/2026-11-01.mseg"
    let list = try await Python.read(["list", file])
    #expect(list.isSuccess && list.output.contains("\nsource meter:main: 14 rows, "), "\(list.output) \(list.errors)")
    let table = try await Python.read(["rows", file, "--source", "meter:main", "--csv"])
    let lines = table.output.split(separator: "\n")
    #expect(lines.count == 15)
    #expect(lines.first == "source,seq,kind,marks,boot,definition,time,due,received,payload,blocks")
    #expect(lines.last?.contains("2026-11-01T00:28:00Z,2026-11-01T00:28:00.140Z,0103") == true)
    #expect(lines.last?.contains(",holding 0 6 ok ") == true)
    let none = try await Python.read(["rows", file, "--source", "meter:none"])
    #expect(none.status == .exited(1) && none.errors.contains("has no source meter:none"))
    let missing = try await Python.read(["verify", golden])
    #expect(missing.status == .exited(1) && missing.output.contains("is no archive"))
    let single = try await Python.read(["verify", file])
    #expect(single.isSuccess && single.output.hasPrefix("OK: "), "\(single.output) \(single.errors)")
  }

  /// A file that was not made by meterd ends in a fault, and soon.
  @Test func hostileFilesAreRefusedSoon() async throws {
    let seed = seed(of: "hostileFilesAreRefusedSoon")
    var random = Random(seed: seed)
    let directory = try TemporaryDirectory()
    let segments = Repository.root + "/Tests/ArchiveTests/Golden/v1/archive/segments"
    for number in 0..<(Machine.isSoak ? 2000 : 200) {
      var bytes = try Disk.read("\(segments)/\(random.choice(TextFile.names(in: segments)))")
      for _ in 0...random.below(8) {
        switch random.below(4) {
        case 0: bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.removeSubrange(random.below(bytes.count)...)
        case 2: bytes.insert(contentsOf: random.bytes(random.below(9)), at: random.below(bytes.count))
        default: bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
        }
        if bytes.isEmpty { bytes = [0] }
      }
      try Disk.write(bytes, to: directory.file("\(number).mseg"))
    }
    let result = try await Python.check(["fuzz", directory.path, "30"])
    #expect(result.isSuccess, "METERD_SEED=\(seed): \(result.output) \(result.errors)")
  }
}
