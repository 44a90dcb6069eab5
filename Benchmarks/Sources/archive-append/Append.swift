import Archive
import Glibc
import Metering
import Synchronization

/// Writes polls into an archive through `Archive.offer`, as acquisition does.
///
///     archive-append DIRECTORY [--points 20] [--meters 500] [--rate 0] [--seconds 20]
///
/// One thread offers polls of `points` float32 values, `rate` a second (0: as fast as they are taken); the archive commits every second.
///
///     archive-append DIRECTORY --cycles 1440 [--points 20] [--meters 75] [--pace 0] [--spread 0]
///
/// Each meter is polled once a cycle of a minute, all at its begin or spread over it; `pace` seconds of real time a cycle. With pace 0 each commit
/// follows the one before, as if the rest of the minute had passed.
///
/// Prints one JSON line; what was committed is on disk.
@main
struct Append {
  static func main() async throws {
    let options = Options()
    let clock = SystemClock()
    let archive = try Archive(
      .init(path: options.directory, site: "bench", commitEveryMilliseconds: 1000, bootID: "bench"), clock: clock)
    let commits = Mutex(0)
    archive.onCommit { _ in commits.withLock { $0 += 1 } }
    let before = archive.health.headSeq
    let usedBefore = Usage()
    var load = Load(options)
    let begin = clock.monotonicNanoseconds()
    if options.cycles > 0 { try await load.cycle(archive, options) } else { load.run(archive, options, clock) }
    // The last commit counts, and so does its time.
    guard await archive.flush() else { fatalError("not committed: \(archive.health.failure ?? "")") }
    let seconds = Double(clock.monotonicNanoseconds() - begin) / 1e9
    let used = Usage()
    let rows = archive.health.headSeq - before
    guard await archive.close(), rows == UInt64(load.count) else { fatalError("\(rows) of \(load.count) rows") }
    print(
      """
      {"points": \(options.points), "meters": \(options.meters), "rows": \(rows), "seconds": \(seconds), \
      "rows_per_second": \(Int(Double(rows) / seconds)), \
      "samples_per_second": \(Int(Double(rows) * Double(options.points) / seconds)), \
      "commits": \(commits.withLock { $0 }), "refusals": \(load.refusals), \
      "cpu_seconds": \(used.cpuSeconds - usedBefore.cpuSeconds), "peak_mib": \(used.peakMiB)}
      """)
  }
}

struct Options {
  var directory = ""
  var points = 20
  var meters = 500
  var rate = 0
  var seconds = 20
  var cycles = 0
  var pace = 0
  var spread = 0

  init() {
    var arguments = CommandLine.arguments.dropFirst()
    func fail() -> Never { fatalError("usage: archive-append DIRECTORY [--NAME NUMBER]..., see Append.swift") }
    guard let first = arguments.popFirst(), !first.hasPrefix("-") else { fail() }
    directory = first
    while let name = arguments.popFirst() {
      guard let value = arguments.popFirst().flatMap({ Int($0) }), value >= 0 else { fail() }
      switch name {
      case "--points": points = value
      case "--meters": meters = value
      case "--rate": rate = value
      case "--seconds": seconds = value
      case "--cycles": cycles = value
      case "--pace": pace = value
      case "--spread": spread = value
      default: fail()
      }
    }
  }
}

/// What this process has used.
struct Usage {
  let cpuSeconds: Double
  let peakMiB: Int

  init() {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
    peakMiB = usage.ru_maxrss / 1024
  }
}
