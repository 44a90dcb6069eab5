/// How long answers took, in 208 counters: exact to an eighth, from a microsecond to a minute.
public struct LatencyHistogram: Sendable, Hashable {
  /// Eight steps to each doubling.
  private static let steps = 8
  private static let doublings = 26
  private var counts: [UInt32] = []

  public init() {}

  public mutating func add(nanoseconds: UInt64) {
    if counts.isEmpty { counts = Array(repeating: 0, count: LatencyHistogram.steps * LatencyHistogram.doublings) }
    let place = LatencyHistogram.place(max(1, nanoseconds / 1000))
    if counts[place] == .max { for index in counts.indices { counts[index] /= 2 } }
    counts[place] += 1
  }

  mutating func add(_ other: LatencyHistogram) {
    if counts.isEmpty {
      counts = other.counts
    } else if !other.counts.isEmpty {
      for index in counts.indices {
        counts[index] = UInt32(clamping: UInt64(counts[index]) + UInt64(other.counts[index]))
      }
    }
  }

  /// The time that `share` of the answers (0…1) did not exceed, rounded up to a step; nil before the first answer.
  public func nanoseconds(share: Double) -> UInt64? {
    let total = counts.reduce(0) { $0 + UInt64($1) }
    guard total > 0 else { return nil }
    let wanted = max(1, UInt64((Double(total) * share).rounded(.up)))
    var sum: UInt64 = 0
    for (place, count) in counts.enumerated() {
      sum += UInt64(count)
      if sum >= wanted { return LatencyHistogram.upperBound(place) * 1000 }
    }
    return nil
  }

  private static func place(_ microseconds: UInt64) -> Int {
    let doubling = 63 - microseconds.leadingZeroBitCount
    let step = Int(((microseconds << 3) >> UInt64(doubling)) & 7)
    return min(doubling * steps + step, steps * doublings - 1)
  }

  private static func upperBound(_ place: Int) -> UInt64 {
    let (doubling, step) = (place / steps, place % steps)
    return ((8 + UInt64(step) + 1) << UInt64(doubling)) / 8
  }
}
