import FoundationEssentials
import TestSupport

/// A station of `points104.py`, served by c104.
final class C104Station: Sendable {
  let name: String
  let address: String
  let directory: TemporaryDirectory
  /// `[[station]]` and its `[[meter]]`s, as the plant takes them.
  let tables: [String]

  /// - Parameters:
  ///   - address: host and port, which must be free; nil: takes one.
  ///   - more: keys of `[[station]]` in place of those of the model.
  init(
    _ name: String, at address: String? = nil, _ more: [String] = [], in directory: TemporaryDirectory
  ) async throws {
    self.name = name
    self.address = try address ?? LoopbackAddress.take()
    self.directory = directory
    let result = try await run([Repository.python, "-B", Peer.scripts + "/points104.py", name, self.address] + more)
    guard result.isSuccess else { throw TestSupportError("points104.py: \(result.errors)") }
    tables = result.output.split(separator: "-----\n").map(String.init)
  }

  var host: String { String(address.prefix { $0 != ":" }) }
  var journal: String { directory.file(name + ".journal") }

  /// The ids of its meters.
  var meters: [String] {
    tables.dropFirst().compactMap { $0.split(separator: "\"").dropFirst().first.map(String.init) }
  }

  /// Serves until the process ends; answers when this returns. What it is told later starts from nothing.
  func serve(_ options: [String] = []) async throws -> ChildProcess {
    let commands = journal + ".commands"
    if FileManager.default.fileExists(atPath: commands) { try FileManager.default.removeItem(atPath: commands) }
    let output = directory.file("\(name)-\(TextFile.names(in: directory.path).count)")
    let server = try ChildProcess(
      [Repository.python, "-B", Peer.scripts + "/c104_server.py", name, address, journal] + options, output: output)
    try await eventually("c104 as \(name): \(server.errors)") {
      guard server.isRunning else { throw TestSupportError("c104 as \(name) ended: \(server.errors)") }
      return server.output.contains("serving")
    }
    return server
  }

  /// Returns when the server has done it.
  func tell(_ command: String, _ server: ChildProcess) async throws {
    let path = journal + ".commands"
    let before = TextFile.read(path)
    // Written as a whole: the server may look at any moment.
    try Data((before + command + "\n").utf8).write(to: URL(filePath: path), options: .atomic)
    let count = (before + command).split(separator: "\n").count
    try await eventually("\(name): \(command): \(server.errors)") {
      guard server.isRunning else { throw TestSupportError("c104 as \(name) ended: \(server.errors)") }
      return server.output.split(separator: "\n").filter { $0.hasPrefix("done ") }.count >= count
    }
  }

  // MARK: - What meterd has of it

  /// All rows of its meters, a file each.
  func rows(_ meterd: MeterdUnderTest) async throws -> [String] {
    try await meterd.files(of: meters)
  }

  /// `compare104.py MODE STATION JOURNAL …`
  func compare(_ mode: String, _ arguments: [String]) async throws -> CommandResult {
    try await compare104([mode, name, journal] + arguments)
  }

  /// Waits until everything that the server has set up to now is in the archive.
  ///
  /// - Parameter downs: how often the link was lost until now; -1: nothing of it was lost yet.
  func waitForEverything(_ meterd: MeterdUnderTest, downs: Int = -1) async throws {
    var last = ""
    try await eventually(every: .milliseconds(300), "everything of \(name): \(last)\n\(meterd.log.suffix(2000))") {
      let result = try await compare("query", ["\(downs)"] + rows(meterd))
      last = result.output
      if last.contains("wrong ") && !last.contains(" 0 wrong") || !result.errors.isEmpty {
        throw TestSupportError("\(name): \(last)\(result.errors)")
      }
      return result.isSuccess
    }
  }
}

func compare104(_ arguments: [String]) async throws -> CommandResult {
  try await run([Repository.python, "-B", Peer.scripts + "/compare104.py"] + arguments)
}

extension Plant {
  mutating func add(_ station: C104Station, more: String = "") {
    stations.append(station.tables[0] + more)
    meters += station.tables.dropFirst()
  }
}

extension MeterdUnderTest {
  /// `meterd query` of each of these meters over all times, into a file each.
  func files(of meters: [String]) async throws -> [String] {
    var paths: [String] = []
    for meter in meters {
      let result = try await query(meter, from: "2000-01-01", to: "2100-01-01")
      paths.append(try directory.write(result.output, to: "query-\(meter).ndjson"))
    }
    return paths
  }
}
