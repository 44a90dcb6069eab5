import Accounting
import Metering
import Segments

/// Numbers of one column within a quarter of an hour, in the order of time: an aggregate where none was kept.
struct ColumnRun {
  let column: PointRule.PlainColumn
  let quarter: Int64
  let times: UnsafeBufferPointer<Int64>
  let patterns: UnsafeBufferPointer<UInt64>

  /// Nil where a number is none, or means "not available".
  var counter: QuarterAggregate? {
    guard let first = patterns.first, let last = patterns.last, isSound else { return nil }
    var decreases = 0
    var steepest = 0.0
    for row in 1..<max(1, patterns.count) {
      let step = column.increase(from: patterns[row - 1], to: patterns[row])
      if step.isBack { decreases += 1 }
      steepest = max(steepest, step.size / Double(times[row] - times[row - 1]))
    }
    return QuarterAggregate(
      quarter: quarter, rows: patterns.count, firstTime: Timestamp(milliseconds: times[0]),
      lastTime: Timestamp(milliseconds: times[times.count - 1]), first: column.raw(first), last: column.raw(last),
      decreases: decreases, steepest: steepest)
  }

  /// Nil where a number is none, or means "not available".
  var gauge: GaugeQuarter? {
    guard var least = patterns.first, isSound else { return nil }
    var greatest = least
    var sum: Int128 = 0
    var floatSum = 0.0
    for pattern in patterns {
      if column.isLess(pattern, least) { least = pattern }
      if column.isLess(greatest, pattern) { greatest = pattern }
      switch column.raw(pattern) {
      case .integer(let number): sum += Int128(number)
      case .unsigned(let number): sum += Int128(number)
      case .float32(let bits): floatSum += Double(Float(bitPattern: bits))
      case .float64(let bits): floatSum += Double(bitPattern: bits)
      }
    }
    return GaugeQuarter(
      quarter: quarter, rows: patterns.count, least: column.raw(least), greatest: column.raw(greatest),
      sum: column.number == .float ? .binary(floatSum) : .exact(ExactDecimal(sum)))
  }

  private var isSound: Bool {
    if !column.invalid.isEmpty, patterns.contains(where: column.invalid.contains) { return false }
    return column.number != .float || patterns.allSatisfy { column.float($0).isFinite }
  }
}

extension PointRule.PlainColumn {
  func float(_ pattern: UInt64) -> Double {
    width == 4 ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: pattern))) : Double(bitPattern: pattern)
  }

  func isLess(_ a: UInt64, _ b: UInt64) -> Bool {
    switch number {
    case .unsigned: a < b
    case .signed: signed(a) < signed(b)
    case .float: float(a) < float(b)
    }
  }

  /// Whether the number went back, and how far it can have gone ahead for sure: of an integer one count less.
  func increase(from a: UInt64, to b: UInt64) -> (size: Double, isBack: Bool) {
    switch number {
    case .unsigned: a <= b ? (max(0, Double(b - a) - 1), false) : (0, true)
    case .signed:
      signed(a) <= signed(b) ? (max(0, Double(UInt64(bitPattern: signed(b) &- signed(a))) - 1), false) : (0, true)
    case .float: float(a) <= float(b) ? (float(b) - float(a), false) : (0, true)
    }
  }

  private func signed(_ pattern: UInt64) -> Int64 {
    let shift = Int64(64 - 8 * width)
    return (Int64(bitPattern: pattern) << shift) >> shift
  }

  /// Whether a pattern that means "not available" lies between two numbers.
  func hasInvalid(from low: RawNumber, through high: RawNumber) -> Bool {
    invalid.contains { pattern in
      switch (raw(pattern), low, high) {
      case (.integer(let number), .integer(let low), .integer(let high)): low <= number && number <= high
      case (.unsigned(let number), .unsigned(let low), .unsigned(let high)): low <= number && number <= high
      // Of floats such patterns are rare, and which number they stand for is no matter.
      default: true
      }
    }
  }
}

extension QuarterAggregate {
  /// The two together, where `next` lies behind this one; nil where it does not.
  func followed(by next: QuarterAggregate, _ column: PointRule.PlainColumn?) -> QuarterAggregate? {
    guard let column, lastTime < next.firstTime else { return nil }
    var both = self
    both.rows += next.rows
    both.decreases += next.decreases
    let step = column.increase(from: last.pattern, to: next.first.pattern)
    if step.isBack { both.decreases += 1 }
    if let a = steepest, let b = next.steepest {
      both.steepest = max(a, b, step.size / Double(next.firstTime - lastTime))
    } else {
      both.steepest = nil
    }
    both.last = next.last
    both.lastTime = next.lastTime
    return both
  }
}

extension RawNumber {
  /// Bits, sign-extended.
  fileprivate var pattern: UInt64 {
    switch self {
    case .integer(let number): UInt64(bitPattern: number)
    case .unsigned(let number): number
    case .float32(let bits): UInt64(bits)
    case .float64(let bits): bits
    }
  }
}
