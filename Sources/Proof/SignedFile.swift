/// A manifest or a checkpoint with its signatures, as read from disk. The bytes are what is signed.
public struct SignedFile: Sendable {
  /// File name without directory: `2026-11-21.manifest`.
  public var name: String
  public var bytes: [UInt8]
  /// The 64 octets of `NAME.KEYID.sig`, by key.
  public var signatures: [KeyID: [UInt8]]

  public init(name: String, bytes: [UInt8], signatures: [KeyID: [UInt8]]) {
    self.name = name
    self.bytes = bytes
    self.signatures = signatures
  }
}
