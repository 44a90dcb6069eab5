import Metering
import Schedule

/// Turns observations of one meter into readings: a pure function of (definition, observation).
public struct Decoder: Sendable {
  public let definition: Definition
  private let points: [Point]
  public let slots: Slots

  private struct Point: Hashable, Sendable {
    let quantity: String
    let unit: String
    let kind: Quantity.Kind
    let register: RegisterReference
    let decoder: RegisterDecoder
    let factor: ExactDecimal
    let offset: ExactDecimal
  }

  /// - Throws: `DecodingFault` where the definition names what this version does not know.
  public init(_ definition: Definition) throws(DecodingFault) {
    self.definition = definition
    let zone: Zone
    do { zone = try Zone(named: definition.timeZone) } catch { throw DecodingFault("\(definition.meterID): \(error)") }
    guard let slots = Slots(everyMilliseconds: definition.everyMilliseconds, zone: zone) else {
      throw DecodingFault(
        "\(definition.meterID): an interval of \(definition.everyMilliseconds) ms does not divide the day")
    }
    self.slots = slots
    var points: [Point] = []
    for point in definition.points {
      guard let quantity = Quantity(point.quantity) else {
        throw DecodingFault("\(definition.meterID): unknown quantity '\(point.quantity)'")
      }
      guard let conversion = Decoder.conversion(point, quantity),
        let ratio = Decoder.ratio(point, quantity, definition),
        let scaled = point.scale.multiplied(by: ratio)?.multiplied(by: conversion.factor)
      else {
        throw DecodingFault("\(definition.meterID)/\(point.quantity): '\(point.unit)' cannot be converted")
      }
      points.append(
        Point(
          quantity: point.quantity, unit: quantity.unit?.symbol ?? point.unit, kind: point.kind,
          register: point.register,
          decoder: RegisterDecoder(
            type: point.register.type, order: point.register.order, invalid: point.invalid ?? []),
          factor: scaled, offset: conversion.offset))
    }
    self.points = points
  }

  /// Calls `body` once per reading, in the order of the definition's points.
  ///
  /// - Parameters:
  ///   - clockOffsetMilliseconds: what to add to times that were taken before the clock was trusted.
  ///   - window: of a range of missed slots, only those in it; a range can be weeks long.
  public func forEachReading(
    of observation: Observation, clockOffsetMilliseconds: Int64 = 0,
    within window: Range<Timestamp> = .distantPast ..< .distantFuture, _ body: (Reading) throws -> Void
  ) rethrows {
    var observation = observation
    var flags: [String] = []
    if observation.marks.contains(.untrustedClock) {
      observation.time = observation.time + clockOffsetMilliseconds
      observation.due = observation.due.map { $0 + clockOffsetMilliseconds }
      observation.received = observation.received + clockOffsetMilliseconds
      flags = ["clock"]
    } else if observation.marks.contains(.repeatedLabel) {
      flags = ["clock"]
    }
    switch observation.content {
    case .poll(let blocks):
      for point in points {
        guard let block = blocks.first(where: { Decoder.covers($0, point.register) }) else { continue }
        // A request that was not sent is missing because of the one before it.
        let cause = block.outcome == .notAsked ? blocks.first { $0.outcome != .ok && $0.outcome != .notAsked } : nil
        try body(reading(point, block, observation, (cause.map { [$0.outcome.flag] } ?? []) + flags))
      }
    case .missed(let from, let to, _, let reason):
      let shift = observation.marks.contains(.untrustedClock) ? clockOffsetMilliseconds : 0
      let first = max(from, window.lowerBound - shift)
      let last = min(to, window.upperBound - shift - 1)
      if first > last { return }
      var index = UInt32(clamping: slots.count(from: from, through: first - 1))
      try slots.forEach(from: first, through: last) { slot in
        for point in points {
          try body(
            Reading(
              time: slot + shift, due: slot + shift, received: observation.received, meterID: definition.meterID,
              quantity: point.quantity, value: nil, unit: point.unit, kind: point.kind, quality: .bad,
              flags: reason.flags + flags, seq: observation.seq, index: index))
        }
        index += 1
      }
    case .clockOffset, .forward: return
    }
  }

  private static func covers(_ block: Block, _ register: RegisterReference) -> Bool {
    block.table == register.table && block.address <= register.address
      && Int(block.address) + Int(block.count) >= register.end
  }

  private func reading(_ point: Point, _ block: Block, _ observation: Observation, _ flags: [String]) -> Reading {
    var reading = Reading(
      time: observation.time, due: observation.due, received: observation.received, meterID: definition.meterID,
      quantity: point.quantity, value: nil, unit: point.unit, kind: point.kind, quality: .bad, flags: flags,
      seq: observation.seq)
    guard block.outcome == .ok else {
      // A failure has no time at the meter: it belongs to its slot.
      reading.time = observation.due ?? observation.time
      reading.flags.insert(block.outcome.flag, at: 0)
      return reading
    }
    reading.raw = Decoder.bytes(of: point.register, in: block)
    if reading.raw.count == 2 * point.register.type.width,
      case .number(let number) = point.decoder.number(reading.raw[...]),
      let value = number.multiplied(by: point.factor)?.adding(point.offset)
    {
      reading.value = value
      reading.quality = flags.isEmpty ? .good : .uncertain
    } else {
      reading.flags.insert("invalid", at: 0)
    }
    return reading
  }

  /// The point's bytes in wire order; one bit comes as a register 0 or 1.
  private static func bytes(of register: RegisterReference, in block: Block) -> [UInt8] {
    let place = Int(register.address) - Int(block.address)
    if register.table.isBits {
      guard place / 8 < block.bytes.count else { return [] }
      return [0, block.bytes[place / 8] >> UInt8(place % 8) & 1]
    }
    let end = 2 * (place + register.type.width)
    return end <= block.bytes.count ? Array(block.bytes[(2 * place)..<end]) : []
  }

  private static func conversion(_ point: Definition.Point, _ quantity: Quantity) -> Unit.Conversion? {
    guard let canonical = quantity.unit else { return .identity }
    guard point.unit == "pulse" else { return Unit.conversion(from: point.unit, to: canonical) }
    guard let worth = point.perPulse, let unit = point.pulseUnit,
      let conversion = Unit.conversion(from: unit, to: canonical), let factor = worth.multiplied(by: conversion.factor)
    else { return nil }
    return Unit.Conversion(factor: factor, offset: .zero)
  }

  private static func ratio(_ point: Definition.Point, _ quantity: Quantity, _ definition: Definition)
    -> ExactDecimal?
  {
    guard point.side == .secondary else { return .one }
    return switch quantity.transformer {
    case .none: .one
    case .current: definition.ctRatio
    case .voltage: definition.vtRatio
    case .both: definition.ctRatio.multiplied(by: definition.vtRatio)
    }
  }
}

/// A definition that cannot be applied; says which meter and why.
public struct DecodingFault: Error, Hashable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
