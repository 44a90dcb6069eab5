extension Manifest {
  /// The bytes of the file, which are what is signed.
  public var text: String {
    var text = "\(Manifest.format)\n"
    func line(_ key: String, _ value: String) { text += "\(key): \(value)\n" }
    line("site", Escaping.escaped(site))
    line("number", "\(number)")
    line("segment", segment)
    line("previous", previous.hex)
    line("hash", "sha256")
    line("signature", "ed25519")
    line("key", key.hex)
    line("leaves", "\(leaves)")
    line("root", root.hex)
    line("rows", "\(rows)")
    line("first_seq", "\(firstSeq)")
    line("last_seq", "\(lastSeq)")
    line("first_received", firstReceived.map(UTCTime.text) ?? "-")
    line("last_received", lastReceived.map(UTCTime.text) ?? "-")
    line("first_journal", "\(firstJournal)")
    line("last_journal", "\(lastJournal)")
    line("definitions", definitions.hex)
    line("clock", clock.text)
    line("sealed", UTCTime.text(sealed))
    if let adopts { line("adopts", adopts.hex) }
    for source in sources { line("source", source.text) }
    for gap in gaps { line("gap", gap.text) }
    return text
  }

  public var bytes: [UInt8] { Array(text.utf8) }

  /// Reads exactly what `text` writes; everything else is a fault: another order, a key twice or unknown, zeros in
  /// front of a number, a carriage return, a time in another form.
  public static func parse(_ bytes: [UInt8]) throws(TextFault) -> Manifest {
    let text = try LineReader.text(bytes)
    var lines = try LineReader(text)
    try lines.word(format)
    let site = try lines.text("site")
    let number: UInt64 = try lines.number("number")
    if number == 0 { throw lines.fault("number: the first manifest is number 1") }
    let segment = try lines.segment("segment")
    let previous = try lines.digest("previous")
    try lines.algorithm("hash", "sha256")
    try lines.algorithm("signature", "ed25519")
    let key = try lines.keyID("key")
    let leaves: Int = try lines.number("leaves")
    let root = try lines.digest("root")
    let rows: UInt64 = try lines.number("rows")
    let firstSeq: UInt64 = try lines.number("first_seq")
    let lastSeq: UInt64 = try lines.number("last_seq")
    let firstReceived = try lines.received("first_received", rows)
    let lastReceived = try lines.received("last_received", rows)
    let firstJournal: UInt64 = try lines.number("first_journal")
    let lastJournal: UInt64 = try lines.number("last_journal")
    let definitions = try lines.digest("definitions")
    let clock = try lines.clock("clock")
    let sealed = try lines.time("sealed")
    var adopts: KeyID?
    if lines.isNext("adopts") { adopts = try lines.keyID("adopts") }
    let sources = try lines.sources()
    let gaps = try lines.gaps()
    try lines.end()
    return Manifest(
      site: site, number: number, segment: segment, previous: previous, key: key, leaves: leaves, root: root,
      rows: rows, firstSeq: firstSeq, lastSeq: lastSeq, firstReceived: firstReceived, lastReceived: lastReceived,
      firstJournal: firstJournal, lastJournal: lastJournal, definitions: definitions, clock: clock, sealed: sealed,
      adopts: adopts, sources: sources, gaps: gaps)
  }
}

extension Manifest.Clock {
  fileprivate var text: String {
    switch self {
    case .trusted: "trusted"
    case .untrusted(let rows): "untrusted \(rows)"
    }
  }
}

extension Manifest.Source {
  fileprivate var text: String {
    "\(Escaping.escaped(name)) rows=\(rows) first_seq=\(firstSeq) last_seq=\(lastSeq) "
      + "first_time=\(UTCTime.text(firstTime)) last_time=\(UTCTime.text(lastTime))"
  }

  fileprivate init(_ fields: inout FieldReader) throws(TextFault) {
    name = try fields.value("a source")
    rows = try fields.number("rows")
    firstSeq = try fields.number("first_seq")
    lastSeq = try fields.number("last_seq")
    firstTime = try fields.time("first_time")
    lastTime = try fields.time("last_time")
    try fields.end()
  }
}

extension Manifest.Gap {
  fileprivate var text: String {
    "\(Escaping.escaped(source)) reason=\(Escaping.escaped(reason)) slots=\(slots) "
      + "from=\(UTCTime.text(from)) to=\(UTCTime.text(to))"
  }

  fileprivate init(_ fields: inout FieldReader) throws(TextFault) {
    source = try fields.value("a source")
    reason = try fields.text("reason")
    slots = try fields.number("slots")
    from = try fields.time("from")
    to = try fields.time("to")
    try fields.end()
  }
}

extension LineReader {
  fileprivate mutating func received(_ key: String, _ rows: UInt64) throws(TextFault) -> Int64? {
    guard rows == 0 else { return try time(key) }
    try dash(key)
    return nil
  }

  private mutating func dash(_ key: String) throws(TextFault) {
    let found = try value(key)
    if !isSame(found, "-") { throw fault("\(key): '\(shown(found))', and there are no rows: '-' has to stand there") }
  }

  fileprivate mutating func clock(_ key: String) throws(TextFault) -> Manifest.Clock {
    let found = try value(key)
    if isSame(found, "trusted") { return .trusted }
    let words = found.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { Substring($0) }
    guard words.count == 2, isSame(words[0], "untrusted"), let rows = UInt64(canonical: words[1]), rows > 0 else {
      throw fault("\(key): '\(shown(found))' is neither 'trusted' nor 'untrusted ROWS'")
    }
    return .untrusted(rows: rows)
  }

  fileprivate mutating func sources() throws(TextFault) -> [Manifest.Source] {
    var sources: [Manifest.Source] = []
    while isNext("source") {
      let text = try value("source")
      var fields = FieldReader(text, line: line)
      let source = try Manifest.Source(&fields)
      if let before = sources.last, !before.precedes(source) {
        throw fault("source '\(shown(source.name))' is out of order or there twice")
      }
      sources.append(source)
    }
    return sources
  }

  fileprivate mutating func gaps() throws(TextFault) -> [Manifest.Gap] {
    var gaps: [Manifest.Gap] = []
    while isNext("gap") {
      let text = try value("gap")
      var fields = FieldReader(text, line: line)
      let gap = try Manifest.Gap(&fields)
      if let before = gaps.last, !before.precedes(gap) {
        throw fault("gap of '\(shown(gap.source))' is out of order or there twice")
      }
      gaps.append(gap)
    }
    return gaps
  }
}
