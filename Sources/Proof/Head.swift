/// Where the chain had come to, as it is placed with files that leave the house. Who holds the key could write history
/// anew, but not what others have of it already.
public struct Head: Hashable, Sendable {
  public static let format = "meterd-head-1"

  public var site: String
  public var number: UInt64
  public var segment: String
  /// SHA-256 of the manifest's file.
  public var manifest: Digest
  /// Root of the Merkle tree of its day.
  public var root: Digest

  public init(site: String, number: UInt64, segment: String, manifest: Digest, root: Digest) {
    self.site = site
    self.number = number
    self.segment = segment
    self.manifest = manifest
    self.root = root
  }

  /// Of a manifest that is on disk.
  public init(_ manifest: Manifest) {
    self.init(
      site: manifest.site, number: manifest.number, segment: manifest.segment,
      manifest: .sha256(manifest.bytes), root: manifest.root)
  }

  /// The bytes of the file.
  public var text: String {
    """
    \(Head.format)
    site: \(Escaping.escaped(site))
    number: \(number)
    segment: \(segment)
    manifest: \(manifest.hex)
    root: \(root.hex)

    """
  }

  /// Reads exactly what `text` writes.
  public static func parse(_ bytes: [UInt8]) throws(TextFault) -> Head {
    let text = try LineReader.text(bytes)
    var lines = try LineReader(text)
    try lines.word(format)
    let site = try lines.text("site")
    let number: UInt64 = try lines.number("number")
    if number == 0 { throw lines.fault("number: the first manifest is number 1") }
    let segment = try lines.segment("segment")
    let manifest = try lines.digest("manifest")
    let root = try lines.digest("root")
    try lines.end()
    return Head(site: site, number: number, segment: segment, manifest: manifest, root: root)
  }
}
