import Archive
import Metering

/// Sealing, putting months together, retention: what the daemon does beside the appending.
struct Upkeep: Sendable {
  static let retentionMilliseconds: Int64 = 20 * 86_400_000

  let archive: Archive
  let clock: ManualClock

  /// Everything that is due at a time.
  func run(at now: Timestamp) throws {
    try Maintenance(
      archive, keyPath: archive.path + "/signing-key.pem", retentionMilliseconds: Upkeep.retentionMilliseconds,
      clock: clock
    ).run(trustedNow: now)
  }
}
