import Glibc

/// Measures an archive as the product writes and reads it. Prints one JSON line; see docs/BENCHMARKS.md.
///
///     archive-bench load DIRECTORY SERIES       the observations of a file that bench/series.py made, through `Archive.offer`
///     archive-bench abandon DIRECTORY SERIES    the same, and ends as a power cut does
///     archive-bench seal DIRECTORY              `Maintenance.run` over every day but the last
///     archive-bench sizes DIRECTORY             what the octets of the segments are
///     archive-bench extend DIRECTORY MONTHS     as many months more with the values of the one that is sealed
///     archive-bench start DIRECTORY             `Archive.init`
///     archive-bench verify DIRECTORY THREADS    `ArchiveVerifier.run`
///     archive-bench read DIRECTORY ROUNDS       one point over a day, a year and five years, nothing of it in memory
@main
struct ArchiveBench {
  static func main() async throws {
    var arguments = CommandLine.arguments.dropFirst()
    guard let command = arguments.popFirst(), let directory = arguments.popFirst() else { usage() }
    let argument = arguments.popFirst()
    switch (command, argument, argument.flatMap { Int($0) }) {
    case ("load", let series?, _):
      try await Load(directory: directory, series: try SeriesFile(path: series), isAbandoned: false).run()
    case ("abandon", let series?, _):
      try await Load(directory: directory, series: try SeriesFile(path: series), isAbandoned: true).run()
    case ("seal", nil, _): try await Seal(directory: directory).run()
    case ("sizes", nil, _): try Sizes(directory: directory).run()
    case ("extend", _, let months?): try Extend(directory: directory, months: months).run()
    case ("start", nil, _): try await Start(directory: directory).run()
    case ("verify", _, let threads?): try Verify(directory: directory, threads: threads).run()
    case ("read", _, let rounds?): try Read(directory: directory, rounds: rounds).run()
    default: usage()
    }
  }

  private static func usage() -> Never {
    fatalError("usage: archive-bench COMMAND DIRECTORY [...], see ArchiveBench.swift")
  }
}

/// What this process has used until now.
struct Usage {
  let userSeconds: Double
  let systemSeconds: Double
  let peakMiB: Double
  let monotonicSeconds: Double

  init() {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    userSeconds = seconds(usage.ru_utime)
    systemSeconds = seconds(usage.ru_stime)
    peakMiB = Double(usage.ru_maxrss) / 1024
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    monotonicSeconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// As the fields of a JSON object: what was used since.
  static func since(_ before: Usage) -> String {
    let now = Usage()
    return """
      "wall_seconds": \(now.monotonicSeconds - before.monotonicSeconds), \
      "user_seconds": \(now.userSeconds - before.userSeconds), \
      "system_seconds": \(now.systemSeconds - before.systemSeconds), "peak_mib": \(now.peakMiB)
      """
  }
}

struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
