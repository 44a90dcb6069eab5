extension Zone {
  /// A fixed offset such as `+08:00` or `-03:30`; nil for anything else, and beyond 14 hours.
  public init?(offset text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
      bytes[3] == UInt8(ascii: ":"), bytes[1...2].allSatisfy(Zone.isDigit), bytes[4...5].allSatisfy(Zone.isDigit),
      let hours = Int(String(decoding: bytes[1...2], as: UTF8.self)),
      let minutes = Int(String(decoding: bytes[4...5], as: UTF8.self)),
      minutes <= 59, hours * 60 + minutes <= 14 * 60
    else { return nil }
    let seconds = (hours * 60 + minutes) * 60
    self.init(
      table: ZoneTable(
        name: text, initialOffset: bytes[0] == UInt8(ascii: "-") ? -Int64(seconds) : Int64(seconds), transitions: [],
        rule: nil, ruleFrom: .max))
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
