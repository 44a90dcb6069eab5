import SwiftASN1
import X509

/// What a certificate says of itself, read without believing it and also where swift-certificates takes neither its key
/// nor its signature: a refusal names the certificate.
struct CertificateOutline {
  let subject: String
  /// In words what is wrong with the public key; nil: long enough, and of a kind that can be verified.
  let keyWeakness: String?
  /// In words what is wrong with the algorithm that it was signed with.
  let signatureWeakness: String?

  /// RFC 5280 clause 4.1.
  init(der: [UInt8]) throws {
    var certificate = try Self.children(of: DER.parse(der))
    var body = try Self.children(of: Self.next(&certificate))
    let algorithm = try SignatureKind(algorithm: Self.next(&certificate))
    var node = try Self.next(&body)
    // Version 1 has no field for it.
    if node.identifier.tagClass == .contextSpecific { node = try Self.next(&body) }
    let serial = try ArraySlice<UInt8>(derEncoded: node)
    for _ in 0..<3 { _ = try Self.next(&body) }  // Signature, issuer, validity.
    let name = try DistinguishedName(derEncoded: Self.next(&body)).description
    subject = name.isEmpty ? "number \(Self.hexadecimal(serial))" : name
    keyWeakness = try Self.weakness(ofKey: Self.next(&body))
    signatureWeakness = algorithm.weakness
  }

  init(_ certificate: Certificate) throws {
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    try self.init(der: serializer.serializedBytes)
  }

  static let acceptedKeys = "RSA from 2048 bit, P-256, P-384, P-521 or Ed25519"

  /// SubjectPublicKeyInfo. The least lengths are those of IEC 62351-3 (2023), clause 5.6.
  private static func weakness(ofKey node: ASN1Node) throws -> String? {
    var parts = try children(of: node)
    var algorithm = try children(of: next(&parts))
    let kind = try ASN1ObjectIdentifier(derEncoded: next(&algorithm))
    let bits = try ASN1BitString(derEncoded: next(&parts))
    switch kind {
    case [1, 2, 840, 113549, 1, 1, 1]:
      var numbers = try children(of: DER.parse(bits.bytes))
      let modulus = try ArraySlice<UInt8>(derEncoded: next(&numbers)).drop { $0 == 0 }
      let length = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
      return length < 2048 ? "has an RSA key of \(length) bit" : nil
    case [1, 2, 840, 10045, 2, 1]:
      let curve = try ASN1ObjectIdentifier(derEncoded: next(&algorithm))
      if acceptedCurves.contains(curve) { return nil }
      return "has a key on the curve \(curveNames[curve] ?? "\(curve)")"
    case [1, 3, 101, 112]: return nil
    default: return "has a key of the kind \(kind)"
    }
  }

  private static let acceptedCurves: [ASN1ObjectIdentifier] = [
    [1, 2, 840, 10045, 3, 1, 7], [1, 3, 132, 0, 34], [1, 3, 132, 0, 35],
  ]

  /// Those that are met at stations.
  private static let curveNames: [ASN1ObjectIdentifier: String] = [
    [1, 2, 840, 10045, 3, 1, 1]: "P-192", [1, 3, 132, 0, 33]: "P-224",
    [1, 3, 36, 3, 3, 2, 8, 1, 1, 7]: "brainpoolP256r1", [1, 3, 36, 3, 3, 2, 8, 1, 1, 11]: "brainpoolP384r1",
    [1, 3, 36, 3, 3, 2, 8, 1, 1, 13]: "brainpoolP512r1", [1, 2, 156, 10197, 1, 301]: "SM2",
  ]

  private static func children(of node: ASN1Node) throws -> ASN1NodeCollection.Iterator {
    guard case .constructed(let nodes) = node.content else { throw TLSRefusal("is no certificate") }
    return nodes.makeIterator()
  }

  private static func next(_ nodes: inout ASN1NodeCollection.Iterator) throws -> ASN1Node {
    guard let node = nodes.next() else { throw TLSRefusal("is no certificate") }
    return node
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
