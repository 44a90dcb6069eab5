/// What a third party needs to check chunks of one day without meterd: the chunks, their paths to the root, the signed
/// manifest, the public key, and a script for sh, openssl and sha256sum.
public struct ProofExport: Sendable {
  public struct Leaf: Sendable {
    public var header: LeafHeader
    public var chunk: [UInt8]

    public init(header: LeafHeader, chunk: [UInt8]) {
      self.header = header
      self.chunk = chunk
    }
  }

  public struct File: Sendable {
    public var name: String
    public var bytes: [UInt8]
  }

  /// To be written into one directory.
  public let files: [File]

  /// Refuses what the script would refuse.
  ///
  /// - Parameters:
  ///   - leaves: the chunks that are wanted; all of a source, so that the script can say that no row is missing.
  ///   - digests: the leaf hashes of the whole day, in order.
  ///   - manifest: of that day.
  ///   - keys: public keys; those whose signatures are there go along.
  public init(leaves: [Leaf], digests: [Digest], manifest: SignedFile, keys: [PublicKey]) throws(ExportFault) {
    let parsed: Manifest
    do throws(TextFault) { parsed = try Manifest.parse(manifest.bytes) } catch {
      throw ExportFault("\(manifest.name): \(error)")
    }
    let signers = keys.filter { key in
      manifest.signatures[key.id].map { key.isValid($0, over: manifest.bytes) } ?? false
    }
    guard signers.contains(where: { $0.id == parsed.key }) else {
      throw ExportFault("\(manifest.name): has no signature that fits of key \(parsed.key), which it names")
    }
    let tree = MerkleTree(leaves: digests)
    guard tree.count == parsed.leaves, tree.root == parsed.root else {
      throw ExportFault(
        "segment \(parsed.segment): its \(tree.count) leaves do not lead to the root of \(manifest.name)")
    }
    let ordered = leaves.sorted { $0.header.leaf < $1.header.leaf }
    var path = "\(ProofExport.pathFormat)\n"
    var files: [File] = []
    for (place, leaf) in ordered.enumerated() {
      let number = leaf.header.leaf
      guard isSame(leaf.header.site, parsed.site), isSame(leaf.header.segment, parsed.segment),
        leaf.header.bytes == leaf.chunk.count, place == 0 || ordered[place - 1].header.leaf < number,
        let steps = tree.path(of: number)?.steps, digests[number] == leaf.header.hash(leaf.chunk)
      else { throw ExportFault("leaf \(number) is not what segment \(parsed.segment) has there") }
      path += "leaf \(number) \(tree.count)\n"
      for step in steps { path += "\(step.side.rawValue) \(step.digest.hex)\n" }
      files.append(File(name: "leaf-\(number).bin", bytes: [0] + Array(leaf.header.line.utf8) + leaf.chunk))
    }
    guard !files.isEmpty else { throw ExportFault("segment \(parsed.segment): no leaf of it is wanted") }
    files.append(File(name: "path.txt", bytes: Array(path.utf8)))
    files.append(File(name: parsed.fileName, bytes: manifest.bytes))
    for key in signers {
      files.append(
        File(name: key.id.signatureFileName(of: parsed.fileName), bytes: manifest.signatures[key.id] ?? []))
      files.append(File(name: key.id.fileName, bytes: Array(key.pem.utf8)))
    }
    files.append(File(name: "check.sh", bytes: Array(ProofExport.script.utf8)))
    self.files = files
  }

  static let pathFormat = "meterd-path-1"
}

/// Why nothing can be exported.
public struct ExportFault: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
