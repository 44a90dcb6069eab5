import Archive
import Metering

/// A gateway's life with its archive: days of observations, committed in groups, definitions that change, sealing, restarts.
///
/// What must hold whatever comes is said at once: `acked SEQ`, `defined VERSION`, `corrected COUNT`; and before rows are deleted, `kept SEQ`: from
/// there on all stay.
final class ArchiveRun {
  private let path: String
  private let story: Story
  private let arguments: Arguments
  private let clock: ManualClock
  private let archive: Archive
  /// The version of the definitions that this process has given to the archive.
  private var version: UInt64?
  /// Rows before this one may have gone.
  private var kept: UInt64
  private var corrections: UInt64 = 0
  private var upkeep: Task<Void, any Error>?

  private init(_ arguments: Arguments, kept: UInt64) throws {
    self.arguments = arguments
    self.kept = max(kept, 1)
    path = arguments.path
    story = Story(seed: arguments.number("seed"))
    clock = ManualClock(story.received(1))
    archive = try Archive(
      .init(path: path, site: Story.site, commitEveryMilliseconds: 1000, bootID: Story.bootID), clock: clock)
  }

  /// From nothing, `days` long.
  static func run(_ arguments: Arguments) async throws {
    var run = try ArchiveRun(arguments, kept: 1)
    let last = run.story.lastSeq(days: arguments.number("days"))
    var next: UInt64 = 1
    while next <= last {
      if next > 1, run.story.isRestart(before: next) {
        try await run.close()
        let corrections = run.corrections
        run = try ArchiveRun(arguments, kept: run.kept)
        run.corrections = corrections
      }
      next = try await run.append(from: next)
    }
    try await run.close()
  }

  /// After a power cut: what had been said is there, `verify` is content, and the service goes on for `more` rows and over
  /// midnight.
  static func resume(_ arguments: Arguments) async throws {
    let run = try ArchiveRun(arguments, kept: arguments.number("kept"))
    try await run.resume()
  }

  private func resume() async throws {
    let head = archive.health.headSeq
    let acked = arguments.number("acked")
    if head < acked { Output.problem("head \(head), but \(acked) was acknowledged") }
    let check = try ArchiveCheck(path, story)
    try check.checkDefinitions(through: arguments.text("defined"))
    try check.checkCorrections(through: arguments.number("corrected"))
    corrections = UInt64(try check.corrections().count)
    try check.verify()
    var next = head + 1
    let last = head + arguments.number("more")
    setClock(before: next)
    try await keepUp(before: next)
    while next <= last { next = try await append(from: next) }
    try await close()
    let after = try ArchiveCheck(path, story)
    try after.checkCorrections(through: corrections)
    try after.check(from: kept, through: next - 1)
  }

  private func close() async throws {
    try await endUpkeep()
    guard await archive.close() else { throw DriverError("close: \(archive.health.failure ?? "")") }
  }

  /// One commit, and after the first one of a day what the day before left to do.
  ///
  /// - Returns: the sequence number after it.
  private func append(from first: UInt64) async throws -> UInt64 {
    setClock(before: first)
    let version = story.version(at: first)
    if version != self.version {
      let hashes = try await archive.use(story.definitions(version: version), from: clock.now())
      let expected = try story.hashes(version: version)
      if hashes != expected { Output.problem("version \(version) has the hashes \(hashes)") }
      self.version = version
      Output.say("defined \(version)")
      corrections += 1
      _ = try archive.record(.correction, Array(#"{"correction":\#(corrections)}"#.utf8), at: clock.now())
      Output.say("corrected \(corrections)")
    }
    let end = first + story.commitSize(from: first)
    for seq in first..<end {
      guard archive.offer(try story.observation(seq)) else { throw DriverError("seq \(seq) was refused") }
    }
    guard await archive.flush() else { throw DriverError("commit of \(first): \(archive.health.failure ?? "")") }
    Output.say("acked \(end - 1)")
    if first > 1, story.day(of: first) != story.day(of: first - 1) { try await keepUp(before: end) }
    return end
  }

  /// Does what is due, beside the appending or before it goes on.
  private func keepUp(before next: UInt64) async throws {
    try await endUpkeep()
    let now = clock.now()
    kept = max(kept, story.firstKept(at: now, retentionMilliseconds: Upkeep.retentionMilliseconds))
    Output.say("kept \(kept)")
    let work = Upkeep(archive: archive, clock: clock, killedAt: arguments.text("kill"))
    upkeep = Task.detached { try work.run(at: now) }
    if !story.isUpkeepBeside { try await endUpkeep() }
  }

  private func endUpkeep() async throws {
    try await upkeep?.value
    upkeep = nil
  }

  private func setClock(before seq: UInt64) { clock.step(milliseconds: story.received(seq) - clock.now()) }
}
