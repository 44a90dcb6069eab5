import IEC104
import Metering

/// The clock that a simulated station shows in its time tags.
struct OutstationClock: Sendable {
  private let zone: Zone
  private let saysSummerTime: Bool

  /// - Throws: where the zone is not known here.
  init(_ station: Definition.Station) throws(SimulationError) {
    if station.timeZone == "UTC" {
      zone = .utc
    } else if let fixed = Zone(offset: station.timeZone) {
      zone = fixed
    } else {
      do { zone = try Zone(named: station.timeZone) } catch {
        throw SimulationError(.definition, "station '\(station.id)': \(error)")
      }
    }
    saysSummerTime = station.honoursSummerTime
  }

  func tag(of instant: Timestamp, _ kind: TimeTag.Kind) -> TimeTag {
    switch kind {
    case .none: return .none
    case .cp24:
      let time = time(of: instant)
      return TimeTag(CP24Time2a(minute: time.minute, milliseconds: time.milliseconds))
    case .cp56: return TimeTag(time(of: instant))
    }
  }

  private func time(of instant: Timestamp) -> CP56Time2a {
    let local = instant.milliseconds + Int64(zone.offsetSeconds(at: instant)) * 1000
    let day = local.flooredDivision(by: 86_400_000)
    let ofDay = local.flooredRemainder(by: 86_400_000)
    let date = CivilDate(daysSinceEpoch: day)
    return CP56Time2a(
      year: UInt8(Int64(date.year).flooredRemainder(by: 100)), month: UInt8(date.month), day: UInt8(date.day),
      // 1970-01-01 was a Thursday; Monday is 1.
      dayOfWeek: UInt8((day + 3).flooredRemainder(by: 7) + 1), hour: UInt8(ofDay / 3_600_000),
      minute: UInt8(ofDay / 60_000 % 60), milliseconds: UInt16(ofDay % 60_000), isSummerTime: isSummer(at: instant))
  }

  /// A season, in which the clock is further ahead than before.
  private func isSummer(at instant: Timestamp) -> Bool {
    let here = zone.period(containing: instant)
    guard saysSummerTime, let start = here.start, let end = here.end, end - start < 300 * 86_400_000 else {
      return false
    }
    return here.offsetSeconds > zone.offsetSeconds(at: start - 1)
  }
}
