/// Names of segments of a day: `2026-11-21`, `2026-11-21.2`, `2026-11-21.3`, …
public enum SegmentName {
  /// Only such a name is ever taken out of a text and made into a path.
  public static func isValid(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    guard bytes.count >= 10, UTCTime.daysSinceEpoch(bytes[..<10]) != nil else { return false }
    guard bytes.count > 10 else { return true }
    guard bytes[10] == UInt8(ascii: "."),
      let part = Int32(canonical: String(decoding: bytes[11...], as: UTF8.self))
    else { return false }
    return part >= 2
  }

  /// `2026-11` of `2026-11-21.2`
  static func month(_ name: String) -> String { String(decoding: name.utf8.prefix(7), as: UTF8.self) }
}
