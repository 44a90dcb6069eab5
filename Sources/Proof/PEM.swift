import FoundationEssentials

/// The text form of keys (RFC 7468): one object in a file.
enum PEM {
  static func text(_ label: String, _ der: [UInt8]) -> String {
    let base64 = Array(Data(der).base64EncodedString().utf8)
    let lines = stride(from: 0, to: base64.count, by: 64).map {
      String(decoding: base64[$0..<min($0 + 64, base64.count)], as: UTF8.self) + "\n"
    }
    return "-----BEGIN \(label)-----\n\(lines.joined())-----END \(label)-----\n"
  }

  /// Takes line ends of Windows and blank lines, which a key gets on its way through the post.
  static func parse(_ bytes: [UInt8], file: String) throws(KeyFault) -> (label: String, der: [UInt8]) {
    guard bytes.count <= 16_384, let text = String(validating: bytes, as: UTF8.self) else {
      throw KeyFault(file, "is not a key in PEM form")
    }
    let lines = text.utf8.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map { String(Substring($0)) }
    guard let first = lines.first, let last = lines.last, lines.count >= 3, first.hasPrefix("-----BEGIN "),
      first.hasSuffix("-----"), first.utf8.count > 16
    else { throw KeyFault(file, "is not a key in PEM form: it does not begin with a line '-----BEGIN …-----'") }
    let label = String(decoding: first.utf8.dropFirst(11).dropLast(5), as: UTF8.self)
    guard isSame(last, "-----END \(label)-----") else {
      throw KeyFault(file, "does not end with the line '-----END \(shown(label))-----'")
    }
    guard let der = Data(base64Encoded: lines[1..<(lines.count - 1)].joined()) else {
      throw KeyFault(file, "is damaged: what stands between its first and last line is not base64")
    }
    return (label, Array(der))
  }
}
