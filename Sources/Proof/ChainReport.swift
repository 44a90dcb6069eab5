/// What came of checking a chain.
public struct ChainReport: Sendable {
  /// A new gateway went on with the chain of a dead one. The dead one cannot have agreed: whether the site did is to be
  /// asked there, unless the new key was given as well.
  public struct Adoption: Hashable, Sendable {
    /// The first manifest of the new key.
    public var file: String
    public var from: KeyID
    public var to: KeyID
    /// The auditor was given the new key.
    public var isTrusted: Bool
  }

  /// Empty: all is as it was signed. The first one is to be named first.
  public var findings: [Finding]
  public var manifests: Int
  /// The key of the first manifest; where none was given, this is the one to compare with what the site says.
  public var firstKey: KeyID?
  public var adoptions: [Adoption]
  /// The segments of these numbers expired, as signed checkpoints say; 0: none.
  public var expiredThrough: UInt64
  /// Of the last manifest: number, segment, and the number of its last row.
  public var last: Head?
  public var lastSeq: UInt64
}
