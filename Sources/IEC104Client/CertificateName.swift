import Glibc
import SwiftASN1
import X509

/// The names that a station's certificate bears: those of its subject alternative name, or, as many industrial
/// certificates have none, its common name (RFC 6125 clause 6).
struct CertificateName {
  private let subject: String
  private var names: [String] = []
  private var addresses: [[UInt8]] = []
  private var commonNames: [String] = []

  init(_ certificate: Certificate) throws {
    subject = certificate.subject.description
    for name in try certificate.extensions.subjectAlternativeNames ?? SubjectAlternativeNames() {
      switch name {
      case .dnsName(let name): names.append(name)
      case .ipAddress(let address): addresses.append(Array(address.bytes))
      default: break
      }
    }
    guard try certificate.extensions.subjectAlternativeNames == nil else { return }
    for part in certificate.subject {
      for attribute in part where attribute.type == .RDNAttributeType.commonName {
        if let name = String(attribute.value) { commonNames.append(name) }
      }
    }
  }

  /// - Parameter expected: a name, or an IPv4 or IPv6 address.
  func check(_ expected: String) throws(TLSRefusal) {
    if let address = Self.address(expected) {
      if addresses.contains(address) || commonNames.contains(where: { Self.address($0) == address }) { return }
    } else {
      let expected = Self.normalized(expected)
      if names.contains(where: { Self.matches($0, expected) }) { return }
      if commonNames.contains(where: { Self.normalized($0) == expected }) { return }
    }
    let borne = names + addresses.map(Self.text) + commonNames
    let names = borne.isEmpty ? "no name" : borne.joined(separator: ", ")
    throw TLSRefusal(
      "certificate \(subject) is for \(names), not for \(expected): "
        + "correct the address, set the station's server name, or have the certificate issued for it")
  }

  /// An asterisk stands for one whole label, the first, and never for all of a domain of one label (RFC 6125 clause
  /// 6.4.3).
  private static func matches(_ pattern: String, _ name: String) -> Bool {
    let pattern = normalized(pattern)
    guard pattern.hasPrefix("*."), let dot = name.firstIndex(of: ".") else { return pattern == name }
    let rest = name[dot...]
    return pattern.dropFirst() == rest && rest.dropFirst().contains(".")
  }

  private static func normalized(_ name: String) -> String {
    let name = name.lowercased()
    return name.hasSuffix(".") ? String(name.dropLast()) : name
  }

  /// 4 or 16 octets; nil where it is no address.
  static func address(_ text: String) -> [UInt8]? {
    var octets = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &octets) == 1 { return Array(octets[..<4]) }
    return inet_pton(AF_INET6, text, &octets) == 1 ? octets : nil
  }

  private static func text(_ address: [UInt8]) -> String {
    guard address.count == 4 || address.count == 16 else { return "an address of \(address.count) octets" }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(address.count == 4 ? AF_INET : AF_INET6, address, &text, socklen_t(text.count)) != nil else {
      return "an address"
    }
    return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "an address" }
  }
}
