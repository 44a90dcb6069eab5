import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// A certificate with its key, made in the test.
struct Identity: Sendable {
  let certificate: Certificate
  let key: P256.Signing.PrivateKey

  var der: [UInt8] {
    get throws {
      var serializer = DER.Serializer()
      try serializer.serialize(certificate)
      return serializer.serializedBytes
    }
  }
  var pem: String { get throws { try certificate.serializeAsPEM().pemString + "\n" } }
  var keyPEM: String { key.pemRepresentation + "\n" }
}

/// Makes authorities, certificates and revocation lists.
enum PKI {
  static let hour = 3600.0

  /// What is unusual in one certificate.
  struct Traits {
    var names: [GeneralName]? = [.dnsName("substation.example"), .ipAddress(loopback)]
    var isAuthority = false
    var serial: UInt64 = .random(in: 1 << 40..<1 << 62)
    var notBefore = -PKI.hour
    var notAfter = 24 * PKI.hour
    var usages: [ExtendedKeyUsage.Usage]? = [.serverAuth, .clientAuth]
    var keyUsage: KeyUsage?
    var extra: Certificate.Extension?
    /// As `openssl x509 -req` makes them: no extensions at all.
    var isVersion1 = false
  }

  static let loopback = ASN1OctetString(contentBytes: [127, 0, 0, 1])

  /// - Parameter issuer: nil: signs itself.
  static func issue(
    _ name: String, by issuer: Identity?, _ change: (inout Traits) -> Void = { _ in }
  ) throws -> Identity {
    var traits = Traits()
    change(&traits)
    let key = P256.Signing.PrivateKey()
    let subject = try DistinguishedName { CommonName(name) }
    var extensions = Certificate.Extensions()
    if traits.isAuthority {
      try extensions.append(
        Certificate.Extension(BasicConstraints.isCertificateAuthority(maxPathLength: nil), critical: true))
    } else {
      if let names = traits.names {
        try extensions.append(Certificate.Extension(SubjectAlternativeNames(names), critical: false))
      }
      if let usages = traits.usages {
        try extensions.append(Certificate.Extension(ExtendedKeyUsage(usages), critical: true))
      }
    }
    if let usage = traits.keyUsage { try extensions.append(Certificate.Extension(usage, critical: true)) }
    if let extra = traits.extra { try extensions.append(extra) }
    if traits.isVersion1 { extensions = Certificate.Extensions() }
    let now = Date()
    let certificate = try Certificate(
      version: traits.isVersion1 ? .v1 : .v3, serialNumber: Certificate.SerialNumber(traits.serial),
      publicKey: Certificate.PublicKey(key.publicKey),
      notValidBefore: now.addingTimeInterval(traits.notBefore), notValidAfter: now.addingTimeInterval(traits.notAfter),
      issuer: issuer?.certificate.subject ?? subject, subject: subject, extensions: extensions,
      issuerPrivateKey: Certificate.PrivateKey(issuer?.key ?? key))
    return Identity(certificate: certificate, key: key)
  }

  static func authority(_ name: String, by issuer: Identity? = nil, _ change: (inout Traits) -> Void = { _ in }) throws
    -> Identity
  {
    try issue(name, by: issuer) {
      $0.isAuthority = true
      change(&$0)
    }
  }

  /// What is unusual in one revocation list.
  struct ListTraits {
    var thisUpdate = -PKI.hour
    var nextUpdate: Double? = 24 * PKI.hour
    var signer: P256.Signing.PrivateKey?
    var algorithm: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]
    var criticalExtension: ASN1ObjectIdentifier?
  }

  /// A CertificateList (RFC 5280 clause 5.1) in DER.
  static func list(
    of issuer: Identity, revoked: [Identity] = [], _ change: (inout ListTraits) -> Void = { _ in }
  ) throws -> [UInt8] {
    var traits = ListTraits()
    change(&traits)
    var body = DER.Serializer()
    try body.appendConstructedNode(identifier: .sequence) { body in
      try body.serialize(1)
      try algorithm(traits.algorithm, into: &body)
      try body.serialize(issuer.certificate.subject)
      try body.serialize(time(traits.thisUpdate))
      if let next = traits.nextUpdate { try body.serialize(time(next)) }
      if !revoked.isEmpty {
        try body.appendConstructedNode(identifier: .sequence) { body in
          for one in revoked {
            try body.appendConstructedNode(identifier: .sequence) { body in
              try body.serialize(one.certificate.serialNumber.bytes)
              try body.serialize(time(-60))
            }
          }
        }
      }
      if let oid = traits.criticalExtension {
        try body.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { body in
          try body.serializeSequenceOf([Certificate.Extension(oid: oid, critical: true, value: [2, 1, 1])])
        }
      }
    }
    let signature = try (traits.signer ?? issuer.key).signature(for: body.serializedBytes).derRepresentation
    var list = DER.Serializer()
    try list.appendConstructedNode(identifier: .sequence) { list in
      list.serializeRawBytes(body.serializedBytes)
      try algorithm(traits.algorithm, into: &list)
      try list.serialize(ASN1BitString(bytes: Array(signature)[...]))
    }
    return list.serializedBytes
  }

  static func pem(_ lists: [[UInt8]]) -> String {
    lists.map { PEMDocument(type: "X509 CRL", derBytes: $0).pemString + "\n" }.joined()
  }

  private static func algorithm(_ oid: ASN1ObjectIdentifier, into node: inout DER.Serializer) throws {
    try node.appendConstructedNode(identifier: .sequence) { try $0.serialize(oid) }
  }

  private static func time(_ offset: Double) throws -> GeneralizedTime {
    let digits = Date().addingTimeInterval(offset).ISO8601Format().split { !$0.isNumber }.compactMap { Int($0) }
    return try GeneralizedTime(
      year: digits[0], month: digits[1], day: digits[2], hours: digits[3], minutes: digits[4], seconds: digits[5],
      fractionalSeconds: 0)
  }
}
