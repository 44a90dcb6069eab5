import IEC104
import Metering

/// One counter of a station as binary counter readings show it (IEC 60870-5-101 clause 7.2.6.9).
struct IntegratedTotal: Sendable {
  /// Where it starts again from 0.
  private let modulus: Int64
  /// What it stood at when it was last set to 0.
  private var base: Int64 = 0
  /// How often it had started again when the period began that CY speaks of: with the last freezing or reading.
  private var wraps: Int64
  private var isAdjusted = false
  private var sequence: UInt8 = 0
  private var frozen: ObjectValue?

  /// - Parameters:
  ///   - modulus: nil, or more than 32 bits hold: where a signed number of 32 bits ends.
  ///   - count: what it stands at.
  init(modulus: Int64?, count: Int64) {
    self.modulus = modulus.flatMap { (1...(1 << 32)).contains($0) ? $0 : nil } ?? 1 << 31
    wraps = count.flooredDivision(by: self.modulus)
  }

  /// What a request gets: the copy, where one is kept.
  mutating func reading(_ count: Int64) -> ObjectValue {
    if let frozen { return frozen }
    return current(count)
  }

  /// QCC: FRZ.
  mutating func carryOut(_ freeze: OutgoingASDU.Freeze, _ count: Int64) {
    switch freeze {
    case .read: return
    case .freeze:
      sequence = (sequence + 1) & 0x1F
      frozen = current(count)
    case .freezeReset:
      sequence = (sequence + 1) & 0x1F
      frozen = current(count)
      setToZero(count)
    case .reset:
      frozen = nil
      setToZero(count)
      isAdjusted = true
    }
  }

  private mutating func setToZero(_ count: Int64) {
    base = count
    wraps = 0
  }

  private mutating func current(_ count: Int64) -> ObjectValue {
    let total = count - base
    let times = total.flooredDivision(by: modulus)
    defer {
      wraps = times
      isAdjusted = false
    }
    return .counter(
      Int32(truncatingIfNeeded: total.flooredRemainder(by: modulus)), sequence: sequence, carry: times != wraps,
      adjusted: isAdjusted)
  }
}
