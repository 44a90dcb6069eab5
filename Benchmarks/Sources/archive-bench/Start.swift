import Archive
import Metering

/// Opens an archive as `meterd run` does.
struct Start {
  let directory: String

  func run() async throws {
    try Files.forget(
      [directory + "/catalog.sqlite", directory + "/catalog.sqlite-wal"]
        + Files.names(in: directory + "/hot").map { "\(directory)/hot/\($0)" })
    let before = Usage()
    let archive = try Archive(
      .init(path: directory, site: "bench", commitEveryMilliseconds: 1000, bootID: "bench"), clock: SystemClock())
    let used = Usage.since(before)
    let health = archive.health
    guard await archive.close() else { throw BenchError("not closed") }
    print("{\"head_seq\": \(health.headSeq), \(used)}")
  }
}

/// Checks a whole archive as `meterd verify` does.
struct Verify {
  let directory: String
  let threads: Int

  func run() throws {
    let before = Usage()
    let report = try ArchiveVerifier(path: directory, threads: threads).run()
    let used = Usage.since(before)
    guard report.problems.isEmpty else { throw BenchError(report.problems.prefix(3).joined(separator: "; ")) }
    print(
      """
      {"octets": \(report.octets), "segments": \(report.segments), "rows": \(report.rows), \
      "hot_rows": \(report.hotRows), \(used)}
      """)
  }
}
