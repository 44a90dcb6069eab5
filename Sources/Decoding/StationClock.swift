import IEC104
import Metering

/// How the clock of an IEC 60870-5-104 station is read and set.
public struct StationClock: Hashable, Sendable {
  public let zone: Zone
  /// Whether the SU bit counts. In UTC it has no meaning.
  private let honoursSummerTime: Bool

  /// - Throws: where the zone is not known here.
  public init(timeZone: String, honoursSummerTime: Bool) throws(DecodingFault) {
    if timeZone == "UTC" {
      zone = .utc
    } else if let fixed = Zone(offset: timeZone) {
      zone = fixed
    } else {
      do { zone = try Zone(named: timeZone) } catch { throw DecodingFault("\(error)") }
    }
    self.honoursSummerTime = honoursSummerTime && timeZone != "UTC"
  }

  public init(_ station: Definition.Station) throws(DecodingFault) {
    try self.init(timeZone: station.timeZone, honoursSummerTime: station.honoursSummerTime)
  }

  /// When that was; nil for a date that cannot be, and for a local time that the zone skips.
  ///
  /// - Parameter received: of an hour that comes twice, without an SU bit that counts, the nearer one is meant.
  public func instant(of tag: CP56Time2a, received: Timestamp) -> Timestamp? {
    guard tag.isPossible, !tag.isInvalid else { return nil }
    let date = CivilDate(year: 2000 + Int(tag.year), month: Int(tag.month), day: Int(tag.day))
    let minutes = date.daysSinceEpoch * 1440 + Int64(tag.hour) * 60 + Int64(tag.minute)
    let local = minutes * 60_000 + Int64(tag.milliseconds)
    guard honoursSummerTime else {
      return DeviceTime.local(milliseconds: local).instant(in: zone, nearest: received)
    }
    let guess = Timestamp(milliseconds: local)
    let offsets = seasons(around: guess - Int64(zone.offsetSeconds(at: guess)) * 1000)
    return Timestamp(milliseconds: local - Int64(tag.isSummerTime ? offsets.summer : offsets.standard) * 1000)
  }

  /// The tag has no hour: the one that lies within −55…+5 minutes of the receive time.
  public func instant(of tag: CP24Time2a, received: Timestamp) -> Timestamp? {
    guard tag.isPossible, !tag.isInvalid else { return nil }
    let offset = Int64(zone.offsetSeconds(at: received)) * 1000
    let local = received.milliseconds + offset
    let hour = local - local.flooredRemainder(by: 3_600_000)
    var instant = Timestamp(milliseconds: hour + Int64(tag.minute) * 60_000 + Int64(tag.milliseconds) - offset)
    if instant - received > 5 * 60_000 { instant = instant - 3_600_000 }
    if received - instant >= 55 * 60_000 { instant = instant + 3_600_000 }
    return instant
  }

  /// What the station's clock should show.
  public func tag(of instant: Timestamp) -> CP56Time2a {
    let offset = zone.offsetSeconds(at: instant)
    let local = instant + Int64(offset) * 1000
    let day = local.milliseconds.flooredDivision(by: 86_400_000)
    let date = CivilDate(daysSinceEpoch: day)
    let ofDay = local.milliseconds.flooredRemainder(by: 86_400_000)
    return CP56Time2a(
      year: UInt8(date.year.quotientAndRemainder(dividingBy: 100).remainder), month: UInt8(date.month),
      day: UInt8(date.day),
      // 1970-01-01 was a Thursday; Monday is 1.
      dayOfWeek: UInt8((day + 3).flooredRemainder(by: 7) + 1), hour: UInt8(ofDay / 3_600_000),
      minute: UInt8(ofDay / 60_000 % 60), milliseconds: UInt16(ofDay % 60_000),
      isSummerTime: honoursSummerTime && offset > seasons(around: instant).standard)
  }

  /// Offsets from UTC in seconds. A zone without seasons has an hour between them all the same: a station that sets SU
  /// there means it.
  private func seasons(around instant: Timestamp) -> (standard: Int, summer: Int) {
    let here = zone.period(containing: instant)
    /// Of a season: a stretch of years is none. In Morocco one of them lasts from Ramadan to Ramadan, 322 days.
    func season(_ period: Zone.Period?) -> Int? {
      guard let start = period?.start, let end = period?.end, end - start < 360 * 86_400_000 else { return nil }
      return period?.offsetSeconds
    }
    var offsets = [here.offsetSeconds]
    if season(here) != nil {
      let neighbours = [here.start.map { $0 - 1 }, here.end].map { $0.map(zone.period(containing:)) }
      offsets += neighbours.compactMap(season)
    }
    let standard = offsets.min() ?? 0
    let summer = offsets.max() ?? 0
    return (standard, summer > standard ? summer : standard + 3600)
  }
}
