import Glibc
import Testing

@testable import Settings

/// A directory a case: `config.toml` (and `profiles/`), and `expected.err` with the exact lines that must be printed;
/// where it is absent, the file must load.
@Suite struct CaseTests {
  @Test(arguments: TestFiles.caseNames)
  func printsExactly(name: String) throws {
    let directory = TestFiles.cases + "/" + name
    let expected = (try? TestFiles.text(directory + "/expected.err")) ?? ""
    var printed = ""
    do throws(SettingsError) {
      _ = try Settings.load(path: directory + "/config.toml")
    } catch {
      printed = error.description.replacing(directory + "/", with: "") + "\n"
    }
    #expect(printed == expected)
  }

  /// A run that finds no cases would pass without looking at anything.
  @Test func thereAreCases() {
    #expect(TestFiles.caseNames.count >= 250)
    #expect(TestFiles.caseNames.contains { $0.hasPrefix("ok-") })
  }

  @Test func casesThatMustLoadAreNamedSo() {
    for name in TestFiles.caseNames {
      #expect(name.hasPrefix("ok-") == !Files.exists("\(TestFiles.cases)/\(name)/expected.err"), "\(name)")
    }
  }
}

/// Where the tests' files lie.
enum TestFiles {
  static let directory = Files.directory(of: #filePath)
  static let cases = directory + "/Cases"
  static let repository = Files.directory(of: Files.directory(of: directory))
  static let caseNames = Files.names(in: cases, suffix: "")

  static func load(_ name: String) throws -> Settings { try Settings.load(path: "\(cases)/\(name)/config.toml") }

  static func text(_ path: String) throws -> String {
    String(decoding: try Files.read(path, maximumBytes: 1 << 20), as: UTF8.self)
  }

  /// A new directory, removed after `body`.
  static func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/meterd-settings-XXXXXX".utf8CString)
    let path = try template.withUnsafeMutableBufferPointer { buffer in
      let start = try #require(buffer.baseAddress)
      let name = try #require(mkdtemp(start))
      return String(cString: name)
    }
    defer {
      for name in Files.names(in: path, suffix: "") { unlink(path + "/" + name) }
      rmdir(path)
    }
    try body(path)
  }

  static func write(_ bytes: [UInt8], to path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
  }
}
