import Crypto
import FoundationEssentials

/// The archive's Ed25519 private key. It is made on the first start, never leaves its file and is in no backup.
public struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  // PKCS#8 version 0 with AlgorithmIdentifier and an OCTET STRING in an OCTET STRING: RFC 8410 section 7.
  private static let derHead: [UInt8] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]

  /// A new key.
  public init() { key = Curve25519.Signing.PrivateKey() }

  /// - Parameters:
  ///   - pem: the bytes of a file, as `openssl genpkey -algorithm ed25519` writes it.
  ///   - file: its path, for the error.
  public init(pem: [UInt8], file: String) throws(KeyFault) {
    let (label, der) = try PEM.parse(pem, file: file)
    if label == "ENCRYPTED PRIVATE KEY" {
      throw KeyFault(file, "is encrypted; meterd needs it without a password: `openssl pkey -in \(file)` writes it so")
    }
    guard label == "PRIVATE KEY" else { throw KeyFault(file, "is a '\(shown(label))', not a private key in PKCS#8") }
    guard der.starts(with: SigningKey.derHead), der.count == SigningKey.derHead.count + 32,
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: der.dropFirst(SigningKey.derHead.count))
    else {
      throw KeyFault(
        file, "is a private key, but not one of Ed25519 as `openssl genpkey -algorithm ed25519` writes it")
    }
    self.key = key
  }

  /// `-----BEGIN PRIVATE KEY-----`, as `openssl genpkey -algorithm ed25519` writes it.
  var pem: String { PEM.text("PRIVATE KEY", SigningKey.derHead + Array(key.rawRepresentation)) }

  public var publicKey: PublicKey { PublicKey(key.publicKey) }

  public var id: KeyID { publicKey.id }

  /// The signature over the bytes of a file: 64 octets (RFC 8032 section 5.1.6).
  public func signature(over bytes: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: bytes)) }
}
