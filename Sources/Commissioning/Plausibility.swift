import Decoding
import Metering

/// Whether values could be true, for a unit of which nothing else is known.
enum Plausibility {
  /// A model for which less speaks is not named: a frequency alone is one register of a hundred that look like one.
  static let leastPoints = 5

  /// One value of a model, and how much it is worth that it could be true.
  struct Check: Hashable {
    var point: Definition.Point
    var weight: Int
  }

  enum Judgement: Hashable {
    /// With so many points, and why, in words.
    case fits(Int, String)
    /// Nothing runs: 0 may be anything.
    case saysNothing
    case contradicts
  }

  /// The quantities whose range is known, the ones that tell most first, and the accounting counter.
  static func checks(of candidate: Candidate) -> [Check] {
    let weights: [(quantity: String, weight: Int)] = [
      ("frequency", 4), ("voltage_l1", 3), ("voltage_l1_l2", 3), ("power_factor", 2), ("temperature_flow", 2),
      ("temperature_return", 2), ("volume_flow", 1), ("clock_offset", 4), (candidate.accountingQuantity, 1),
    ]
    return weights.compactMap { quantity, weight in
      let point = candidate.points.first { $0.quantity == quantity && !$0.countsUnknownPulses }
      return point.map { Check(point: $0, weight: weight) }
    }
  }

  /// `49.98 Hz`, `L1 231.24 V`, `power factor 0.94`: for people, so with two digits behind the point at most.
  static func words(_ quantity: String, _ value: ExactDecimal, _ unit: String) -> String {
    let parts = value.description.split(separator: ".", maxSplits: 1)
    let isPlain = !value.description.contains("e")
    let number = parts.count == 2 && isPlain ? "\(parts[0]).\(parts[1].prefix(2))" : value.description
    return switch quantity {
    case "power_factor": "power factor \(number)"
    case "voltage_l1": "L1 \(number) V"
    case "voltage_l1_l2": "L1-L2 \(number) V"
    case "temperature_flow": "flow \(number) \(unit)"
    case "temperature_return": "return \(number) \(unit)"
    case "clock_offset": "clock off by \(number) s"
    default: "\(number) \(unit)"
    }
  }

  /// The reading of one point in answers to its registers.
  static func reading(of point: Definition.Point, in blocks: [Block]) -> Reading? {
    var point = point
    point.everyMilliseconds = nil
    let definition = Definition(
      meterID: "unit", bus: "bus", unitID: 1, everyMilliseconds: 60_000, timeZone: "UTC", points: [point])
    let now = SystemClock().now()
    let observation = Observation(
      meterID: "unit", time: now, due: nil, received: now, definition: "", content: .poll(blocks))
    var reading: Reading?
    (try? Decoder(definition))?.forEachReading(of: observation) { reading = $0 }
    return reading
  }
}

extension Plausibility.Check {
  func judge(_ blocks: [Block]) -> Plausibility.Judgement {
    guard let reading = Plausibility.reading(of: point, in: blocks), let value = reading.value else {
      return .contradicts
    }
    func isWithin(_ low: Int, _ high: Int) -> Bool { value >= ExactDecimal(low) && value <= ExactDecimal(high) }
    let words = Plausibility.words(point.quantity, value, reading.unit)
    func fits(_ isSo: Bool) -> Plausibility.Judgement { isSo ? .fits(weight, words) : .contradicts }
    switch point.quantity {
    case "frequency": return fits(isWithin(45, 65))
    case "clock_offset": return fits(isWithin(-86_400, 86_400))
    case _ where value == .zero: return .saysNothing
    case "voltage_l1": return voltage(value, isLow: isWithin(50, 300), words)
    case "voltage_l1_l2": return voltage(value, isLow: isWithin(80, 520), words)
    case "power_factor": return fits(isWithin(-1, 1))
    case "temperature_flow", "temperature_return": return fits(isWithin(-20, 200))
    case "volume_flow": return fits(isWithin(-100_000, 100_000))
    // A counter of a meter that has run for a while: kWh, m3.
    default: return fits(isWithin(0, 1_000_000_000))
    }
  }

  /// Low voltage, or what instrument transformers make of more; medium voltage is rare, so it counts little.
  private func voltage(_ value: ExactDecimal, isLow: Bool, _ words: String) -> Plausibility.Judgement {
    if isLow { return .fits(weight, words) }
    let isMedium = value >= ExactDecimal(300) && value <= ExactDecimal(60_000)
    return isMedium && point.side == .primary ? .fits(1, words) : .contradicts
  }
}

extension Definition.Point {
  /// A pulse collector does not know what its pulses are worth.
  var countsUnknownPulses: Bool { unit == "pulse" && perPulse == nil }
}
