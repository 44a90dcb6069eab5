import Metering

/// The offset of local time as a list of its changes, so that integrals over local hours stay exact across them.
struct LocalTimeline: Sendable {
  struct Change: Sendable {
    var atMilliseconds: Int64
    /// Milliseconds to add to UTC before and from this instant.
    var before: Int64
    var after: Int64
  }

  let start: Timestamp
  let firstOffset: Int64
  let changes: [Change]

  /// Years that are looked at; later times keep the last offset.
  static let years = 30

  /// - Parameter zoneOffset: seconds to add to UTC at an instant.
  init(from start: Timestamp, zoneOffset: (Timestamp) -> Int) {
    self.start = start
    func offset(_ at: Timestamp) -> Int64 { Int64(zoneOffset(at)) * 1000 }
    var changes: [Change] = []
    var current = offset(start)
    firstOffset = current
    for day in 1...(LocalTimeline.years * 366) {
      let next = start + Int64(day) * 86_400_000
      let then = offset(next)
      guard then != current else { continue }
      var (low, high) = (next.seconds - 86_400, next.seconds)
      while high - low > 1 {
        let middle = low + (high - low) / 2
        if offset(Timestamp(seconds: middle)) == current { low = middle } else { high = middle }
      }
      changes.append(Change(atMilliseconds: high * 1000, before: current, after: then))
      current = then
    }
    self.changes = changes
  }

  /// How many changes lie at or before an instant.
  func changesPassed(at time: Timestamp) -> Int {
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if changes[middle].atMilliseconds <= time.milliseconds { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func offsetMilliseconds(changesPassed: Int) -> Int64 {
    changesPassed == 0 ? firstOffset : changes[changesPassed - 1].after
  }
}
