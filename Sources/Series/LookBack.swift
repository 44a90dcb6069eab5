import Accounting
import Archive
import Metering

/// How far before a time a counter's judge must begin, so that it knows the register's level.
///
/// Some readings are enough where they are usable. Where they are not, or where they are nothing but zeros (a gateway answers
/// so for a dead meter), the last good level is looked for further back; what lies between says nothing of it and is passed over.
struct LookBack {
  /// So many slots are looked at.
  private static let slots: Int64 = 64
  /// So many usable readings that are not zero are enough.
  private static let enough = 8
  private static let growth: Int64 = 8

  private let context: SeriesContext
  private let quantity: String
  private let spanMilliseconds: Int64

  init(_ context: SeriesContext, _ quantity: String) {
    self.context = context
    self.quantity = quantity
    spanMilliseconds = LookBack.span(context, quantity)
  }

  static func span(_ context: SeriesContext, _ quantity: String) -> Int64 {
    slots * (context.rules(quantity).map(\.everyMilliseconds).max() ?? 60_000)
  }

  func near(before time: Timestamp) -> Range<Timestamp> { (time - spanMilliseconds)..<time }

  /// What is to be fed, ascending; the last one ends at `time`.
  func ranges(before time: Timestamp) throws -> [Range<Timestamp>] {
    let near = near(before: time)
    struct Enough: Error {}
    var usable = 0
    do {
      try OrderedReadings(context, quantities: [quantity]).forEachUnordered(from: near.lowerBound, to: time) {
        if LookBack.isLevel($0.reading) { usable += 1 }
        if usable == LookBack.enough { throw Enough() }
      }
    } catch is Enough { return [near] }
    guard let last = try lastLevel(before: near.lowerBound) else { return [near] }
    return LookBack.merged([(last - spanMilliseconds)..<min(last + spanMilliseconds, time), near])
  }

  static func merged(_ ranges: [Range<Timestamp>]) -> [Range<Timestamp>] {
    var result: [Range<Timestamp>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }

  private static func isLevel(_ reading: Reading) -> Bool {
    reading.quality != .bad && reading.value.map { $0 != .zero } ?? false
  }

  /// When the register showed something last.
  private func lastLevel(before time: Timestamp) throws -> Timestamp? {
    guard let earliest = context.reader.earliest else { return nil }
    var end = time
    var span = LookBack.growth * spanMilliseconds
    while end > earliest {
      let start = max(earliest, end - span)
      if let found = try lastLevel(from: start, to: end) { return found }
      end = start
      span *= LookBack.growth
    }
    return nil
  }

  private func lastLevel(from: Timestamp, to: Timestamp) throws -> Timestamp? {
    let readings = OrderedReadings(context, quantities: [quantity])
    var last: Timestamp?
    func read(_ from: Timestamp, _ to: Timestamp) throws {
      try readings.forEachUnordered(from: from, to: to) {
        if LookBack.isLevel($0.reading) { last = max(last ?? $0.reading.time, $0.reading.time) }
      }
    }
    guard let map = try QuarterMap(context, quantity, from: from, to: to) else {
      try read(from, to)
      return last
    }
    var place = map.quarters.count - 1
    while place >= 0, last == nil {
      switch map.quarters[place] {
      case .empty: place -= 1
      // The last quarter may go on behind `to`.
      case .counter(let aggregate, _) where aggregate.lastTime < to:
        if aggregate.last.value.map({ $0 != .zero }) ?? false { last = aggregate.lastTime }
        place -= 1
      case .counter, .gauge, .unknown:
        let upper = place
        while place >= 0, map.quarters[place].isUnknown { place -= 1 }
        if place == upper { place -= 1 }
        try read(max(from, map.start(of: place + 1)), min(to, map.start(of: upper + 1)))
      }
    }
    return last
  }
}
