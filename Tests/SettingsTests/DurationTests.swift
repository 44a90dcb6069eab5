import Testing

@testable import Settings

@Suite struct DurationTests {
  @Test(
    arguments: [
      ("500ms", 500), ("0ms", 0), ("60s", 60_000), ("15m", 900_000), ("1h", 3_600_000), ("1d", 86_400_000),
      ("5y", 158_112_000_000), ("007s", 7_000),
    ] as [(String, Int64)])
  func reads(text: String, milliseconds: Int64) {
    #expect(DurationText.milliseconds(text) == milliseconds)
  }

  @Test(arguments: [
    "", "s", "60", "60 s", " 60s", "-1s", "+1s", "1.5h", "1h30m", "1M", "1w", "9223372036854775808ms",
    "9223372036854775807s", "１s", "1S", "1s\n",
  ])
  func refuses(text: String) {
    #expect(DurationText.milliseconds(text) == nil)
  }

  @Test(
    arguments: [
      (0, "0s"), (1, "1ms"), (1_500, "1500ms"), (60_000, "1m"), (90_000, "90s"), (86_400_000, "1d"),
      (172_800_000, "2d"),
    ] as [(Int64, String)])
  func prints(milliseconds: Int64, text: String) {
    #expect(DurationText.text(milliseconds) == text)
    #expect(DurationText.milliseconds(text) == milliseconds)
  }

  @Test(
    arguments: [
      (420_000, ["6m", "8m"]), (7_000, ["6s", "8s"]), (18_000_000, ["4h", "6h"]), (86_399_999, ["12h", "1d"]),
      (1, ["2ms"]),
    ] as [(Int64, [String])])
  func advisesNeighbours(milliseconds: Int64, neighbours: [String]) {
    #expect(DurationText.dividersOfDay(around: milliseconds) == neighbours)
  }
}
