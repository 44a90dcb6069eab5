import Metering

extension TableReader {
  /// `2026-03-01T00:00:00+08:00`, or `2026-03-01` for the beginning of that day in the zone.
  ///
  /// A time without an offset is refused: where clocks are set back an hour has two of them, and this says from when on
  /// a bill counts otherwise.
  func instant(_ key: String, in zone: Zone, required: Bool = false) -> Located<Timestamp>? {
    guard let node = node(key, required: required) else { return nil }
    let time: Timestamp?
    let written: String
    switch node.value {
    case .date(let text):
      time = CivilDate(text).map(zone.startOfDay)
      written = text
    case .dateTime(let text):
      time = Timestamp(rfc3339: text)
      written = text
      if time == nil, let local = Timestamp(rfc3339: text + "Z") {
        error(
          node.position,
          "'\(key)' is \(text), without an offset from UTC; say which time is meant, such as"
            + " \(TableReader.guess(local, zone))")
        return nil
      }
    default:
      wrongType(
        key, node,
        wanted: "a date with time and offset such as 2026-03-01T00:00:00+08:00, or a date, without quotes")
      return nil
    }
    guard let time, time >= .epoch else {
      error(node.position, "'\(key)' is \(written); it must be 1970 or later")
      return nil
    }
    return Located(value: time, position: node.position)
  }

  /// What is probably meant, for advice.
  private static func guess(_ local: Timestamp, _ zone: Zone) -> String {
    let near = local - Int64(zone.offsetSeconds(at: local)) * 1_000
    let offset = zone.offsetSeconds(at: near)
    return (local - Int64(offset) * 1_000).rfc3339(offsetSeconds: offset)
  }
}
