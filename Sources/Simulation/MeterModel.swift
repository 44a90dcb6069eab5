import Metering

/// What a meter measures and how big it is, guessed from its definition.
struct MeterModel: Sendable {
  enum Family: Sendable, Equatable {
    case electricity, water, gas, thermal, steam

    init(_ definition: Definition) {
      switch definition.metadata["energy"] {
      case "water": self = .water
      case "gas": self = .gas
      case "heat", "cold", "cooling": self = .thermal
      case "steam": self = .steam
      default: self = .electricity
      }
    }
  }

  let family: Family
  let shape: WeekProfile.Shape
  /// The meter's own full load: kW, m3/h or t/h by family. What is below it comes on top.
  let nominal: Double
  /// Its own load and those below it, as indices of the plant.
  let loads: [Int]
  /// Of the main counter at commissioning, in rate × hours.
  let firstReading: Double
  /// Of the total, by phase; constant, so that the counters of the phases are exact too.
  let phaseShares: [Double]
  /// Reactive power = tangent × active power + magnetising (kvar).
  let tangent: Double
  let magnetising: Double
  /// Phase to neutral, volts.
  let nominalVoltage: Double
  /// What is engraved on it: the settings say it, or it is made of the id.
  let serialNumber: String
  /// How far its clock is ahead: whole seconds, never 0.
  let clockOffsetMilliseconds: Int64

  init(_ definition: Definition, loads: [Int], hasChildren: Bool, noise: inout DeterministicNoise) {
    family = Family(definition)
    let use = definition.metadata["use"] ?? ""
    func isUsed(for words: String...) -> Bool { words.contains { use.contains($0) } }
    let ct = max(1, definition.ctRatio.approximateDouble)
    let vt = max(1, definition.vtRatio.approximateDouble)
    // Behind voltage transformers of 100 V between phases; else 230 V.
    nominalVoltage = vt > 1 ? 100 / 3.0.squareRoot() * vt : 230

    var size: Double
    switch family {
    case .electricity:
      shape =
        isUsed(for: "light")
        ? .lighting
        : isUsed(for: "chill", "air-", "cool")
          ? .cooling
          : isUsed(for: "compress") ? .steady : .production
      if ct > 1 {
        // Half of what 5 A transformers of that ratio carry.
        size = 3 * nominalVoltage * 5 * ct * 0.5 / 1000
      } else {
        size =
          isUsed(for: "light")
          ? 14
          : isUsed(for: "chill")
            ? 55
            : isUsed(for: "compress")
              ? 37
              : Self.byLevel(definition, site: 160, part: 60, equipment: 22)
      }
    case .water:
      shape = .water
      size = Self.byLevel(definition, site: 14, part: 6, equipment: 3.5)
    case .gas:
      shape = .steady
      size = Self.byLevel(definition, site: 80, part: 30, equipment: 12)
    case .thermal:
      shape = .cooling
      size = Self.byLevel(definition, site: 400, part: 150, equipment: 60)
    case .steam:
      shape = .steady
      size = Self.byLevel(definition, site: 6, part: 2, equipment: 0.8)
    }
    size *= noise.next(in: 0.85...1.15)
    // What is not metered below a parent is small.
    if hasChildren { size *= 0.12 }
    // Never faster than the settings call plausible; the profile and the ripple stay below 1.3 of full load.
    if let most = definition.metadata["max_rate"].flatMap(Double.init), most > 0 { size = min(size, most / 1.4) }
    nominal = size
    self.loads = loads
    firstReading = size * noise.next(in: 400...2400)

    let first = noise.next(in: 0.32...0.35)
    let second = noise.next(in: 0.32...0.35)
    phaseShares = [first, second, 1 - first - second]
    tangent = noise.next(in: 0.25...0.45)
    magnetising = size * noise.next(in: 0.02...0.05)

    // The plate is the meter's, whatever the seed of the factory.
    var plate = DeterministicNoise(seed: 0, name: definition.meterID)
    let made = String(10_000_000 + plate.next() % 90_000_000)
    serialNumber = definition.metadata["serial"].flatMap { $0.isEmpty ? nil : $0 } ?? made
    let seconds = 2 + Int64(plate.next() % 8)
    clockOffsetMilliseconds = 1000 * (plate.next().isMultiple(of: 2) ? seconds : -seconds)
  }

  private static func byLevel(_ definition: Definition, site: Double, part: Double, equipment: Double) -> Double {
    switch definition.metadata["level"] {
    case "site": site
    case "sub-unit": part
    default: equipment
    }
  }
}
