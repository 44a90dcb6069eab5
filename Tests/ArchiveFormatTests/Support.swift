import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// SplitMix64: one seed, one story.
struct Random: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }
  mutating func happens(oneIn n: Int) -> Bool { below(n) == 0 }
  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
  mutating func choice<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

/// `METERD_SEED=…` repeats a run; its seed is printed.
func seed(of name: String) -> UInt64 {
  let seed = getenv("METERD_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...1_000_000)
  print("\(name): METERD_SEED=\(seed)")
  return seed
}

/// docs/read_archive.py, by the interpreter that `make deps` has set up.
enum Python {
  static let reader = Repository.root + "/docs/read_archive.py"

  static func read(_ arguments: [String]) async throws -> CommandResult {
    try await run([Repository.python, "-B", reader] + arguments)
  }

  /// `check.py`: many cases in one process.
  static func check(_ arguments: [String]) async throws -> CommandResult {
    try await run(
      [Repository.python, Repository.root + "/Tests/ArchiveFormatTests/check.py"] + arguments, within: .seconds(1800))
  }
}

/// Archives that `sample-archive` of the same build makes.
enum Sample {
  private static let program =
    Repository.meterd.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/sample-archive"

  /// The archive of the golden data made anew: `archive` in the directory; another seed, another site and other keys.
  static func golden(seed: Int = 1) async throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try await make(["--golden", "--seed", "\(seed)", "--dir", directory.path])
    return directory
  }

  static func make(_ arguments: [String]) async throws {
    let result = try await run([program] + arguments)
    guard result.isSuccess else { throw TestSupportError("sample-archive \(arguments): \(result.errors)") }
  }
}

enum Disk {
  static func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

  /// A file of its own, also where the one before was a link that others have too.
  static func write(_ bytes: [UInt8], to path: String) throws {
    unlink(path)
    try Data(bytes).write(to: URL(filePath: path))
  }

  /// A copy of an archive whose files are links: what is changed in it is to be written by `write`.
  static func link(_ archive: String, to copy: String) throws {
    for part in parts {
      try FileManager.default.createDirectory(atPath: "\(copy)/\(part)", withIntermediateDirectories: true)
      for name in TextFile.names(in: "\(archive)/\(part)") {
        guard Glibc.link("\(archive)/\(part)/\(name)", "\(copy)/\(part)/\(name)") == 0 else {
          throw TestSupportError("\(archive)/\(part)/\(name): cannot be linked")
        }
      }
    }
  }

  static let parts = ["segments", "manifests", "checkpoints", "keys", "hot"]

  /// `segments/2026-10.mseg`, …
  static func files(_ archive: String) -> [String] {
    parts.flatMap { part in TextFile.names(in: "\(archive)/\(part)").map { "\(part)/\($0)" } }
  }
}
