import IEC104
import Metering

/// A point of a station, ready to be applied: value = number × `scale` + `offset`, in the canonical unit.
struct StationPoint: Hashable, Sendable {
  let series: Decoder.Series
  let commonAddress: UInt16
  let objectAddress: UInt32
  /// A family or one type, by name.
  let type: String
  let isIntegratedTotal: Bool
  private let scale: ExactDecimal
  private let offset: ExactDecimal

  init(_ point: Definition.StationPoint, _ definition: Definition, schedule: Int?) throws(DecodingFault) {
    guard let quantity = Quantity(point.quantity) else {
      throw DecodingFault("unknown quantity '\(point.quantity)'")
    }
    guard
      let conversion = Decoder.conversion(
        from: point.unit, perPulse: point.perPulse, pulseUnit: point.pulseUnit, quantity),
      let ratio = Decoder.ratio(point.side, quantity, definition)?.multiplied(by: conversion.factor),
      let scale = point.scale.multiplied(by: ratio),
      let offset = (point.offset ?? .zero).multiplied(by: ratio)?.adding(conversion.offset)
    else { throw DecodingFault("'\(point.unit)' cannot be converted") }
    series = Decoder.Series(
      quantity: point.quantity, unit: quantity.unit?.symbol ?? point.unit, kind: point.kind, schedule: schedule)
    commonAddress = point.commonAddress
    objectAddress = point.objectAddress
    type = point.type
    isIntegratedTotal = point.isIntegratedTotal
    self.scale = scale
    self.offset = offset
  }

  /// Nil where the value is no number, or more digits than are kept.
  func value(of object: InformationObject, _ type: TypeID) -> ExactDecimal? {
    StationPoint.number(object.value(as: type))?.multiplied(by: scale)?.adding(offset)
  }

  private static func number(_ value: ObjectValue) -> ExactDecimal? {
    switch value {
    case .single(let isOn): isOn ? .one : .zero
    // 0 and 3 are indeterminate (IEC 60870-5-101 clauses 7.2.6.2, 7.2.6.10).
    case .double(let state), .protectionEvent(let state): state == 1 || state == 2 ? ExactDecimal(state) : nil
    case .step(let step, _): ExactDecimal(step)
    case .bitstring(let bits): ExactDecimal(bits)
    // raw / 2^15, exactly.
    case .normalized(let raw): ExactDecimal(significand: Int128(raw) * 30_517_578_125, exponent: -15)
    case .scaled(let raw): ExactDecimal(raw)
    case .float(let number): ExactDecimal(shortest: number)
    case .counter(let count, _, _, _): ExactDecimal(count)
    case .startEvents(let bits), .outputCircuit(let bits): ExactDecimal(bits)
    case .statusAndChange(let status, _): ExactDecimal(status)
    default: nil
    }
  }

  /// Quality and flags of what the station says of the object's quality (IEC 60870-5-101 clauses 7.2.6.3, 7.2.6.4, 7.2.6.9).
  static func judge(_ object: InformationObject, _ type: TypeID) -> (quality: Quality, flags: [String]) {
    let quality = object.quality
    var flags: [String] = []
    var result = Quality.good
    func add(_ flag: String, _ worse: Quality) {
      flags.append(flag)
      if result != .bad { result = worse }
    }
    if !quality.isEmpty {
      if quality.contains(.invalid) { add("invalid", .bad) }
      if quality.contains(.overflow) { add("overflow", .bad) }
      if quality.contains(.elapsedTimeInvalid) { add("elapsed", .bad) }
      if quality.contains(.notTopical) { add("not-topical", .uncertain) }
      if quality.contains(.blocked) { add("blocked", .uncertain) }
      if quality.contains(.substituted) { add("substituted", .uncertain) }
    }
    switch object.value(as: type) {
    case .counter(_, _, let carry, let adjusted):
      if carry { flags.append("carry") }
      if adjusted { flags.append("adjusted") }
    case .step(_, isTransient: true): add("transient", .uncertain)
    default: break
    }
    return (result, flags)
  }
}
