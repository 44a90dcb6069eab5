import Metering

/// A binary heap of due times that knows where each item stands in it, so that an item can be moved or taken out.
///
/// swift-collections' `Heap` cannot take an item out of its middle: what is removed would have to stay until due.
struct DueHeap {
  struct Entry {
    var due: Timestamp
    /// Breaks ties: equal due times come in the order in which they were added.
    var order: UInt64
    /// The owner's index of the item.
    var item: Int

    static func < (a: Entry, b: Entry) -> Bool { (a.due, a.order) < (b.due, b.order) }
  }

  private(set) var entries: [Entry] = []
  /// Where the entry of each item is; -1 for an item that has none.
  private var positions: [Int] = []

  var first: Entry? { entries.first }

  mutating func insert(_ entry: Entry) {
    while positions.count <= entry.item { positions.append(-1) }
    entries.append(entry)
    positions[entry.item] = entries.count - 1
    siftUp(entries.count - 1)
  }

  mutating func remove(item: Int) {
    let at = positions[item]
    positions[item] = -1
    let last = entries.removeLast()
    guard at < entries.count else { return }
    place(last, at)
    siftDown(at)
    siftUp(at)
  }

  mutating func update(item: Int, due: Timestamp) {
    let at = positions[item]
    entries[at].due = due
    siftDown(at)
    siftUp(positions[item])
  }

  private mutating func place(_ entry: Entry, _ at: Int) {
    entries[at] = entry
    positions[entry.item] = at
  }

  private mutating func siftUp(_ start: Int) {
    let entry = entries[start]
    var at = start
    while at > 0, entry < entries[(at - 1) / 2] {
      place(entries[(at - 1) / 2], at)
      at = (at - 1) / 2
    }
    place(entry, at)
  }

  private mutating func siftDown(_ start: Int) {
    let entry = entries[start]
    var at = start
    while true {
      var child = 2 * at + 1
      guard child < entries.count else { break }
      if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
      guard entries[child] < entry else { break }
      place(entries[child], at)
      at = child
    }
    place(entry, at)
  }
}
