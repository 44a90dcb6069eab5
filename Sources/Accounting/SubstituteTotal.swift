import Metering

/// What somebody says was counted from one instant to another, in place of what the readings say.
public struct SubstituteTotal: Hashable, Sendable {
  public var from: Timestamp
  public var to: Timestamp
  /// In the canonical unit.
  public var total: ExactDecimal

  public init(from: Timestamp, to: Timestamp, total: ExactDecimal) {
    self.from = from
    self.to = to
    self.total = total
  }
}

/// Puts given totals into the running count, before it is cut into intervals.
///
/// The readings between `from` and `to` are left out; at both instants stands a made-up point (`rows` 0), the second one,
/// flagged `corrected`, `total` above the first. What the register counted before and after is as it was, so an interval that is exactly the
/// given one has the given total, a longer one contains it, and shorter ones in it have none (a spanning row has it).
/// Where a reading is missing at one of the two, the register's difference over the whole outage stays as it is, as long as it
/// is no less than the given total: this only says how it is divided.
struct TotalSubstitution: Sendable {
  private let substitutes: [SubstituteTotal]
  private let tolerance: Int64
  private var index = 0
  /// Added to what readings say, because of substitutes before.
  private var shift = ExactDecimal.zero
  private var last: CountedPoint?
  private var atStart: CountedPoint?
  private var start: CountedPoint?
  private var atEnd: CountedPoint?
  private var isBroken = false

  init(_ substitutes: [SubstituteTotal], toleranceMilliseconds: Int64) {
    self.substitutes = substitutes.sorted { $0.from < $1.from }
    tolerance = toleranceMilliseconds
  }

  func hasEdge(after start: Timestamp, before end: Timestamp) -> Bool {
    substitutes.contains { $0.from > start && $0.from < end || $0.to > start && $0.to < end }
  }

  mutating func add(_ point: CountedPoint, _ body: (CountedPoint) -> Void) {
    while index < substitutes.count {
      let substitute = substitutes[index]
      if abs(point.time - substitute.from) <= tolerance, isNearer(point, than: atStart, to: substitute.from) {
        atStart = point
      }
      if point.time <= substitute.from { return pass(point, body) }
      if point.time <= substitute.from + tolerance, point.time < substitute.to { return leaveOut(point) }
      if start == nil { begin(substitute, body) }
      if abs(point.time - substitute.to) <= tolerance, isNearer(point, than: atEnd, to: substitute.to) {
        atEnd = point
      }
      if point.time < substitute.to { return leaveOut(point) }
      end(substitute, next: point, body)
    }
    pass(point, body)
  }

  mutating func finish(_ body: (CountedPoint) -> Void) {
    while index < substitutes.count {
      if start == nil { begin(substitutes[index], body) }
      end(substitutes[index], next: nil, body)
    }
  }

  private func isNearer(_ point: CountedPoint, than other: CountedPoint?, to instant: Timestamp) -> Bool {
    guard let other else { return true }
    return abs(point.time - instant) < abs(other.time - instant)
  }

  private mutating func pass(_ point: CountedPoint, _ body: (CountedPoint) -> Void) {
    var point = point
    point.odometer.shift(by: shift)
    point.isBroken = point.isBroken || isBroken
    isBroken = false
    last = point
    body(point)
  }

  private mutating func leaveOut(_ point: CountedPoint) {
    if point.isBroken { isBroken = true }
  }

  private mutating func begin(_ substitute: SubstituteTotal, _ body: (CountedPoint) -> Void) {
    var odometer = last?.odometer ?? Odometer(.zero)
    if let atStart {
      odometer = atStart.odometer
      odometer.shift(by: shift)
    }
    let point = CountedPoint(
      time: substitute.from, odometer: odometer, isBroken: atStart?.isBroken ?? false,
      isUncertain: atStart?.isUncertain ?? true, flags: atStart == nil ? ["corrected"] : [], rows: 0)
    start = point
    last = point
    body(point)
  }

  /// - Parameter next: the first reading that is not before the end.
  private mutating func end(_ substitute: SubstituteTotal, next: CountedPoint?, _ body: (CountedPoint) -> Void) {
    guard let value = start?.odometer.value?.adding(substitute.total) else { return reset() }
    let point = CountedPoint(
      time: substitute.to, odometer: Odometer(value), isUncertain: atEnd?.isUncertain ?? true, flags: ["corrected"],
      rows: 0)
    if let atEnd, let measured = atEnd.odometer.value, let difference = value.subtracting(measured) {
      shift = difference
      isBroken = false
    } else if let measured = next?.odometer.value, let difference = value.subtracting(measured), difference > shift {
      shift = difference
    }
    last = point
    body(point)
    reset()
  }

  private mutating func reset() {
    index += 1
    start = nil
    // The end of one may be the start of the next.
    atStart = nil
    if index < substitutes.count, let last, abs(last.time - substitutes[index].from) <= tolerance {
      var point = last
      if let offset = point.odometer.offset.subtracting(shift) { point.odometer.offset = offset }
      atStart = point
    }
    atEnd = nil
  }
}

extension Odometer {
  mutating func shift(by amount: ExactDecimal) {
    if amount.significand != 0, let sum = offset.adding(amount) { offset = sum }
  }
}
