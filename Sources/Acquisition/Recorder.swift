import Archive
import Logging
import Metering
import Synchronization

/// Hands observations to the archive. What the archive cannot take is remembered as a range of slots per meter and recorded
/// when it can: memory stays bounded, and the gap has its reason.
final class Recorder: Sendable {
  private let archive: Archive
  private let clock: TrustedClock
  private let refused = Mutex<[String: Range]>([:])
  /// How many meters stand in `refused`: hardly ever any, and every bus would queue for that lock at every slot.
  private let refusedMeters = Atomic(0)

  private struct Range {
    var from: Timestamp
    var to: Timestamp
    var count: UInt32
    var definition: String
  }

  init(archive: Archive, clock: TrustedClock) {
    self.archive = archive
    self.clock = clock
  }

  /// What a poller wants done.
  func carryOut(_ effects: [Poller.Effect], logger: Logger) {
    for effect in effects {
      switch effect {
      case .record(let observation): record(observation)
      case .missed(let meter, let slot, let reason, let marks):
        recordMissed(meter, from: slot, to: slot, count: 1, reason: reason, marks: marks)
      case .warn(let text): logger.warning("\(text)")
      case .tell(let text): logger.notice("\(text)")
      }
    }
  }

  func record(_ observation: Observation) {
    flushRefused(observation.meterID)
    if archive.offer(observation) { return }
    let (from, to, count): (Timestamp, Timestamp, UInt32) =
      switch observation.content {
      case .missed(let from, let to, let count, _): (from, to, count)
      default: (observation.due ?? observation.time, observation.due ?? observation.time, 1)
      }
    refused.withLock { refused in
      if var range = refused[observation.meterID] {
        range.to = max(range.to, to)
        range.from = min(range.from, from)
        range.count += count
        refused[observation.meterID] = range
      } else {
        refused[observation.meterID] = Range(
          from: from, to: to, count: count, definition: observation.definition)
      }
      refusedMeters.store(refused.count, ordering: .releasing)
    }
  }

  /// Slots of one meter that passed without a poll.
  func recordMissed(
    _ meter: MeterPlan, from: Timestamp, to: Timestamp, count: Int, reason: MissedReason, marks: Observation.Marks = []
  ) {
    record(missed(meter.id, meter.definitionHash, from, to, UInt32(clamping: count), reason, marks))
  }

  func missed(
    _ meterID: String, _ definition: String, _ from: Timestamp, _ to: Timestamp, _ count: UInt32,
    _ reason: MissedReason, _ marks: Observation.Marks
  ) -> Observation {
    Observation(
      meterID: meterID, time: from, due: from, received: clock.now(), definition: definition,
      marks: marks.union(clock.isTrusted ? [] : .untrustedClock),
      content: .missed(from: from, to: to, count: count, reason: reason))
  }

  private func flushRefused(_ meterID: String) {
    if refusedMeters.load(ordering: .acquiring) == 0 { return }
    let range = refused.withLock { refused in
      defer { refusedMeters.store(refused.count, ordering: .releasing) }
      return refused.removeValue(forKey: meterID)
    }
    guard let range else { return }
    let gap = missed(meterID, range.definition, range.from, range.to, range.count, .archive, [])
    if archive.offer(gap) { return }
    refused.withLock { refused in
      refused[meterID] = range
      refusedMeters.store(refused.count, ordering: .releasing)
    }
  }
}
