import Crypto
import FoundationEssentials

/// An Ed25519 public key (RFC 8032), with its texts of RFC 8410: what openssl reads.
public struct PublicKey: Hashable, Sendable {
  /// 32 octets.
  public let raw: [UInt8]

  // SEQUENCE of AlgorithmIdentifier (1.3.101.112, no parameters) and a BIT STRING of 33 octets: RFC 8410 section 4.
  private static let derHead: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]

  init(_ key: Curve25519.Signing.PublicKey) { raw = Array(key.rawRepresentation) }

  /// The DER of SubjectPublicKeyInfo, 44 octets.
  public var der: [UInt8] { PublicKey.derHead + raw }

  /// SHA-256 over `der`: `openssl pkey -pubin -in KEY.pem -outform DER | sha256sum`
  public var fingerprint: Digest { .sha256(der) }

  public var id: KeyID { KeyID(fingerprint) }

  /// `-----BEGIN PUBLIC KEY-----`, as `openssl pkey -pubout` writes it.
  public var pem: String { PEM.text("PUBLIC KEY", der) }

  /// - Parameters:
  ///   - pem: the bytes of a file.
  ///   - file: its path, for the error.
  public init(pem: [UInt8], file: String) throws(KeyFault) {
    let (label, der) = try PEM.parse(pem, file: file)
    if label == "PRIVATE KEY" || label == "ENCRYPTED PRIVATE KEY" {
      throw KeyFault(
        file,
        "is a private key, which is never to be given away; "
          + "the public one is written by `openssl pkey -in \(file) -pubout`")
    }
    guard label == "PUBLIC KEY" else { throw KeyFault(file, "is a '\(shown(label))', not a public key") }
    guard der.starts(with: PublicKey.derHead), der.count == PublicKey.derHead.count + 32 else {
      throw KeyFault(file, "is a public key, but not of Ed25519")
    }
    raw = Array(der.dropFirst(PublicKey.derHead.count))
  }

  /// Whether this key made the signature: 64 octets over the bytes of a file.
  public func isValid(_ signature: [UInt8], over bytes: [UInt8]) -> Bool {
    guard signature.count == 64, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw) else {
      return false
    }
    return key.isValidSignature(signature, for: bytes)
  }
}
