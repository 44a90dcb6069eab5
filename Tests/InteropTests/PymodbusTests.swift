import FoundationEssentials
import TestSupport
import Testing

/// pymodbus 3.16.1 serves register images; the archive, the spool files and `meterd read` hold exactly what is in them.
@Suite(.serialized)
struct PymodbusTests {
  /// Between the points there are registers of no point, or the meter refuses to read them.
  enum Holes: String, CaseIterable { case served, refused }

  @Test(.timeLimit(.minutes(5)), arguments: Line.allCases, Holes.allCases)
  func valuesEqualTheImages(_ line: Line, _ holes: Holes) async throws {
    let directory = try TemporaryDirectory()
    let spool = directory.file("spool")
    var plant = Plant(in: directory)
    let helpers = try await Peer.serve(
      line, holes == .refused ? ["--refuse-holes"] : [], to: &plant, in: directory)
    plant.addSpool("spool", spool, period: "2s", grace: "500ms")

    let meterd = try MeterdUnderTest(plant, in: directory)
    let daemon = try meterd.start()
    // Every quantity of every meter in a spool file means: polled, committed, cut and delivered.
    try await eventually(within: .seconds(120), "spool files that hold everything; \(meterd.log.suffix(2000))") {
      let queries = try await PymodbusTests.query(meterd, directory)
      let result = try await compare(["spool", spool] + queries)
      return !result.output.contains("no reading at all")
    }
    // Refused requests were cut at once, and that is remembered.
    let first = try await PymodbusTests.line(meterd)
    #expect((first.exceptions > 0) == (holes == .refused))
    var last = first
    try await eventually("two more polls of everything; \(meterd.log.suffix(2000))") {
      last = try await PymodbusTests.line(meterd)
      return last.slotsOnTime >= first.slotsOnTime + 2 * Peer.profiles.count
    }
    #expect(last.exceptions == first.exceptions)
    try await meterd.stop(daemon)

    let queries = try await PymodbusTests.query(meterd, directory)
    for arguments in [["query"] + queries, ["spool", spool] + queries] {
      let result = try await compare(arguments)
      #expect(result.isSuccess, "\(arguments[0]): \(result.output)\(result.errors)")
    }
    withExtendedLifetime(helpers) {}
  }

  @Test(.timeLimit(.minutes(3)), arguments: Line.allCases)
  func readShowsTheImages(_ line: Line) async throws {
    let directory = try TemporaryDirectory()
    var plant = Plant(in: directory)
    let helpers = try await Peer.serve(line, to: &plant, in: directory)
    let meterd = try MeterdUnderTest(plant, in: directory)
    var files: [String] = []
    for unit in Peer.profiles.keys.sorted() {
      let result = try await meterd.meterd(["read", "unit-\(unit)", "--config", meterd.configuration])
      #expect(result.isSuccess, "unit \(unit): \(result)")
      files.append(try directory.write(result.output, to: "unit-\(unit).txt"))
    }
    let result = try await compare(["read"] + files)
    #expect(result.isSuccess, "\(result.output)\(result.errors)")
    withExtendedLifetime(helpers) {}
  }

  /// The part of `meterd status --json` that is looked at.
  private struct Status: Decodable {
    struct Bus: Decodable {
      var exceptions: Int
      var slotsOnTime: Int
    }
    var buses: [Bus]
  }

  private static func line(_ meterd: MeterdUnderTest) async throws -> Status.Bus {
    let result = try await meterd.meterd(["status", "--json", "--socket", meterd.plant.socket])
    return try #require(try decode(Status.self, result).buses.first)
  }

  private static func decode<T: Decodable>(_ type: T.Type, _ result: CommandResult) throws -> T {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(result.output.utf8))
  }

  /// The part of `meterd scan --json` that is looked at.
  private struct Scan: Decodable {
    struct Unit: Decodable {
      var unit: Int
      var identification: [String: String]
      var meters: [String]
    }
    var complete: Bool
    var silentMeters: [String]
    var units: [Unit]
  }

  @Test(.timeLimit(.minutes(3)), arguments: Line.allCases)
  func scanShowsWhoAnswersAndWhatItSays(_ line: Line) async throws {
    let directory = try TemporaryDirectory()
    var plant = Plant(in: directory)
    let helpers = try await Peer.serve(
      line, ["--identity", "Example Instruments", "EX-3", "V 2.10"], to: &plant, in: directory)
    let meterd = try MeterdUnderTest(plant, in: directory)
    let result = try await meterd.meterd([
      "scan", "line", "--config", meterd.configuration, "--units", "1-8", "--timeout", "2s", "--no-guess", "--json",
    ])
    try #require(result.isSuccess, "\(result)")
    let scan = try PymodbusTests.decode(Scan.self, result)
    #expect(scan.complete && scan.silentMeters.isEmpty, "\(result)")
    #expect(scan.units.map(\.unit) == Array(1...8))
    for unit in scan.units {
      #expect(unit.identification == ["0": "Example Instruments", "1": "EX-3", "2": "V 2.10"])
      #expect(unit.meters == ["unit-\(unit.unit)"])
    }
    withExtendedLifetime(helpers) {}
  }

  private func compare(_ arguments: [String]) async throws -> CommandResult {
    try await run([Repository.python, "-B", Peer.scripts + "/compare.py"] + arguments)
  }

  /// `meterd query` of each meter into a file.
  private static func query(_ meterd: MeterdUnderTest, _ directory: TemporaryDirectory) async throws -> [String] {
    var paths: [String] = []
    for unit in Peer.profiles.keys.sorted() {
      let result = try await meterd.query("unit-\(unit)")
      paths.append(try directory.write(result.output, to: "query-\(unit).ndjson"))
    }
    return paths
  }
}
