import Metering

/// A usable reading of a counter, reduced to what totals need of it.
public struct CountedPoint: Hashable, Sendable {
  public var time: Timestamp
  /// What was counted since the series began: its register with every wrap, exchange and break taken out.
  public var odometer: Odometer
  /// What was counted since the usable reading before is not known: a break.
  public var isBroken: Bool
  public var isUncertain: Bool
  /// The reading's flags.
  public var flags: [String]
  /// How many readings it stands for.
  public var rows: Int

  public init(
    time: Timestamp, odometer: Odometer, isBroken: Bool = false, isUncertain: Bool = false, flags: [String] = [],
    rows: Int = 1
  ) {
    self.time = time
    self.odometer = odometer
    self.isBroken = isBroken
    self.isUncertain = isUncertain
    self.flags = flags
    self.rows = rows
  }
}

/// A number of a running count, put together only where a row needs it: `offset` + raw number × step.
public struct Odometer: Hashable, Sendable {
  public var offset: ExactDecimal
  /// From an aggregate.
  public var raw: RawNumber?
  /// What one count of `raw` is worth.
  public var step: ExactDecimal

  public init(_ value: ExactDecimal) {
    offset = value
    raw = nil
    step = .one
  }

  init(offset: ExactDecimal, raw: RawNumber, step: ExactDecimal) {
    self.offset = offset
    self.raw = raw
    self.step = step
  }

  /// Nil where it needs more than 128 bits.
  public var value: ExactDecimal? {
    guard let raw else { return offset }
    return raw.value?.multiplied(by: step)?.adding(offset)
  }

  /// Nil where it needs more than 128 bits.
  public func subtracting(_ other: Odometer) -> ExactDecimal? {
    if case .integer(let new)? = raw, case .integer(let old)? = other.raw, step == other.step, offset == other.offset {
      return ExactDecimal(significand: Int128(new) - Int128(old), exponent: 0).multiplied(by: step)
    }
    guard let new = value, let old = other.value else { return nil }
    return new.subtracting(old)
  }
}

/// The number in a register, before its scale.
public enum RawNumber: Hashable, Sendable {
  case integer(Int64)
  case unsigned(UInt64)
  case float32(UInt32)
  case float64(UInt64)

  /// A float in its shortest form; nil for NaN and infinity.
  public var value: ExactDecimal? {
    switch self {
    case .integer(let number): ExactDecimal(number)
    case .unsigned(let number): ExactDecimal(number)
    case .float32(let bits): ExactDecimal(shortest: Float(bitPattern: bits))
    case .float64(let bits): ExactDecimal(shortest: Double(bitPattern: bits))
    }
  }

  /// For comparisons with limits.
  var size: Double {
    switch self {
    case .integer(let number): Double(number)
    case .unsigned(let number): Double(number)
    case .float32(let bits): Double(Float(bitPattern: bits))
    case .float64(let bits): Double(bitPattern: bits)
    }
  }

  /// Whether `next` is no smaller, in the same form; false where either is no number.
  func isFollowed(by next: RawNumber) -> Bool {
    switch (self, next) {
    case (.integer(let a), .integer(let b)): a <= b
    case (.unsigned(let a), .unsigned(let b)): a <= b
    case (.float32(let a), .float32(let b)): Float(bitPattern: a) <= Float(bitPattern: b)
    case (.float64(let a), .float64(let b)): Double(bitPattern: a) <= Double(bitPattern: b)
    default: false
    }
  }
}
