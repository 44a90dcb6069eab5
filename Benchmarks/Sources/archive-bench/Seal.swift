import Archive
import Glibc
import Metering

/// Seals every day but the last and puts months together, as the daemon does, and says what that took.
struct Seal {
  let directory: String

  func run() async throws {
    let archive = try Archive(
      .init(path: directory, site: "bench", commitEveryMilliseconds: 1000, bootID: "bench"), clock: SystemClock())
    let before = Usage()
    var octetsOfDays = 0
    // Blocks, and nobody else needs this thread.
    let report = try Maintenance(
      archive, keyPath: directory + "/signing-key.pem", retentionMilliseconds: 1826 * 86_400_000, clock: SystemClock(),
      step: { step in
        if step == .sealRenamed { octetsOfDays += try Files.octets(Files.segments(of: directory).suffix(1)) }
      }
    ).run(trustedNow: nil)
    let used = Usage.since(before)
    guard await archive.close() else { throw BenchError("not closed") }
    print(
      """
      {"days": \(report.sealed.count), "months": \(report.repacked.count), "octets_of_days": \(octetsOfDays), \
      "octets": \(try Files.octets(Files.segments(of: directory))), \(used)}
      """)
  }
}
