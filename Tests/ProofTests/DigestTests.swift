import Proof
import Testing

@Suite struct DigestTests {
  /// FIPS 180-2 appendix B.1 and B.2, and nothing.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func hashes(text: String, hex: String) {
    let digest = Digest.sha256(Array(text.utf8))
    #expect(digest.hex == hex)
    #expect(Digest(hex: hex) == digest)
    #expect(Digest(bytes: digest.bytes) == digest)
    #expect("\(digest)" == hex)
  }

  @Test(arguments: [
    "", "ab", String(repeating: "0", count: 63), String(repeating: "0", count: 65), String(repeating: "A", count: 64),
    String(repeating: "g", count: 64), String(repeating: "0", count: 63) + "-", String(repeating: "٠", count: 32),
  ])
  func refuses(hex: String) { #expect(Digest(hex: hex) == nil) }

  @Test(arguments: [0, 31, 33]) func hasThirtyTwoOctets(count: Int) {
    #expect(Digest(bytes: [UInt8](repeating: 0, count: count)) == nil)
  }

  @Test func zeroIsZero() { #expect(Digest.zero.bytes == [UInt8](repeating: 0, count: 32)) }

  @Test func partsGiveTheHashOfTheWhole() {
    var random = SeededGenerator(state: 1)
    let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
    for _ in 0..<20 {
      var hash = StreamingHash()
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = rest.prefix(Int.random(in: 0...700, using: &random))
        part.withUnsafeBytes { hash.update($0) }
        rest = rest.dropFirst(part.count)
      }
      #expect(hash.finish() == .sha256(bytes))
      #expect(hash.finish() == .sha256(bytes))
    }
  }
}
