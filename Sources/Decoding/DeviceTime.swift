import Metering

/// What a device's clock shows.
enum DeviceTime: Hashable {
  case instant(Timestamp)
  /// On a wall clock of the device's zone: milliseconds since its 1970-01-01T00:00.
  case local(milliseconds: Int64)

  /// Years that a meter's clock can show. Others are garbage, not an offset.
  private static let years = 1900...2999

  private init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, milliseconds: Int) {
    let date = CivilDate(year: year, month: month, day: day)
    guard DeviceTime.years.contains(year), date.isValid, (0...23).contains(hour), (0...59).contains(minute),
      (0...59_999).contains(milliseconds)
    else { return nil }
    let minutes = date.daysSinceEpoch * 1440 + Int64(hour * 60 + minute)
    self = .local(milliseconds: minutes * 60_000 + Int64(milliseconds))
  }

  /// Six registers: year (below 100: of this century), month, day, hour, minute, second.
  /// - Parameter fields: 12 bytes, the most significant first.
  init?(fields: [UInt8]) {
    guard fields.count == 12 else { return nil }
    func field(_ index: Int) -> Int { Int(fields[2 * index]) << 8 | Int(fields[2 * index + 1]) }
    let year = field(0)
    self.init(
      year: year < 100 ? 2000 + year : year, month: field(1), day: field(2), hour: field(3), minute: field(4),
      milliseconds: field(5) * 1000)
  }

  /// Six bytes: year of this century, month, day, hour, minute, second.
  init?(bytes pattern: UInt64) {
    func byte(_ index: Int) -> Int { Int(pattern >> UInt64(8 * (5 - index)) & 0xFF) }
    guard byte(0) < 100 else { return nil }
    self.init(
      year: 2000 + byte(0), month: byte(1), day: byte(2), hour: byte(3), minute: byte(4), milliseconds: byte(5) * 1000)
  }

  /// The same, each byte two decimal digits.
  init?(bcd pattern: UInt64) {
    var bytes: UInt64 = 0
    for shift in stride(from: UInt64(40), through: 0, by: -8) {
      let (tens, ones) = (pattern >> (shift + 4) & 0xF, pattern >> shift & 0xF)
      guard tens <= 9, ones <= 9 else { return nil }
      bytes = bytes << 8 | (tens * 10 + ones)
    }
    self.init(bytes: bytes)
  }

  /// CP56Time2a of IEC 60870-5-4 clause 6.8 over four registers (Schneider Electric "TI081"): year | month, weekday and
  /// day | summer time, hour, invalid, minute | milliseconds. What the device itself calls invalid is invalid; the
  /// summer time bit is not used, because devices that do not know it send 0.
  init?(cp56 pattern: UInt64) {
    func bits(_ lowest: UInt64, _ count: UInt64) -> Int { Int(pattern >> lowest & (1 << count - 1)) }
    guard bits(56, 8) == 0, bits(23, 1) == 0 else { return nil }
    self.init(
      year: 2000 + bits(48, 7), month: bits(40, 4), day: bits(32, 5), hour: bits(24, 5), minute: bits(16, 6),
      milliseconds: bits(0, 16))
  }

  /// The instant that the clock means: where the local hour comes twice the one nearer to `reference`; nil for a local
  /// time that the zone skips.
  func instant(in zone: Zone, nearest reference: Timestamp) -> Timestamp? {
    switch self {
    case .instant(let instant): return instant
    case .local(let milliseconds):
      var nearest: Timestamp?
      // No zone is further from UTC than 26 hours.
      let reach: Int64 = 26 * 3_600_000
      var at = Timestamp(milliseconds: milliseconds - reach)
      while true {
        let period = zone.period(containing: at)
        let instant = Timestamp(milliseconds: milliseconds - Int64(period.offsetSeconds) * 1000)
        let isWithin = (period.start.map { $0 <= instant } ?? true) && (period.end.map { instant < $0 } ?? true)
        if isWithin, nearest.map({ abs(instant - reference) < abs($0 - reference) }) ?? true { nearest = instant }
        guard let end = period.end, end.milliseconds <= milliseconds + reach else { return nearest }
        at = end
      }
    }
  }
}
