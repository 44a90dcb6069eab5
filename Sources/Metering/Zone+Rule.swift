/// The footer of a TZif file: standard time, and summer time from one day of the year to another (POSIX.1-2017, 8.3
/// "TZ", with the wider times of RFC 8536, 3.3.1).
struct ZoneRule: Hashable, Sendable {
  enum Day: Hashable, Sendable {
    /// `Jn`: 1 to 365, the 29th of February is never counted.
    case julian(Int64)
    /// `n`: 0 to 365, the 29th of February is counted.
    case ordinal(Int64)
    /// `Mm.w.d`: weekday d (0 is Sunday) for the w-th time in month m, 5 is the last one.
    case weekday(month: Int, week: Int64, day: Int64)

    func daysSinceEpoch(in year: Int) -> Int64 {
      switch self {
      case .julian(let n):
        let isLeap = CivilDate.days(inMonth: 2, of: year) == 29
        return CivilDate(year: year, month: 1, day: 1).daysSinceEpoch + n - (isLeap && n >= 60 ? 0 : 1)
      case .ordinal(let n):
        return CivilDate(year: year, month: 1, day: 1).daysSinceEpoch + n
      case .weekday(let month, let week, let day):
        let first = CivilDate(year: year, month: month, day: 1).daysSinceEpoch
        let firstWeekday = (first + 4).flooredRemainder(by: 7)  // 1970-01-01 was a Thursday
        let inMonth = (day - firstWeekday + 7) % 7 + (week - 1) * 7
        return first + (inMonth < CivilDate.days(inMonth: month, of: year) ? inMonth : inMonth - 7)
      }
    }
  }

  /// A yearly change: a day and seconds of local time since its midnight (-167 h to 167 h).
  struct Change: Hashable, Sendable {
    var day: Day
    var seconds: Int64

    func instant(in year: Int, offsetBefore: Int64) -> Int64 {
      day.daysSinceEpoch(in: year) * 86_400 + seconds - offsetBefore
    }
  }

  struct Summer: Hashable, Sendable {
    var offset: Int64
    var start: Change
    var end: Change
  }

  /// Seconds ahead of UTC.
  var standard: Int64
  var summer: Summer?

  /// The stretch of one offset that holds an instant.
  func span(at seconds: Int64) -> ZoneTable.Span {
    guard let summer else { return ZoneTable.Span(start: nil, end: nil, offset: standard) }
    var span = ZoneTable.Span(start: nil, end: nil, offset: standard)
    func consider(_ instant: Int64, _ offset: Int64) {
      if instant > seconds {
        if span.end.map({ instant < $0 }) ?? true { span.end = instant }
      } else if span.start.map({ instant >= $0 }) ?? true {
        // At the same instant the later year wins: the end of one summer may be the start of the next.
        span.start = instant
        span.offset = offset
      }
    }
    let year = CivilDate(daysSinceEpoch: seconds.flooredDivision(by: 86_400)).year
    // A time of -167 h or +167 h can push a change of one year deep into its neighbour, hence two years on each side.
    for year in (year - 2)...(year + 2) {
      consider(summer.start.instant(in: year, offsetBefore: standard), summer.offset)
      consider(summer.end.instant(in: year, offsetBefore: summer.offset), standard)
    }
    return span
  }

  /// Reads `CET-1CEST,M3.5.0,M10.5.0/3`; nil for anything that is not such a rule.
  init?(posix bytes: ArraySlice<UInt8>) {
    var reader = Reader(rest: bytes)
    guard reader.name(), let west = reader.time(hours: 24) else { return nil }
    standard = -west
    if reader.rest.isEmpty {
      summer = nil
    } else {
      guard reader.name() else { return nil }
      var offset = standard + 3600
      if reader.rest.first != UInt8(ascii: ",") {
        guard let west = reader.time(hours: 24) else { return nil }
        offset = -west
      }
      guard let start = reader.change(), let end = reader.change(), reader.rest.isEmpty else { return nil }
      summer = Summer(offset: offset, start: start, end: end)
      if isSummerAllYear {
        standard = offset
        summer = nil
      }
    }
    guard ZoneTable.offsetLimits.contains(standard), ZoneTable.offsetLimits.contains(summer?.offset ?? 0) else {
      return nil
    }
  }

  /// RFC 8536, 3.3.1: summer time that ends when the next one starts is in effect all year.
  private var isSummerAllYear: Bool {
    guard let summer else { return false }
    return (2000..<2004).allSatisfy {
      summer.end.instant(in: $0, offsetBefore: summer.offset)
        == summer.start.instant(in: $0 + 1, offsetBefore: standard)
    }
  }
}

extension ZoneRule {
  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ byte: UInt8) -> Bool {
      guard rest.first == byte else { return false }
      rest.removeFirst()
      return true
    }

    /// `CEST` or `<+0330>`; the text itself is of no use here.
    mutating func name() -> Bool {
      func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      }
      if take(UInt8(ascii: "<")) {
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")), end > rest.startIndex else { return false }
        rest = rest[(end + 1)...]
        return true
      }
      let letters = rest.prefix(while: isLetter)
      rest = rest[letters.endIndex...]
      return letters.count >= 3
    }

    mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
      var value: Int64 = 0
      var digits = 0
      while let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), digits < 3 {
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        digits += 1
        rest.removeFirst()
      }
      return digits > 0 && range.contains(value) ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time(hours: Int64) -> Int64? {
      let isNegative = take(UInt8(ascii: "-"))
      if !isNegative { _ = take(UInt8(ascii: "+")) }
      guard var seconds = number(0...hours).map({ $0 * 3600 }) else { return nil }
      for scale: Int64 in [60, 1] where take(UInt8(ascii: ":")) {
        guard let value = number(0...59) else { return nil }
        seconds += value * scale
      }
      return isNegative ? -seconds : seconds
    }

    /// `,date[/time]`. The wider times of version 3 are read in version 2 as well, as every other reader does.
    mutating func change() -> Change? {
      guard take(UInt8(ascii: ",")), let day = day() else { return nil }
      guard take(UInt8(ascii: "/")) else { return Change(day: day, seconds: 7200) }
      return time(hours: 167).map { Change(day: day, seconds: $0) }
    }

    private mutating func day() -> Day? {
      if take(UInt8(ascii: "J")) { return number(1...365).map(Day.julian) }
      guard take(UInt8(ascii: "M")) else { return number(0...365).map(Day.ordinal) }
      guard let month = number(1...12), take(UInt8(ascii: ".")), let week = number(1...5), take(UInt8(ascii: ".")),
        let day = number(0...6)
      else { return nil }
      return .weekday(month: Int(month), week: week, day: day)
    }
  }
}
