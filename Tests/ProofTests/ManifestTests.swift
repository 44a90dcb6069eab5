import Proof
import Testing

@Suite struct ManifestTests {
  static let root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
  static let zero = String(repeating: "0", count: 64)
  static let text = """
    meterd-manifest-1
    site: yangzhou-1
    number: 12
    segment: 2026-11-21
    previous: \(root)
    hash: sha256
    signature: ed25519
    key: 0123456789abcdef
    leaves: 3120
    root: \(root)
    rows: 28800
    first_seq: 1001
    last_seq: 29800
    first_received: 2026-11-21T00:00:00.013Z
    last_received: 2026-11-21T23:59:59.912Z
    first_journal: 17
    last_journal: 18
    definitions: \(root)
    clock: untrusted 7
    sealed: 2026-11-22T00:05:11Z
    adopts: fedcba9876543210
    source: journal: rows=2 first_seq=17 last_seq=18 first_time=2026-11-21T08:00:00Z last_time=2026-11-21T09:00:00Z
    source: meter:a%20b rows=1440 first_seq=1001 last_seq=29790 first_time=2026-11-21T00:00:00Z last_time=2026-11-21T23:59:00Z
    source: meter:b rows=27360 first_seq=1002 last_seq=29800 first_time=1969-12-31T23:59:59.999Z last_time=2026-11-21T23:59:00Z
    gap: meter:b reason=late slots=1 from=2026-11-21T05:00:00Z to=2026-11-21T05:00:00Z
    gap: meter:b reason=timeout slots=4 from=2026-11-21T05:00:00Z to=2026-11-21T06:00:00Z

    """

  @Test func readsAndWritesTheSame() throws {
    let manifest = try Manifest.parse(Array(Self.text.utf8))
    #expect(manifest.text == Self.text)
    #expect(manifest.bytes == Array(Self.text.utf8))
    #expect(manifest.site == "yangzhou-1")
    #expect(manifest.number == 12)
    #expect(manifest.previous.hex == Self.root)
    #expect(manifest.key.hex == "0123456789abcdef")
    #expect(manifest.firstReceived == 1_795_219_200_013)
    #expect(manifest.clock == .untrusted(rows: 7))
    #expect(manifest.adopts?.hex == "fedcba9876543210")
    #expect(manifest.sources.map(\.name) == ["journal:", "meter:a b", "meter:b"])
    #expect(manifest.sources[2].firstTime == -1)
    #expect(manifest.gaps.map(\.reason) == ["late", "timeout"])
    #expect(manifest.fileName == "2026-11-21.manifest")
    #expect(manifest.contradiction == nil)
  }

  @Test func sortsWhatItIsGiven() throws {
    let manifest = try Manifest.parse(Array(Self.text.utf8))
    let other = Manifest(
      site: manifest.site, number: manifest.number, segment: manifest.segment, previous: manifest.previous,
      key: manifest.key, leaves: manifest.leaves, root: manifest.root, rows: manifest.rows,
      firstSeq: manifest.firstSeq, lastSeq: manifest.lastSeq, firstReceived: manifest.firstReceived,
      lastReceived: manifest.lastReceived, firstJournal: manifest.firstJournal, lastJournal: manifest.lastJournal,
      definitions: manifest.definitions, clock: manifest.clock, sealed: manifest.sealed, adopts: manifest.adopts,
      sources: manifest.sources.reversed(), gaps: manifest.gaps.reversed())
    #expect(other == manifest)
  }

  @Test func aDayWithoutRows() throws {
    var manifest = try Manifest.parse(Array(Self.text.utf8))
    manifest.rows = 0
    manifest.lastSeq = manifest.firstSeq - 1
    manifest.firstReceived = nil
    manifest.lastReceived = nil
    manifest.clock = .trusted
    manifest.adopts = nil
    manifest.sources.removeLast(2)
    manifest.gaps = []
    #expect(manifest.text.contains("first_received: -\nlast_received: -\n"))
    #expect(try Manifest.parse(manifest.bytes) == manifest)
    #expect(manifest.contradiction == nil)
    #expect(throws: TextFault.self) {
      try Manifest.parse(Array(manifest.text.replacing("rows: 0\n", with: "rows: 1\n").utf8))
    }
    #expect(throws: TextFault.self) {
      try Manifest.parse(Array(Self.text.replacing("rows: 28800\n", with: "rows: 0\n").utf8))
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var replace: String
    var with: String
    var line: Int
    var problem: String
    var testDescription: String { "\(replace.prefix(30)) → \(with.prefix(30))" }

    init(_ replace: String, _ with: String, _ line: Int, _ problem: String) {
      (self.replace, self.with, self.line, self.problem) = (replace, with, line, problem)
    }
  }

  @Test(arguments: [
    Refusal("manifest-1", "manifest-2", 1, "'meterd-manifest-2' stands where 'meterd-manifest-1' has to"),
    Refusal("site: yangzhou-1\n", "", 2, "'number: 12' stands where 'site: ' has to"),
    Refusal("site: yangzhou-1", "site: ", 2, "is not how site is written"),
    Refusal("site: yangzhou-1", "site: a b", 2, "is not how site is written"),
    Refusal("site: ", "site:", 2, "stands where 'site: ' has to"),
    Refusal("site: ", "site:  ", 2, "is not how site is written"),
    Refusal("site: yangzhou-1\n", "site: yangzhou-1\n\n", 3, "'' stands where 'number: ' has to"),
    Refusal("site: yangzhou-1\n", "site: yangzhou-1\r\n", 2, "carriage return"),
    Refusal("number: 12", "number: 012", 3, "'012' is not a number"),
    Refusal("number: 12", "number: 0", 3, "number 1"),
    Refusal("number: 12", "number: 1_2", 3, "is not a number"),
    Refusal("number: 12", "number: 12 ", 3, "'12 ' is not a number"),
    Refusal("number: 12", "number: ١٢", 3, "is not a number"),
    Refusal("number: 12", "number: 18446744073709551616", 3, "is not a number"),
    Refusal("number: 12\n", "number: 12\nnumber: 12\n", 4, "'number: 12' stands where 'segment: ' has to"),
    Refusal("number: 12\n", "number: 12\nnote: x\n", 4, "'note: x' stands where 'segment: ' has to"),
    Refusal("segment: 2026-11-21", "segment: 2026-11-31", 4, "not the name of a segment"),
    Refusal("segment: 2026-11-21", "segment: 2026-11", 4, "not the name of a segment"),
    Refusal("segment: 2026-11-21", "segment: 2026-11-21.1", 4, "not the name of a segment"),
    Refusal("segment: 2026-11-21", "segment: 2026-11-21.02", 4, "not the name of a segment"),
    Refusal("segment: 2026-11-21", "segment: ../../etc/x", 4, "not the name of a segment"),
    Refusal("previous: 5", "previous: ", 5, "64 hexadecimal digits"),
    Refusal("hash: sha256", "hash: sha512", 6, "'sha512' is unknown here"),
    Refusal("signature: ed25519", "signature: rsa", 7, "'rsa' is unknown here"),
    Refusal("key: 0123456789abcdef", "key: 0123456789ABCDEF", 8, "16 hexadecimal digits"),
    Refusal("leaves: 3120", "leaves: -1", 9, "is not a number"),
    Refusal("root: 5dc", "root: 5Dc", 10, "64 hexadecimal digits"),
    Refusal("00.013Z", "00.0130Z", 14, "not a time"),
    Refusal("00.013Z", "00.000Z", 14, "not a time"),
    Refusal("00.013Z", "00.13Z", 14, "not a time"),
    Refusal("00.013Z", "00.013z", 14, "not a time"),
    Refusal("00.013Z", "00,013Z", 14, "not a time"),
    Refusal("00.013Z", "60.013Z", 14, "not a time"),
    Refusal("00:00.013Z", "00:00.013+00:00", 14, "not a time"),
    Refusal("2026-11-21T00:00:00.013Z", "2026-02-29T00:00:00.013Z", 14, "not a time"),
    Refusal("2026-11-21T00:00:00.013Z", "2026-11-21 00:00:00.013Z", 14, "not a time"),
    Refusal("2026-11-21T00:00:00.013Z", "2026-11-21T24:00:00.013Z", 14, "not a time"),
    Refusal("2026-11-21T00:00:00.013Z", "-", 14, "not a time"),
    Refusal("clock: untrusted 7", "clock: untrusted 0", 19, "neither 'trusted' nor"),
    Refusal("clock: untrusted 7", "clock: untrusted", 19, "neither 'trusted' nor"),
    Refusal("clock: untrusted 7", "clock: untrusted  7", 19, "neither 'trusted' nor"),
    Refusal("clock: untrusted 7", "clock: Trusted", 19, "neither 'trusted' nor"),
    Refusal("adopts: fedcba9876543210", "adopts: fedcba", 21, "16 hexadecimal digits"),
    Refusal("source: journal: rows=2 ", "source: journal:  rows=2 ", 22, "stands where 'rows=' has to"),
    Refusal("source: journal:", "source: zzz", 23, "out of order or there twice"),
    Refusal("source: meter:a%20b", "source: meter:b", 24, "out of order or there twice"),
    Refusal("source: meter:a%20b", "source: meter:a b", 23, "stands where 'rows=' has to"),
    Refusal("rows=1440 first_seq=1001", "first_seq=1001 rows=1440", 23, "stands where 'rows=' has to"),
    Refusal("reason=late", "reason=", 25, "is not how reason is written"),
    Refusal("reason=late", "reason=timeout", 26, "out of order or there twice"),
    Refusal("to=2026-11-21T06:00:00Z\n", "to=2026-11-21T06:00:00Z", 26, "line feed at the end is missing"),
    Refusal("to=2026-11-21T06:00:00Z\n", "to=2026-11-21T06:00:00Z x=1\n", 26, "goes on with 'x=1'"),
    Refusal("to=2026-11-21T06:00:00Z\n", "to=2026-11-21T06:00:00Z\n\n", 27, "'' stands where nothing more may"),
    Refusal("to=2026-11-21T06:00:00Z\n", "to=2026-11-21T06:00:00Z\nx: 1\n", 27, "'x: 1' stands where nothing more may"),
    Refusal("sealed: 2026-11-22T00:05:11Z", "sealed: \u{1B}[2J", 20, "'?[2J' is not a time"),
  ])
  func refuses(_ refusal: Refusal) {
    let text = Self.text.replacing(refusal.replace, with: refusal.with, maxReplacements: 1)
    #expect(text != Self.text)
    let fault = #expect(throws: TextFault.self) { try Manifest.parse(Array(text.utf8)) }
    #expect(fault?.line == refusal.line)
    #expect(fault?.problem.contains(refusal.problem) == true, "\(fault?.problem ?? "")")
  }

  @Test func refusesWhatIsNotUTF8() {
    var bytes = Array(Self.text.utf8)
    bytes[25] = 0xFF
    let fault = #expect(throws: TextFault.self) { try Manifest.parse(bytes) }
    #expect(fault?.description == "line 2: is not UTF-8")
  }

  @Test func refusesEveryBeginning() {
    let bytes = Array(Self.text.utf8)
    let ends = bytes.indices.filter { bytes[$0] == 10 }.map { $0 + 1 }
    // Behind `sealed` and behind each line after it a manifest may end.
    let whole = Set(ends.suffix(7))
    for count in 0..<bytes.count where !whole.contains(count) {
      #expect(throws: TextFault.self) { try Manifest.parse(Array(bytes[..<count])) }
    }
  }

  /// What is read is written the same, whatever was changed: so every text has one value.
  @Test func noTwoTextsOfOneValue() {
    var random = SeededGenerator(state: 3)
    let bytes = Array(Self.text.utf8)
    var readable = 0
    for _ in 0..<1500 {
      var changed = bytes
      changed[Int.random(in: changed.indices, using: &random)] =
        Bool.random(using: &random)
        ? UInt8.random(in: 0...255, using: &random) : bytes[Int.random(in: bytes.indices, using: &random)]
      if let manifest = try? Manifest.parse(changed) {
        readable += 1
        #expect(manifest.bytes == changed)
      }
    }
    #expect(readable > 40)
  }

  @Test(arguments: [
    (Int64.min, "0001-01-01T00:00:00Z"), (.max, "9999-12-31T23:59:59.999Z"), (0, "1970-01-01T00:00:00Z"),
    (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_001, "2000-02-29T00:00:00.001Z"),
  ])
  func times(milliseconds: Int64, text: String) throws {
    var manifest = try Manifest.parse(Array(Self.text.utf8))
    manifest.sealed = milliseconds
    #expect(manifest.text.contains("sealed: \(text)\n"))
    #expect(try Manifest.parse(manifest.bytes).text == manifest.text)
  }

  @Test(arguments: [
    ("number: 12\n", "number: 1\n", "number 1 with previous"),
    ("previous: \(root)", "previous: \(zero)", "number 12 with previous"),
    ("rows: 28800", "rows: 28801", "28801 rows from 1001 to 29800"),
    ("last_seq: 29800", "last_seq: 18446744073709551615", "28800 rows from"),
    ("first_journal: 17", "first_journal: 0", "journal entries from 0 to 18"),
    ("first_journal: 17", "first_journal: 19", "journal entries from 19 to 18"),
    ("first_journal: 17", "first_journal: 16", "2 journal entries where there should be 3"),
    ("leaves: 3120", "leaves: 0", "0 leaves with root"),
    ("untrusted 7", "untrusted 28801", "28801 rows by a clock"),
    ("rows=1440", "rows=1439", "its sources have 28799 rows"),
    ("rows=1440", "rows=0", "source meter:a b: 0 rows"),
    ("rows=1440 first_seq=1001", "rows=1440 first_seq=1000", "source meter:a b: 1440 rows from 1000"),
    ("rows=1440 first_seq=1001", "rows=1440 first_seq=29789", "source meter:a b: 1440 rows from 29789"),
    ("last_seq=29800", "last_seq=29801", "source meter:b: 27360 rows from 1002 to 29801"),
    ("last_time=2026-11-21T09", "last_time=2026-11-21T07", "source journal:: its first time is after its last"),
    ("slots=4", "slots=0", "gap of meter:b: 0 slots"),
    ("to=2026-11-21T06", "to=2026-11-21T04", "gap of meter:b: 4 slots"),
  ])
  func contradicts(replace: String, with: String, what: String) throws {
    let text = Self.text.replacing(replace, with: with, maxReplacements: 1)
    let manifest = try Manifest.parse(Array(text.utf8))
    #expect(manifest.contradiction?.contains(what) == true, "\(manifest.contradiction ?? "none")")
  }
}
