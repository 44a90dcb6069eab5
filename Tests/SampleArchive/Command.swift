import ArgumentParser
import Glibc
import Metering

@main
struct Command: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample-archive",
    abstract: "Writes an archive of simulated meters, sealed day by day, for trying things out.",
    discussion: """
      Two of three meters are electricity meters of 17 points, the others water meters. There are outages, hours in which \
      nothing ran, a clock that steps, a corrected transformer ratio and a correction.

      Examples:
        sample-archive --dir /tmp/sample --days 30
        sample-archive --dir /tmp/sample --days 365 --meters 20 --every 900s --start 2026-01-01
      """)

  @Option(help: "Directory of the archive; it is made and has to be empty.") var dir: String
  @Option(help: "Sealed days.") var days = 30
  @Option(help: "Meters.") var meters = 20
  @Option(help: "Time between two polls in seconds, a divisor of the day: 60s.") var every = "60s"
  @Option(help: "Another one, another archive.") var seed: UInt64 = 1
  @Option(help: "The first UTC day; default: so that the last one is yesterday.") var start: String?
  @Flag(help: "Instead: the small archive that is kept as test data, with its rows and readings.") var golden = false

  func validate() throws {
    guard 1...20_000 ~= days, 1...10_000 ~= meters else {
      throw ValidationError("--days 1 to 20000, --meters 1 to 10000")
    }
    _ = try everyMilliseconds()
    _ = try firstDay()
  }

  private func everyMilliseconds() throws -> Int64 {
    let digits = every.hasSuffix("s") ? every.dropLast() : every[...]
    guard let seconds = Int64(digits), 1...86_400 ~= seconds, 86_400 % seconds == 0 else {
      throw ValidationError("--every '\(every)' is no divisor of the day in seconds; say 60s")
    }
    return 1000 * seconds
  }

  private func firstDay() throws -> CivilDate {
    guard let start else {
      let today = SystemClock().now().milliseconds.flooredDivision(by: 86_400_000)
      return CivilDate(daysSinceEpoch: today - Int64(days))
    }
    guard let date = CivilDate(start) else { throw ValidationError("--start '\(start)' is no date; say 2026-01-01") }
    return date
  }

  func run() async throws {
    if golden { return try await GoldenArchive(directory: dir, seed: Int(clamping: seed)).write() }
    let plan = SamplePlan(
      directory: dir, days: days, meters: meters, everyMilliseconds: try everyMilliseconds(), seed: seed,
      firstDay: try firstDay())
    let clock = ContinuousClock()
    let began = clock.now
    var sample = try SampleRun(plan)
    let rows = try await sample.run { day in print("\(day) sealed") }
    let last = CivilDate(daysSinceEpoch: plan.firstDay.daysSinceEpoch + Int64(days) - 1)
    print(
      """
      \(rows) rows of \(meters) meters, \(days) sealed days, in \(clock.now - began). Try:
        meterd verify --archive \(dir)
        meterd query meter-001/power_active --from \(last) --archive \(dir)
      """)
  }
}
