/// Finds in a file what the parser tells the place of, but not the text.
///
/// Nothing is looked at before the first question; each answer then costs the same, however long the line is.
final class SourceText {
  private struct Index {
    /// How many code points stand before each line.
    var lines: [Int] = [0]
    /// The first byte of every 64th code point.
    var places: [Int] = []
  }

  private static let interval = 64
  /// The parser takes fractions of at most 64 digits.
  private static let maximumDateTime = 128

  private let bytes: [UInt8]
  private lazy var index = SourceText.index(of: bytes)

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The date with time that the parser found there, as it is written; empty where there is none.
  func dateTime(at position: Position) -> String {
    guard let start = place(of: position) else { return "" }
    var end = start
    while end < bytes.count, end - start < SourceText.maximumDateTime, isDateTime(bytes[end], end - start) { end += 1 }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private func isDateTime(_ byte: UInt8, _ offset: Int) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: "Z"),
      UInt8(ascii: "z"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"):
      true
    // Between date and time.
    case UInt8(ascii: " "): offset == 10
    default: false
    }
  }

  private func place(of position: Position) -> Int? {
    guard index.lines.indices.contains(position.line - 1), position.column > 0 else { return nil }
    let point = index.lines[position.line - 1] + position.column - 1
    let interval = point / SourceText.interval
    guard index.places.indices.contains(interval) else { return nil }
    var at = index.places[interval]
    for _ in 0..<(point % SourceText.interval) {
      repeat { at += 1 } while at < bytes.count && SourceText.continues(bytes[at])
    }
    return at < bytes.count ? at : nil
  }

  private static func index(of bytes: [UInt8]) -> Index {
    var index = Index()
    var points = 0
    // The parser passes over a byte order mark.
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    for at in start..<bytes.count where !continues(bytes[at]) {
      if points % interval == 0 { index.places.append(at) }
      points += 1
      if bytes[at] == UInt8(ascii: "\n") { index.lines.append(points) }
    }
    return index
  }

  /// Whether the byte is a further one of a code point in UTF-8.
  private static func continues(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
