import Testing

@testable import StatusAPI

struct StatusTableTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("1号厂房", 7), ("é", 1), ("e\u{301}", 1), ("한글", 4), ("ｱ", 1), ("Ａ", 2), ("（", 2), ("。", 2),
    ("😀", 2), ("☀️", 2), ("𠮷", 2), ("…", 1), ("\u{200B}", 0), ("Ω", 1),
  ])
  func displayWidth(text: String, columns: Int) {
    #expect(DisplayWidth.of(text) == columns)
  }

  @Test(arguments: [
    ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("厂房总", 6, "厂房总"), ("厂房总", 5, "厂房…"), ("厂房总", 4, "厂…"),
    ("厂房总", 1, "…"), ("厂房总", 0, ""), ("a厂", 2, "a…"),
  ])
  func truncation(text: String, columns: Int, result: String) {
    #expect(DisplayWidth.truncated(text, to: columns) == result)
    #expect(DisplayWidth.of(DisplayWidth.truncated(text, to: columns)) <= columns)
  }

  @Test func terminalsAreNotSteered() {
    var report = Fixtures.report
    report.headline = "a\u{1B}[2Jb\nc\u{202E}d"
    report.meters[0].name = "\u{1B}]0;x\u{7}"
    report.reasons = ["\u{9B}31mred"]
    report.buses.append(Fixtures.substation)
    report.buses[1].station?.links[0].address = "\u{1B}[2J"
    report.buses[1].station?.links[0].lastClose = "\u{1B}[2J\n\u{9B}0m"
    report.buses[1].station?.unnamed[0].lastValue = "\u{7}"
    let text = StatusTable.render(report, width: 80) + StatusTable.render(report.buses[1], width: 80)
    #expect(text.hasPrefix("a?[2Jb c?d\n"))
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
  }

  @Test(arguments: [
    (0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h 0 min"), (172_799, "47 h 59 min"),
    (172_800, "2 d 0 h"), (UInt64.max, "213503982334601 d 7 h"),
  ])
  func durations(seconds: UInt64, text: String) {
    #expect(StatusTable.duration(seconds) == text)
  }

  @Test(
    arguments: [
      (1.0, "100.0 %"), (0.9999, "99.9 %"), (0.997, "99.7 %"), (0.0, "0.0 %"), (2.0, "100.0 %"), (-1, "0.0 %"),
      (.nan, "-"), (nil, "-"), (0.001, "0.1 %"),
    ] as [(Double?, String)])
  func percents(rate: Double?, text: String) {
    #expect(StatusTable.percent(rate) == text)
  }

  @Test(
    arguments: [
      (0.0004, "0.4 ms"), (0.0099, "9.9 ms"), (0.00996, "10 ms"), (0.0405, "41 ms"), (0.9994, "999 ms"),
      (0.9996, "1.0 s"),
      (12.34, "12 s"), (-1, "-"), (.nan, "-"), (nil, "-"),
    ] as [(Double?, String)])
  func answerTimes(seconds: Double?, text: String) {
    #expect(StatusTable.seconds(seconds) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_999, "99.9 kB"), (100_000, "100 kB"), (1_234_567_890, "1.2 GB"),
    (UInt64.max, "18.4 EB"),
  ])
  func sizes(count: UInt64, text: String) {
    #expect(StatusTable.bytes(count) == text)
  }

  @Test(arguments: [1, 5, 20, 40, 60, 79, 80, 81, 100, 120, 200, Int.max])
  func noLineIsWider(width: Int) {
    var report = Fixtures.reportWithStation
    report.meters[1].name = String(repeating: "冲洗", count: 40)
    for text in [
      StatusTable.render(report, width: width), StatusTable.render(Fixtures.incomerWithReadings, width: width),
      StatusTable.render(Fixtures.substation, width: width),
    ] {
      for line in text.split(separator: "\n") {
        // A wide character does not fit a terminal of one column.
        #expect(DisplayWidth.of(String(line)) <= max(width, 2) || width < 4, "\(line)")
        #expect(!line.hasSuffix(" "))
      }
    }
  }

  @Test func colourOnlyWhenAsked() {
    let plain = StatusTable.render(Fixtures.report, width: 100)
    #expect(!plain.contains("\u{1B}"))
    let coloured = StatusTable.render(Fixtures.report, width: 100, colour: true)
    #expect(coloured.hasPrefix("\u{1B}[31mdegraded"))
    #expect(coloured.replacing(/\u{1B}\[[0-9]+m/, with: "") == plain)
  }
}
