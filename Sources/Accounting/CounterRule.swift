import Metering

/// What a register can do: where it wraps, how fast it can run, how finely it counts.
public struct CounterRule: Hashable, Sendable {
  /// How the register holds its number.
  public enum Precision: Hashable, Sendable {
    /// An integer, counted in steps of `step`.
    case exact
    /// IEEE 754: the number moves in the steps that its bits allow.
    case float32, float64

    /// How far two neighbouring numbers of that size can lie apart as they are printed, as a part of their size.
    ///
    /// Neighbours differ by at most 2^-23 (2^-52) of their size, and each is printed in its shortest form, half a step
    /// away at most: so 2^-22 (2^-51).
    var relativeTolerance: Double {
      switch self {
      case .exact: 0
      case .float32: 0x1p-22
      case .float64: 0x1p-51
      }
    }
  }

  /// Where it wraps, in the canonical unit.
  public let modulus: ExactDecimal?
  /// The most that it can count in an hour, in the canonical unit (`max_rate`).
  public let maximumPerHour: ExactDecimal?
  /// What one count of the register is worth in the canonical unit: its scale with ratios and unit. Two readings of a
  /// register in whole kWh differ by 1 kWh however short the time between them.
  public let step: ExactDecimal
  public let precision: Precision

  let modulusSize: Double
  let maximumPerMillisecond: Double?
  let stepSize: Double

  public init(
    modulus: ExactDecimal? = nil, maximumPerHour: ExactDecimal? = nil, step: ExactDecimal = .zero,
    precision: Precision = .exact
  ) {
    let modulus = modulus.flatMap { $0 > .zero ? $0 : nil }
    let maximum = maximumPerHour.flatMap { $0 > .zero ? $0 : nil }
    self.modulus = modulus
    self.maximumPerHour = maximum
    self.step = step
    self.precision = precision
    modulusSize = modulus?.size ?? .infinity
    maximumPerMillisecond = maximum.map { $0.size / 3_600_000 }
    stepSize = precision == .exact ? step.size.magnitude : 0
  }

  var withoutMaximum: CounterRule { CounterRule(modulus: modulus, step: step, precision: precision) }

  /// What the register counted between two readings, where that can be.
  ///
  /// - Forward: the difference, unless it is more than `maximumPerHour` allows in the time (and one step).
  /// - Backward by no more than a float's step: the difference, below zero.
  /// - Backward with a modulus: what is left up to the modulus and on from zero; without `maximumPerHour` or a carry
  ///   only where that is the shorter way round.
  /// - Returns: nil where it runs backwards or too fast.
  public func advance(
    from old: ExactDecimal, to new: ExactDecimal, milliseconds: Int64, isCarried: Bool = false
  ) -> ExactDecimal? {
    guard let difference = new.subtracting(old) else { return nil }
    if difference.significand >= 0 {
      guard let perMillisecond = maximumPerMillisecond else { return difference }
      return difference.size <= limit(perMillisecond, milliseconds, old, new) ? difference : nil
    }
    if precision != .exact, -difference.size <= tolerance(old, new) { return difference }
    guard let modulus, let around = difference.adding(modulus), around.significand >= 0 else { return nil }
    if let perMillisecond = maximumPerMillisecond {
      return around.size <= limit(perMillisecond, milliseconds, old, new) ? around : nil
    }
    return isCarried || around.size <= modulusSize / 2 ? around : nil
  }

  /// Whether a difference of several parts, each measured to a step, is not too fast.
  func allows(_ difference: ExactDecimal, milliseconds: Int64, steps: Int) -> Bool {
    guard let perMillisecond = maximumPerMillisecond else { return true }
    let size = difference.size
    return size <= (perMillisecond * Double(max(0, milliseconds)) + stepSize * Double(steps)) * (1 + 1e-12)
      + size * precision.relativeTolerance * Double(steps)
  }

  func tolerance(_ a: ExactDecimal, _ b: ExactDecimal) -> Double {
    precision == .exact ? 0 : max(a.size.magnitude, b.size.magnitude) * precision.relativeTolerance
  }

  /// The largest plausible difference. What is computed in binary here is 10^-12 on the generous side.
  private func limit(_ perMillisecond: Double, _ milliseconds: Int64, _ old: ExactDecimal, _ new: ExactDecimal)
    -> Double
  {
    (perMillisecond * Double(max(0, milliseconds)) + stepSize) * (1 + 1e-12) + tolerance(old, new)
  }
}

extension ExactDecimal {
  /// As a binary number, for comparisons with limits; much faster than `approximateDouble`.
  var size: Double {
    let number = Int64(exactly: significand).map(Double.init) ?? Double(significand)
    if exponent == 0 { return number }
    if exponent < 0, exponent >= -22 { return number / ExactDecimal.powersOfTen[-exponent] }
    if exponent > 0, exponent <= 22 { return number * ExactDecimal.powersOfTen[exponent] }
    return approximateDouble
  }

  /// 10^0 … 10^22 are exact in binary.
  private static let powersOfTen: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1.0) { power, _ in power * 10 }
  }
}
