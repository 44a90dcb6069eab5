extension Timestamp {
  /// 0000-01-02 and 9999-12-30: with any offset the year has four digits.
  private static let firstShown: Int64 = -62_167_132_800_000
  private static let lastShown: Int64 = 253_402_128_000_000

  /// RFC 3339 with the given offset, milliseconds only where they are not zero:
  /// `2026-11-21T10:15:00+08:00`, `2026-11-21T02:15:00.250Z`.
  ///
  /// - Parameter offsetSeconds: offset east of UTC; 0 prints `Z`.
  public func rfc3339(offsetSeconds: Int = 0) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    appendRFC3339(to: &bytes, offsetSeconds: offsetSeconds)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The same as `rfc3339`, appended without a String, for files with millions of rows.
  public func appendRFC3339(to bytes: inout [UInt8], offsetSeconds: Int) {
    // Years of four digits: what a damaged file says may lie outside, and must not end the one who prints it.
    let shown = min(max(milliseconds, Timestamp.firstShown), Timestamp.lastShown)
    let local = shown + Int64(offsetSeconds) * 1000
    let date = CivilDate(daysSinceEpoch: local.flooredDivision(by: 86_400_000))
    let inDay = Int(local.flooredRemainder(by: 86_400_000))
    func two(_ value: Int) {
      bytes.append(UInt8(48 + value / 10))
      bytes.append(UInt8(48 + value % 10))
    }
    two(date.year / 100)
    two(date.year % 100)
    bytes.append(UInt8(ascii: "-"))
    two(date.month)
    bytes.append(UInt8(ascii: "-"))
    two(date.day)
    bytes.append(UInt8(ascii: "T"))
    two(inDay / 3_600_000)
    bytes.append(UInt8(ascii: ":"))
    two(inDay / 60_000 % 60)
    bytes.append(UInt8(ascii: ":"))
    two(inDay / 1000 % 60)
    let fraction = inDay % 1000
    if fraction != 0 {
      bytes.append(UInt8(ascii: "."))
      bytes.append(UInt8(48 + fraction / 100))
      two(fraction % 100)
    }
    if offsetSeconds == 0 {
      bytes.append(UInt8(ascii: "Z"))
    } else {
      bytes.append(offsetSeconds < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
      let minutes = abs(offsetSeconds) / 60
      two(minutes / 60)
      bytes.append(UInt8(ascii: ":"))
      two(minutes % 60)
    }
  }

  /// Reads RFC 3339 (`2026-11-21T10:15:00+08:00`, fraction up to any length, cut to milliseconds; `t`, `z` and a space
  /// between date and time are accepted as the RFC allows). Nil for anything else, also for a time without an offset.
  public init?(rfc3339 text: some StringProtocol) {
    let u = Array(text.utf8)
    guard u.count >= 20, let date = CivilDate(String(decoding: u[0..<10], as: UTF8.self)) else { return nil }
    guard u[10] == UInt8(ascii: "T") || u[10] == UInt8(ascii: "t") || u[10] == UInt8(ascii: " ") else { return nil }
    guard u[13] == UInt8(ascii: ":"), u[16] == UInt8(ascii: ":") else { return nil }
    guard let hour = Int(digits: u[11..<13]), let minute = Int(digits: u[14..<16]),
      let second = Int(digits: u[17..<19]),
      hour < 24, minute < 60, second < 60
    else { return nil }
    var at = 19
    var fraction = 0
    if u[at] == UInt8(ascii: ".") {
      let start = at + 1
      at = start
      while at < u.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(u[at]) { at += 1 }
      guard at > start else { return nil }
      for i in 0..<3 { fraction = fraction * 10 + (start + i < at ? Int(u[start + i] - 48) : 0) }
    }
    guard let offset = Timestamp.offsetSeconds(u[at...]) else { return nil }
    let days = date.daysSinceEpoch
    let seconds = Int64(hour * 3600 + minute * 60 + second - offset)
    self.init(milliseconds: (days * 86_400 + seconds) * 1000 + Int64(fraction))
  }

  private static func offsetSeconds(_ u: ArraySlice<UInt8>) -> Int? {
    guard let first = u.first else { return nil }
    if first == UInt8(ascii: "Z") || first == UInt8(ascii: "z") { return u.count == 1 ? 0 : nil }
    let s = u.startIndex
    guard u.count == 6, u[s + 3] == UInt8(ascii: ":"), first == UInt8(ascii: "+") || first == UInt8(ascii: "-"),
      let h = Int(digits: u[(s + 1)..<(s + 3)]), let m = Int(digits: u[(s + 4)..<(s + 6)]), h < 24, m < 60
    else { return nil }
    return (first == UInt8(ascii: "-") ? -1 : 1) * (h * 3600 + m * 60)
  }
}

extension Timestamp: CustomStringConvertible {
  public var description: String { rfc3339() }
}
