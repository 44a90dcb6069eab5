import ArgumentParser
import StatusAPI

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "How the running daemon does.",
    discussion: """
      Exit code 0 healthy, 1 degraded, 2 not reachable.

      Examples:
        meterd status                the plant
        meterd status rinse-water    one meter with its newest readings
        meterd status substation     an IEC 104 station: links, interrogations, objects that no point takes
        meterd status --json         for machines
      """)

  @Argument(help: "The id of a meter, or of a station.") var meter: String?
  @Option(help: "The status socket.") var socket = "/run/meterd/status.sock"
  @Flag(help: "The answer of the socket as it is.") var json = false

  func run() async throws {
    let client = StatusClient(socketPath: socket)
    do {
      if let meter { try await show(meter, client) } else { try await showAll(client) }
    } catch {
      if let code = error as? ExitCode { throw code }
      Console.error("\(error)")
      if case .noSuchStation? = error as? StatusClientError { throw Exit.failure }
      throw Exit.notReachable
    }
  }

  private func showAll(_ client: StatusClient) async throws {
    let bytes = try await client.reportJSON()
    let report = try StatusJSON.decode(StatusReport.self, from: bytes)
    show(bytes) { StatusTable.render(report, width: $0, colour: $1) }
    if report.state != .healthy { throw Exit.degraded }
  }

  /// A meter, or else a station.
  private func show(_ id: String, _ client: StatusClient) async throws {
    let bytes: [UInt8]
    do throws(StatusClientError) { bytes = try await client.meterJSON(id: id) } catch {
      guard case .noSuchMeter = error else { throw error }
      return try await showStation(id, client)
    }
    let status = try StatusJSON.decode(MeterStatus.self, from: bytes)
    show(bytes) { StatusTable.render(status, width: $0, colour: $1) }
    if status.state == .failing { throw Exit.degraded }
  }

  private func showStation(_ id: String, _ client: StatusClient) async throws {
    let bytes = try await client.stationJSON(id: id)
    let status = try StatusJSON.decode(BusStatus.self, from: bytes)
    show(bytes) { StatusTable.render(status, width: $0, colour: $1) }
    if status.state == .down { throw Exit.degraded }
  }

  private func show(_ bytes: [UInt8], _ render: (_ width: Int, _ colour: Bool) -> String) {
    let width = Console.width
    if json { Console.write(bytes, to: 1) } else { Console.write(render(width ?? 1000, width != nil), to: 1) }
  }
}
