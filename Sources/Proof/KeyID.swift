/// Names a key in texts and file names: the first 16 hexadecimal digits of the SHA-256 over the DER of its
/// SubjectPublicKeyInfo.
public struct KeyID: Hashable, Sendable, CustomStringConvertible {
  public let hex: String

  /// Nil for anything but 16 digits in lower case.
  public init?(_ hex: String) {
    guard hex.utf8.count == 16, octets(ofHex: hex.utf8) != nil else { return nil }
    self.hex = hex
  }

  init(_ fingerprint: Digest) { hex = String(fingerprint.hex.prefix(16)) }

  public var description: String { hex }

  /// `2026-11-21.manifest.KEYID.sig`: the signature of this key over a file.
  public func signatureFileName(of file: String) -> String { "\(file).\(hex).sig" }

  /// The file that is signed and the key, of a name that `signatureFileName` makes.
  public static func signed(by name: String) -> (file: String, key: KeyID)? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[parts.count - 1] == "sig", let key = KeyID(String(parts[parts.count - 2])) else {
      return nil
    }
    return (parts.dropLast(2).joined(separator: "."), key)
  }

  /// `KEYID.pem`: the public key in `keys/`.
  public var fileName: String { "\(hex).pem" }
}
