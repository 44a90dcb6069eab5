/// Text in registers, as serial numbers come.
enum RegisterText {
  /// Without the NULs and spaces at both ends.
  ///
  /// - Returns: nil where nothing is left, the bytes are no UTF-8, or a control character stands between others: a
  ///   value with a line break in it could be read as two rows.
  static func text(_ bytes: [UInt8]) -> String? {
    func isPadding(_ byte: UInt8) -> Bool { byte == 0 || byte == UInt8(ascii: " ") }
    guard let first = bytes.firstIndex(where: { !isPadding($0) }),
      let last = bytes.lastIndex(where: { !isPadding($0) }),
      let text = String(validating: bytes[first...last], as: UTF8.self),
      !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { return nil }
    return text
  }
}
