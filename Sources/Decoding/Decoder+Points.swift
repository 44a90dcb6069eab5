import Metering

extension Decoder {
  /// What is said of a point's readings whatever its source.
  struct Series: Hashable, Sendable {
    let quantity: String
    let unit: String
    let kind: Quantity.Kind
    /// Its index in `rarer`; nil: due whenever the meter is.
    let schedule: Int?
  }

  /// A point, ready to be applied:
  /// value = (raw × `scale` + `offset`) × factors + `zero`, all of them in the canonical unit.
  struct Point: Hashable, Sendable {
    let series: Series
    let register: RegisterReference
    let decoder: RegisterDecoder
    let scale: ExactDecimal
    let offset: ExactDecimal
    /// What the canonical unit's zero differs by.
    let zero: ExactDecimal
    let factors: [Factor]
  }

  struct Factor: Hashable, Sendable {
    let register: RegisterReference
    let decoder: RegisterDecoder
    let scale: ExactDecimal
    let isExponent: Bool

    init(_ factor: Definition.Factor) throws(DecodingFault) {
      guard factor.register.type.isNumber else {
        throw DecodingFault("a factor cannot be a \(factor.register.type.rawValue)")
      }
      register = factor.register
      decoder = try RegisterDecoder(factor.register)
      scale = factor.scale
      isExponent = factor.isExponent
    }

    /// A ratio is above 0; an exponent is whole and within ±18. Anything else is none: a device that is not set up.
    func value(_ raw: ExactDecimal) -> ExactDecimal? {
      guard let number = raw.multiplied(by: scale) else { return nil }
      if !isExponent { return number > .zero ? number : nil }
      guard number >= ExactDecimal(-18), number <= ExactDecimal(18), let exponent = Int(number.description) else {
        return nil
      }
      return ExactDecimal(significand: 1, exponent: exponent)
    }
  }

  static func point(_ point: Definition.Point, _ definition: Definition, schedule: Int?) throws(DecodingFault) -> Point
  {
    guard let quantity = Quantity(point.quantity) else {
      throw DecodingFault("unknown quantity '\(point.quantity)'")
    }
    let type = point.register.type
    if type == .string, point.kind != .text { throw DecodingFault("a string is no \(point.kind.rawValue)") }
    if type.isClock, point.quantity != "clock_offset" { throw DecodingFault("a clock gives clock_offset only") }
    let isScaled = point.scale != .one || point.offset != nil || !(point.factors ?? []).isEmpty
    if !type.isNumber, isScaled {
      throw DecodingFault("\(type.rawValue) is no number that scale, offset or scale_by could be applied to")
    }
    guard
      let conversion = conversion(
        from: point.unit, perPulse: point.perPulse, pulseUnit: point.pulseUnit, quantity),
      let ratio = ratio(point.side, quantity, definition)?.multiplied(by: conversion.factor),
      let scale = point.scale.multiplied(by: ratio), let offset = (point.offset ?? .zero).multiplied(by: ratio)
    else { throw DecodingFault("'\(point.unit)' cannot be converted") }
    var factors: [Factor] = []
    for factor in point.factors ?? [] { factors.append(try Factor(factor)) }
    return Point(
      series: Series(
        quantity: point.quantity, unit: quantity.unit?.symbol ?? point.unit, kind: point.kind, schedule: schedule),
      register: point.register,
      decoder: try RegisterDecoder(point.register, invalid: point.invalid ?? [], bits: point.bits), scale: scale,
      offset: offset, zero: conversion.offset, factors: factors)
  }

  /// From a point's unit to the quantity's canonical one.
  static func conversion(
    from unit: String, perPulse: ExactDecimal?, pulseUnit: String?, _ quantity: Quantity
  ) -> Unit.Conversion? {
    guard let canonical = quantity.unit else { return .identity }
    guard unit == "pulse" else { return Unit.conversion(from: unit, to: canonical) }
    guard let worth = perPulse, let unit = pulseUnit,
      let conversion = Unit.conversion(from: unit, to: canonical), let factor = worth.multiplied(by: conversion.factor)
    else { return nil }
    return Unit.Conversion(factor: factor, offset: .zero)
  }

  static func ratio(_ side: Definition.Side?, _ quantity: Quantity, _ definition: Definition) -> ExactDecimal? {
    guard side == .secondary else { return .one }
    return switch quantity.transformer {
    case .none: .one
    case .current: definition.ctRatio
    case .voltage: definition.vtRatio
    case .both: definition.ctRatio.multiplied(by: definition.vtRatio)
    }
  }
}

extension RegisterType {
  fileprivate var isNumber: Bool { self != .string && !isClock }
}

/// A definition that cannot be applied; says which meter and why.
public struct DecodingFault: Error, Hashable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
