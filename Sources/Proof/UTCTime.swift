/// Milliseconds since 1970-01-01T00:00:00Z as signed texts write them: `2026-11-22T00:05:11Z`,
/// `2026-11-21T00:00:00.013Z`; milliseconds only where they are not zero.
enum UTCTime {
  /// Years 1 to 9999: what the text can hold. Times outside are written as the nearest that it can.
  static let range: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

  static func text(_ milliseconds: Int64) -> String {
    let time = min(max(milliseconds, range.lowerBound), range.upperBound)
    let days = floored(time, 86_400_000)
    let inDay = Int(time - days * 86_400_000)
    let clock = "\(two(inDay / 3_600_000)):\(two(inDay / 60_000 % 60)):\(two(inDay / 1000 % 60))"
    return "\(day(days))T\(clock)\(inDay % 1000 == 0 ? "" : "." + padded(inDay % 1000, 3))Z"
  }

  /// Nil for anything that `text` does not write.
  static func milliseconds(_ text: some StringProtocol) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 20 || bytes.count == 24, let days = daysSinceEpoch(bytes[..<10]),
      let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
      hour < 24, minute < 60, second < 60, let fraction = bytes.count == 20 ? 0 : number(bytes[20..<23])
    else { return nil }
    let time = days * 86_400_000 + Int64((hour * 60 + minute) * 60 + second) * 1000 + Int64(fraction)
    return isSame(self.text(time), text) ? time : nil
  }

  /// `2026-11-21`
  static func day(_ daysSinceEpoch: Int64) -> String {
    // H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    let z = daysSinceEpoch + 719_468
    let era = floored(z, 146_097)
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return "\(padded(Int(year), 4))-\(two(Int(month)))-\(two(Int(dayOfYear - (153 * shifted + 2) / 5 + 1)))"
  }

  /// Days since 1970-01-01 of `2026-11-21`; nil for a day that does not exist.
  static func daysSinceEpoch(_ text: some Collection<UInt8>) -> Int64? {
    let bytes = Array(text)
    guard bytes.count == 10, let year = number(bytes[..<4]), let month = number(bytes[5..<7]),
      let day = number(bytes[8...]), year >= 1, (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    // days_from_civil of the same paper.
    let y = Int64(month <= 2 ? year - 1 : year)
    let era = floored(y, 400)
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * Int64(month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(day) - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    // 31 February comes out as another day, and so do wrong characters between the numbers.
    return self.day(days).utf8.elementsEqual(bytes) ? days : nil
  }

  private static func floored(_ value: Int64, _ divisor: Int64) -> Int64 {
    value / divisor - (value % divisor < 0 ? 1 : 0)
  }
  private static func two(_ value: Int) -> String { padded(value, 2) }
  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = "\(value)"
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      ? digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } : nil
  }
}
