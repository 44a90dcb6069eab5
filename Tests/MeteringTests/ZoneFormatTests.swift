import Glibc
import Metering
import Testing

@Suite struct ZoneRefusalTests {
  @Test(arguments: [
    "", "..", "../passwd", "/etc/passwd", "Europe/../Europe/Berlin", "Europe//Berlin", "Europe/", "./UTC",
    "Europe/Berlin\0",
    "Asia/Shanghai ", "a.b", String(repeating: "a", count: 256), "Zürich",
  ])
  func names(name: String) {
    #expect(throws: ZoneError.badName(name)) { try Zone(named: name) }
  }

  @Test func whatIsNoFile() {
    let directory = "/usr/share/zoneinfo"
    #expect(throws: ZoneError.absent(zone: "Asia/Shangai", path: "\(directory)/Asia/Shangai")) {
      try Zone(named: "Asia/Shangai")
    }
    #expect(throws: ZoneError.notAFile(zone: "Asia", path: "\(directory)/Asia")) { try Zone(named: "Asia") }
    #expect(throws: ZoneError.notAFile(zone: "null", path: "/dev/null")) { try Zone(named: "null", directory: "/dev") }
    #expect(throws: ZoneError.malformed(zone: "passwd", reason: "it does not start with TZif")) {
      try Zone(named: "passwd", directory: "/etc")
    }
    #expect(throws: ZoneError.tooLarge(zone: "X", bytes: 1_048_577)) {
      try Zone(name: "X", tzif: [UInt8](repeating: 0, count: 1_048_577))
    }
  }

  @Test func everyTruncation() {
    let whole = TZifFile.berlin.bytes
    #expect((try? Zone(name: "X", tzif: whole)) != nil)
    for count in 0..<whole.count {
      #expect(throws: ZoneError.self) { try Zone(name: "X", tzif: Array(whole[..<count])) }
    }
  }

  @Test(arguments: ["Europe/Berlin", "America/Nuuk", "UTC"])
  func everyTruncationOfARealFile(name: String) throws {
    let whole = try bytes(ofFile: "/usr/share/zoneinfo/\(name)")
    #expect(try Zone(name: name, tzif: whole) == Zone(named: name))
    for count in 0..<whole.count {
      #expect(throws: ZoneError.self) { try Zone(name: "X", tzif: Array(whole[..<count])) }
    }
  }

  /// Whatever is accepted must answer at every time without a trap.
  @Test func changedBytesNeverTrap() throws {
    let files = [TZifFile.berlin.bytes, try bytes(ofFile: "/usr/share/zoneinfo/Europe/Berlin")]
    var random = SplitMix64(state: 8536)
    var accepted = 0
    for round in 0..<20_000 {
      var bytes = files[round % 2]
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let zone = try? Zone(name: "X", tzif: bytes) else { continue }
      accepted += 1
      for at in [Timestamp.distantPast, .epoch, Timestamp(seconds: 4_000_000_000), .distantFuture] {
        let period = zone.period(containing: at)
        #expect(period.start.map { $0 <= at } ?? true)
        #expect(period.end.map { $0 > at } ?? true)
        #expect(zone.nextDayStart(after: at) > at)
      }
    }
    #expect(accepted > 1000 && accepted < 19_000)
  }

  @Test(
    arguments: [
      (.leap, 1), (.type, 0), (.type, 257), (.ut, 1), (.standard, 2), (.time, 0xffff_ffff), (.time, 2), (.character, 0),
    ] as [(TZifFile.Count, UInt32)])
  func counts(which: TZifFile.Count, value: UInt32) {
    var file = TZifFile.berlin
    file.falseCounts[which] = value
    #expect(throws: ZoneError.self) { try Zone(name: "X", tzif: file.bytes) }
  }

  @Test func leapSecondsAreNamed() throws {
    let error = #expect(throws: ZoneError.self) { try Zone(name: "right/UTC", tzif: TZifFile.withLeapSecond.bytes) }
    #expect(error?.description.contains("without 'right/'") == true)
  }

  @Test(arguments: [
    "CET", "CET-", "CE-1", "CET-25", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/3,",
    "CET-1CEST,M0.5.0,M10.5.0",
    "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J365", "CET-1CEST,J366,J365",
    "CET-1CEST,366,0",
    "CET-1CEST,M3.5.0/168,M10.5.0/3", "CET-1:60", "<CET-1", "<>-1", "CET-1CEST,M3.5.0,M10.5.0/3 ", "CET-1\nX",
    "CET-0001",
  ])
  func footers(text: String) {
    #expect(throws: ZoneError.self) { try Zone(name: "X", tzif: TZifFile(offsets: [3600], footer: text).bytes) }
  }

  @Test func footerThatContradictsTheTable() {
    var file = TZifFile.berlin
    file.footer = "EET-2"
    #expect(throws: ZoneError.malformed(zone: "X", reason: "its footer contradicts its last transition")) {
      try Zone(name: "X", tzif: file.bytes)
    }
  }

  @Test func transitionsThatDoNotAscend() {
    var file = TZifFile.berlin
    file.transitions.swapAt(0, 1)
    #expect(throws: ZoneError.self) { try Zone(name: "X", tzif: file.bytes) }
    file = .berlin
    file.transitions[0].at = Int64.min
    #expect(throws: ZoneError.self) { try Zone(name: "X", tzif: file.bytes) }
  }

  @Test func bytesAfterTheEnd() {
    #expect(throws: ZoneError.self) { try Zone(name: "X", tzif: TZifFile.berlin.bytes + [10]) }
    #expect(throws: ZoneError.malformed(zone: "X", reason: "1 bytes after its end")) {
      try Zone(name: "X", tzif: TZifFile.oldBerlin.bytes + [0])
    }
  }
}

@Suite struct ZoneFormatTests {
  @Test func version1HasNoFooter() throws {
    let zone = try Zone(name: "X", tzif: TZifFile.oldBerlin.bytes)
    #expect(zone.offsetSeconds(at: Timestamp(rfc3339: "2026-07-01T00:00:00Z")!) == 7200)
    #expect(zone.offsetSeconds(at: Timestamp(rfc3339: "2027-07-01T00:00:00Z")!) == 3600)
    #expect(zone.nextTransition(after: Timestamp(rfc3339: "2026-12-01T00:00:00Z")!) == nil)
  }

  @Test func beforeTheFirstTransitionTypeZeroHolds() throws {
    let zone = try Zone(name: "X", tzif: TZifFile.berlin.bytes)
    #expect(zone.offsetSeconds(at: .distantPast) == 3208)
    #expect(zone.offsetSeconds(at: Timestamp(rfc3339: "2039-07-01T00:00:00Z")!) == 7200)
  }

  @Test func periodsReachFromTheTableIntoTheFooter() throws {
    // The last transition is none that the footer would make: summer time begins on the first of July.
    var file = TZifFile.berlin
    file.transitions[1].at = 1_782_864_000
    file.transitions.removeLast()
    let summer = try Zone(name: "X", tzif: file.bytes).period(containing: Timestamp(seconds: 1_785_000_000))
    #expect(summer.start == Timestamp(rfc3339: "2026-07-01T00:00:00Z"))
    #expect(summer.end == Timestamp(rfc3339: "2026-10-25T01:00:00Z"))
    // The last transition changes no offset.
    file = .berlin
    file.transitions.append((1_796_083_200, 1))
    let zone = try Zone(name: "X", tzif: file.bytes)
    for at in ["2026-11-15T00:00:00Z", "2026-12-01T00:00:00Z"] {
      let winter = zone.period(containing: try #require(Timestamp(rfc3339: at)))
      #expect(winter.start == Timestamp(rfc3339: "2026-10-25T01:00:00Z"))
      #expect(winter.end == Timestamp(rfc3339: "2027-03-28T01:00:00Z"))
    }
  }

  /// The Big Bang of old files is a state, not a change.
  @Test func transitionsOutsideTheCalendar() throws {
    var file = TZifFile.berlin
    file.transitions.insert((-(1 << 59), 1), at: 0)
    let zone = try Zone(name: "X", tzif: file.bytes)
    #expect(zone.offsetSeconds(at: .distantPast) == 3600)
    #expect(zone.period(containing: .distantPast).start == nil)
  }

  @Test(arguments: [
    ("EST5EDT,0/0,J365/25", -14400),  // RFC 8536, 3.3.1: summer time all year
    ("XXX3EDT4,0/0,J365/23", -14400),  // the same, written backwards
    ("<-03>3", -10800), ("<+0330>-3:30", 12600), ("ABC+1:02:03", -3723), ("UTC0", 0),
  ])
  func footersWithoutAChange(text: String, seconds: Int) throws {
    let zone = try Zone(name: "X", tzif: TZifFile(offsets: [0], footer: text).bytes)
    for year in 1990...2060 {
      let at = Timestamp(seconds: CivilDate(year: year, month: 1, day: 1).daysSinceEpoch * 86_400)
      #expect(zone.offsetSeconds(at: at) == seconds && zone.nextTransition(after: at) == nil)
    }
  }

  /// Jn leaves out the 29th of February, n counts it; 2028 is a leap year.
  @Test(arguments: [
    ("AAA0BBB,J60/0,J300", "2027-03-01T00:00:00Z", "2028-03-01T00:00:00Z"),
    ("AAA0BBB,59/0,300", "2027-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
    ("AAA0BBB,J59/0,J300", "2027-02-28T00:00:00Z", "2028-02-28T00:00:00Z"),
    ("AAA0BBB,M2.5.2/0,J300", "2027-02-23T00:00:00Z", "2028-02-29T00:00:00Z"),
    ("AAA0BBB,M3.1.1/-167,J300", "2027-02-22T01:00:00Z", "2028-02-28T01:00:00Z"),
    ("AAA0BBB-1:30,M3.1.1,J300", "2027-03-01T02:00:00Z", "2028-03-06T02:00:00Z"),
  ])
  func daysOfAFooter(text: String, first: String, second: String) throws {
    let zone = try Zone(name: "X", tzif: TZifFile(offsets: [0], footer: text).bytes)
    for (year, expected) in [(2027, first), (2028, second)] {
      let newYear = Timestamp(seconds: CivilDate(year: year, month: 1, day: 1).daysSinceEpoch * 86_400)
      #expect(zone.nextTransition(after: newYear) == Timestamp(rfc3339: expected))
    }
  }
}

/// Writes a TZif file; a false count is written in place of the true one.
struct TZifFile: Sendable {
  /// In the order of the header.
  enum Count: CaseIterable, Sendable { case ut, standard, leap, time, type, character }

  var version: UInt8 = UInt8(ascii: "2")
  var offsets: [Int32]
  var transitions: [(at: Int64, type: UInt8)] = []
  var footer = ""
  var falseCounts: [Count: UInt32] = [:]
  var leapRecords: [UInt8] = []

  init(offsets: [Int32], footer: String) {
    self.offsets = offsets
    self.footer = footer
  }

  static var berlin: TZifFile {
    var file = TZifFile(offsets: [3208, 3600, 7200], footer: "CET-1CEST,M3.5.0,M10.5.0/3")
    file.transitions = [
      (-2_422_054_408, 1), (1_774_746_000, 2), (1_792_890_000, 1),  // 1893, 2026-03-29 and 2026-10-25
    ]
    return file
  }

  static var oldBerlin: TZifFile {
    var file = berlin
    file.version = 0
    file.transitions[0].at = -2_000_000_000  // 1893 is out of reach for 32 bits
    return file
  }

  static var withLeapSecond: TZifFile {
    var file = TZifFile(offsets: [0], footer: "UTC0")
    file.leapRecords = [0, 0, 0, 0, 4, 178, 88, 0, 0, 0, 0, 1]  // 1972-06-30
    return file
  }

  var bytes: [UInt8] {
    if version == 0 { return block(timeBytes: 4) }
    var first = TZifFile(offsets: [0], footer: "")
    first.version = version
    return first.block(timeBytes: 4) + block(timeBytes: 8) + Array("\n\(footer)\n".utf8)
  }

  private func block(timeBytes: Int) -> [UInt8] {
    func bigEndian(_ value: Int64, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
    }
    var bytes = Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
    let counts: [Count: UInt32] = [
      .leap: UInt32(leapRecords.count / 12), .time: UInt32(transitions.count), .type: UInt32(offsets.count),
      .character: 4,
    ]
    for count in Count.allCases { bytes += bigEndian(Int64(falseCounts[count] ?? counts[count] ?? 0), 4) }
    for transition in transitions { bytes += bigEndian(transition.at, timeBytes) }
    bytes += transitions.map(\.type)
    for offset in offsets { bytes += bigEndian(Int64(offset), 4) + [0, 0] }
    return bytes + Array("XYZ\0".utf8) + leapRecords
  }
}

/// A generator whose runs can be repeated.
private struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

private func bytes(ofFile path: String) throws -> [UInt8] {
  let file = try #require(fopen(path, "rb"))
  defer { fclose(file) }
  var buffer = [UInt8](repeating: 0, count: 65_536)
  return Array(buffer[..<fread(&buffer, 1, buffer.count, file)])
}
