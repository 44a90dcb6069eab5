import SwiftASN1
import X509

/// The algorithm of a signature, of certificates and of revocation lists.
struct SignatureKind: Hashable {
  private let identifier: ASN1ObjectIdentifier

  /// - Parameter node: an AlgorithmIdentifier (RFC 5280 clause 4.1.1.2).
  init(algorithm node: ASN1Node) throws {
    guard case .constructed(let nodes) = node.content, let first = nodes.first(where: { _ in true }) else {
      throw TLSRefusal("names no signature algorithm")
    }
    identifier = try ASN1ObjectIdentifier(derEncoded: first)
  }

  /// Nil where it is too weak, or cannot be verified.
  var algorithm: Certificate.SignatureAlgorithm? { Self.accepted[identifier] }

  /// In words; nil where it is good.
  var weakness: String? {
    if algorithm != nil { return nil }
    guard let (name, isBroken) = Self.refused[identifier] else { return "is signed with \(identifier), not known here" }
    return isBroken ? "is signed with \(name), which can be forged" : "is signed with \(name), not known here"
  }

  private static let accepted: [ASN1ObjectIdentifier: Certificate.SignatureAlgorithm] = [
    [1, 2, 840, 113549, 1, 1, 11]: .sha256WithRSAEncryption, [1, 2, 840, 113549, 1, 1, 12]: .sha384WithRSAEncryption,
    [1, 2, 840, 113549, 1, 1, 13]: .sha512WithRSAEncryption, [1, 2, 840, 10045, 4, 3, 2]: .ecdsaWithSHA256,
    [1, 2, 840, 10045, 4, 3, 3]: .ecdsaWithSHA384, [1, 2, 840, 10045, 4, 3, 4]: .ecdsaWithSHA512,
    [1, 3, 101, 112]: .ed25519,
  ]

  private static let refused: [ASN1ObjectIdentifier: (name: String, isBroken: Bool)] = [
    [1, 2, 840, 113549, 1, 1, 2]: ("MD2", true), [1, 2, 840, 113549, 1, 1, 4]: ("MD5", true),
    [1, 2, 840, 113549, 1, 1, 5]: ("SHA-1", true), [1, 3, 14, 3, 2, 29]: ("SHA-1", true),
    [1, 2, 840, 10045, 4, 1]: ("SHA-1", true), [1, 2, 840, 113549, 1, 1, 10]: ("RSASSA-PSS", false),
    [1, 2, 156, 10197, 1, 501]: ("SM2", false),
  ]
}
