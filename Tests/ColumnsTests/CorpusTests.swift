import Foundation
import Testing

/// What the fuzzer was begun with (`make -C Fuzz column`), and what it has found interesting.
@Suite struct CorpusTests {
  private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../Fuzz/Corpus/column")
  private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).sorted()

  @Test func thereIsACorpus() { #expect(Self.names.count >= 12) }

  @Test(arguments: names)
  func holds(name: String) throws {
    let octets = Array(try Data(contentsOf: Self.directory.appending(path: name)))
    #expect(ColumnCheck().finding(octets) == nil)
  }
}
