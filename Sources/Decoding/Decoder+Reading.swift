import Metering
import Schedule

extension Decoder {
  /// The block that speaks of a register: one that was answered and covers it, else the last one that was asked and
  /// failed (a block that a device refused is followed by its parts), else one that was not asked.
  static func block(covering register: RegisterReference, in blocks: [Block]) -> Block? {
    var failed: Int?
    for (index, block) in blocks.enumerated()
    where block.table == register.table && block.address <= register.address
      && Int(block.address) + Int(block.count) >= register.end
    {
      if block.outcome == .ok { return block }
      if block.outcome != .notAsked || failed == nil { failed = index }
    }
    return failed.map { blocks[$0] }
  }

  /// What kept `block` from being answered, in the words of flags.
  private static func flags(of block: Block, in blocks: [Block]) -> [String] {
    guard block.outcome == .notAsked else { return [block.outcome.flag] }
    // A request that was not sent is missing because of the one before it.
    let cause = blocks.first { $0.outcome != .ok && $0.outcome != .notAsked }
    return [block.outcome.flag] + (cause.map { [$0.outcome.flag] } ?? [])
  }

  /// The reading of a point that `block` covers.
  func reading(
    _ point: Point, _ block: Block, in blocks: [Block], _ observation: Observation, _ flags: [String]
  ) -> Reading {
    var reading = Reading(
      time: observation.time, due: observation.due, received: observation.received, meterID: definition.meterID,
      quantity: point.series.quantity, value: nil, unit: point.series.unit, kind: point.series.kind, quality: .bad,
      flags: flags,
      seq: observation.seq)
    func fail(_ reasons: [String]) -> Reading {
      // A failure has no time at the meter: it belongs to its slot.
      reading.time = observation.due ?? observation.time
      reading.flags = reasons + flags
      return reading
    }
    guard block.outcome == .ok else { return fail(Decoder.flags(of: block, in: blocks)) }
    reading.raw = Decoder.bytes(of: point.register, in: block)
    var product: ExactDecimal?
    if !point.factors.isEmpty {
      switch Decoder.product(of: point.factors, in: blocks) {
      case .number(let number): product = number
      case .invalid: return invalid(reading)
      case .failed(let reasons): return fail(reasons)
      }
    }
    guard reading.raw.count == point.decoder.byteCount else { return invalid(reading) }
    switch point.decoder.value(reading.raw[...]) {
    case .number(let number):
      guard var value = number.multiplied(by: point.scale)?.adding(point.offset) else { return invalid(reading) }
      if let product {
        guard let multiplied = value.multiplied(by: product) else { return invalid(reading) }
        value = multiplied
      }
      guard let sum = value.adding(point.zero) else { return invalid(reading) }
      if point.series.kind == .text { reading.text = sum.description } else { reading.value = sum }
    case .text(let text): reading.text = text
    case .time(let time):
      guard let instant = time.instant(in: slots.zone, nearest: observation.time) else { return invalid(reading) }
      reading.value = ExactDecimal(significand: Int128(instant - observation.time), exponent: -3)
    case .invalid: return invalid(reading)
    }
    reading.quality = flags.isEmpty ? .good : .uncertain
    return reading
  }

  private func invalid(_ reading: Reading) -> Reading {
    var reading = reading
    reading.flags.insert("invalid", at: 0)
    return reading
  }

  private enum Product {
    case number(ExactDecimal)
    case invalid
    /// With its flags.
    case failed([String])
  }

  private static func product(of factors: [Factor], in blocks: [Block]) -> Product {
    var product = ExactDecimal.one
    var isInvalid = false
    for factor in factors {
      // Where no request was for it, it is as if that had not been sent.
      guard let block = block(covering: factor.register, in: blocks) else { return .failed([Outcome.notAsked.flag]) }
      guard block.outcome == .ok else { return .failed(flags(of: block, in: blocks)) }
      let raw = bytes(of: factor.register, in: block)
      guard raw.count == factor.decoder.byteCount, case .number(let number) = factor.decoder.value(raw[...]),
        let value = factor.value(number), let next = product.multiplied(by: value)
      else {
        isInvalid = true
        continue
      }
      product = next
    }
    return isInvalid ? .invalid : .number(product)
  }

  /// The value's bytes in wire order; one bit comes as a register 0 or 1.
  private static func bytes(of register: RegisterReference, in block: Block) -> [UInt8] {
    let place = Int(register.address) - Int(block.address)
    if register.table.isBits {
      guard place / 8 < block.bytes.count else { return [] }
      return [0, block.bytes[place / 8] >> UInt8(place % 8) & 1]
    }
    let end = 2 * (place + register.width)
    return end <= block.bytes.count ? Array(block.bytes[(2 * place)..<end]) : []
  }
}
