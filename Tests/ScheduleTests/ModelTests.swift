import Metering
import Testing

@testable import Schedule

/// The rules of `Timetable` for one item, as plainly as they can be said: all slots, and which were handed out.
private struct Model {
  let slots: [Timestamp]
  let every: Int64
  var next: Int
  var wall: Timestamp
  var handedOut: Set<Int> = []

  init(_ slots: Slots, from: Timestamp, through: Timestamp, now: Timestamp) {
    every = slots.everyMilliseconds
    self.slots = slotsByLookingAtTheWall(slots, from: from, through: through, step: min(every, 15 * minute))
    wall = now
    next = self.slots.firstIndex { $0 > now } ?? self.slots.count
  }

  mutating func advance(_ id: Int, to now: Timestamp) -> [Timetable<Int>.Event] {
    if now < wall, now < slots[next - 1] - min(every / 2, 30_000) {
      next = slots.partitioningIndex { $0 > now }
    }
    wall = now
    guard slots[next] <= now else { return [] }
    let latest = slots.partitioningIndex { $0 > now } - 1
    var events: [Timetable<Int>.Event] = []
    var run: [Int] = []
    func report() {
      guard let first = run.first, let last = run.last else { return }
      events.append(.missed(id, from: slots[first], to: slots[last], count: run.count))
      run = []
    }
    for index in next..<latest {
      if handedOut.contains(index) { report() } else { run.append(index) }
    }
    report()
    events.append(.due(id, slot: slots[latest], repeated: handedOut.contains(latest)))
    handedOut.formUnion(next...latest)
    next = latest + 1
    return events
  }
}

@Suite struct ModelTests {
  @Test(arguments: 1...40)
  func agreesWithTheModel(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let zones = ["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Shanghai"]
    let middles = ["2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z", "2018-11-04T00:00:00Z", "2026-10-03T12:00:00Z"]
    let middle = try at(middles.randomElement(using: &random) ?? middles[0])
    let (from, through) = (middle - 12 * day, middle + 12 * day)
    var now = middle - 2 * day + Int64.random(in: 0..<day, using: &random)

    var table = Timetable<Int>()
    var models: [Int: Model] = [:]
    var orders: [Int: Int] = [:]
    var added = 0
    func add(_ id: Int) throws {
      let every = [minute, 5 * minute, 15 * minute, hour, 2 * hour, 6 * hour, day].randomElement(using: &random) ?? day
      let slots = try slots(every, zones.randomElement(using: &random) ?? zones[0])
      if models[id] != nil { table.remove(id) }
      table.add(id, slots: slots, now: now)
      models[id] = Model(slots, from: from, through: through, now: now)
      orders[id] = added
      added += 1
    }
    for id in 0..<12 { try add(id) }

    for round in 0..<600 {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<55: now = max(now, table.nextDue ?? now) + Int64.random(in: 0...800, using: &random)
      case 55..<75: now = now + Int64.random(in: 0...(20 * minute), using: &random)
      case 75..<83: now = now - Int64.random(in: 0...(50 * second), using: &random)
      case 83..<86: now = now - Int64.random(in: 0...(3 * hour), using: &random)
      case 86..<89: now = now + Int64.random(in: 0...(5 * hour), using: &random)
      case 89..<90: now = middle + Int64.random(in: (-3 * day)...(3 * day), using: &random)
      case 90..<94: try add(Int.random(in: 0..<12, using: &random))
      case 94..<96:
        let id = Int.random(in: 0..<12, using: &random)
        table.remove(id)
        models[id] = nil
      default: break
      }
      now = min(max(now, from + 2 * day), through - 2 * day)
      let found = table.advance(to: now)
      // Each item's due time before the call decides the order; the model keeps it as `next`.
      var expected: [(due: Timestamp, order: Int, events: [Timetable<Int>.Event])] = []
      for (id, model) in models {
        var model = model
        let events = model.advance(id, to: now)
        models[id] = model
        guard let first = events.first else { continue }
        let due: Timestamp
        switch first {
        case .due(_, let slot, _): due = slot
        case .missed(_, let slot, _, _): due = slot
        }
        expected.append((due, orders[id] ?? 0, events))
      }
      #expect(Set(found) == Set(expected.flatMap(\.events)), "seed \(seed), round \(round)")
      #expect(found.count == expected.reduce(0) { $0 + $1.events.count })
      #expect(table.nextDue == models.values.map { $0.slots[$0.next] }.min(), "seed \(seed), round \(round)")
      for (id, _) in models {
        let mine = found.filter { $0.id == id }
        #expect(mine == expected.first { $0.events.first?.id == id }?.events ?? [])
      }
    }
  }

  /// Heap against sorting, with items moved and taken out from the middle.
  @Test(arguments: 1...20)
  func heapAgreesWithSorting(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var heap = DueHeap()
    var plain: [Int: Timestamp] = [:]
    for _ in 0..<3000 {
      let item = Int.random(in: 0..<80, using: &random)
      let due = Timestamp(milliseconds: Int64.random(in: 0..<200, using: &random))
      if plain[item] == nil {
        heap.insert(DueHeap.Entry(due: due, order: UInt64(item), item: item))
        plain[item] = due
      } else if Bool.random(using: &random) {
        heap.update(item: item, due: due)
        plain[item] = due
      } else {
        heap.remove(item: item)
        plain[item] = nil
      }
      let first = plain.min { ($0.value, $0.key) < ($1.value, $1.key) }
      #expect(heap.first?.due == first?.value && heap.first?.item == first?.key && heap.entries.count == plain.count)
    }
  }
}

extension Timetable.Event {
  var id: ID {
    switch self {
    case .due(let id, _, _): id
    case .missed(let id, _, _, _): id
    }
  }
}
