import Foundation
import Testing

/// What the fuzzer was begun with and found interesting (`make -C Fuzz object` goes on from there).
@Suite struct CorpusTests {
  private static let directory = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "../../Fuzz/Corpus/object")
  private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).sorted()

  @Test func thereIsACorpus() { #expect(Self.names.count >= 10) }

  @Test(arguments: names)
  func holds(name: String) throws {
    try ObjectCheck.run(Array(try Data(contentsOf: Self.directory.appending(path: name))))
  }
}
