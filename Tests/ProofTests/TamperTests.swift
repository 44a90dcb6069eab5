import Proof
import Testing

/// Flipped bits: each is found.
@Suite struct TamperTests {
  /// One file of an archive.
  struct Part: Sendable {
    var name: String
    var bytes: [UInt8]
    /// Adds it, with these bytes, to a chain that has all others.
    var add: @Sendable (inout Chain, [UInt8]) -> Void
  }

  private static func parts(of made: MadeChain) throws -> [Part] {
    var parts: [Part] = []
    for file in made.files + [try made.checkpoint(2)] {
      let isCheckpoint = file.name.hasSuffix("checkpoint")
      let add: @Sendable (inout Chain, SignedFile) -> Void = { chain, file in
        if isCheckpoint { chain.add(checkpoint: file) } else { chain.add(manifest: file) }
      }
      parts.append(
        Part(name: file.name, bytes: file.bytes) { chain, bytes in
          add(&chain, SignedFile(name: file.name, bytes: bytes, signatures: file.signatures))
        })
      for (key, signature) in file.signatures {
        parts.append(
          Part(name: key.signatureFileName(of: file.name), bytes: signature) { chain, bytes in
            var changed = file
            changed.signatures[key] = bytes
            add(&chain, changed)
          })
      }
    }
    for number in 1...5 {
      parts.append(
        Part(name: "head-\(number)", bytes: Array(made.head(number).text.utf8)) { chain, bytes in
          chain.add(head: bytes, file: "head-\(number)")
        })
    }
    return parts
  }

  /// 1,000 of manifests, signatures, checkpoints and heads.
  @Test func flippedBits() throws {
    var made = try MadeChain(4)
    try made.adopt(SigningKey())
    let parts = try Self.parts(of: made)
    /// Where the file stands that a signature signs; any other file stands for itself.
    func owner(_ place: Int) -> Int {
      guard let file = KeyID.signed(by: parts[place].name)?.file else { return place }
      return parts.firstIndex { $0.name == file } ?? place
    }
    func chain(without left: Int?) -> Chain {
      var chain = Chain(site: "yangzhou-1", trusted: [made.keys[0].publicKey])
      for key in made.keys { chain.add(key: Array(key.publicKey.pem.utf8), file: key.id.fileName) }
      for (place, part) in parts.enumerated() where owner(place) == place && place != left.map(owner) {
        part.add(&chain, part.bytes)
      }
      return chain
    }
    #expect(chain(without: nil).finish().findings == [])
    var random = SeededGenerator(state: 4)
    var missed: [String] = []
    for place in parts.indices {
      // All but the part that is changed, which comes last: what is added needs no order.
      let base = chain(without: place)
      for _ in 0..<(1000 / parts.count + 1) {
        var bytes = parts[place].bytes
        let bit = Int.random(in: 0..<(8 * bytes.count), using: &random)
        bytes.flip(bit: bit)
        var changed = base
        parts[place].add(&changed, bytes)
        let findings = changed.finish().findings
        if findings.isEmpty { missed.append("\(parts[place].name) bit \(bit)") }
        // What is named first is the file itself, or for a signature the file that it signs.
        let file = findings.first?.file
        if file != parts[owner(place)].name { missed.append("\(parts[place].name) bit \(bit): \(file ?? "")") }
      }
    }
    #expect(missed == [])
  }
}
