import Metering

/// A load by hour of the local week, linear between the hours, with its integral.
struct WeekProfile: Sendable {
  static let hours = 168

  /// The load at each full hour from Monday 00:00, and the integral up to it in hours.
  private let knots: [Double]
  private let integrals: [Double]
  let minimum: Double

  /// - Parameter spread: how far each hour of this load may be off its shape, 0.1 being ±10 %.
  init(shape: Shape, spread: Double, noise: inout DeterministicNoise) {
    var knots: [Double] = []
    for hour in 0..<WeekProfile.hours {
      knots.append(shape.load(weekday: hour / 24, hour: hour % 24) * noise.next(in: (1 - spread)...(1 + spread)))
    }
    var integrals = [0.0]
    for hour in 0..<WeekProfile.hours {
      integrals.append(integrals[hour] + (knots[hour] + knots[(hour + 1) % WeekProfile.hours]) / 2)
    }
    self.knots = knots
    self.integrals = integrals
    minimum = knots.min() ?? 0
  }

  /// - Parameter localMilliseconds: of the local wall clock, since its 1970-01-01T00:00.
  func value(atLocal localMilliseconds: Int64) -> Double {
    let (_, hour, fraction) = split(localMilliseconds)
    let next = knots[(hour + 1) % WeekProfile.hours]
    return knots[hour] + (next - knots[hour]) * fraction
  }

  /// Hours × load since Monday 1970-01-05 of the local wall clock.
  func integralHours(toLocal localMilliseconds: Int64) -> Double {
    let (week, hour, fraction) = split(localMilliseconds)
    let next = knots[(hour + 1) % WeekProfile.hours]
    let within = knots[hour] * fraction + (next - knots[hour]) * fraction * fraction / 2
    return Double(week) * integrals[WeekProfile.hours] + integrals[hour] + within
  }

  private func split(_ localMilliseconds: Int64) -> (week: Int64, hour: Int, fraction: Double) {
    let sinceMonday = localMilliseconds - 4 * 86_400_000  // 1970-01-01 was a Thursday.
    let week = sinceMonday.flooredDivision(by: 604_800_000)
    let inWeek = sinceMonday - week * 604_800_000
    return (week, Int(inWeek / 3_600_000), Double(inWeek % 3_600_000) / 3_600_000)
  }

  /// What kind of consumer it is: the load relative to the largest of the week.
  enum Shape: Sendable {
    case production, lighting, cooling, steady, water

    func load(weekday: Int, hour: Int) -> Double {
      let table: [Double]
      switch self {
      case .production:
        table = [
          0.22, 0.21, 0.20, 0.20, 0.22, 0.28, 0.45, 0.78, 0.95, 1.00, 1.00, 0.96,
          0.72, 0.92, 0.98, 0.97, 0.92, 0.80, 0.68, 0.66, 0.64, 0.55, 0.34, 0.25,
        ]
      case .lighting:
        table = [
          0.18, 0.18, 0.18, 0.18, 0.20, 0.35, 0.75, 0.85, 0.70, 0.60, 0.58, 0.58,
          0.50, 0.58, 0.60, 0.65, 0.75, 0.92, 1.00, 1.00, 0.98, 0.80, 0.40, 0.22,
        ]
      case .cooling:
        table = [
          0.30, 0.28, 0.26, 0.25, 0.26, 0.30, 0.38, 0.52, 0.66, 0.78, 0.86, 0.92,
          0.95, 0.98, 1.00, 0.99, 0.95, 0.86, 0.76, 0.66, 0.57, 0.48, 0.40, 0.34,
        ]
      case .steady:
        table = [
          0.62, 0.62, 0.61, 0.61, 0.62, 0.65, 0.72, 0.85, 0.95, 1.00, 1.00, 0.98,
          0.85, 0.95, 0.98, 0.97, 0.93, 0.86, 0.80, 0.79, 0.78, 0.72, 0.66, 0.63,
        ]
      case .water:
        table = [
          0.06, 0.05, 0.05, 0.05, 0.06, 0.10, 0.35, 0.70, 0.85, 0.95, 1.00, 0.90,
          0.80, 0.85, 0.92, 0.90, 0.80, 0.65, 0.50, 0.46, 0.42, 0.30, 0.14, 0.08,
        ]
      }
      switch weekday {
      case 5: return max(0.6 * table[hour], 0.05)
      case 6: return max(0.25 * table[hour], 0.05)
      default: return table[hour]
      }
    }
  }
}
