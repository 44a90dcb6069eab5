import Archive
import ArgumentParser
import Files
import Glibc
import Metering
import Proof
import Threads

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Proves the archive whole and unchanged, or names what is not.",
    discussion: """
      Hashes every sealed reading, checks each day's Merkle root against its signed manifest, the chain of manifests, gaps \
      in the sequence numbers, and each row of the hot store. meterd may be running. Give the public key that the site has \
      published, and the heads that came with the spool files: without them nobody outside can tell an archive that was \
      written anew as a whole. Exit code 0 or 1.

      With --export one meter's day is written to a directory, as a third party needs it to check that day with openssl and \
      sha256sum alone: sh check.sh (docs/PROOF.md).

      Examples:
        meterd verify
        meterd verify --archive /var/lib/meterd/archive --public-key plant7.pem --head heads/
        meterd verify --from 2026-11-01 --to 2026-11-30
        meterd verify --meter main-incomer --day 2026-11-21 --export proof/
      """)

  @Option(help: "The archive's directory.") var archive = "/var/lib/meterd/archive"
  @Option(name: .customLong("public-key"), help: "The site's public key, a PEM file. Can be given several times.")
  var publicKeys: [String] = []
  @Option(
    name: .customLong("head"),
    help: "A head that was kept elsewhere, or a directory of them. Can be given several times.")
  var heads: [String] = []
  @Option(help: "Hash days of receipt (UTC) from this one on; the chain is always checked whole.") var from: String?
  @Option(help: "… to this one, included.") var to: String?
  @Option(help: "The meter whose day is exported.") var meter: String?
  @Option(help: "The UTC day of receipt that is exported.") var day: String?
  @Option(help: "Directory for the proof of that day; it is made.") var export: String?

  func validate() throws {
    if [meter, day, export].contains(where: { $0 != nil }), [meter, day, export].contains(where: { $0 == nil }) {
      throw ValidationError("--meter, --day and --export go together")
    }
    _ = try days
    if let day, CivilDate(day) == nil { throw ValidationError("--day '\(day)' is no date; say 2026-11-21") }
  }

  private var days: ClosedRange<CivilDate>? {
    get throws {
      if from == nil, to == nil { return nil }
      func date(_ text: String?, _ option: String) throws -> CivilDate? {
        guard let text else { return nil }
        guard let date = CivilDate(text) else {
          throw ValidationError("\(option) '\(text)' is no date; say 2026-11-21")
        }
        return date
      }
      let first = try date(from, "--from") ?? CivilDate(daysSinceEpoch: 0)
      let last = try date(to, "--to") ?? CivilDate(daysSinceEpoch: 2_932_896)
      guard first <= last else { throw ValidationError("--from lies after --to") }
      return first...last
    }
  }

  func run() async throws {
    do {
      let command = self
      try await OwnThread.run(name: "verify") {
        if command.export != nil { try command.exportProof() } else { try command.verify() }
      }
    } catch {
      if error is ExitCode { throw error }
      Console.error("meterd verify: \(error)")
      throw Exit.failure
    }
  }

  private func verify() throws {
    let verifier = try ArchiveVerifier(
      path: archive, publicKeys: publicKeys, heads: try heads.flatMap(Verify.files), days: try days,
      threads: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let bar = ProgressBar("verify")
    let report = try verifier.run { bar.show($0) }
    bar.end()
    for note in report.notes { Console.print("note: \(note)") }
    for problem in report.problems { Console.print("PROBLEM: \(problem)") }
    let chain = report.chain
    let days = chain.manifests == 0 ? "no sealed day" : "manifests 1 to \(chain.last?.number ?? 0)"
    let expired = chain.expiredThrough > 0 ? ", of which 1 to \(chain.expiredThrough) expired" : ""
    let read =
      "\(Words.count(report.segments, "sealed day")) with \(report.rows) rows read (\(Words.octets(report.octets))), "
      + "\(report.hotRows) rows in the hot store"
    guard report.problems.isEmpty else {
      Console.print("NOT PROVEN: \(Words.count(report.problems.count, "problem")); \(days)\(expired); \(read)")
      throw Exit.failure
    }
    Console.print("whole and unchanged: \(days)\(expired); \(read)")
  }

  private func exportProof() throws {
    guard let meter, let day, let export else { return }
    let count = try ArchiveProof(path: archive).export(meterID: meter, day: day, to: export)
    Console.print("\(export): \(Words.count(count, "file")); check them with: cd \(export) && sh check.sh")
  }

  private static func files(_ path: String) throws -> [String] {
    var information = stat()
    guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else { return [path] }
    return try Files.names(in: path).filter { $0.hasSuffix(".head") }.map { "\(path)/\($0)" }
  }
}
