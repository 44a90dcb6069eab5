import Files
import Metering
import Proof

/// The manifests of an archive's days, with their signatures, as files.
struct ManifestStore {
  let layout: ArchiveLayout
  private static let limit = 64 * 1024 * 1024

  struct Head {
    let manifest: Manifest
    let name: String
    /// Of the file's octets.
    let digest: Digest
  }

  /// The names of the days that have one, in the order of the alphabet.
  func names() throws -> [String] {
    try Files.names(in: layout.manifests).filter { $0.hasSuffix(".manifest") }.map { String($0.dropLast(9)) }
  }

  func bytes(of name: String) throws -> [UInt8]? {
    try Files.read("\(layout.manifests)/\(name).manifest", limit: ManifestStore.limit)
  }

  func manifest(of name: String) throws -> Manifest? {
    guard let bytes = try bytes(of: name) else { return nil }
    do { return try Manifest.parse(bytes) } catch {
      throw ArchiveError(.damaged, "\(layout.manifests)/\(name).manifest: \(error)")
    }
  }

  /// The last link of the chain.
  ///
  /// - Parameter sealed: the manifests' numbers as the catalog has them.
  func head(_ sealed: [String: CatalogContents.Sealed]) throws -> Head? {
    guard let name = sealed.max(by: { $0.value.number < $1.value.number })?.key else { return nil }
    guard let bytes = try bytes(of: name), let manifest = try manifest(of: name) else {
      throw ArchiveError(
        .damaged, "\(layout.manifests)/\(name).manifest is missing: the chain cannot go on; bring it back from a backup"
      )
    }
    return Head(manifest: manifest, name: name, digest: Digest.sha256(bytes))
  }

  /// The signature first: a manifest without one was never published.
  func publish(_ manifest: Manifest, key: SigningKey, signed: () throws -> Void) throws {
    let bytes = Array(manifest.text.utf8)
    try sign(bytes, name: manifest.segment, key: key)
    try signed()
    let file = try AtomicFile(directory: layout.manifests, name: manifest.fileName)
    try file.write(bytes[...])
    try file.publish()
  }

  func publish(_ key: PublicKey) throws {
    if try Files.read("\(layout.keys)/\(key.id.fileName)", limit: ManifestStore.limit) != nil { return }
    let file = try AtomicFile(directory: layout.keys, name: key.id.fileName)
    try file.write(Array(key.pem.utf8)[...])
    try file.publish()
  }

  func sign(_ bytes: [UInt8], name: String, key: SigningKey) throws {
    let file = try AtomicFile(directory: layout.manifests, name: key.id.signatureFileName(of: Manifest.fileName(name)))
    try file.write(try key.signature(over: bytes)[...])
    try file.publish()
  }

}
