import Metering

/// All values of one meter at one instant, computed from one rate and one integral.
struct MeterSample {
  let meter: MeterModel
  /// kW, m3/h or t/h by the meter's family.
  let rate: Double
  /// rate × hours since commissioning.
  let integral: Double
  /// Since commissioning, never negative.
  let hours: Double
  let elapsedMilliseconds: Int64
  let supply: Supply

  /// In the canonical unit.
  func value(of signal: Signal) -> Double {
    switch signal {
    case .energyActive(let share): (meter.firstReading + integral) * part(share)
    case .energyReactive(let share):
      ((meter.firstReading + integral) * meter.tangent + meter.magnetising * hours) * part(share)
    case .powerActive(let share): rate * part(share)
    case .powerReactive(let share): reactive * part(share)
    case .powerApparent(let share): apparent * part(share)
    case .powerFactor: apparent > 0 ? rate / apparent : 1
    case .voltage(let phase): voltage(phase)
    case .voltagePair(let phase): lineVoltage(phase, (phase + 1) % 3)
    case .current(let phase): current(phase)
    case .currentNeutral: neutralCurrent
    case .frequency: supply.frequency(at: elapsedMilliseconds)
    case .volume(let share): volumePerUnit * (meter.firstReading + integral) * part(share)
    case .volumeFlow: volumePerUnit * rate
    case .energyThermal(let share): (meter.firstReading + integral) * part(share)
    case .powerThermal: rate
    case .mass(let share): (meter.firstReading + integral) * part(share)
    case .massFlow: rate
    case .temperatureFlow: flowTemperature
    case .temperatureReturn: flowTemperature + (meter.family == .steam ? -80 : MeterSample.temperatureRise)
    case .pressure: (meter.family == .steam ? 800 : 400) * supply.level(at: elapsedMilliseconds)
    case .clockOffset: Double(meter.clockOffsetMilliseconds) / 1000
    case .never: 0
    case .custom(.counter): 100 * integral / meter.nominal
    case .custom: 100 * rate / meter.nominal
    }
  }

  /// How the four tariffs share a counter; the simulation has no more than four.
  private static let tariffShares = [0.12, 0.33, 0.35, 0.20]
  /// Of the cooling water, in kelvin.
  private static let temperatureRise = 5.0

  private func part(_ share: Signal.Share) -> Double {
    switch share {
    case .all: 1
    case .phase(let phase): meter.phaseShares[phase]
    case .tariff(let tariff): tariff < 4 ? MeterSample.tariffShares[tariff] : 0
    }
  }

  private var reactive: Double { rate * meter.tangent + (rate > 0 ? meter.magnetising : 0) }
  private var apparent: Double { (rate * rate + reactive * reactive).squareRoot() }

  private func voltage(_ phase: Int) -> Double {
    meter.nominalVoltage * supply.level(at: elapsedMilliseconds, phase: phase)
  }

  /// Of two phases 120° apart.
  private func lineVoltage(_ first: Int, _ second: Int) -> Double {
    let (a, b) = (voltage(first), voltage(second))
    return (a * a + b * b + a * b).squareRoot()
  }

  /// Amperes: every phase has the power factor of the whole.
  private func current(_ phase: Int) -> Double { apparent * meter.phaseShares[phase] * 1000 / voltage(phase) }

  private var neutralCurrent: Double {
    let (a, b, c) = (current(0), current(1), current(2))
    return max(0, a * a + b * b + c * c - a * b - b * c - c * a).squareRoot()
  }

  /// m3 per unit of the rate: a thermal meter's water carries 1.163 kWh per m3 and kelvin.
  private var volumePerUnit: Double { meter.family == .thermal ? 1 / (1.163 * MeterSample.temperatureRise) : 1 }

  private var flowTemperature: Double {
    (meter.family == .steam ? 175 : 7) * supply.level(at: elapsedMilliseconds)
  }
}
