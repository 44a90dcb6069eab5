import Acquisition
import Archive
import Logging
import Metering
import Synchronization
import Threads

/// Seals the archive's days, lets old months go and reads sealed files again, on a thread that yields to all others.
final class Caretaker: Sendable {
  private static let intervalNanoseconds: UInt64 = 60_000_000_000
  /// Somebody waits for what lies in the inbox.
  private static let inboxNanoseconds: UInt64 = 3_000_000_000
  private let archive: Archive
  private let keyPath: String
  private let retentionMilliseconds: Int64
  private let clock: TrustedClock
  private let logger: Logger
  /// What does not work, by its name: none where it works again.
  private let report: @Sendable (String, [String]?) -> Void
  private let wake = Inbox<Void>()
  private let ended = Inbox<Void>()
  private let isEnding = Mutex(false)

  init(
    _ archive: Archive, keyPath: String, retentionMilliseconds: Int64, clock: TrustedClock, logger: Logger,
    report: @escaping @Sendable (String, [String]?) -> Void
  ) {
    self.archive = archive
    self.keyPath = keyPath
    self.retentionMilliseconds = retentionMilliseconds
    self.clock = clock
    self.logger = logger
    self.report = report
  }

  func start() throws {
    try OwnThread.start(name: "sealer", stackBytes: 1024 * 1024) { [self] in
      OwnThread.yieldToAll()
      loop()
      ended.post(())
    }
  }

  /// Waits until it has let go of the archive.
  func stop() async {
    isEnding.withLock { $0 = true }
    wake.post(())
    let ended = ended
    // Where there is no thread to wait with, the archive's close waits.
    _ = try? await OwnThread.run(name: "sealer-end") { ended.take() }
  }

  private func loop() {
    var failure: String?
    var rotten: [String: [String]] = [:]
    var isKeyKnown = false
    while !isEnding.withLock({ $0 }) {
      do {
        let maintenance = try Maintenance(
          archive, keyPath: keyPath, retentionMilliseconds: retentionMilliseconds, clock: clock,
          isEnding: { [self] in isEnding.withLock { $0 } })
        if !isKeyKnown { tell(maintenance.publicKey) }
        isKeyKnown = true
        tell(try maintenance.run(trustedNow: clock.isTrusted ? clock.now() : nil))
        if failure != nil { logger.notice("archive: days are sealed again") }
        failure = nil
        report("seal", nil)
        if let (file, faults) = try maintenance.scrub() {
          rotten[file] = faults.isEmpty ? nil : faults
          for fault in faults { logger.error("archive: \(fault)") }
          let all = rotten.values.flatMap { $0 }.sorted()
          report("scrub", all.isEmpty ? nil : all.map { "\($0); bring the file back from a backup" })
        }
      } catch is Maintenance.Ended {
        return
      } catch {
        if failure != "\(error)" { logger.error("archive: nothing is sealed: \(error)") }
        failure = "\(error)"
        report("seal", ["nothing is sealed: \(error)"])
      }
      let next = clock.monotonicNanoseconds() + Caretaker.intervalNanoseconds
      while !isEnding.withLock({ $0 }), clock.monotonicNanoseconds() < next {
        takeInCorrections()
        _ = wake.take(waitingNanoseconds: Caretaker.inboxNanoseconds)
      }
    }
  }

  private func takeInCorrections() {
    do {
      for line in try CorrectionInbox().takeIn(archive, now: clock.now()) { logger.notice("archive: \(line)") }
      report("inbox", nil)
    } catch { report("inbox", ["corrections are not taken in: \(error)"]) }
  }

  private func tell(_ key: (id: String, file: String)) {
    logger.notice("archive: days are signed with key \(key.id); give its public key to your auditor: \(key.file)")
  }

  private func tell(_ done: Maintenance.Report) {
    for name in done.sealed { logger.notice("archive: \(name) is sealed") }
    for month in done.repacked { logger.notice("archive: \(month) is one file now") }
    for month in done.expired { logger.notice("archive: \(month) was older than it must be kept and is gone") }
  }
}
