import Metering

/// What is due when, for many items with slots of their own.
///
/// Time is passed in. Due times come from `Slots` and never from the moment of a call, so nothing drifts. The owner
/// calls `advance` when `nextDue` has come, **and** when the wall clock was set: after a step back `nextDue` may lie
/// too far ahead until the next call.
///
/// What is promised of each item, from the slot after `add` on:
/// - The first time that the clock reaches or passes a slot, that slot is handed out once: as `due`, not repeated, or
///   within one `missed`.
/// - When the clock was set back and reaches it again, it is `due` and `repeated`; if it is passed again without being
///   reached, it is not mentioned.
/// - Of several slots that have passed by since the last call the latest is still `due`, as long as the next is not.
public struct Timetable<ID: Hashable & Sendable>: Sendable {
  public enum Event: Hashable, Sendable {
    /// Poll now. `repeated`: this slot was handed out before the clock was set back.
    case due(ID, slot: Timestamp, repeated: Bool)
    /// `count` slots, the first at `from` and the last at `to`, have passed by: the clock was set forward, or the
    /// process slept or was busy.
    case missed(ID, from: Timestamp, to: Timestamp, count: Int)
  }

  private struct Item {
    var id: ID
    var slots: Slots
    var order: UInt64
    var handedOut = HandedOut()
  }

  private var items: [Item?] = []
  private var freeIndices: [Int] = []
  private var indices: [ID: Int] = [:]
  private var heap = DueHeap()
  private var nextOrder: UInt64 = 0
  /// The latest instant that was passed in since the last step back.
  private var wall = Timestamp.distantPast

  public init() {}

  public var count: Int { indices.count }
  public var ids: some Collection<ID> { indices.keys }
  public var isEmpty: Bool { indices.isEmpty }

  /// When the next item is due.
  public var nextDue: Timestamp? { heap.first?.due }

  /// Adds an item. Its first slot is the first one later than `now`; slots up to `now` are the owner's to account for
  /// (`Slots.count`). An id that is there with the same slots stays as it is; with other slots it starts anew.
  public mutating func add(_ id: ID, slots: Slots, now: Timestamp) {
    if let index = indices[id] {
      if items[index]?.slots == slots { return }
      remove(id)
    }
    wall = max(wall, now)
    let item = Item(id: id, slots: slots, order: nextOrder)
    nextOrder += 1
    let index: Int
    if let free = freeIndices.popLast() {
      index = free
      items[index] = item
    } else {
      index = items.count
      items.append(item)
    }
    indices[id] = index
    heap.insert(DueHeap.Entry(due: slots.next(after: now), order: item.order, item: index))
  }

  /// Takes an item out, with what is known of its past. Nothing happens if there is none.
  public mutating func remove(_ id: ID) {
    guard let index = indices.removeValue(forKey: id) else { return }
    heap.remove(item: index)
    items[index] = nil
    freeIndices.append(index)
  }

  /// Forgets the past of every item: their next slots are those after `now`.
  public mutating func restart(at now: Timestamp) {
    for item in items.compactMap({ $0 }).sorted(by: { $0.order < $1.order }) {
      remove(item.id)
      add(item.id, slots: item.slots, now: now)
    }
  }

  /// What has become due by `wall`, by due time, then in the order of `add`; an item's `missed` before its `due`.
  ///
  /// A step back to more than min(every/2, 30 s) before the slot that precedes an item's next one lets the item start
  /// from `wall` again. After a smaller one (NTP) it only waits.
  public mutating func advance(to wall: Timestamp) -> [Event] {
    if wall < self.wall { rewind(to: wall) }
    self.wall = wall
    var events: [Event] = []
    while let entry = heap.first, entry.due <= wall {
      heap.update(item: entry.item, due: handOut(entry, wall: wall, into: &events))
    }
    return events
  }

  /// Hands out the slots of one item up to `wall`; returns its next one.
  private mutating func handOut(_ entry: DueHeap.Entry, wall: Timestamp, into events: inout [Event]) -> Timestamp {
    guard let item = items[entry.item] else { return .distantFuture }
    var latest = entry.due
    var next = item.slots.next(after: latest)
    if next <= wall {
      latest = item.slots.last(atOrBefore: wall)
      next = item.slots.next(after: latest)
      item.handedOut.forEachGap(from: entry.due, through: latest - 1) { from, through in
        let count = item.slots.count(from: from, through: through)
        guard count > 0 else { return }
        events.append(
          .missed(
            item.id, from: item.slots.next(after: from - 1), to: item.slots.last(atOrBefore: through), count: count))
      }
    }
    events.append(.due(item.id, slot: latest, repeated: item.handedOut.contains(latest)))
    items[entry.item]?.handedOut.extend(from: entry.due, through: latest)
    return next
  }

  private mutating func rewind(to wall: Timestamp) {
    for entry in heap.entries {
      guard let slots = items[entry.item]?.slots else { continue }
      // One interval before the stored due time; on a day with a transition the interval is not `every`.
      let previous = slots.last(atOrBefore: entry.due - 1)
      let tolerance = min(slots.everyMilliseconds / 2, 30_000)
      guard wall < previous - tolerance else { continue }
      items[entry.item]?.handedOut.putRunAside()
      heap.update(item: entry.item, due: slots.next(after: wall))
    }
  }
}
