/// Where in a log the power goes.
struct CutSchedule {
  /// Ascending.
  let positions: [Int]

  /// A third anywhere; a third just behind something that was said; a third beside syncs, and changes of names and sizes: much
  /// hangs on those, and they are few.
  init(_ log: RecordedLog, count: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var said: [Int] = []
    var rare: [Int] = []
    for (place, operation) in log.operations.enumerated() {
      switch operation {
      case .marked: said.append(place)
      case .written, .opened: break
      default: rare.append(place)
      }
    }
    func pick(_ places: [Int]) -> Int { places[Int(random.next() % UInt64(places.count))] }
    let all = Array(0...log.operations.count)
    positions = (0..<count).map { number -> Int in
      let place =
        switch number % 3 {
        case 1 where !said.isEmpty: pick(said) + 1 + Int(random.next() % 6)
        case 2 where !rare.isEmpty: pick(rare) + Int(random.next() % 3)
        default: pick(all)
        }
      return min(place, log.operations.count)
    }.sorted()
  }
}
