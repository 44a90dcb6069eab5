/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Everything inside meterd is UTC; a zone appears only where people or files need one.
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }
  public init(seconds: Int64) { self.milliseconds = seconds * 1000 }

  public static let epoch = Timestamp(milliseconds: 0)
  public static let distantPast = Timestamp(milliseconds: -62_135_596_800_000)  // 0001-01-01
  public static let distantFuture = Timestamp(milliseconds: 253_402_300_799_999)  // 9999-12-31

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
  public static func + (a: Timestamp, milliseconds: Int64) -> Timestamp {
    Timestamp(milliseconds: a.milliseconds + milliseconds)
  }
  public static func - (a: Timestamp, milliseconds: Int64) -> Timestamp {
    Timestamp(milliseconds: a.milliseconds - milliseconds)
  }
  /// Milliseconds from `b` to `a`.
  public static func - (a: Timestamp, b: Timestamp) -> Int64 { a.milliseconds - b.milliseconds }

  /// Seconds since 1970, rounded down.
  public var seconds: Int64 { milliseconds.flooredDivision(by: 1000) }

  public init(from decoder: any Decoder) throws {
    self.init(milliseconds: try decoder.singleValueContainer().decode(Int64.self))
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(milliseconds)
  }
}

extension Int64 {
  /// Division rounded towards minus infinity, so that times before 1970 fall into the right day.
  public func flooredDivision(by divisor: Int64) -> Int64 {
    let (q, r) = quotientAndRemainder(dividingBy: divisor)
    return r < 0 ? q - 1 : q
  }
  /// The remainder that belongs to `flooredDivision`, never negative.
  public func flooredRemainder(by divisor: Int64) -> Int64 {
    let r = self % divisor
    return r < 0 ? r + divisor : r
  }
}

/// A day of the proleptic Gregorian calendar.
public struct CivilDate: Hashable, Comparable, Sendable {
  public var year: Int
  public var month: Int
  public var day: Int

  public init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// - Parameter days: days since 1970-01-01.
  public init(daysSinceEpoch days: Int64) {
    // H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    let z = days + 719_468
    let era = z.flooredDivision(by: 146_097)
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let mp = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * mp + 2) / 5 + 1)
    month = Int(mp < 10 ? mp + 3 : mp - 9)
    year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
  }

  /// Days since 1970-01-01 (days_from_civil of the same paper).
  public var daysSinceEpoch: Int64 {
    let y = Int64(month <= 2 ? year - 1 : year)
    let era = y.flooredDivision(by: 400)
    let yearOfEra = y - era * 400
    let m = Int64(month)
    let dayOfYear = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + Int64(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// Whether month and day exist in that year.
  public var isValid: Bool {
    guard (1...12).contains(month), (1...9999).contains(year), day >= 1 else { return false }
    return day <= CivilDate.days(inMonth: month, of: year)
  }

  public static func days(inMonth month: Int, of year: Int) -> Int {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  public static func < (a: CivilDate, b: CivilDate) -> Bool { a.daysSinceEpoch < b.daysSinceEpoch }
}

extension CivilDate: CustomStringConvertible {
  /// `2026-11-21`
  public var description: String {
    var text = ""
    text.append(padded: year, width: 4)
    text.append("-")
    text.append(padded: month, width: 2)
    text.append("-")
    text.append(padded: day, width: 2)
    return text
  }

  /// Reads `2026-11-21`; nil for anything else, also for a day that does not exist.
  public init?(_ text: some StringProtocol) {
    let u = Array(text.utf8)
    guard u.count == 10, u[4] == UInt8(ascii: "-"), u[7] == UInt8(ascii: "-") else { return nil }
    guard let y = Int(digits: u[0..<4]), let m = Int(digits: u[5..<7]), let d = Int(digits: u[8..<10]) else {
      return nil
    }
    self.init(year: y, month: m, day: d)
    guard isValid else { return nil }
  }
}

extension Int {
  /// Decimal digits only: no sign, no space.
  init?(digits: ArraySlice<UInt8>) {
    var value = 0
    for byte in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    self = value
  }
}

extension String {
  /// Appends a number with leading zeros.
  mutating func append(padded value: Int, width: Int) {
    let digits = String(Swift.abs(value))
    if value < 0 { append("-") }
    for _ in 0..<Swift.max(0, width - digits.utf8.count) { append("0") }
    append(digits)
  }
}
