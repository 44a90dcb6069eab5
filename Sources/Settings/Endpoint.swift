import Glibc

extension Settings {
  /// A TCP address as it is written in the settings: `192.0.2.10:502`, `meter-7.plant:502`, `[2001:db8::7]:502`.
  public struct Endpoint: Hashable, Sendable {
    /// An IPv4 or IPv6 address without brackets (perhaps with `%zone`), or a name; not looked up.
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
      self.host = host
      self.port = port
    }
  }
}

extension Settings.Endpoint: CustomStringConvertible {
  /// `192.0.2.10:502`, `[2001:db8::7]:502`
  public var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension Settings.Endpoint {
  static let rule = "\"host:port\", such as \"192.0.2.10:502\", \"gateway.plant:502\" or \"[2001:db8::7]:502\""

  static let stationRule =
    "\"host\" or \"host:port\", such as \"192.0.2.20\", \"station.plant:2404\" or \"[2001:db8::7]:2404\""

  /// Nil for anything else. Names are not looked up.
  ///
  /// - Parameter defaultPort: where the text has none; nil: it must have one
  init?(_ text: String, defaultPort: UInt16? = nil) {
    var host = text[...]
    // The last colon of an IPv6 address stands before its bracket.
    if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
      let digits = text[text.index(after: colon)...]
      guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let port = UInt16(digits), port > 0
      else { return nil }
      self.port = port
      host = text[..<colon]
    } else {
      guard let defaultPort else { return nil }
      port = defaultPort
    }
    if host.hasPrefix("[") {
      guard host.hasSuffix("]") else { return nil }
      host = host.dropFirst().dropLast()
      guard Self.isIPv6(host) else { return nil }
    } else {
      guard Self.isIPv4(host) || Self.isName(host) else { return nil }
    }
    self.host = String(host)
  }

  /// A name or an address, without brackets.
  static func isHost(_ text: Substring) -> Bool { isName(text) || isIPv4(text) || isIPv6(text) }

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
