import Testing

@testable import Settings

/// Finding the text of a date with time by the place that the parser tells.
@Suite struct SourceTextTests {
  private static let time = "2026-03-01T00:00:00.25+08:00"

  /// Letters of one to four bytes, in lines longer and shorter than the steps of the index.
  @Test(arguments: [0, 1, 2, 62, 63, 64, 65, 127, 128, 129, 1_000])
  func isFoundBehindAnyLetters(count: Int) {
    for letter in ["x", "é", "电", "😀"] {
      for head in ["", "\u{feff}", "电\n", "\u{feff}\r\n# 😀\r\n"] {
        let line = String(repeating: letter, count: count)
        let text = SourceText(Array("\(head)\(line)\(Self.time) # then".utf8))
        let lines = head.utf8.count { $0 == UInt8(ascii: "\n") }
        #expect(text.dateTime(at: Position(line: lines + 1, column: count + 1)) == Self.time)
      }
    }
  }

  @Test(arguments: [
    ("2026-03-01 00:00:00Z # 1", "2026-03-01 00:00:00Z"), ("2026-03-01t00:00:00z,", "2026-03-01t00:00:00z"),
    ("2026-03-01T00:00:00]", "2026-03-01T00:00:00"), ("2026-03-01T00:00:00", "2026-03-01T00:00:00"),
  ])
  func endsWhereItEnds(text: String, found: String) {
    #expect(SourceText(Array(text.utf8)).dateTime(at: .start) == found)
  }

  @Test func whatIsNotThereIsEmpty() {
    for text in ["", "\n", "电", "\u{feff}"] {
      for line in [0, 1, 2, 3, Int.max] {
        for column in [0, 2, 65, 1_000] {
          #expect(SourceText(Array(text.utf8)).dateTime(at: Position(line: line, column: column)) == "")
        }
      }
    }
    // Bytes that are no letter: the parser would not have come here.
    let broken = SourceText([UInt8](repeating: 0x80, count: 300))
    #expect(broken.dateTime(at: .start) == "")
    let cut = SourceText([0x61, 0xF0, 0x9F])
    #expect(cut.dateTime(at: Position(line: 1, column: 2)) == "")
    #expect(cut.dateTime(at: Position(line: 1, column: 3)) == "")
  }

  /// A file may be one line: nothing may cost its length again for each time in it.
  @Test func manyTimesInOneLineAreRead() throws {
    let time = "2026-03-01T00:00:00+08:00"
    let count = 20_000
    let array = String(repeating: "{ \"电\" = \(time) }, ", count: count)
    let root = try TOML.parse(Array("a = [ \(array) ]".utf8))
    guard case .table(let entries) = root.value, case .array(let elements)? = entries["a"]?.node.value else {
      Issue.record("no array")
      return
    }
    #expect(elements.count == count)
    let times = elements.filter { element in
      guard case .table(let entries) = element.value, case .dateTime(let text)? = entries["电"]?.node.value else {
        return false
      }
      return text == time
    }
    #expect(times.count == count)
  }
}
