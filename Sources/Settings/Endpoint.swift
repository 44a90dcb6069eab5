import Glibc

/// A TCP address as it is written in the settings: `192.0.2.10:502`, `meter-7.plant:502`, `[2001:db8::7]:502`.
struct Endpoint: Hashable {
  var host: String
  var port: UInt16

  static let rule = "\"host:port\", such as \"192.0.2.10:502\", \"gateway.plant:502\" or \"[2001:db8::7]:502\""

  /// Nil for anything else. Names are not looked up.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let port = UInt16(digits), port > 0
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("[") {
      guard host.hasSuffix("]") else { return nil }
      host = host.dropFirst().dropLast()
      guard Endpoint.isIPv6(host) else { return nil }
    } else {
      guard Endpoint.isIPv4(host) || Endpoint.isName(host) else { return nil }
    }
    self.host = String(host)
    self.port = port
  }

  private static func isIPv4(_ host: Substring) -> Bool {
    var address = in_addr()
    return inet_pton(AF_INET, String(host), &address) == 1
  }

  /// With a zone where the address is link-local: `fe80::1%eth0`.
  private static func isIPv6(_ host: Substring) -> Bool {
    let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    guard let literal = parts.first, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
    if parts.count == 2, parts[1].isEmpty || parts[1].utf8.count > 15 { return false }
    var address = in6_addr()
    return inet_pton(AF_INET6, String(literal), &address) == 1
  }

  /// RFC 1123 labels. A last label of digits only would be a mistyped IPv4 address.
  private static func isName(_ host: Substring) -> Bool {
    guard !host.isEmpty, host.utf8.count <= 253 else { return false }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    for label in labels {
      guard (1...63).contains(label.utf8.count), !label.hasPrefix("-"), !label.hasSuffix("-") else { return false }
      guard label.utf8.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }) else {
        return false
      }
    }
    return labels.last?.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } == false
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
