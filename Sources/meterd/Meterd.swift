import ArgumentParser

@main
struct Meterd: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "meterd",
    abstract: "Collects electricity and water meters, keeps the raw data, forwards it as files.",
    discussion: """
      Examples:
        meterd check /etc/meterd/meterd.toml        look at a file before it is used
        meterd scan hall-1                          which units answer on a bus, and what they may be
        meterd read rinse-water                     one meter, byte by byte
        meterd run --config /etc/meterd/meterd.toml the daemon
        meterd status                               how it does
        meterd query main-incomer/energy_active_import --from 2026-11-21 --archive /var/lib/meterd/archive

      Manual: /usr/share/doc/meterd or docs/ in the source.
      """,
    version: version,
    subcommands: [
      Run.self, Check.self, ScanCommand.self, Read.self, StatusCommand.self, Query.self, Correct.self,
      Export.self, Verify.self, ArchiveCommand.self, Profiles.self, Simulate.self,
    ])
}

/// Exit codes of the contract, sysexits(3) where they exist.
enum Exit {
  static let degraded = ExitCode(1)
  static let failure = ExitCode(1)
  static let notReachable = ExitCode(2)
  static let badConfiguration = ExitCode(78)
}
