import Archive
import Glibc
import Metering

/// Sealing, putting months together, retention: what the daemon does beside the appending.
struct Upkeep: Sendable {
  static let retentionMilliseconds: Int64 = 20 * 86_400_000

  let archive: Archive
  let clock: ManualClock
  /// The step at which the process is killed; empty: none.
  let killedAt: String

  /// Everything that is due at a time.
  func run(at now: Timestamp) throws {
    let killedAt = killedAt
    try Maintenance(
      archive, keyPath: archive.path + "/signing-key.pem", retentionMilliseconds: Upkeep.retentionMilliseconds,
      clock: clock, step: { step in if step.rawValue == killedAt { kill(getpid(), SIGKILL) } }
    ).run(trustedNow: now)
  }
}
