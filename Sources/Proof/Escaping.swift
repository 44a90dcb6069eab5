/// Values in signed texts: UTF-8 as it is, except the octets 00–20, 7F, `=` and `%`, which become `%` and two digits in
/// upper case. So a value holds no space and no line end, and has one text only.
enum Escaping {
  static func escaped(_ value: String) -> String {
    guard value.utf8.contains(where: isEscaped) else { return value }
    var text: [UInt8] = []
    for byte in value.utf8 {
      if isEscaped(byte) {
        text.append(UInt8(ascii: "%"))
        text.append(contentsOf: hexadecimal(CollectionOfOne(byte)).uppercased().utf8)
      } else {
        text.append(byte)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil where `escaped` would not write it so.
  static func unescaped(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2, let value = UInt8(Substring(digits), radix: 16) else { return nil }
      rest = rest.dropFirst(2)
      bytes.append(value)
    }
    // What would be escaped and is not, is escaped and need not be, or has digits in lower case, comes out differently.
    guard let value = String(validating: bytes, as: UTF8.self), isSame(escaped(value), text) else { return nil }
    return value
  }

  private static func isEscaped(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "%")
  }
}

/// Swift's `==` takes different octets for the same text where Unicode does; what is hashed is octets.
func isSame(_ a: some StringProtocol, _ b: some StringProtocol) -> Bool { a.utf8.elementsEqual(b.utf8) }

/// By octets, as `LC_ALL=C sort` does.
func isBefore(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
