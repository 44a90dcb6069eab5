import TestSupport
import Testing

/// pymodbus 3.16.1 serves register images; the archive and the spool files hold exactly what is in them.
@Suite(.serialized)
struct PymodbusTests {
  enum Line: String, CaseIterable { case tcp, rtu }
  /// Between the points there are registers of no point, or the meter refuses to read them.
  enum Holes: String, CaseIterable { case served, refused }

  private static let scripts = Repository.root + "/Tests/InteropTests"
  /// The units of `images.py`.
  private static let profiles = [
    1: "eastron-sdm630", 2: "eastron-sdm630", 3: "carlo-gavazzi-em340", 4: "carlo-gavazzi-em340", 5: "abb-b23",
    6: "abb-b23", 7: "schneider-iem3000", 8: "schneider-iem3000",
  ]

  @Test(.timeLimit(.minutes(5)), arguments: Line.allCases, Holes.allCases)
  func valuesEqualTheImages(_ line: Line, _ holes: Holes) async throws {
    let directory = try TemporaryDirectory()
    let spool = directory.file("spool")
    var plant = Plant(in: directory)
    var helpers: [ChildProcess] = []
    let place: String
    switch line {
    case .tcp:
      place = try LoopbackAddress.take()
      plant.addTCPBus("line", place)
    case .rtu:
      let device = directory.file("meterd.tty")
      place = directory.file("pymodbus.tty")
      helpers.append(try await pair(device, place, directory))
      plant.addSerialBus("line", device, timeout: "5s")
    }
    for (unit, profile) in PymodbusTests.profiles.sorted(by: { $0.key < $1.key }) {
      plant.addMeter("unit-\(unit)", bus: "line", unit: unit, profile: profile, every: "1s")
    }
    plant.addSpool("spool", spool, period: "2s", grace: "500ms")
    helpers.append(try await server(line, place, holes, directory))

    let meterd = try MeterdUnderTest(plant, in: directory)
    let daemon = try meterd.start()
    // Every quantity of every meter in a spool file means: polled, committed, cut and delivered.
    try await eventually(within: .seconds(120), "spool files that hold everything; \(meterd.log.suffix(2000))") {
      let queries = try await PymodbusTests.query(meterd, directory)
      let result = try await compare(["spool", spool] + queries)
      return !result.output.contains("no reading at all")
    }
    try await meterd.stop(daemon)

    let queries = try await PymodbusTests.query(meterd, directory)
    for arguments in [["query"] + queries, ["spool", spool] + queries] {
      let result = try await compare(arguments)
      #expect(result.isSuccess, "\(arguments[0]): \(result.output)\(result.errors)")
    }
    // What was compared is what was asked for: the refused requests are there too, as observations.
    let refused = TextFile.read(queries[0]).contains("exception-2")
    #expect(refused == (holes == .refused))
    withExtendedLifetime(helpers) {}
  }

  private func compare(_ arguments: [String]) async throws -> CommandResult {
    try await run([Repository.python, "-B", PymodbusTests.scripts + "/compare.py"] + arguments)
  }

  /// `meterd query` of each meter into a file.
  private static func query(_ meterd: MeterdUnderTest, _ directory: TemporaryDirectory) async throws -> [String] {
    var paths: [String] = []
    for unit in profiles.keys.sorted() {
      let result = try await meterd.query("unit-\(unit)")
      paths.append(try directory.write(result.output, to: "query-\(unit).ndjson"))
    }
    return paths
  }

  private func server(
    _ line: Line, _ place: String, _ holes: Holes, _ directory: TemporaryDirectory
  ) async throws -> ChildProcess {
    let options = holes == .refused ? ["--refuse-holes"] : []
    let child = try ChildProcess(
      [Repository.python, "-B", PymodbusTests.scripts + "/serve.py", line.rawValue, place] + options,
      output: directory.file("pymodbus"))
    try await eventually("pymodbus: \(child.errors)") {
      guard child.isRunning else { throw TestSupportError("pymodbus ended: \(child.errors)") }
      return child.output.contains("serving")
    }
    return child
  }

  /// Two pseudo-terminals joined by socat.
  private func pair(_ one: String, _ other: String, _ directory: TemporaryDirectory) async throws -> ChildProcess {
    let child = try ChildProcess(
      ["socat", "-d", "-d", "pty,raw,echo=0,link=\(one)", "pty,raw,echo=0,link=\(other)"],
      output: directory.file("socat"))
    try await eventually("socat: \(child.errors)") {
      guard child.isRunning else { throw TestSupportError("socat ended: \(child.errors)") }
      return child.errors.contains("starting data transfer loop")
    }
    return child
  }
}
