import Glibc
import Metering

/// Turns a value in the canonical unit into what a device's registers hold: the inverse of decoding.
///
/// Counters are cut off, not rounded, and wrap at the modulus or where the registers end; gauges are rounded and stop at
/// the ends of their range.
public struct PointEncoder: Sendable {
  private let type: RegisterType
  private let order: ByteOrder
  private let isCounter: Bool
  /// raw = (value - offset) × multiplier
  private let multiplier: Double
  private let offset: Double
  /// In raw numbers.
  private let modulus: Double?

  /// - Throws: where the quantity is unknown, a unit does not fit it, or a scale or ratio is 0.
  public init(_ point: Definition.Point, of definition: Definition) throws(SimulationError) {
    func complaint(_ text: String) -> SimulationError {
      SimulationError(.definition, "meter '\(definition.meterID)', quantity '\(point.quantity)': \(text)")
    }
    guard let quantity = Quantity(point.quantity) else {
      throw complaint("the vocabulary has no such quantity: take one of its names or x_…")
    }
    var perRaw = point.scale.approximateDouble
    var unit = point.unit
    if unit == "pulse" {
      guard let perPulse = point.perPulse, let pulseUnit = point.pulseUnit else {
        throw complaint("unit 'pulse' needs per_pulse and pulse_unit")
      }
      perRaw *= perPulse.approximateDouble
      unit = pulseUnit
    }
    var offset = 0.0
    if let canonical = quantity.unit {
      guard let conversion = Unit.conversion(from: unit, to: canonical) else {
        let accepted = Unit.accepted(for: canonical).joined(separator: ", ")
        throw complaint("unit '\(unit)' does not fit: take one of \(accepted)")
      }
      perRaw *= conversion.factor.approximateDouble
      offset = conversion.offset.approximateDouble
    }
    if point.side == .secondary {
      let (ct, vt) = (definition.ctRatio.approximateDouble, definition.vtRatio.approximateDouble)
      switch quantity.transformer {
      case .none: break
      case .current: perRaw *= ct
      case .voltage: perRaw *= vt
      case .both: perRaw *= ct * vt
      }
    }
    guard perRaw.isFinite, perRaw != 0 else { throw complaint("scale, ratios and per_pulse must not be 0") }
    type = point.register.type
    order = point.register.order
    isCounter = point.kind == .counter
    multiplier = 1 / perRaw
    self.offset = offset
    // The modulus is in the device's unit, of which one raw number is `scale`.
    let modulus = point.modulus.map { $0.approximateDouble / point.scale.approximateDouble }
    guard modulus.map({ $0.isFinite && $0 > 0 }) ?? true else {
      throw complaint("modulus and scale must be above 0")
    }
    self.modulus = modulus
  }

  /// The registers in wire order, each as a number; of a `bool` one element, 0 or 1.
  public func registers(for value: Double) -> [UInt16] {
    let words = words(for: value)
    return (0..<type.width).map { words[$0] }
  }

  /// The same without an array; only the first `type.width` elements mean something.
  func words(for value: Double) -> SIMD4<UInt16> {
    let bits = pattern(of: (value - offset) * multiplier)
    var words = SIMD4<UInt16>()
    let width = type.width
    for index in 0..<width {
      let significance = order.wordsSwapped ? index : width - 1 - index
      let word = UInt16(truncatingIfNeeded: bits >> UInt64(16 * significance))
      words[index] = order.bytesSwapped && type != .bool ? word.byteSwapped : word
    }
    return words
  }

  private func pattern(of number: Double) -> UInt64 {
    var raw = number
    if isCounter, let modulus, raw.isFinite { raw = raw - modulus * (raw / modulus).rounded(.down) }
    switch type {
    case .f32: return UInt64(Float(raw).bitPattern)
    case .f64: return raw.bitPattern
    case .bool: return raw.isNaN || raw == 0 ? 0 : 1
    case .u16, .u32, .u64: return unsigned(raw, end: exp2(Double(16 * type.width)))
    case .i16: return UInt64(UInt16(bitPattern: signed(raw)))
    case .i32: return UInt64(UInt32(bitPattern: signed(raw)))
    case .i64: return UInt64(bitPattern: signed(raw))
    case .bcd16, .bcd32, .bcd64: return bcd(unsigned(raw, end: pow(10, Double(4 * type.width))))
    }
  }

  /// A whole number below `end`.
  private func unsigned(_ raw: Double, end: Double) -> UInt64 {
    guard let whole = whole(raw), whole > 0 else { return 0 }
    if whole < end { return UInt64(whole) }
    if isCounter { return UInt64(whole.truncatingRemainder(dividingBy: end)) }
    // Above 2^53 the largest Double below `end` is the largest number that can be meant.
    return end < 0x1p53 ? UInt64(end - 1) : UInt64(end.nextDown)
  }

  private func signed<T: FixedWidthInteger & SignedInteger>(_ raw: Double) -> T {
    guard let whole = whole(raw) else { return 0 }
    if let exact = T(exactly: whole) { return exact }
    // A counter in a signed register wraps within its positive half.
    guard isCounter, whole > 0 else { return whole < 0 ? .min : .max }
    return T(exactly: whole.truncatingRemainder(dividingBy: exp2(Double(T.bitWidth - 1)))) ?? .max
  }

  private func whole(_ raw: Double) -> Double? {
    // 0.57 / 0.01 is a little less than 57 in binary: such dust is not cut off.
    let number = isCounter ? (raw + max(1e-6, abs(raw) * 0x1p-50)).rounded(.down) : raw.rounded()
    return number.isFinite ? number : nil
  }

  private func bcd(_ number: UInt64) -> UInt64 {
    var (rest, result, shift) = (number, UInt64(0), UInt64(0))
    while rest > 0 {
      result |= (rest % 10) << shift
      rest /= 10
      shift += 4
    }
    return result
  }
}
