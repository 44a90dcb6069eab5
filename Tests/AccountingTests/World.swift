import Metering
import Schedule

@testable import Accounting

/// A meter that is known better than any meter: its readings, and what was truly counted at each of them.
struct World {
  struct Options {
    var everyMilliseconds = minute
    var hasLimit = true
    var modulusCounts: Int64?
    var hasSpikes = true
    var exchanges = 2
    var resets = 0
    var hasClockSteps = false
    var isFloat = false
  }

  static let step = decimal("0.1")

  var rule: CounterRule
  var intervals: Intervals
  var everyMilliseconds: Int64
  var exchanges: [Exchange] = []
  /// In the order of time.
  var readings: [Reading] = []
  /// By `seq`: the register's raw number, what was truly counted by then (in counts), whether the number is garbage.
  var raw: [Int64] = []
  var truth: [Int64] = []
  var isGarbage: [Bool] = []
  var garbage = 0

  init(seed: UInt64, _ options: Options, zone: String, around: Timestamp, days: Int64, length: Intervals.Length) throws
  {
    var random = SplitMix64(state: seed)
    let every = options.everyMilliseconds
    everyMilliseconds = every
    let zone = try Zone(named: zone)
    intervals = Intervals(length, zone: zone, from: around - days * day / 2, to: around + days * day / 2)
    let most: Int64 = 5  // counts a slot
    rule = CounterRule(
      modulus: options.modulusCounts.flatMap { ExactDecimal($0).multiplied(by: World.step) },
      maximumPerHour: options.hasLimit ? decimal("\(Double(most * hour / every) * 0.1 * 1.5)") : nil, step: World.step,
      precision: options.isFloat ? .float32 : .exact)
    guard let slots = Slots(everyMilliseconds: every, zone: zone) else { return }

    // Lead in, so that the first reading is not doubted for what comes after it.
    var slot = slots.next(after: intervals.start - 7 * every - Int64.random(in: 0..<hour, using: &random))
    let total = slots.count(from: slot, through: intervals.end)
    let events = (0..<(options.exchanges + options.resets)).map { _ in Int.random(in: 40..<(total - 40), using: &random)
    }
    // One reset at a time: what happens between two readings cannot be told apart.
    let resets = events.dropFirst(options.exchanges).reduce(into: [Int]()) { kept, place in
      if !kept.contains(where: { abs($0 - place) < 150 }) { kept.append(place) }
    }
    let exchangePlaces = Set(events.prefix(options.exchanges))
    let resetPlaces = Set(resets).subtracting(exchangePlaces)
    var counted: Int64 = 0
    var register = Int64.random(in: 100_000...200_000, using: &random)
    if let modulus = options.modulusCounts { register %= modulus }
    var outage = 0
    var quiet = 0
    var shift: Int64 = 0
    var furthest = Timestamp.distantPast
    var index = 0
    while slot < intervals.end + 3 * every {
      defer {
        slot = slots.next(after: slot)
        index += 1
      }
      if exchangePlaces.contains(index) {
        let start = Int64.random(in: 0...3, using: &random)
        exchanges.append(
          Exchange(
            at: slot + shift - 1, oldFinal: ["energy_active_import": World.value(register)],
            newStart: ["energy_active_import": World.value(start)]))
        register = start
        quiet = 8
      }
      if resetPlaces.contains(index) {
        register = Int64.random(in: 0...3, using: &random)
        quiet = 8
        outage = 0
      }
      let amount = quiet > 0 ? 1 : Int64.random(in: 0...most, using: &random)
      counted += amount
      register += amount
      if let modulus = options.modulusCounts { register %= modulus }
      quiet -= 1
      if options.hasClockSteps, Int.random(in: 0..<700, using: &random) == 0 {
        shift += Int64.random(in: -20...20, using: &random) * minute
      }
      if outage == 0, quiet < 0, Int.random(in: 0..<60, using: &random) == 0 {
        outage = Bool.random(using: &random) ? 1 : Int.random(in: 2...100, using: &random)
      }
      let time = slot + shift + Int64.random(in: 0...(every / 12), using: &random)
      let isRepeated = time <= furthest
      furthest = max(furthest, time)
      let seq = UInt64(raw.count)
      truth.append(counted)
      isGarbage.append(false)
      raw.append(register)
      if outage > 0 {
        outage -= 1
        if options.hasClockSteps || Bool.random(using: &random) {
          readings.append(
            World.reading(slot + shift, nil, seq, flags: isRepeated ? ["timeout", "clock"] : ["timeout"]))
        }
        if outage == 0 { quiet = max(quiet, 4) }
        continue
      }
      if options.hasSpikes, quiet < -4, index > 8, index + 8 < total,
        !events.contains(where: { (0..<8).contains($0 - index) }),
        Int.random(in: 0..<80, using: &random) == 0
      {
        let zeros = [0, 900_000_000, register + 1_000_000]
        raw[raw.count - 1] = zeros[Int.random(in: 0..<3, using: &random)]
        if let modulus = options.modulusCounts { raw[raw.count - 1] = (register + modulus / 3 * 2) % modulus }
        isGarbage[raw.count - 1] = true
        garbage += 1
        quiet = 5
      }
      let flags = isRepeated ? ["clock"] : []
      readings.append(World.reading(time, World.value(raw[raw.count - 1]), seq, flags: flags))
    }
    readings.sort { ($0.time, $0.seq) < ($1.time, $1.seq) }
  }

  static func value(_ counts: Int64) -> ExactDecimal { ExactDecimal(significand: Int128(counts), exponent: -1) }

  static func reading(_ time: Timestamp, _ value: ExactDecimal?, _ seq: UInt64, flags: [String]) -> Reading {
    AccountingTests.reading(
      time, value, quality: flags.isEmpty ? .good : .uncertain, flags: flags, seq: seq)
  }

  var judge: CounterJudge { CounterJudge(rule, quantity: "energy_active_import", exchanges: exchanges) }

  /// Rows as the rule says, without streaming: cuts are the boundaries that have a reading, the first reading after each
  /// that has none, the first and the last reading.
  func rowsByTheRule(_ judged: [JudgedReading]) -> [String] {
    let tolerance = min(everyMilliseconds / 2, 60_000)
    var boundaries = [intervals.start]
    while let last = boundaries.last, last < intervals.end { boundaries.append(intervals.boundary(after: last)) }
    let usable = judged.filter {
      $0.point != nil && $0.reading.time >= intervals.start - tolerance
        && $0.reading.time <= intervals.end + tolerance
    }
    func nearest(_ boundary: Timestamp) -> JudgedReading? {
      let first = usable.partitioningIndex { $0.reading.time >= boundary - tolerance }
      return usable[first...].prefix { $0.reading.time <= boundary + tolerance }
        .min { abs($0.reading.time - boundary) < abs($1.reading.time - boundary) }
    }
    func isAtBoundary(_ time: Timestamp) -> Bool {
      [time - tolerance, time].contains {
        let next = intervals.boundary(after: $0 - 1)
        return abs(time - next) <= tolerance
      }
    }
    struct Cut {
      var at: Timestamp
      var seq: UInt64
      var boundary: Int?
    }
    var cuts: [Cut] = []
    for (index, boundary) in boundaries.enumerated() {
      if let found = nearest(boundary) {
        cuts.append(Cut(at: boundary, seq: found.reading.seq, boundary: index))
      } else if let next = usable[usable.partitioningIndex(where: { $0.reading.time > boundary })...].first,
        !isAtBoundary(next.reading.time), next.reading.time < intervals.end
      {
        cuts.append(Cut(at: next.reading.time, seq: next.reading.seq, boundary: nil))
      }
    }
    var rows: [String] = []
    for (one, other) in zip(cuts, cuts.dropFirst()) where one.seq != other.seq || one.boundary != nil {
      if one.at == other.at { continue }
      let total = World.value(truth[Int(other.seq)] - truth[Int(one.seq)])
      let isPlain = one.boundary.flatMap { first in other.boundary.map { $0 == first + 1 } } ?? false
      rows.append("\(one.at) \(other.at) \(total)\(isPlain ? "" : " spanning")")
    }
    // What comes after the last cut.
    if let cut = cuts.last, let last = usable.last, last.reading.seq != cut.seq, last.reading.time > cut.at,
      last.reading.time < intervals.end - tolerance
    {
      rows.append(
        "\(cut.at) \(last.reading.time) \(World.value(truth[Int(last.reading.seq)] - truth[Int(cut.seq)])) spanning")
    }
    return rows
  }
}

extension Array {
  /// The first index whose element is past the point where `isPast` becomes true.
  func partitioningIndex(where isPast: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isPast(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
