import FoundationEssentials
import Glibc

/// The real daemon with a plant: started, looked at and killed as an operator would.
public final class MeterdUnderTest: Sendable {
  public let directory: TemporaryDirectory
  public let configuration: String
  public let plant: Plant

  /// Writes the file; starts nothing.
  public init(_ plant: Plant, in directory: TemporaryDirectory) throws {
    self.directory = directory
    self.plant = plant
    configuration = try directory.write(plant.toml, to: "meterd.toml")
  }

  public func start(environment: [String: String] = [:], as prefix: [String] = []) throws -> ChildProcess {
    try ChildProcess(
      prefix + [Repository.meterd, "run", "--config", configuration], environment: environment,
      output: directory.file("meterd"))
  }

  /// Simulated meters, answering when this returns.
  ///
  /// - Parameter buses: the places of the buses in the plant; nil for all of them.
  public func startSimulator(of buses: [Int]? = nil) async throws -> ChildProcess {
    var simulated = plant
    simulated.forwards = []
    if let buses {
      simulated.buses = buses.map { plant.buses[$0] }
      let kept = simulated.buses.compactMap { $0.split(separator: "\n").first?.replacing("id =", with: "bus =") }
      simulated.meters = plant.meters.filter { meter in kept.contains { meter.contains($0) } }
    }
    let name = "simulate" + (buses ?? []).map { "-\($0)" }.joined()
    let child = try ChildProcess(
      [Repository.meterd, "simulate", "--config", try directory.write(simulated.toml, to: name + ".toml")],
      output: directory.file(name))
    try await eventually("simulator: \(child.errors)") {
      guard child.isRunning else { throw TestSupportError("the simulator ended: \(child.errors)") }
      return child.errors.contains("simulating")
    }
    return child
  }

  /// What the daemon and its predecessors logged.
  public var log: String { TextFile.read(directory.file("meterd.err")) }

  // MARK: - Status

  /// `meterd status --json`; nil while nobody answers.
  public func status() async throws -> StatusView? {
    let result = try await meterd(["status", "--json", "--socket", plant.socket])
    guard result.status == .exited(0) || result.status == .exited(1) else { return nil }
    return try MeterdUnderTest.decode(StatusView.self, result.output)
  }

  /// `meterd status METER --json`; nil while nobody answers.
  public func status(of meter: String) async throws -> StatusView.Meter? {
    let result = try await meterd(["status", meter, "--json", "--socket", plant.socket])
    guard result.status == .exited(0) || result.status == .exited(1), !result.output.isEmpty else { return nil }
    return try MeterdUnderTest.decode(StatusView.Meter.self, result.output)
  }

  private static func decode<T: Decodable>(_ type: T.Type, _ json: String) throws -> T {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(json.utf8))
  }

  /// Waits until the status fulfils a condition.
  @discardableResult
  public func waitForStatus(
    _ what: String, within limit: Duration = .seconds(90), _ condition: (StatusView) throws -> Bool
  ) async throws -> StatusView {
    var last: StatusView?
    try await eventually(
      within: limit, every: .milliseconds(200), "\(what); last status: \(last.debugDescription)\n\(log.suffix(3000))"
    ) {
      last = try await status()
      return try last.map(condition) ?? false
    }
    guard let last else { throw TestSupportError("no status") }
    return last
  }

  // MARK: - Query

  public func query(
    _ series: String, from: String = "2026-01-01", to: String? = nil, format: String = "ndjson", raw: Bool = true,
    as prefix: [String] = []
  ) async throws -> CommandResult {
    var arguments = ["query", series, "--from", from, "--archive", plant.archive, "--format", format]
    if let to { arguments += ["--to", to] }
    if raw { arguments.append("--raw") }
    return try await meterd(arguments, as: prefix)
  }

  /// The lines of a query; none while there is no archive, or no such meter in it.
  public func lines(of series: String, from: String = "2026-01-01", format: String = "ndjson") async throws
    -> [Substring]
  {
    try await query(series, from: from, format: format).output.split(separator: "\n")
  }

  public func meterd(_ arguments: [String], as prefix: [String] = []) async throws -> CommandResult {
    try await run(prefix + [Repository.meterd] + arguments)
  }

  // MARK: - The end

  /// SIGTERM; the daemon has to end by itself, with exit 0.
  public func stop(_ daemon: ChildProcess, within limit: Duration = .seconds(50)) async throws {
    daemon.send(SIGTERM)
    let status = try await daemon.waitForEnd(within: limit)
    guard status == .exited(0) else { throw TestSupportError("meterd ended with \(status): \(log.suffix(3000))") }
  }
}
