import Accounting
import Archive
import ArgumentParser
import Files
import Glibc
import Metering
import Series
import Settings
import Threads

struct Correct: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "correct",
    abstract: "Says what is wrong with readings: beside the raw data, which stay as they are.",
    discussion: """
      A correction has an author and a reason, is never changed, and can be withdrawn. Queries apply corrections unless they \
      are told --uncorrected. meterd may be running: it takes the correction within some seconds. What each of them does to \
      readings and totals stands in docs/TOTALS.md.

      Examples:
        meterd correct exclude rinse-water --from 2026-11-21T08:00:00+08:00 --to 2026-11-21T10:00:00+08:00 \\
          --author "Wang Li" --reason "valve under repair, pulses from vibration"
        meterd correct substitute rinse-water/volume --from 2026-11-01 --to 2026-12-01 --total 512.5 \\
          --author "Wang Li" --reason "invoice 2026-11-77"
        meterd correct substitute rinse-water/volume --at 2026-11-21T00:00:00+08:00 --value 10412.7 \\
          --author "Wang Li" --reason "read from the dial"
        meterd correct list rinse-water
        meterd correct withdraw rinse-water ID --author "Wang Li" --reason "wrong month"
      """,
    subcommands: [Exclude.self, Substitute.self, Commissioning.self, Withdraw.self, List.self])

  /// Who says so, and where it is written down.
  struct Signature: ParsableArguments {
    @Option(help: "Who makes the correction.") var author: String
    @Option(help: "Why.") var reason: String
    @Option(help: "The TOML file.") var config = "/etc/meterd/meterd.toml"
  }

  struct Stretch: ParsableArguments {
    @Option(help: "From this time on.") var from: String
    @Option(help: "Until before this time.") var to: String
  }

  struct Exclude: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Readings of a time are not to be used.")
    @Argument(help: "METER/QUANTITY or METER.") var series: String
    @OptionGroup var stretch: Stretch
    @OptionGroup var signature: Signature

    func run() async throws {
      try await Correct.record("exclude", series, signature) { zone in
        let range = try TimeOption.parse(from: stretch.from, to: stretch.to, now: .epoch, zone)
        return .exclude(from: range.lowerBound, to: range.upperBound)
      }
    }
  }

  struct Commissioning: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The meter was being set up: what it counted then is nobody's consumption.")
    @Argument(help: "METER/QUANTITY or METER.") var series: String
    @OptionGroup var stretch: Stretch
    @OptionGroup var signature: Signature

    func run() async throws {
      try await Correct.record("commissioning", series, signature) { zone in
        let range = try TimeOption.parse(from: stretch.from, to: stretch.to, now: .epoch, zone)
        return .commissioning(from: range.lowerBound, to: range.upperBound)
      }
    }
  }

  struct Substitute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What was counted in a stretch (--from --to --total), or what a reading was (--at --value).")
    @Argument(help: "METER/QUANTITY.") var series: String
    @Option(help: "Start of the stretch.") var from: String?
    @Option(help: "End of the stretch.") var to: String?
    @Option(help: "What was counted in it, in the quantity's unit.") var total: String?
    @Option(help: "Time of the reading.") var at: String?
    @Option(help: "What it was, in the quantity's unit.") var value: String?
    @OptionGroup var signature: Signature

    func validate() throws {
      let isTotal = from != nil && to != nil && total != nil && at == nil && value == nil
      let isValue = from == nil && to == nil && total == nil && at != nil && value != nil
      guard isTotal || isValue else { throw ValidationError("say --from, --to and --total, or --at and --value") }
      for (text, option) in [(total, "--total"), (value, "--value")] {
        if let text, ExactDecimal(text) == nil { throw ValidationError("\(option) '\(text)' is no number") }
      }
    }

    func run() async throws {
      try await Correct.record("substitute", series, signature) { zone in
        if let at, let value = value.flatMap({ ExactDecimal($0) }) {
          return .substituteValue(at: try TimeOption.parse(at, "--at", zone), value: value)
        }
        guard let from, let to, let total = total.flatMap({ ExactDecimal($0) }) else {
          throw ValidationError("say --from, --to and --total, or --at and --value")
        }
        let range = try TimeOption.parse(from: from, to: to, now: .epoch, zone)
        return .substituteTotal(from: range.lowerBound, to: range.upperBound, total: total)
      }
    }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "A correction, or a withdrawal, holds no more.")
    @Argument(help: "METER.") var meter: String
    @Argument(help: "Id of the correction; meterd correct list shows it.") var id: String
    @OptionGroup var signature: Signature

    func run() async throws {
      try await Correct.record("withdraw", meter, signature) { [id] _ in .withdraw(id: id) }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Every correction that was ever recorded.")
    @Argument(help: "METER/QUANTITY or METER; all, if left out.") var series: String?
    @Option(help: "The TOML file.") var config = "/etc/meterd/meterd.toml"

    func run() async throws {
      let settings = try Console.settings(config)
      let (path, series) = (settings.archive.path, series)
      try await Correct.run {
        let zone = try Zone(named: settings.site.timeZone)
        let notes = Notes(try ArchiveReader(path: path).notes)
        for problem in notes.problems { Console.error("meterd correct: warning: \(problem)") }
        let all = notes.corrections
        let inForce = Set(all.inForce().map(\.id))
        let name = series.map(SeriesName.init)
        for one in all.all where name.map({ $0.meterID == one.meterID }) ?? true {
          if let quantity = name?.quantity, let own = one.quantity, own != quantity { continue }
          Console.print(Correct.line(one, isInForce: inForce.contains(one.id), zone))
        }
      }
    }
  }
}

extension Correct {
  /// Makes the correction, and sees that it is written down.
  private static func record(
    _ name: String, _ series: String, _ signature: Signature, _ action: @escaping (Zone) throws -> Correction.Action
  ) async throws {
    let settings = try Console.settings(signature.config)
    let series = SeriesName(series)
    let now = SystemClock().now()
    let zone = try Zone(named: settings.site.timeZone)
    let correction = Correction(
      id: id(name, now), meterID: series.meterID, quantity: series.quantity, action: try action(zone),
      author: signature.author, reason: signature.reason, recordedAt: now)
    let path = settings.archive.path
    try await run {
      try CorrectionInbox.check(correction, in: try ArchiveReader(path: path))
      try refuseToActForAnother(path)
    }
    let archive: Archive
    do {
      archive = try await OwnThread.run(name: "open") {
        try Archive(
          .init(path: path, site: settings.site.id, commitEveryMilliseconds: 1000, bootID: ""), clock: SystemClock())
      }
    } catch let error as ArchiveError where error.isInUse {
      try await run { try hand(correction, over: path) }
      return Console.print("recorded: \(correction.id)")
    } catch {
      try fail(error)
    }
    var fault: (any Error)?
    do {
      try await OwnThread.run(name: "record") { try CorrectionInbox.record(correction, in: archive, at: now) }
    } catch { fault = error }
    await archive.close()
    if let fault { try fail(fault) }
    Console.print("recorded: \(correction.id)")
  }

  /// `exclude-20261121t021500.123z`: people find it again, and two are made in one millisecond by nobody.
  private static func id(_ name: String, _ now: Timestamp) -> String {
    name + "-" + now.rfc3339().lowercased().filter { $0 != "-" && $0 != ":" }
  }

  private static func run(_ body: @escaping @Sendable () throws -> Void) async throws {
    do { try await OwnThread.run(name: "correct", body) } catch {
      if error is ValidationError || error is ExitCode { throw error }
      try fail(error)
    }
  }

  private static func fail(_ error: any Error) throws -> Never {
    Console.error("meterd correct: \(error)")
    throw Exit.failure
  }

  /// Files that root makes in the archive of another user would be in the way of the daemon.
  private static func refuseToActForAnother(_ path: String) throws {
    var status = stat()
    guard geteuid() == 0, stat(path, &status) == 0, status.st_uid != 0 else { return }
    let name = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) } ?? "#\(status.st_uid)"
    throw NotFound(description: "\(path) belongs to \(name): run it as that user, sudo -u \(name) meterd correct …")
  }

  private static let patienceMilliseconds: Int64 = 15_000

  /// To the daemon that has the archive, by way of its inbox.
  private static func hand(_ correction: Correction, over path: String) throws {
    let directory = CorrectionInbox.directory(of: path)
    try CorrectionInbox.makeDirectory(directory)
    let name = "\(correction.id).json"
    let file = try AtomicFile(directory: directory, name: name)
    try file.write(try NoteJSON.encode(correction)[...])
    try file.publish()
    let clock = SystemClock()
    let end = clock.monotonicNanoseconds() + UInt64(patienceMilliseconds) * 1_000_000
    while clock.monotonicNanoseconds() < end {
      if access("\(directory)/\(name)", F_OK) != 0 {
        guard access("\(directory)/\(CorrectionInbox.rejected(name))", F_OK) == 0 else { return }
        throw NotFound(
          description: "meterd refused it, the reason stands in its log: \(directory)/\(CorrectionInbox.rejected(name))"
        )
      }
      usleep(100_000)
    }
    throw NotFound(
      description: "meterd has not taken it within \(patienceMilliseconds / 1000) s; it waits in \(directory)/\(name)")
  }

  private static func line(_ one: Correction, isInForce: Bool, _ zone: Zone) -> String {
    func text(_ time: Timestamp) -> String { time.rfc3339(offsetSeconds: zone.offsetSeconds(at: time)) }
    let what =
      switch one.action {
      case .exclude(let from, let to): "exclude \(text(from)) to \(text(to))"
      case .commissioning(let from, let to): "commissioning \(text(from)) to \(text(to))"
      case .substituteValue(let at, let value): "substitute at \(text(at)) value \(value)"
      case .substituteTotal(let from, let to, let total): "substitute \(text(from)) to \(text(to)) total \(total)"
      case .withdraw(let id): "withdraw \(id)"
      }
    let isWithdrawal = if case .withdraw = one.action { true } else { false }
    return "\(one.id)  \(one.meterID)\(one.quantity.map { "/\($0)" } ?? "")  \(what)"
      + (isInForce || isWithdrawal ? "" : "  (withdrawn)")
      + "\n    \(text(one.recordedAt)) \(one.author): \(one.reason)"
  }
}
