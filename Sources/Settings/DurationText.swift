/// Durations as they are written in the settings: `500ms`, `60s`, `15m`, `1h`, `1d`, `5y`.
enum DurationText {
  static let rule =
    "a whole number and ms, s, m, h, d or y, such as \"500ms\", \"60s\", \"15m\", \"1h\", \"1d\" or \"5y\""

  static let millisecondsPerDay: Int64 = 86_400_000

  /// A year counts 366 days here, so that five of them never fall short of five calendar years.
  private static let units: [(suffix: String, milliseconds: Int64)] = [
    ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", millisecondsPerDay),
    ("y", 366 * millisecondsPerDay),
  ]

  /// Nil for anything else, also for more than 64 bits of milliseconds hold.
  static func milliseconds(_ text: String) -> Int64? {
    let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    let suffix = text.dropFirst(digits.count)
    guard let number = Int64(String(decoding: digits, as: UTF8.self)),
      let unit = units.first(where: { $0.suffix == suffix })
    else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: unit.milliseconds)
    return overflow ? nil : product
  }

  /// In the largest unit up to a day that it is a whole number of.
  static func text(_ milliseconds: Int64) -> String {
    if milliseconds == 0 { return "0s" }
    for unit in units.reversed() where unit.suffix != "y" && milliseconds % unit.milliseconds == 0 {
      return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }
    return "\(milliseconds)ms"
  }

  static func dividesDay(_ milliseconds: Int64) -> Bool {
    milliseconds > 0 && millisecondsPerDay % milliseconds == 0
  }

  /// The nearest durations below and above that divide the day, for advice: in the same unit, so that they are round.
  static func dividersOfDay(around milliseconds: Int64) -> [String] {
    let step =
      units.last { $0.suffix != "y" && $0.suffix != "d" && milliseconds % $0.milliseconds == 0 }?.milliseconds ?? 1
    let whole = millisecondsPerDay / step
    var below: Int64?
    var above: Int64?
    var root: Int64 = 1
    while root * root <= whole {
      if whole % root == 0 {
        for divider in [root * step, whole / root * step] {
          if divider < milliseconds, divider > below ?? 0 { below = divider }
          if divider > milliseconds, divider < above ?? .max { above = divider }
        }
      }
      root += 1
    }
    return [below, above].compactMap { $0.map(text) }
  }
}
