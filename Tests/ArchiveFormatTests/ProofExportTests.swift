import Archive
import Glibc
import TestSupport
import Testing

/// `meterd verify --meter M --day D --export proof/`, and what a third party does with it: `sh check.sh`.
@Suite struct ProofExportTests {
  private let golden: TemporaryDirectory

  init() async throws { golden = try await Sample.golden() }

  private func export(_ meter: String, _ day: String) throws -> String {
    let directory = golden.file("proof-\(meter)-\(day)")
    _ = try ArchiveProof(path: golden.file("archive")).export(meterID: meter, day: day, to: directory)
    return directory
  }

  private func check(_ directory: String) async throws -> CommandResult {
    try await run(["sh", directory + "/check.sh"])
  }

  /// Of a day that is in the file of its month, of one in a file of its own, of a day in two files, of a station.
  @Test(arguments: [
    ("main", "2026-10-30", "meter:main: all 12 rows"), ("water", "2026-10-31", "meter:water: all 15 rows"),
    ("main", "2026-11-01", "meter:main: all 14 rows"), ("east", "2026-11-02", "station:east: all 11 rows"),
  ])
  func aDayIsProvenByItself(meter: String, day: String, expected: String) async throws {
    let directory = try export(meter, day)
    let later = TextFile.names(in: directory).filter { $0.hasPrefix(day + ".") && !$0.contains("manifest") }
    #expect(later == (day == "2026-10-30" || day == "2026-10-31" ? [] : [day + ".2"]))
    for part in [directory] + later.map({ "\(directory)/\($0)" }) {
      let result = try await check(part)
      #expect(result.isSuccess && result.output.hasPrefix("OK: "), "\(result.output) \(result.errors)")
    }
    #expect(try await check(directory).output.contains(expected))
  }

  @Test func whatIsNotSealedIsNotExported() throws {
    for (meter, day) in [("main", "2026-11-03"), ("main", "2021-09-30"), ("nobody", "2026-11-01")] {
      #expect(throws: ArchiveError.self) { try export(meter, day) }
    }
  }

  @Test func flippedBitsAreFound() async throws {
    let seed = seed(of: "ProofExportTests")
    var random = Random(seed: seed)
    let directory = try export("main", "2026-10-31")
    let files = TextFile.names(in: directory).filter { $0 != "check.sh" }
    // Of each sort of file, and some more.
    let chosen =
      ["path.txt", ".manifest", ".sig", ".pem", ".bin"].flatMap { suffix in
        files.filter { $0.hasSuffix(suffix) }.prefix(Machine.isSoak ? 100 : 1)
      } + (0..<(Machine.isSoak ? 100 : 3)).map { _ in random.choice(files) }
    for file in chosen {
      let bytes = try Disk.read("\(directory)/\(file)")
      var changed = bytes
      let bit = random.below(8 * bytes.count)
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      try Disk.write(changed, to: "\(directory)/\(file)")
      let result = try await check(directory)
      #expect(
        result.status == .exited(1) && result.output.hasPrefix("WRONG: "),
        "seed \(seed): bit \(bit) of \(file): \(result.output) \(result.errors)")
      try Disk.write(bytes, to: "\(directory)/\(file)")
    }
    #expect(try await check(directory).isSuccess)
  }

  /// A chunk can be proven by itself, but not pass for the whole day.
  @Test func aLeafThatWasLeftOutIsMissed() async throws {
    let directory = try export("main", "2026-10-31")
    let leaf = try #require(
      TextFile.names(in: directory).first { name in
        name.hasPrefix("leaf-") && TextFile.read("\(directory)/\(name)").contains(" column=seq rows=")
      })
    unlink("\(directory)/\(leaf)")
    #expect(try await check(directory).output == "WRONG: \(leaf) is missing\n")
    let number = leaf.dropFirst(5).dropLast(4)
    var isLeftOut = false
    let paths = TextFile.read(directory + "/path.txt").split(separator: "\n").filter { line in
      if line.hasPrefix("leaf ") { isLeftOut = line.hasPrefix("leaf \(number) ") }
      return !isLeftOut
    }
    try Disk.write(Array((paths.joined(separator: "\n") + "\n").utf8), to: directory + "/path.txt")
    let result = try await check(directory)
    #expect(result.output.contains("NOT ALL of the day"), "\(result.output)")
  }
}
