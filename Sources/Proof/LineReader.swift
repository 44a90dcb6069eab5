/// Reads `key: value` lines in a fixed order, one after the other, never more than one ahead.
struct LineReader {
  private var rest: Substring.UTF8View
  /// The line that was read last, from 1; 0 before the first.
  private(set) var line = 0

  /// - Parameter text: kept by the caller; UTF-8, every line ended by a line feed.
  init(_ text: String) throws(TextFault) {
    rest = text[...].utf8
    guard rest.last == UInt8(ascii: "\n") else {
      let lines = rest.reduce(1) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
      throw TextFault(line: lines, "the line feed at the end is missing")
    }
  }

  /// The text of octets that have to be UTF-8.
  static func text(_ bytes: [UInt8]) throws(TextFault) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      let bad = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
      throw TextFault(line: bad + 1, "is not UTF-8")
    }
    return text
  }

  func fault(_ problem: String) -> TextFault { TextFault(line: line, problem) }

  /// A line as a whole.
  mutating func word(_ word: String) throws(TextFault) {
    let found = try next()
    guard isSame(found, word) else { throw fault("'\(shown(found))' stands where '\(word)' has to") }
  }

  mutating func value(_ key: String) throws(TextFault) -> Substring {
    let found = try next()
    guard let value = LineReader.value(of: found, key) else {
      throw fault("'\(shown(found))' stands where '\(key): ' has to")
    }
    return value
  }

  /// Whether the next line has this key.
  func isNext(_ key: String) -> Bool { rest.starts(with: "\(key): ".utf8) }

  mutating func text(_ key: String) throws(TextFault) -> String {
    let found = try value(key)
    guard !found.isEmpty, let text = Escaping.unescaped(found) else {
      throw fault("'\(shown(found))' is not how \(key) is written")
    }
    return text
  }

  mutating func number<Value: FixedWidthInteger>(_ key: String) throws(TextFault) -> Value {
    let found = try value(key)
    guard let number = Value(canonical: found) else { throw fault("\(key): '\(shown(found))' is not a number") }
    return number
  }

  mutating func digest(_ key: String) throws(TextFault) -> Digest {
    let found = try value(key)
    guard let digest = Digest(hex: found) else {
      throw fault("\(key): '\(shown(found))' is not 64 hexadecimal digits in lower case")
    }
    return digest
  }

  mutating func time(_ key: String) throws(TextFault) -> Int64 {
    let found = try value(key)
    guard let time = UTCTime.milliseconds(found) else { throw fault("\(key): '\(shown(found))' is not a time in UTC") }
    return time
  }

  mutating func segment(_ key: String) throws(TextFault) -> String {
    let found = String(try value(key))
    guard SegmentName.isValid(found) else { throw fault("\(key): '\(shown(found))' is not the name of a segment") }
    return found
  }

  mutating func keyID(_ key: String) throws(TextFault) -> KeyID {
    let found = try value(key)
    guard let id = KeyID(String(found)) else {
      throw fault("\(key): '\(shown(found))' is not 16 hexadecimal digits in lower case")
    }
    return id
  }

  /// The algorithms of version 1, named so that others can follow.
  mutating func algorithm(_ key: String, _ only: String) throws(TextFault) {
    let found = try value(key)
    guard isSame(found, only) else {
      throw fault("\(key): '\(shown(found))' is unknown here: this version of meterd knows \(only)")
    }
  }

  mutating func end() throws(TextFault) {
    guard rest.isEmpty else {
      let found = try next()
      throw fault("'\(shown(found))' stands where nothing more may")
    }
  }

  private mutating func next() throws(TextFault) -> Substring {
    line += 1
    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw fault("is missing: the text ends before it") }
    let found = Substring(rest[..<end])
    rest = rest[rest.index(after: end)...]
    if found.utf8.contains(UInt8(ascii: "\r")) { throw fault("holds a carriage return") }
    return found
  }

  private static func value(of line: Substring, _ key: String) -> Substring? {
    guard line.utf8.starts(with: "\(key): ".utf8) else { return nil }
    return Substring(line.utf8.dropFirst(key.utf8.count + 2))
  }
}
