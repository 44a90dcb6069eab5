import Files
import Proof

extension Archive {
  /// What adopting an archive did.
  public enum Adoption: Sendable, Hashable {
    /// Nothing: the key that signed last is this one.
    case ownKey(KeyID)
    /// No day is sealed yet.
    case nothingSealed
    case adopted(from: KeyID, by: KeyID, head: String)
  }

  /// Lets the chain of another gateway's key go on under this one's: the head is signed by both, the next manifest says so.
  /// Blocks.
  ///
  /// - Parameter keyPath: of the private key; it is made where there is none.
  public func adopt(keyPath: String) throws -> Adoption {
    let layout = ArchiveLayout(root: path)
    let store = ManifestStore(layout: layout)
    let key = try SigningKey.loadOrMake(keyPath)
    guard let head = try store.head(try onCommitter { $0.contents.sealed }), let bytes = try store.bytes(of: head.name)
    else { return .nothingSealed }
    if head.manifest.key == key.id { return .ownKey(key.id) }
    try store.publish(key.publicKey)
    try store.sign(bytes, name: head.name, key: key)
    return .adopted(from: head.manifest.key, by: key.id, head: head.name)
  }
}

extension Archive {
  public struct Rebuilt: Sendable, Hashable {
    public var sealed: Int
    public var hot: Int
    public var definitions: Int
    public var headSeq: UInt64
  }

  /// Throws the catalog away and makes it anew from segments, manifests and hot files. Blocks.
  ///
  /// - Throws: `ArchiveError.inUse` while a daemon writes to it.
  public static func rebuildCatalog(path: String, site: String) throws -> Rebuilt {
    let layout = ArchiveLayout(root: path)
    try layout.createDirectories()
    let lock = try ArchiveLock(layout)
    defer { lock.release() }
    for suffix in ["", "-wal", "-shm"] { try Files.remove(layout.catalog + suffix) }
    var catalog = try Catalog(layout, site: site)
    let found = try Committer.recover(&catalog, layout)
    try catalog.close()
    let contents = catalog.contents
    return Rebuilt(
      sealed: contents.sealed.count, hot: contents.openings.count - contents.sealed.count,
      definitions: contents.definitions.count, headSeq: found.headSeq)
  }
}
