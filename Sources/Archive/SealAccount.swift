import Metering
import Proof
import Segments

/// What a day's manifest says of its rows: gaps with their reasons, and how many were taken by a clock that was not trusted.
struct SealAccount {
  private struct Gap: Hashable {
    let source: String
    let reason: String
  }

  private struct Extent {
    var slots: UInt64 = 0
    var from = Int64.max
    var to = Int64.min

    mutating func add(_ count: UInt64, _ first: Int64, _ last: Int64) {
      slots += count
      from = min(from, first)
      to = max(to, last)
    }
  }

  private var gaps: [Gap: Extent] = [:]
  private var untrusted = 0
  private var received: ClosedRange<Int64>?

  mutating func take(_ row: HotRows.Row, of source: String) {
    if row.marks & Observation.Marks.untrustedClock.rawValue != 0 { untrusted += 1 }
    received =
      min(received?.lowerBound ?? row.received, row.received)...max(received?.upperBound ?? row.received, row.received)
    // Only what did not go well is worth taking apart.
    if row.kind == .asdu || (row.kind == .poll && !PayloadShape.hasFailure(row.payload)) { return }
    guard let content = ObservationRow.decode(row.kind, Array(row.payload)) else { return }
    func add(_ reason: String, _ count: UInt64, _ first: Int64, _ last: Int64) {
      gaps[Gap(source: source, reason: reason), default: Extent()].add(count, first, last)
    }
    let slot = row.due ?? row.time
    switch content {
    case .poll(let blocks):
      guard let failed = blocks.first(where: { $0.outcome != .ok && $0.outcome != .notAsked }) else { return }
      add(failed.outcome.flag, 1, slot, slot)
    case .missed(let from, let to, let count, let reason):
      add(reason.flags.joined(separator: "+"), UInt64(count), from.milliseconds, to.milliseconds)
    case .interrogation(let interrogation) where interrogation.outcome != .complete:
      add(interrogation.outcome.flags.joined(separator: "+"), 1, slot, slot)
    case .link(isUp: false, _): add("link-down", 1, slot, slot)
    case .interrogation, .link, .asdu, .clockOffset, .forward: return
    }
  }

  func manifest(
    _ summary: SegmentSummary, contents: CatalogContents, firstSeq: UInt64, rows: ClosedRange<UInt64>?,
    journal: [JournalEntry], previous: ManifestStore.Head?, key: SigningKey, sealed: Timestamp
  ) -> Manifest {
    let inForce = contents.uses.compactMap { meterID, uses -> String? in
      guard let hash = uses.last(where: { !$0.isToCome })?.definition, !hash.isEmpty else { return nil }
      return "\(meterID) \(hash)\n"
    }
    let isNewKey = previous.map { $0.manifest.key != key.id } ?? false
    return Manifest(
      site: summary.site, number: (previous?.manifest.number ?? 0) + 1, segment: summary.segment,
      previous: previous?.digest ?? .zero, key: key.id, leaves: summary.leaves.count, root: summary.root,
      rows: UInt64(rows.map { $0.count } ?? 0), firstSeq: firstSeq, lastSeq: rows?.upperBound ?? firstSeq - 1,
      firstReceived: received?.lowerBound, lastReceived: received?.upperBound,
      firstJournal: journal.first?.number ?? 0, lastJournal: journal.last?.number ?? 0,
      definitions: Digest.sha256(Array(inForce.sorted().joined().utf8)),
      clock: untrusted == 0 ? .trusted : .untrusted(rows: UInt64(untrusted)), sealed: sealed.milliseconds,
      adopts: isNewKey ? previous?.manifest.key : nil,
      sources: summary.sources.map {
        Manifest.Source(
          name: $0.name, rows: UInt64($0.rows), firstSeq: $0.seqs.lowerBound, lastSeq: $0.seqs.upperBound,
          firstTime: $0.times.lowerBound, lastTime: $0.times.upperBound)
      },
      gaps: gaps.map {
        Manifest.Gap(
          source: $0.key.source, reason: $0.key.reason, slots: $0.value.slots, from: $0.value.from, to: $0.value.to)
      })
  }
}
