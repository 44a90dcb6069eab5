import Metering

/// What has to be written down when a meter's definition is said to be another: a pure function.
///
/// An ordinary change of the settings holds from now on. A declared one (`[[meter.change]]`) holds from the time that it
/// names, and corrects what was recorded for later times; nothing that was recorded is removed.
struct DefinitionTimeline {
  struct New: Hashable {
    var definition: Definition
    var validFrom: Timestamp
    var change: Definition.Change?
  }

  /// What is in force already.
  struct Known {
    var definition: Definition
    var use: CatalogContents.Use
  }

  /// Of the uses with one `validFrom` the newest, by `validFrom`; those out of service have no definition.
  let known: [(use: CatalogContents.Use, definition: Definition?)]

  init(_ uses: [CatalogContents.Use], definition: (String) -> Definition?) {
    var newest: [Timestamp: CatalogContents.Use] = [:]
    for use in uses where newest[use.validFrom].map({ $0.recordedAt <= use.recordedAt }) ?? true {
      newest[use.validFrom] = use
    }
    known = newest.values.sorted { $0.validFrom < $1.validFrom }.map { ($0, definition($0.definition)) }
  }

  /// - Parameters:
  ///   - present: the definition that holds now, with every change up to now.
  ///   - changes: all that are declared.
  func news(_ present: Definition, changes: [Definition.Change], now: Timestamp) -> [New] {
    let changes = changes.sorted { $0.validFrom < $1.validFrom }
    var news: [New] = []
    var timeline = known.filter { !$0.use.isToCome }
    for (place, change) in changes.enumerated() where change.validFrom <= now {
      // Of a meter that is new, or declared so before, there is nothing to correct.
      guard let first = timeline.first, !timeline.contains(where: { $0.use.change == change }) else { continue }
      let before = timeline.last { $0.use.validFrom <= change.validFrom && $0.definition != nil } ?? first
      guard let basis = before.definition else { continue }
      news.append(New(definition: basis.applying(change), validFrom: change.validFrom, change: change))
      for later in timeline where later.use.validFrom > change.validFrom {
        guard let definition = later.definition else { continue }
        var patch = change
        for next in changes[(place + 1)...] where next.validFrom <= later.use.validFrom {
          if next.ctRatio != nil { patch.ctRatio = nil }
          if next.vtRatio != nil { patch.vtRatio = nil }
        }
        let corrected = definition.applying(patch)
        if corrected == definition { continue }
        news.append(New(definition: corrected, validFrom: later.use.validFrom, change: later.use.change))
      }
      timeline = merged(timeline, news)
    }
    let last = timeline.last
    if last?.definition != present {
      // Two changes within a millisecond, or a clock that stepped back: still one after the other.
      news.append(New(definition: present, validFrom: max(now, last.map { $0.use.validFrom + 1 } ?? now)))
    }
    return news + toCome(present, changes, now: now)
  }

  private func toCome(_ present: Definition, _ changes: [Definition.Change], now: Timestamp) -> [New] {
    let ahead = changes.filter { $0.validFrom > now }
    let times = Set(ahead.map(\.validFrom)).union(known.filter { $0.use.isToCome }.map(\.use.validFrom))
    return times.filter { $0 > now }.sorted().compactMap { time in
      let definition = present.applying(ahead, at: time)
      let change = ahead.last { $0.validFrom == time }
      let newest = known.last { $0.use.validFrom == time }
      if let newest, newest.definition == definition, newest.use.change == change { return nil }
      return New(definition: definition, validFrom: time, change: change)
    }
  }

  private func merged(
    _ timeline: [(use: CatalogContents.Use, definition: Definition?)], _ news: [New]
  ) -> [(use: CatalogContents.Use, definition: Definition?)] {
    var result = timeline
    for new in news {
      result.removeAll { $0.use.validFrom == new.validFrom }
      let use = CatalogContents.Use(
        definition: "", validFrom: new.validFrom, recordedAt: new.validFrom, change: new.change)
      result.append((use, new.definition))
    }
    return result.sorted { $0.use.validFrom < $1.use.validFrom }
  }
}
