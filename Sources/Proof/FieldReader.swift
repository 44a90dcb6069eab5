/// Reads one line of words and `name=value` fields that stand in a fixed order with one space between.
struct FieldReader {
  private let line: Int
  private var rest: [Substring]

  init(_ text: Substring, line: Int) {
    self.line = line
    rest = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { Substring($0) }
  }

  func fault(_ problem: String) -> TextFault { TextFault(line: line, problem) }

  mutating func next() throws(TextFault) -> Substring {
    guard !rest.isEmpty else { throw fault("ends too early") }
    return rest.removeFirst()
  }

  mutating func word(_ word: String) throws(TextFault) {
    let found = try next()
    guard isSame(found, word) else { throw fault("'\(shown(found))' stands where '\(word)' has to") }
  }

  /// A word that is a value by itself.
  mutating func value(_ what: String) throws(TextFault) -> String {
    let word = try next()
    guard !word.isEmpty, let value = Escaping.unescaped(word) else {
      throw fault("'\(shown(word))' is not how \(what) is written")
    }
    return value
  }

  mutating func text(_ name: String) throws(TextFault) -> String {
    let value = try field(name)
    guard !value.isEmpty, let text = Escaping.unescaped(value) else {
      throw fault("'\(shown(value))' is not how \(name) is written")
    }
    return text
  }

  mutating func number<Value: FixedWidthInteger>(_ name: String) throws(TextFault) -> Value {
    let value = try field(name)
    guard let number = Value(canonical: value) else { throw fault("\(name): '\(shown(value))' is not a number") }
    return number
  }

  mutating func time(_ name: String) throws(TextFault) -> Int64 {
    let value = try field(name)
    guard let time = UTCTime.milliseconds(value) else { throw fault("\(name): '\(shown(value))' is not a time") }
    return time
  }

  func end() throws(TextFault) {
    guard rest.isEmpty else { throw fault("goes on with '\(shown(rest[0]))'") }
  }

  private mutating func field(_ name: String) throws(TextFault) -> Substring {
    let word = try next()
    guard word.utf8.starts(with: name.utf8), word.utf8.dropFirst(name.utf8.count).first == UInt8(ascii: "=") else {
      throw fault("'\(shown(word))' stands where '\(name)=' has to")
    }
    return Substring(word.utf8.dropFirst(name.utf8.count + 1))
  }
}

extension FixedWidthInteger {
  /// Decimal digits without sign and without zeros in front: every number has one text only.
  init?(canonical text: some StringProtocol) {
    guard let first = text.utf8.first, first != UInt8(ascii: "0") || text.utf8.count == 1,
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    self.init(text, radix: 10)
  }
}

/// A piece of a text that may be hostile, for an error of one short line.
func shown(_ text: some StringProtocol) -> String {
  let short = text.unicodeScalars.prefix(40).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : String($0) }.joined()
  return text.unicodeScalars.count > 40 ? short + "…" : short
}
