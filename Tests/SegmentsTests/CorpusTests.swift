import Foundation
import Testing

/// What the fuzzer was begun with (`make -C Fuzz segment`), and what it has found interesting.
@Suite struct CorpusTests {
  private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../Fuzz/Corpus/segment")
  private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).sorted()

  @Test func thereIsACorpus() { #expect(Self.names.count >= 8) }

  @Test(arguments: names)
  func holds(name: String) throws {
    try SegmentCheck.run(Array(try Data(contentsOf: Self.directory.appending(path: name))))
  }
}
