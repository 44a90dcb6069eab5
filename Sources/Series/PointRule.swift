import Accounting
import Decoding
import Metering
import Segments

/// How the readings of a quantity are made by one definition, as far as the numbers before and after are concerned.
struct PointRule: Hashable {
  let kind: Quantity.Kind
  let unit: String
  /// How often it is due.
  let everyMilliseconds: Int64
  /// Which register or object it is read from, and how its bits are a number.
  let source: String
  /// value = raw number × step + offset, before factors in other registers.
  let step: ExactDecimal
  let offset: ExactDecimal
  let counter: CounterRule
  /// Where the whole value stands in one column of a segment, and all that was polled is due.
  let column: PlainColumn?

  /// A column of segments whose numbers are raw numbers of the point.
  struct PlainColumn: Hashable {
    let name: String
    let width: Int
    let order: [UInt8]
    let number: Shape.Number
    /// Patterns that mean "not available".
    let invalid: [UInt64]

    func matches(_ column: Shape.Column) -> Bool {
      column.name == name && column.width == width && column.number == number && column.order == order
    }
  }

  /// Nil where the definition has no such quantity.
  init?(_ quantity: String, of definition: Definition) {
    if let point = definition.points.first(where: { $0.quantity == quantity }) {
      self.init(point, of: definition)
    } else if let point = (definition.stationPoints ?? []).first(where: { $0.quantity == quantity }) {
      self.init(point, of: definition)
    } else {
      return nil
    }
  }

  private init(_ point: Definition.Point, of definition: Definition) {
    kind = point.kind
    unit = Quantity(point.quantity)?.unit?.symbol ?? point.unit
    everyMilliseconds = point.everyMilliseconds ?? definition.everyMilliseconds
    let register = point.register
    source =
      "\(register.table.rawValue)/\(register.address)/\(register.type.rawValue)/\(register.order.rawValue)"
      + "/\(register.length ?? 0)/\(point.bits.map { "\($0.lowest)-\($0.highest)" } ?? "")/\(point.factors?.count ?? 0)"
    let worth = Worth(point, of: definition)
    step = worth.step
    offset = worth.offset
    let precision: CounterRule.Precision =
      switch register.type {
      case .f32: .float32
      case .f64: .float64
      default: .exact
      }
    counter = CounterRule(
      modulus: point.modulus.flatMap { $0.multiplied(by: worth.unit) },
      maximumPerHour: PointRule.maximum(of: unit, definition), step: worth.step, precision: precision)
    let isEveryPoll = point.everyMilliseconds == nil || point.everyMilliseconds == definition.everyMilliseconds
    let hasPlainWorth = (point.factors ?? []).isEmpty && point.bits == nil && worth.step != .zero
    column = isEveryPoll && hasPlainWorth ? PlainColumn(register, invalid: point.invalid ?? []) : nil
  }

  private init(_ point: Definition.StationPoint, of definition: Definition) {
    kind = point.kind
    unit = Quantity(point.quantity)?.unit?.symbol ?? point.unit
    let station = definition.station
    everyMilliseconds =
      (point.isIntegratedTotal ? station?.countersEveryMilliseconds : station?.interrogateEveryMilliseconds)
      ?? definition.everyMilliseconds
    source = "\(point.commonAddress)/\(point.objectAddress)/\(point.type)"
    let worth = Worth(
      Definition.Point(
        quantity: point.quantity, unit: point.unit, kind: point.kind,
        register: .init(table: .holding, address: 0, type: .u16), scale: point.scale, side: point.side,
        perPulse: point.perPulse, pulseUnit: point.pulseUnit, offset: point.offset), of: definition)
    step = worth.step
    offset = worth.offset
    counter = CounterRule(
      modulus: point.modulus.flatMap { $0.multiplied(by: worth.unit) },
      maximumPerHour: PointRule.maximum(of: unit, definition), step: worth.step,
      // A counter that comes as a measured value may be a float; then it moves in a float's steps.
      precision: point.isIntegratedTotal ? .exact : .float32)
    column = nil
  }

  /// `max_rate` is said in the unit that the meter's energy is accounted in; it says nothing of its other counters.
  private static func maximum(of unit: String, _ definition: Definition) -> ExactDecimal? {
    guard let text = definition.metadata["max_rate"], let most = ExactDecimal(text) else { return nil }
    let accounted: String? =
      switch definition.metadata["energy"] {
      case "electricity", "heat", "cooling": "kWh"
      case "water", "gas": "m3"
      case "steam": "t"
      default: nil
      }
    return (accounted ?? unit) == unit ? most : nil
  }
}

extension PointRule.PlainColumn {
  /// Nil where the bits are not the number.
  fileprivate init?(_ register: RegisterReference, invalid: [UInt64]) {
    switch register.type {
    case .u16, .u32, .u48, .u64: number = .unsigned
    case .i16, .i32, .i48, .i64: number = .signed
    case .f32, .f64: number = .float
    default: return nil
    }
    if register.table.isBits { return nil }
    name = "\(register.table.rawValue)/\(register.address)/\(register.width)"
    width = 2 * register.width
    let places = register.order.places(registers: register.width)
    order = places.elementsEqual(0..<width) ? [] : places.map(UInt8.init)
    self.invalid = invalid
  }

  func raw(_ pattern: UInt64) -> RawNumber {
    switch number {
    case .unsigned: width < 8 ? .integer(Int64(bitPattern: pattern)) : .unsigned(pattern)
    case .signed:
      .integer(Int64(truncatingIfNeeded: pattern << UInt64(64 - 8 * width)) >> Int64(64 - 8 * width))
    case .float: width == 4 ? .float32(UInt32(truncatingIfNeeded: pattern)) : .float64(pattern)
    }
  }
}

/// What numbers of a point are worth in the canonical unit: the decoder is asked, so that there is one rule only.
private struct Worth {
  var step = ExactDecimal.zero
  var offset = ExactDecimal.zero
  /// What 1 of the point's own unit is worth.
  var unit = ExactDecimal.zero

  init(_ point: Definition.Point, of definition: Definition) {
    var plain = point
    plain.register = .init(table: .holding, address: 0, type: .u16)
    plain.bits = nil
    plain.invalid = nil
    plain.factors = nil
    plain.everyMilliseconds = nil
    if point.kind == .text || point.register.type.isClock || point.register.type == .string { return }
    if let line = Worth.line(plain, definition) { (offset, step) = line }
    plain.scale = .one
    plain.offset = nil
    unit = Worth.line(plain, definition)?.step ?? .zero
  }

  /// What 0 is, and how much 1 is more.
  private static func line(_ point: Definition.Point, _ definition: Definition) -> (
    offset: ExactDecimal, step: ExactDecimal
  )? {
    let plain = Definition(
      meterID: definition.meterID, bus: "", unitID: 0, everyMilliseconds: definition.everyMilliseconds,
      timeZone: definition.timeZone, ctRatio: definition.ctRatio, vtRatio: definition.vtRatio, points: [point])
    guard let decoder = try? Decoder(plain) else { return nil }
    func value(_ number: UInt8) -> ExactDecimal? {
      let block = Block(table: .holding, address: 0, count: 1, outcome: .ok, bytes: [0, number])
      var value: ExactDecimal?
      decoder.forEachReading(
        of: Observation(
          meterID: definition.meterID, time: .epoch, due: nil, received: .epoch, definition: "", content: .poll([block])
        )
      ) { value = $0.value }
      return value
    }
    guard let zero = value(0), let one = value(1), let step = one.subtracting(zero) else { return nil }
    return (zero, step)
  }
}
