import Testing

@testable import Settings

@Suite struct WordingTests {
  @Test(
    arguments: [
      ("bauds", "baud"), ("baudd", "baud"), ("buad", "baud"), ("bd", nil), ("xyz", nil), ("uint", "unit"),
      ("nit", "unit"),
      ("stopbits", "stop_bits"), ("stpbit", nil), (String(repeating: "a", count: 1_000), nil), ("", nil),
    ] as [(String, String?)])
  func findsTheNearest(name: String, nearest: String?) {
    #expect(Wording.nearest(to: name, among: ["unit", "baud", "stop_bits", "parity"]) == nearest)
  }

  @Test func aTieGoesToTheFirstByName() {
    #expect(Wording.nearest(to: "bus-3", among: ["bus-2", "bus-1"]) == "bus-1")
  }

  @Test(arguments: [
    ("a", "'a'"), ("a\u{1B}[2J", "'a\\u{1b}[2J'"), ("号", "'号'"),
    (String(repeating: "x", count: 65), "'" + String(repeating: "x", count: 64) + "…'"),
    ("\u{202E}evil", "'\\u{202e}evil'"),
  ])
  func quotes(text: String, quoted: String) {
    #expect(Wording.quoted(text) == quoted)
  }
}
