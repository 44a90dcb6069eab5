import FoundationEssentials

extension StatusTable {
  static func orDash(_ text: String?) -> String { text.flatMap { $0.isEmpty ? nil : $0 } ?? "-" }

  /// Age of the newest good reading: whole seconds below two minutes, then the two largest units.
  static func age(_ seconds: UInt64?) -> String { seconds.map(duration) ?? "never" }

  static func duration(_ seconds: UInt64) -> String {
    switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    default: "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
    }
  }

  /// One decimal, rounded down: 99.97 % must not look like everything.
  static func percent(_ rate: Double?) -> String {
    guard let rate, rate.isFinite else { return "-" }
    // The small addition keeps 0.997 × 1000 = 996.999… at 99.7.
    let permille = Int((min(max(rate, 0), 1) * 1000 + 1e-6).rounded(.down))
    return "\(permille / 10).\(permille % 10) %"
  }

  /// Nil where there is nothing to divide by.
  static func share(_ part: UInt64?, of whole: UInt64?) -> Double? {
    guard let part, let whole, whole > 0 else { return nil }
    return Double(part) / Double(whole)
  }

  /// How long an answer took, to two digits at least.
  static func seconds(_ seconds: Double?) -> String {
    guard let seconds, seconds.isFinite, seconds >= 0, seconds < 1e6 else { return "-" }
    func rounded(_ value: Double) -> String {
      let tenths = Int((value * 10).rounded())
      return tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\((tenths + 5) / 10)"
    }
    return seconds < 0.9995 ? "\(rounded(seconds * 1000)) ms" : "\(rounded(seconds)) s"
  }

  /// An RFC 3339 time for a table: without fraction, and without date and zone where both are those of `now`.
  static func short(_ time: String?, now: String? = nil) -> String {
    guard let time, !time.isEmpty else { return "-" }
    guard let whole = parts(time) else { return time }
    if let now = now.flatMap(parts), now.date == whole.date, now.zone == whole.zone { return whole.time }
    return "\(whole.date)T\(whole.time)\(whole.zone)"
  }

  private static func parts(_ time: String) -> (date: Substring, time: String, zone: Substring)? {
    guard let match = time.wholeMatch(of: /(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)/) else {
      return nil
    }
    return (match.1, String(match.2), match.3)
  }

  /// Decimal prefixes (1 GB = 10⁹ bytes), three digits, rounded down.
  static func bytes(_ count: UInt64) -> String {
    count < 1000 ? "\(count) B" : scaled(count) + "B"
  }

  /// Exact below 100,000, then as bytes are: `1.2 M`.
  static func count(_ count: UInt64) -> String {
    count < 100_000 ? "\(count)" : scaled(count)
  }

  /// `1 timeout`, `2 timeouts`; nil for none.
  static func counted(_ number: UInt64, _ one: String, _ many: String) -> String? {
    number == 0 ? nil : "\(number) \(number == 1 ? one : many)"
  }

  private static func scaled(_ count: UInt64) -> String {
    var scale: UInt64 = 1000
    var prefixes = ["k", "M", "G", "T", "P", "E"][...]
    while count / scale >= 1000, prefixes.count > 1 {
      scale *= 1000
      prefixes.removeFirst()
    }
    let whole = count / scale
    let tenth = count % scale / (scale / 10)
    return whole < 100 ? "\(whole).\(tenth) \(prefixes.first ?? "")" : "\(whole) \(prefixes.first ?? "")"
  }

  /// How long before `now` an RFC 3339 time is, in whole seconds; 0 for one after it. Nil where one of them is no time.
  static func seconds(from time: String, to now: String) -> UInt64? {
    let style = Date.ISO8601FormatStyle(timeZoneSeparator: .colon)
    guard let from = try? style.parse(short(time)), let to = try? style.parse(short(now)) else { return nil }
    return UInt64(max(0, to.timeIntervalSince(from)))
  }

  static func tone(ofQuality quality: String?) -> Tone? {
    switch quality {
    case "good": .good
    case "uncertain": .warning
    case "bad": .bad
    default: nil
    }
  }

  /// Collects the lines of a view.
  struct Page {
    let width: Int
    let colour: Bool
    private(set) var text = ""

    init(width: Int, colour: Bool) {
      self.width = width
      self.colour = colour
    }

    mutating func line(_ line: String, _ tone: Tone? = nil) {
      let fitted = DisplayWidth.truncated(DisplayWidth.harmless(line), to: width)
      text += Tone.applied(tone, to: fitted, colour: colour) + "\n"
    }

    /// A reason says what to do, often at its end: it is wrapped, never cut.
    mutating func wrapped(_ bullet: String, _ line: String, _ tone: Tone? = .bad) {
      let indent = String(repeating: " ", count: DisplayWidth.of(bullet))
      let room = max(1, width - DisplayWidth.of(bullet))
      var first = true
      for part in Self.wrap(DisplayWidth.harmless(line), to: room) {
        text += (first ? Tone.applied(tone, to: bullet, colour: colour) : indent) + part + "\n"
        first = false
      }
    }

    mutating func table(_ table: TextTable) {
      text += "\n"
      for line in table.lines(width: width, colour: colour) { text += line + "\n" }
    }

    /// Breaks at spaces, and inside what is wider than a line (Chinese has no spaces).
    private static func wrap(_ text: String, to room: Int) -> [String] {
      var lines: [String] = []
      var current = ""
      var used = 0
      for word in text.split(separator: " ") {
        let width = DisplayWidth.of(String(word))
        if used > 0, used + 1 + width <= room {
          current += " \(word)"
          used += 1 + width
          continue
        }
        if used > 0 { lines.append(current) }
        current = ""
        used = 0
        for character in word {
          let width = DisplayWidth.of(character)
          if used > 0, used + width > room {
            lines.append(current)
            current = ""
            used = 0
          }
          current.append(character)
          used += width
        }
      }
      return used > 0 || lines.isEmpty ? lines + [current] : lines
    }
  }
}
