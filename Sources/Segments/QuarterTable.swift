/// Aggregates of a group by UTC quarter of an hour of `time`: which quarters there are, and what a column did in each.
struct QuarterTable {
  static let milliseconds: Int64 = 900_000
  /// Fewer rows a quarter than this on average, and the rows themselves are read as quickly.
  static let leastRows = 4

  /// Ascending; a quarter's number times 900,000 is its start.
  private(set) var numbers: [Int64] = []
  private(set) var rows: [Int] = []
  /// Of the first and the last row in seq order, from the start of the quarter on.
  private(set) var firstTimes: [Int64] = []
  private(set) var lastTimes: [Int64] = []
  /// For each row the place of its quarter.
  private let places: [Int]

  /// Nil where there are too few rows a quarter.
  init?(times: [Int64]) {
    let quarters = times.map { QuarterTable.quarter(of: $0) }
    numbers = Set(quarters).sorted()
    guard times.count >= QuarterTable.leastRows * numbers.count else { return nil }
    let placeOf = Dictionary(uniqueKeysWithValues: zip(numbers, numbers.indices))
    var last: (quarter: Int64, place: Int)?
    places = quarters.map { quarter in
      if let last, last.quarter == quarter { return last.place }
      let place = placeOf[quarter] ?? 0
      last = (quarter, place)
      return place
    }
    rows = Array(repeating: 0, count: numbers.count)
    firstTimes = rows.map(Int64.init)
    lastTimes = firstTimes
    for (place, time) in zip(places, times) {
      let sinceStart = time &- numbers[place] &* QuarterTable.milliseconds
      if rows[place] == 0 { firstTimes[place] = sinceStart }
      lastTimes[place] = sinceStart
      rows[place] += 1
    }
  }

  static func quarter(of time: Int64) -> Int64 {
    let quotient = time / milliseconds
    return time % milliseconds < 0 ? quotient - 1 : quotient
  }

  /// First and last pattern, and how often the number was not at least that of the row before in the same quarter: what is no
  /// number is not.
  func counter(_ patterns: [UInt64], _ format: NumberFormat) -> [[UInt64]] {
    var first = [UInt64](repeating: 0, count: numbers.count)
    var last = first
    var decreases = first
    var seen = [Bool](repeating: false, count: numbers.count)
    for (place, pattern) in zip(places, patterns) {
      if seen[place] {
        if !format.isAtLeast(pattern, last[place]) { decreases[place] += 1 }
      } else {
        first[place] = pattern
        seen[place] = true
      }
      last[place] = pattern
    }
    return [first, last, decreases]
  }

  /// Least and greatest pattern and the sum; of floats, of those that are finite, and how many these are.
  func gauge(_ patterns: [UInt64], _ format: NumberFormat) -> [[UInt64]] {
    var least = [UInt64](repeating: 0, count: numbers.count)
    var greatest = least
    var finite = least
    var sums = [Int64](repeating: 0, count: numbers.count)
    var floatSums = [Double](repeating: 0, count: numbers.count)
    let isFloat = format.number == .float
    for (place, pattern) in zip(places, patterns) {
      if isFloat {
        let number = format.float(pattern)
        guard number.isFinite else { continue }
        floatSums[place] += number
      } else {
        sums[place] &+= format.integer(pattern)
      }
      if finite[place] == 0 || format.isLess(pattern, least[place]) { least[place] = pattern }
      if finite[place] == 0 || format.isLess(greatest[place], pattern) { greatest[place] = pattern }
      finite[place] += 1
    }
    return isFloat
      ? [least, greatest, floatSums.map(\.bitPattern), finite]
      : [least, greatest, sums.map(UInt64.init(bitPattern:))]
  }
}

extension NumberFormat {
  func float(_ pattern: UInt64) -> Double {
    width == 8 ? Double(bitPattern: pattern) : Double(Float(bitPattern: UInt32(truncatingIfNeeded: pattern)))
  }

  /// Of integers; unsigned ones of 8 octets have no room.
  func integer(_ pattern: UInt64) -> Int64 {
    let shift = Int64(64 - 8 * width)
    let value = Int64(bitPattern: pattern)
    return number == .signed ? (value << shift) >> shift : value
  }

  func isAtLeast(_ a: UInt64, _ b: UInt64) -> Bool {
    number == .float ? float(a) >= float(b) : !isLess(a, b)
  }

  func isLess(_ a: UInt64, _ b: UInt64) -> Bool {
    switch number {
    case .unsigned: a < b
    case .signed: integer(a) < integer(b)
    case .float: float(a) < float(b)
    }
  }
}
