import Archive
import ArgumentParser
import Metering
import Settings
import Threads

struct ArchiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "archive",
    abstract: "Copies an archive, makes its catalog anew, takes over that of a dead gateway.",
    subcommands: [Backup.self, Rebuild.self, Adopt.self])

  struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Copies the archive to a directory while meterd runs.",
      discussion: """
        Sealed files are copied as they are, each once: run it again into the same directory and only what is new is copied. \
        The day that is being written is copied by SQLite itself. The private key stays where it is. To restore: copy the \
        directory to [archive] path, then meterd archive adopt.

        Example: meterd archive backup /mnt/usb/plant7
        """)

    @Argument(help: "Directory of the copy; it is made.") var directory: String
    @Option(help: "The archive's directory.") var archive = "/var/lib/meterd/archive"

    func run() async throws {
      let (archive, directory) = (archive, directory)
      try await ArchiveCommand.run("backup") {
        let bar = ProgressBar("backup")
        let report = try ArchiveBackup(from: archive, to: directory).run { bar.show($0) }
        bar.end()
        Console.print(
          "\(directory): \(Words.count(report.files, "file")) copied (\(Words.octets(report.octets))), "
            + "\(report.kept) were there already")
      }
    }
  }

  struct Rebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes the catalog anew from the archive's files; meterd must be stopped.",
      discussion: "Example: meterd archive rebuild --config /etc/meterd/meterd.toml")

    @Option(help: "The TOML file.") var config = "/etc/meterd/meterd.toml"

    func run() async throws {
      let settings = try Console.settings(config)
      try await ArchiveCommand.run("rebuild") {
        let report = try Archive.rebuildCatalog(path: settings.archive.path, site: settings.site.id)
        Console.print(
          "\(settings.archive.path): catalog of \(Words.count(report.sealed, "sealed day")), "
            + "\(Words.count(report.hot, "hot file")) and \(Words.count(report.definitions, "definition")); "
            + "the last row is \(report.headSeq)")
      }
    }
  }

  struct Adopt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Goes on with the archive of a dead gateway: site, sequence numbers and chain; meterd must be stopped.",
      discussion: """
        Copy the backup to [archive] path first. This gateway's key is made where there is none and signs the head of the \
        chain beside the old key; meterd verify says so from then on. What the dead gateway had received after the backup \
        was made is lost.

        Example: meterd archive adopt --config /etc/meterd/meterd.toml
        """)

    @Option(help: "The TOML file.") var config = "/etc/meterd/meterd.toml"

    func run() async throws {
      let settings = try Console.settings(config)
      let archive = try await OwnThread.run(name: "open") {
        try Archive(
          .init(
            path: settings.archive.path, site: settings.site.id, commitEveryMilliseconds: 1000, bootID: ""),
          clock: SystemClock())
      }
      try await ArchiveCommand.run("adopt") {
        switch try archive.adopt(keyPath: settings.archive.keyPath) {
        case .ownKey(let key): Console.print("nothing to do: this gateway's key \(key) signed the last day")
        case .nothingSealed: Console.print("nothing to do: no day is sealed yet")
        case .adopted(let from, let by, let head):
          Console.print("key \(by) goes on after day \(head), which key \(from) had signed")
        }
      }
      await archive.close()
    }
  }

  private static func run(_ name: String, _ body: @escaping @Sendable () throws -> Void) async throws {
    do { try await OwnThread.run(name: name, body) } catch {
      Console.error("meterd archive \(name): \(error)")
      throw Exit.failure
    }
  }
}
