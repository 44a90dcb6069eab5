import Glibc
import Metering

/// Turns a number in the canonical unit into what a device's registers hold: the inverse of decoding.
///
/// Counters are cut off, not rounded, and wrap at the modulus or where the registers end; gauges are rounded and stop at
/// the ends of their range.
public struct PointEncoder: Sendable {
  private let type: RegisterType
  private let layout: RegisterLayout
  private let isCounter: Bool
  /// raw = (value - zero) × multiplier - offset
  private let multiplier: Double
  private let zero: Double
  private let offset: Double
  /// In raw numbers.
  private let modulus: Double?
  private let lowestBit: UInt64
  /// Bits that a binary number has.
  private let bitCount: Int

  /// - Parameter factor: what the numbers in the registers of the point's `factors` come to.
  /// - Throws: where the quantity is unknown, a unit does not fit it, a scale or ratio is 0, or the point is no number.
  public init(_ point: Definition.Point, of definition: Definition, factor: Double = 1) throws(SimulationError) {
    func complaint(_ text: String) -> SimulationError {
      SimulationError(.definition, "meter '\(definition.meterID)', quantity '\(point.quantity)': \(text)")
    }
    guard let quantity = Quantity(point.quantity) else {
      throw complaint("the vocabulary has no such quantity: take one of its names or x_…")
    }
    type = point.register.type
    guard type != .string, !type.isClock else { throw complaint("\(type.rawValue) is no number") }
    do { layout = try RegisterLayout(point.register) } catch { throw complaint(error.description) }
    let width = 8 * (type.isByte ? 1 : 2 * layout.width)
    if let bits = point.bits {
      guard bits.lowest <= bits.highest, Int(bits.highest) < width else {
        throw complaint("\(type.rawValue) has no bits \(bits.lowest) to \(bits.highest)")
      }
      lowestBit = UInt64(bits.lowest)
      bitCount = Int(bits.highest - bits.lowest) + 1
    } else {
      (lowestBit, bitCount) = (0, width)
    }

    let scale = point.scale.approximateDouble
    var perUnit = factor
    var unit = point.unit
    if unit == "pulse" {
      guard let perPulse = point.perPulse, let pulseUnit = point.pulseUnit else {
        throw complaint("unit 'pulse' needs per_pulse and pulse_unit")
      }
      perUnit *= perPulse.approximateDouble
      unit = pulseUnit
    }
    var zero = 0.0
    if let canonical = quantity.unit {
      guard let conversion = Unit.conversion(from: unit, to: canonical) else {
        let accepted = Unit.accepted(for: canonical).joined(separator: ", ")
        throw complaint("unit '\(unit)' does not fit: take one of \(accepted)")
      }
      perUnit *= conversion.factor.approximateDouble
      zero = conversion.offset.approximateDouble
    }
    if point.side == .secondary {
      let (ct, vt) = (definition.ctRatio.approximateDouble, definition.vtRatio.approximateDouble)
      switch quantity.transformer {
      case .none: break
      case .current: perUnit *= ct
      case .voltage: perUnit *= vt
      case .both: perUnit *= ct * vt
      }
    }
    let perRaw = perUnit * scale
    guard perRaw.isFinite, perRaw != 0 else { throw complaint("scale, ratios and per_pulse must not be 0") }
    isCounter = point.kind == .counter
    multiplier = 1 / perRaw
    self.zero = zero
    offset = (point.offset?.approximateDouble ?? 0) / scale
    // The modulus is in the device's unit, of which one raw number is `scale`.
    let modulus = point.modulus.map { $0.approximateDouble / scale }
    guard modulus.map({ $0.isFinite && $0 > 0 }) ?? true else {
      throw complaint("modulus and scale must be above 0")
    }
    self.modulus = modulus
  }

  /// The registers in wire order, each as a number; of a `bool` one element, 0 or 1.
  public func registers(for value: Double) -> [UInt16] {
    let words = words(for: value)
    return (0..<layout.width).map { words[$0] }
  }

  /// The same without an array; only the first elements mean something.
  func words(for value: Double) -> SIMD4<UInt16> { layout.words(of: pattern(of: number(for: value))) }

  /// The bits of its registers that are the point's own: of a register that several share not all.
  var mask: [UInt16] {
    if type == .bool { return [0xFFFF] }
    let own = (UInt64.max >> UInt64(64 - bitCount)) << lowestBit
    let words = layout.words(of: own)
    return (0..<layout.width).map { words[$0] }
  }

  /// The raw number, which may be more than the registers hold.
  func number(for value: Double) -> Double { (value - zero) * multiplier - offset }

  /// The largest raw number that the registers hold.
  var largest: Double {
    switch type {
    case .f32: Double(Float.greatestFiniteMagnitude)
    case .f64: .greatestFiniteMagnitude
    case .bool: 1
    case .bcd16, .bcd32, .bcd64, .mod10k32, .mod10k48, .mod10k64: pow(10, Double(4 * layout.width)) - 1
    case .i16, .i32, .i48, .i64, .i8High, .i8Low, .signMagnitude16, .signMagnitude32: exp2(Double(bitCount - 1)) - 1
    default: exp2(Double(bitCount)) - 1
    }
  }

  /// Whether the registers hold exactly this raw number.
  func holds(_ raw: Double) -> Bool {
    switch type {
    case .f32, .f64: return abs(raw) <= largest
    case .i16, .i32, .i48, .i64, .i8High, .i8Low, .signMagnitude16, .signMagnitude32, .mod10k32, .mod10k48, .mod10k64:
      return raw == raw.rounded() && abs(raw) <= largest
    default: return raw == raw.rounded() && raw >= 0 && raw <= largest
    }
  }

  private func pattern(of number: Double) -> UInt64 {
    var raw = number
    if isCounter, let modulus, raw.isFinite { raw = raw - modulus * (raw / modulus).rounded(.down) }
    switch type {
    case .f32: return UInt64(Float(raw).bitPattern)
    case .f64: return raw.bitPattern
    case .bool: return raw.isNaN || raw == 0 ? 0 : 1
    case .u8High, .u8Low, .u16, .u32, .u48, .u64: return unsigned(raw, end: exp2(Double(bitCount))) << lowestBit
    case .i8High, .i8Low, .i16, .i32, .i48, .i64:
      let limit = Int64.max >> Int64(64 - bitCount)
      return UInt64(bitPattern: signed(raw, from: -limit - 1, to: limit))
    case .bcd16, .bcd32, .bcd64: return bcd(unsigned(raw, end: pow(10, Double(4 * layout.width))))
    case .mod10k32, .mod10k48, .mod10k64: return modulo10000(raw)
    case .signMagnitude16, .signMagnitude32:
      let limit = Int64.max >> Int64(64 - bitCount)
      let value = signed(raw, from: -limit, to: limit)
      return value.magnitude | (value < 0 ? 1 << UInt64(bitCount - 1) : 0)
    case .string, .clockUnix, .clockFields, .clockBytes, .clockBCD, .clockCP56: return 0
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

  private func signed(_ raw: Double, from lowest: Int64, to highest: Int64) -> Int64 {
    guard let whole = whole(raw) else { return 0 }
    if let exact = Int64(exactly: whole), (lowest...highest).contains(exact) { return exact }
    // A counter in a signed register wraps within its positive half.
    guard isCounter, whole > 0 else { return whole < 0 ? lowest : highest }
    return Int64(exactly: whole.truncatingRemainder(dividingBy: Double(highest) + 1)) ?? highest
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

  private func modulo10000(_ raw: Double) -> UInt64 {
    let limit = Int64(pow(10, Double(4 * layout.width))) - 1
    var (rest, result) = (signed(raw, from: -limit, to: limit), UInt64(0))
    for index in 0..<layout.width {
      result |= UInt64(UInt16(bitPattern: Int16(rest % 10_000))) << UInt64(16 * index)
      rest /= 10_000
    }
    return result
  }
}

extension RegisterType {
  fileprivate var isByte: Bool {
    switch self {
    case .u8High, .u8Low, .i8High, .i8Low: true
    default: false
    }
  }
}
