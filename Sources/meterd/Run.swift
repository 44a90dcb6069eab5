import ArgumentParser
import Glibc
import Logging
import ServiceLifecycle
import Settings
import UnixSignals

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The daemon, in the foreground.",
    discussion: """
      Logs to standard error. SIGTERM stops it cleanly, SIGHUP makes it read its file again: new meters start,
      removed ones stop, unchanged ones are not disturbed; a bad file is refused and the old one stays in force.

      Example: meterd run --config /etc/meterd/meterd.toml
      """)

  @Option(help: "The TOML file.") var config = "/etc/meterd/meterd.toml"

  func run() async throws {
    LoggingSystem.bootstrap { label in JournalLogHandler(label: label) }
    let logger = Logger(label: "meterd")
    signal(SIGHUP, SIG_IGN)  // One that comes before reloading is set up must not end the daemon.
    let settings = try Console.settings(config)
    FileDescriptors.raiseSoftLimit()
    if let shortage = FileDescriptors.shortage(buses: settings.buses.count) { logger.error("\(shortage)") }
    let daemon = try Daemon(settings: settings, path: config, logger: logger)
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: daemon, successTerminationBehavior: .gracefullyShutdownGroup)],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    do { try await group.run() } catch let error as DaemonError {
      Console.error("meterd: \(error)")
      throw Exit.failure
    }
  }
}
