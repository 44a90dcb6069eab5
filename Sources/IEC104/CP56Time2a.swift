/// Seven-octet binary time (IEC 60870-5-4 clause 6.8; IEC 60870-5-101 clause 7.2.6.18). What the station's clock shows: it has
/// no zone.
public struct CP56Time2a: Hashable, Sendable {
  /// Within the minute, seconds included: 0…59999.
  public var milliseconds: UInt16
  public var minute: UInt8
  /// IV
  public var isInvalid: Bool
  /// RES1: the time was added on the way, not at the origin.
  public var isSubstituted: Bool
  public var hour: UInt8
  /// SU: summer time is in force.
  public var isSummerTime: Bool
  /// 1…31
  public var day: UInt8
  /// 1 Monday … 7 Sunday; 0: not used.
  public var dayOfWeek: UInt8
  /// 1…12
  public var month: UInt8
  /// 0…99, of the century of 2000.
  public var year: UInt8

  public init(
    year: UInt8, month: UInt8, day: UInt8, dayOfWeek: UInt8 = 0, hour: UInt8, minute: UInt8, milliseconds: UInt16,
    isSummerTime: Bool = false, isInvalid: Bool = false, isSubstituted: Bool = false
  ) {
    self.milliseconds = milliseconds
    self.minute = minute
    self.isInvalid = isInvalid
    self.isSubstituted = isSubstituted
    self.hour = hour
    self.isSummerTime = isSummerTime
    self.day = day
    self.dayOfWeek = dayOfWeek
    self.month = month
    self.year = year
  }

  /// - Parameter octets: the first in the lowest eight bits; the highest eight are not looked at.
  public init(octets: UInt64) {
    milliseconds = UInt16(truncatingIfNeeded: octets)
    minute = UInt8(truncatingIfNeeded: octets >> 16) & 0x3F
    isSubstituted = octets >> 22 & 1 > 0
    isInvalid = octets >> 23 & 1 > 0
    hour = UInt8(truncatingIfNeeded: octets >> 24) & 0x1F
    isSummerTime = octets >> 31 & 1 > 0
    day = UInt8(truncatingIfNeeded: octets >> 32) & 0x1F
    dayOfWeek = UInt8(truncatingIfNeeded: octets >> 37) & 0x07
    month = UInt8(truncatingIfNeeded: octets >> 40) & 0x0F
    year = UInt8(truncatingIfNeeded: octets >> 48) & 0x7F
  }

  /// As on the wire, the first in the lowest eight bits; reserved bits are 0.
  public var octets: UInt64 {
    let low = UInt64(milliseconds) | UInt64(minute & 0x3F) << 16
    let flags = (isSubstituted ? 1 << 22 : 0) | (isInvalid ? 1 << 23 : 0) | (isSummerTime ? UInt64(1) << 31 : 0)
    let date = UInt64(day & 0x1F) << 32 | UInt64(dayOfWeek & 0x07) << 37 | UInt64(month & 0x0F) << 40
    return low | flags | UInt64(hour & 0x1F) << 24 | date | UInt64(year & 0x7F) << 48
  }

  /// Appends the seven octets.
  public func append(to bytes: inout [UInt8]) {
    for place in 0..<7 { bytes.append(UInt8(truncatingIfNeeded: octets >> UInt64(8 * place))) }
  }

  /// Whether a calendar has such a time. The day of the week is not asked: many stations leave it out or get it wrong.
  public var isPossible: Bool {
    milliseconds <= 59_999 && minute <= 59 && hour <= 23 && year <= 99 && (1...12).contains(month)
      && (1...CP56Time2a.days(in: month, of: year)).contains(day)
  }

  private static func days(in month: UInt8, of year: UInt8) -> UInt8 {
    switch month {
    case 2: year % 4 == 0 ? 29 : 28  // 2000 was a leap year as well.
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
