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
        meterd status --json         for machines
      """)

  @Argument(help: "A meter's id.") var meter: String?
  @Option(help: "The status socket.") var socket = "/run/meterd/status.sock"
  @Flag(help: "The answer of the socket as it is.") var json = false

  func run() async throws {
    let client = StatusClient(socketPath: socket)
    do {
      if let meter { try await show(meter, client) } else { try await showAll(client) }
    } catch {
      if let code = error as? ExitCode { throw code }
      Console.error("\(error)")
      if case .noSuchMeter? = error as? StatusClientError { throw Exit.failure }
      throw Exit.notReachable
    }
  }

  private func showAll(_ client: StatusClient) async throws {
    let bytes = try await client.reportJSON()
    let report = try StatusJSON.decode(StatusReport.self, from: bytes)
    if json {
      Console.write(bytes + [10], to: 1)
    } else {
      let width = Console.width
      Console.write(StatusTable.render(report, width: width ?? 1000, colour: width != nil), to: 1)
    }
    if report.state != .healthy { throw Exit.degraded }
  }

  private func show(_ meter: String, _ client: StatusClient) async throws {
    let bytes = try await client.meterJSON(id: meter)
    let status = try StatusJSON.decode(MeterStatus.self, from: bytes)
    if json {
      Console.write(bytes + [10], to: 1)
    } else {
      let width = Console.width
      Console.write(StatusTable.render(status, width: width ?? 1000, colour: width != nil), to: 1)
    }
    if status.state != .ok { throw Exit.degraded }
  }
}
