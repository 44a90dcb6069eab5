import Proof
import Testing

@Suite struct LeafHeaderTests {
  static let header = LeafHeader(
    site: "yangzhou-1", segment: "2026-11-21", leaf: 17, source: "meter:main-incomer", group: "0",
    column: "holding/342/2", rows: 1440, bytes: 1873)
  static let line =
    "meterd-chunk-1 site=yangzhou-1 segment=2026-11-21 leaf=17 source=meter:main-incomer group=0 "
    + "column=holding/342/2 rows=1440 bytes=1873\n"

  @Test func isTheLineOfTheFormat() throws {
    #expect(Self.header.line == Self.line)
    #expect(try LeafHeader(line: Self.line) == Self.header)
  }

  @Test(arguments: [
    ("a b", "a%20b"), ("a=b", "a%3Db"), ("100%", "100%25"), ("a\nb", "a%0Ab"), ("\r\n", "%0D%0A"), ("\u{0}", "%00"),
    ("\u{7F}", "%7F"), ("é", "é"), ("e\u{301}", "e\u{301}"), ("扬州", "扬州"), ("a/b:c", "a/b:c"),
  ])
  func escapes(value: String, text: String) throws {
    var header = Self.header
    header.column = value
    #expect(Array(header.line.utf8) == Array(Self.line.replacing("holding/342/2", with: text).utf8))
    let column = try LeafHeader(line: header.line).column
    #expect(Array(column.utf8) == Array(value.utf8))
  }

  @Test(arguments: [
    ("", "line feed"),
    (String(line.dropLast()), "line feed"),
    (line + "\n", "'1873?' is not a number"),
    (line.replacing("-1 site", with: "-2 site"), "'meterd-chunk-2' stands where 'meterd-chunk-1' has to"),
    (line.replacing(" segment", with: "  segment"), "'' stands where 'segment=' has to"),
    (line.replacing("leaf=17", with: "leaf=017"), "'017' is not a number"),
    (line.replacing("leaf=17", with: "leaf=+17"), "'+17' is not a number"),
    (line.replacing("leaf=17", with: "leaf=-17"), "'-17' is not a number"),
    (line.replacing("leaf=17", with: "leaf="), "'' is not a number"),
    (line.replacing("leaf=17", with: "leaf=99999999999999999999"), "is not a number"),
    (line.replacing("leaf=17 ", with: ""), "stands where 'leaf=' has to"),
    (line.replacing("rows=1440 bytes=1873", with: "bytes=1873 rows=1440"), "stands where 'rows=' has to"),
    (line.replacing("\n", with: " more=1\n"), "goes on with 'more=1'"),
    (line.replacing("\n", with: "\r\n"), "is not a number"),
    (line.replacing("group=0", with: "group=%30"), "'%30' is not how group is written"),
    (line.replacing("group=0", with: "group=%3d"), "'%3d' is not how group is written"),
    (line.replacing("group=0", with: "group=%3"), "'%3' is not how group is written"),
    (line.replacing("group=0", with: "group=%+1"), "'%+1' is not how group is written"),
    (line.replacing("group=0", with: "group=%FF"), "'%FF' is not how group is written"),
    (line.replacing("group=0", with: "group="), "'' is not how group is written"),
    (line.replacing("group=0", with: "group=a=b"), "'a=b' is not how group is written"),
    (line.replacing(" bytes=1873", with: ""), "ends too early"),
  ])
  func refuses(line: String, problem: String) {
    let fault = #expect(throws: TextFault.self) { try LeafHeader(line: line) }
    #expect(fault?.description.contains(problem) == true, "\(fault?.description ?? "")")
  }

  /// Computed with sha256sum: printf '\0…' | sha256sum
  @Test func hashesAsTheShellDoes() throws {
    let scratch = try Scratch()
    let chunk: [UInt8] = Array(0...255)
    try scratch.write([0] + Array(Self.line.utf8) + chunk, "leaf")
    let output = try run(["sha256sum", scratch.file("leaf")]).output
    #expect(output.hasPrefix(Self.header.hash(chunk).hex))
  }

  @Test func everyFieldCounts() {
    let chunk: [UInt8] = [1, 2, 3]
    var hashes: Set<Digest> = [Self.header.hash(chunk), Self.header.hash([1, 2])]
    let changes: [(inout LeafHeader) -> Void] = [
      { $0.site = "yangzhou-2" }, { $0.segment = "2026-11-22" }, { $0.leaf = 18 }, { $0.source = "meter:other" },
      { $0.group = "1" }, { $0.column = "holding/344/2" }, { $0.rows = 1441 }, { $0.bytes = 1874 },
    ]
    for change in changes {
      var header = Self.header
      change(&header)
      hashes.insert(header.hash(chunk))
    }
    #expect(hashes.count == changes.count + 2)
  }
}
