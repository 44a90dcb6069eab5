import Glibc
import TestSupport

/// Runs the driver under the recorder, cuts its power, and starts it again on what is left.
struct Laboratory: Sendable {
  let directory: TemporaryDirectory
  private let recorder: String
  private static let driver =
    Repository.meterd.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    + "/powercut-driver"

  /// Compiles the recorder. It takes a C compiler; without one there is no proof, so the test fails.
  init() async throws {
    directory = try TemporaryDirectory()
    recorder = directory.file("recorder.so")
    let source = Repository.root + "/Tests/PowerCutTests/recorder.c"
    let arguments = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", recorder, source]
    let compiled: CommandResult
    do { compiled = try await run(arguments) } catch {
      throw TestSupportError("power cuts are recorded by a library that takes a C compiler, cc: \(error); install gcc")
    }
    guard compiled.isSuccess else { throw TestSupportError("recorder.c does not compile: \(compiled.errors)") }
  }

  /// `METERD_SEED=…` repeats a run.
  static func seed(for what: String) -> UInt64 {
    let seed = getenv("METERD_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...1_000_000)
    print("\(what): seed \(seed)")
    return seed
  }

  /// Runs the driver on a directory, always under the recorder: it spares the disk the syncs.
  ///
  /// - Parameter log: where to keep the record.
  /// - Returns: what the driver said was wrong; empty where nothing was.
  func drive(_ command: String, _ path: String, _ arguments: [String], recording log: String? = nil, in root: String)
    async throws -> [String]
  {
    let result = try await run(
      [Laboratory.driver, command, "\(root)/\(path)"] + arguments,
      environment: [
        "LD_PRELOAD": recorder, "METERD_RECORDER_ROOT": root, "METERD_RECORDER_LOG": log ?? "/dev/null",
      ])
    var problems = result.output.split(separator: "\n").filter { $0.hasPrefix("problem ") }.map(String.init)
    if !result.isSuccess || !result.errors.isEmpty {
      problems.append("the driver ended with \(result.status): \(result.errors.suffix(2000))")
    }
    return problems
  }

  /// Runs the driver until it kills itself.
  ///
  /// - Returns: whether it did, and what it had said by then.
  func kill(_ path: String, _ arguments: [String], in root: String) async throws -> (
    died: Bool, marks: [String: String]
  ) {
    let result = try await run(
      [Laboratory.driver, "run", "\(root)/\(path)"] + arguments,
      environment: ["LD_PRELOAD": recorder, "METERD_RECORDER_ROOT": root, "METERD_RECORDER_LOG": "/dev/null"])
    var marks: [String: String] = [:]
    for line in result.output.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 1)
      if words.count == 2 { marks[String(words[0])] = String(words[1]) }
    }
    return (result.status == .killed(signal: SIGKILL), marks)
  }

  /// Records a run from an empty directory.
  ///
  /// - Throws: where the driver fails, or where the log does not tell the whole truth.
  func record(_ command: String, _ path: String, _ arguments: [String]) async throws -> RecordedLog {
    let root = try makeRoot("recorded")
    defer { removeRoot(root) }
    let file = root + ".log"
    defer { unlink(file) }
    let problems = try await drive(command, path, arguments, recording: file, in: root)
    guard problems.isEmpty else { throw TestSupportError("without any power cut: \(problems)") }
    let log = try RecordedLog(reading: file)
    try Laboratory.check(log, base: DiskTree(), against: root)
    return log
  }

  /// Replayed to its end, a log gives the directory that the process left: nothing has gone past the recorder.
  static func check(_ log: RecordedLog, base: DiskTree, against root: String) throws {
    var disk = RecordedDisk(log, base: base)
    try disk.advance(to: log.operations.count)
    let differences = disk.visible.differences(from: try DiskTree(reading: root))
    guard differences.isEmpty else {
      throw TestSupportError("recorder.c did not see everything (in the log, on disk): \(differences.prefix(5))")
    }
  }

  func makeRoot(_ name: String) throws -> String {
    try directory.makeDirectory("\(name)-\(UInt64.random(in: 0...UInt64.max))")
  }

  func removeRoot(_ root: String) { Laboratory.remove(root) }

  private static func remove(_ path: String) {
    for name in TextFile.names(in: path) { remove("\(path)/\(name)") }
    Glibc.remove(path)
  }
}
