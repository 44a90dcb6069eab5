import FoundationEssentials
import TestSupport
import Testing

/// What `meterd simulate` serves is read by other clients, pymodbus and mbpoll, as by `meterd read`.
@Suite(.serialized)
struct SimulatedMeterTests {
  /// One SDM630 on a line of its own: unit 7, every value a float of input registers.
  private struct Setup {
    let meterd: MeterdUnderTest
    let simulator: ChildProcess
    let place: String
  }

  private func start(_ line: Line, _ directory: TemporaryDirectory) async throws -> Setup {
    var plant = Plant(in: directory)
    let place = line == .rtu ? directory.file("line.tty") : try LoopbackAddress.take()
    plant.addBus(line, at: place)
    plant.addMeter("press-1", bus: "line", unit: 7, profile: "eastron-sdm630", every: "1s")
    let meterd = try MeterdUnderTest(plant, in: directory)
    return Setup(meterd: meterd, simulator: try await meterd.startSimulator(), place: place)
  }

  /// Values by quantity, from the table of `meterd read`.
  private func read(_ meterd: MeterdUnderTest, times: Int = 1) async throws -> [String: Double] {
    let result = try await meterd.meterd(
      ["read", "press-1", "--config", meterd.configuration, "--repeat", "\(times)"])
    #expect(result.isSuccess, "\(result)")
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    let table = lines.drop { !$0.hasPrefix("QUANTITY ") }.dropFirst().prefix { !$0.isEmpty }
    return Dictionary(
      table.compactMap { line in
        let cells = line.split(separator: " ")
        return cells.count > 1 ? Double(cells[1]).map { (String(cells[0]), $0) } : nil
      }, uniquingKeysWith: { first, _ in first })
  }

  private struct Answers: Decodable {
    var counters: [String: Double]
    var basic: [String: String]
    var regular: [String: String]
    var model: [String: String]
    var noSuchObject: Int
    var noSuchCategory: Int
    var pastTheEnd: Int
  }

  @Test(.timeLimit(.minutes(3)), arguments: Line.allCases)
  func pymodbusReadsWhatMeterdReads(_ line: Line) async throws {
    let directory = try TemporaryDirectory()
    let setup = try await start(line, directory)
    let before = try await read(setup.meterd)
    let command = [Repository.python, "-B", Peer.scripts + "/ask.py", line.rawValue, setup.place, "7"]
    let result: CommandResult
    if line == .rtu {
      result = try await run(command)
    } else {
      // Both at once: the line belongs to all clients.
      async let pymodbus = run(command + ["20"])
      _ = try await read(setup.meterd, times: 20)
      result = try await pymodbus
    }
    let after = try await read(setup.meterd)
    try #require(result.isSuccess, "\(result)")

    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let answers = try decoder.decode(Answers.self, from: Data(result.output.utf8))
    // A counter only grows, so what pymodbus read lies between; the last digit is the float's.
    #expect(answers.counters.count >= 2)
    for (quantity, value) in answers.counters {
      let (least, most) = (try #require(before[quantity]), try #require(after[quantity]))
      #expect((least - slack(least)...most + slack(most)).contains(value), "\(quantity)")
    }
    #expect(answers.counters["energy_active_import"] ?? 0 > 0)

    let basic = ["0": "eastron", "1": "sdm630", "2": "1.0"]
    #expect(answers.basic == basic)
    #expect(answers.regular == basic.merging(["4": "eastron-sdm630", "5": "sdm630", "6": "press-1"]) { $1 })
    #expect(answers.model == ["5": "sdm630"])
    #expect(answers.noSuchObject == 2 && answers.noSuchCategory == 3 && answers.pastTheEnd == 2)
    withExtendedLifetime(setup.simulator) {}
  }

  /// A float has seven digits.
  private func slack(_ value: Double) -> Double { abs(value) * 1e-6 }

  @Test(.timeLimit(.minutes(3)), arguments: [Line.tcp, .rtu])
  func mbpollReadsWhatMeterdReads(_ line: Line) async throws {
    let directory = try TemporaryDirectory()
    let setup = try await start(line, directory)
    let before = try await read(setup.meterd)
    // 0x48 is the active energy imported, the most significant register first.
    var command = ["mbpoll", "-a", "7", "-t", "3:float", "-B", "-0", "-r", "72", "-c", "2", "-1", "-q", "-o", "10"]
    if line == .tcp {
      let parts = setup.place.split(separator: ":").map(String.init)
      command += ["-m", "tcp", "-p", parts[1], parts[0]]
    } else {
      command += ["-m", "rtu", "-b", "19200", "-P", "none", setup.place]
    }
    let result = try await run(command)
    let after = try await read(setup.meterd)
    try #require(result.isSuccess, "mbpoll (Debian package mbpoll): \(result)")
    for (reference, quantity) in [("[72]:", "energy_active_import"), ("[74]:", "energy_active_export")] {
      let shown = result.output.split(separator: "\n").first { $0.hasPrefix(reference) }
      let text = try #require(shown, "\(result)").dropFirst(reference.count).filter { !$0.isWhitespace }
      let value = try #require(Double(text), "\(text)")
      let (least, most) = (try #require(before[quantity]), try #require(after[quantity]))
      // mbpoll prints six digits.
      #expect((least - abs(least) * 1e-5...most + abs(most) * 1e-5).contains(value), "\(quantity)")
    }
    withExtendedLifetime(setup.simulator) {}
  }
}
