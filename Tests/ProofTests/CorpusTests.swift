import Foundation
import Testing

/// What the fuzzer has found interesting so far (`make -C Fuzz manifest` goes on from there), and what it was begun with.
@Suite struct CorpusTests {
  private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../Fuzz/Corpus/manifest")
  private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).sorted()

  @Test func thereIsACorpus() { #expect(Self.names.count >= 10) }

  @Test(arguments: names)
  func holds(name: String) throws {
    let bytes = Array(try Data(contentsOf: Self.directory.appending(path: name)))
    try ManifestCheck.run(bytes)
  }
}
