import Proof

/// Reads arbitrary octets as each of the texts that are signed, hashed or read from strangers, and says what should not
/// have come of it.
///
/// `Fuzz/Sources/fuzz-manifest` is this file as well.
enum ManifestCheck {
  /// Why an input is not as it must be.
  struct Finding: Error, CustomStringConvertible {
    let description: String
  }

  static func run(_ bytes: [UInt8]) throws(Finding) {
    if let manifest = try? Manifest.parse(bytes) {
      guard manifest.bytes == bytes else {
        throw Finding(description: "a manifest is written otherwise than it was read")
      }
      guard (try? Head.parse(Array(Head(manifest).text.utf8))) == Head(manifest) else {
        throw Finding(description: "the head of a manifest cannot be read")
      }
      _ = manifest.contradiction
    }
    if let checkpoint = try? Checkpoint.parse(bytes), checkpoint.bytes != bytes {
      throw Finding(description: "a checkpoint is written otherwise than it was read")
    }
    if let head = try? Head.parse(bytes), Array(head.text.utf8) != bytes {
      throw Finding(description: "a head is written otherwise than it was read")
    }
    if let line = String(validating: bytes, as: UTF8.self), let header = try? LeafHeader(line: line),
      Array(header.line.utf8) != bytes
    {
      throw Finding(description: "a leaf's header is written otherwise than it was read")
    }
    if let key = try? PublicKey(pem: bytes, file: "key.pem"),
      (try? PublicKey(pem: Array(key.pem.utf8), file: "key.pem")) != key
    {
      throw Finding(description: "a public key is written otherwise than it was read")
    }
    _ = try? SigningKey(pem: bytes, file: "key.pem")
    try chain(bytes)
  }

  /// Everything at once, with signatures that do not fit: the machine has to come to its end.
  private static func chain(_ bytes: [UInt8]) throws(Finding) {
    var chain = Chain(site: "yangzhou-1")
    chain.add(key: bytes, file: "key.pem")
    let signatures = [KeyID("0123456789abcdef"), KeyID("fedcba9876543210")].compactMap { $0 }.map { ($0, bytes) }
    let file = SignedFile(
      name: "2026-11-21.manifest", bytes: bytes, signatures: Dictionary(uniqueKeysWithValues: signatures))
    chain.add(manifest: file)
    chain.add(manifest: file)
    chain.add(checkpoint: file)
    chain.add(head: bytes, file: "head")
    for firstHotSeq in [0, 1, UInt64.max] {
      let findings = chain.finish(segments: ["2026-11-21"], firstHotSeq: firstHotSeq).findings
      guard !findings.isEmpty, findings.allSatisfy({ !$0.description.isEmpty && $0.description.utf8.count < 2000 })
      else {
        throw Finding(description: "no finding, or one that nobody can read")
      }
    }
  }
}
