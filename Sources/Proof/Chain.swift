/// Checks manifests, checkpoints and heads against each other. Knows no files: what was read from them is added, keys
/// first, then the rest in any order; `finish` says what is wrong.
public struct Chain: Sendable {
  /// A manifest that could be read, without its lists.
  struct Link: Sendable {
    let file: String
    let digest: Digest
    let manifest: Manifest
    /// Whose signature fits.
    let signers: Set<KeyID>
  }

  struct Expiry: Sendable {
    let file: String
    let checkpoint: Checkpoint
    let isSigned: Bool
  }

  let site: String?
  let trusted: [PublicKey]
  private var keys: [KeyID: PublicKey] = [:]
  private(set) var links: [Link] = []
  private(set) var expiries: [Expiry] = []
  private(set) var heads: [(file: String, head: Head)] = []
  /// Of files by themselves, in the order in which they came.
  private(set) var found: [Finding] = []

  /// - Parameters:
  ///   - site: whose archive it has to be; nil: that of its first manifest.
  ///   - trusted: the keys that the auditor was given. Where there are any, one of them has to have signed the first
  ///     manifest. Later keys count where they took the chain over (`adopts:`, and their signature over the last
  ///     manifest of the key before).
  public init(site: String? = nil, trusted: [PublicKey] = []) {
    self.site = site
    self.trusted = trusted
    for key in trusted { keys[key.id] = key }
  }

  /// A file of `keys/`.
  public mutating func add(key bytes: [UInt8], file: String) {
    do throws(KeyFault) {
      let key = try PublicKey(pem: bytes, file: file)
      guard file == key.id.fileName else {
        found.append(.unreadableKey(file: file, problem: "holds the key \(key.id), not the one that it is named after"))
        return
      }
      guard Array(key.pem.utf8) == bytes else {
        found.append(
          .unreadableKey(file: file, problem: "holds its key, but not in the form in which meterd writes it"))
        return
      }
      // A key that was given stays, whatever an archive holds under its name.
      if keys[key.id] == nil { keys[key.id] = key }
    } catch {
      found.append(.unreadableKey(file: file, problem: error.problem))
    }
  }

  /// A file of `manifests/` with its signatures.
  public mutating func add(manifest file: SignedFile) {
    let manifest: Manifest
    do throws(TextFault) { manifest = try Manifest.parse(file.bytes) } catch {
      found.append(.unreadable(file: file.name, error))
      return
    }
    if file.name != manifest.fileName { found.append(.foreignName(file: file.name, segment: manifest.segment)) }
    let signers = check(file, manifest.key)
    if let what = manifest.contradiction { found.append(.contradiction(file: file.name, what: what)) }
    var kept = manifest
    kept.sources = []
    kept.gaps = []
    links.append(Link(file: file.name, digest: .sha256(file.bytes), manifest: kept, signers: signers))
  }

  /// A file of `checkpoints/` with its signatures.
  public mutating func add(checkpoint file: SignedFile) {
    do throws(TextFault) {
      let checkpoint = try Checkpoint.parse(file.bytes)
      let isSigned = check(file, checkpoint.key).contains(checkpoint.key)
      expiries.append(Expiry(file: file.name, checkpoint: checkpoint, isSigned: isSigned))
    } catch {
      found.append(.unreadable(file: file.name, error))
    }
  }

  /// A head that was kept outside the archive.
  public mutating func add(head bytes: [UInt8], file: String) {
    do throws(TextFault) { heads.append((file, try Head.parse(bytes))) } catch {
      found.append(.unreadable(file: file, error))
    }
  }

  /// Checks all signatures of a file, and that the one is there which has to be. Says whose fit.
  private mutating func check(_ file: SignedFile, _ key: KeyID) -> Set<KeyID> {
    var signers: Set<KeyID> = []
    if file.signatures[key] == nil { found.append(.missingSignature(file: file.name, key: key)) }
    for (id, signature) in file.signatures.sorted(by: { $0.key.hex < $1.key.hex }) {
      if let known = keys[id] {
        if known.isValid(signature, over: file.bytes) {
          signers.insert(id)
        } else {
          found.append(.wrongSignature(file: file.name, key: id))
        }
      } else {
        found.append(.unknownKey(file: file.name, key: id))
      }
    }
    return signers
  }
}
