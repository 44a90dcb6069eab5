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
///     archive-append DIRECTORY --cycles 1440 [--points 20] [--meters 75] [--pace 0] [--spread 0] [--prefill 0]
///
/// Each meter is polled once a cycle of a minute, all at its begin or spread over it; `pace` seconds of real time a cycle. With pace 0 each commit
/// follows the one before, as if the rest of the minute had passed. `prefill` such cycles come before and count for nothing.
///
/// Prints `begin` and waits for a line, likewise `end`: whoever started it looks at the device meanwhile. Then one JSON line.
@main
struct Append {
  static func main() async throws {
    let options = Options()
    let clock = SystemClock()
    let archive = try Archive(
      .init(path: options.directory, site: "bench", commitEveryMilliseconds: 1000, bootID: "bench"), clock: clock)
    let commits = Mutex(0)
    archive.onCommit { _ in commits.withLock { $0 += 1 } }
    var load = Load(options)
    try await load.cycle(archive, count: options.prefill, pace: 0, spread: false)
    tell("begin")
    let (before, commitsBefore, usedBefore) = (load.count, commits.withLock { $0 }, Usage())
    let begin = clock.monotonicNanoseconds()
    if options.cycles > 0 {
      try await load.cycle(archive, count: options.cycles, pace: options.pace, spread: options.spread > 0)
    } else {
      load.run(archive, options, clock)
    }
    // The last commit counts, and so does its time.
    guard await archive.flush() else { fatalError("not committed: \(archive.health.failure ?? "")") }
    let seconds = Double(clock.monotonicNanoseconds() - begin) / 1e9
    let used = Usage()
    let rows = load.count - before
    let commitsWithin = commits.withLock { $0 } - commitsBefore
    tell("end")
    guard await archive.close(), archive.health.headSeq == UInt64(load.count) else {
      fatalError("\(archive.health.headSeq) of \(load.count) rows")
    }
    print(
      """
      {"points": \(options.points), "meters": \(options.meters), "rows": \(rows), "seconds": \(seconds), \
      "rows_per_second": \(Int(Double(rows) / seconds)), \
      "samples_per_second": \(Int(Double(rows) * Double(options.points) / seconds)), \
      "commits": \(commitsWithin), "refusals": \(load.refusals), \
      "cpu_seconds": \(used.cpuSeconds - usedBefore.cpuSeconds), "peak_mib": \(used.peakMiB)}
      """)
  }

  static func tell(_ word: String) {
    print(word)
    fflush(nil)
    _ = readLine()
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
  var prefill = 0

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
      case "--prefill": prefill = value
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
