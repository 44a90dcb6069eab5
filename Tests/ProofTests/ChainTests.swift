import Proof
import Testing

@Suite struct ChainTests {
  @Test func aWholeChainHasNoFinding() throws {
    let made = try MadeChain(5)
    var chain = made.chain(site: "yangzhou-1", trusted: [made.keys[0].publicKey])
    chain.add(checkpoint: try made.checkpoint(2))
    for number in 1...5 { chain.add(head: Array(made.head(number).text.utf8), file: "head-\(number)") }
    let report = chain.finish(segments: made.segments.subtracting(["2021-10-30"]), firstHotSeq: made.nextSeq)
    #expect(report.findings == [])
    #expect(report.manifests == 5)
    #expect(report.expiredThrough == 2)
    #expect(report.last == made.head(5))
    #expect(report.lastSeq == made.nextSeq - 1)
    #expect(report.firstKey == made.keys[0].id)
    #expect(report.adoptions == [])
  }

  @Test func theOrderOfAddingDoesNotMatter() throws {
    var made = try MadeChain(5)
    made.files.reverse()
    #expect(made.chain().finish().findings == [])
  }

  @Test func anEmptyArchive() {
    let report = Chain().finish(segments: [], firstHotSeq: 1)
    #expect(report.findings == [])
    #expect(report.last == nil)
  }

  @Test func aSecondSignatureIsWelcome() throws {
    var made = try MadeChain(3)
    let witness = SigningKey()
    made.files[1].signatures[witness.id] = try witness.signature(over: made.files[1].bytes)
    #expect(
      first(made)
        == "2021-10-31.manifest: is signed by key \(witness.id), whose public key \(witness.id).pem is not there")
    var chain = made.chain()
    chain = Chain()
    for key in made.keys + [witness] { chain.add(key: Array(key.publicKey.pem.utf8), file: key.id.fileName) }
    for file in made.files { chain.add(manifest: file) }
    #expect(chain.finish().findings == [])
  }

  // MARK: one file

  @Test func anEditedManifest() throws {
    var made = try MadeChain(5)
    let text = String(decoding: made.files[2].bytes, as: UTF8.self).replacing("slots=4", with: "slots=3")
    made.files[2].bytes = Array(text.utf8)
    let id = made.keys[0].id
    let findings = made.chain().finish().findings
    #expect(
      findings == [
        .wrongSignature(file: "2021-11-01.manifest", key: id),
        .brokenChain(file: "2021-11-02.manifest", previous: "2021-11-01.manifest"),
      ])
    #expect(
      findings[0].description
        == "2021-11-01.manifest: was changed after it was signed, or 2021-11-01.manifest.\(id).sig was: "
        + "the signature of key \(id) does not fit")
    #expect(
      findings[1].description
        == "2021-11-02.manifest: was not made after 2021-11-01.manifest as it is now: the SHA-256 of that file is not "
        + "the one in its line 'previous'")
  }

  @Test func anUnreadableManifest() throws {
    var made = try MadeChain(3)
    made.files[1].bytes.append(0)
    #expect(
      first(made) == "2021-10-31.manifest: line 23: the line feed at the end is missing: the file was damaged or edited"
        || first(made)
          == "2021-10-31.manifest: line 24: the line feed at the end is missing: the file was damaged or edited"
    )
    #expect(made.chain().finish().findings.count == 2)
  }

  @Test func swappedFiles() throws {
    var made = try MadeChain(5)
    (made.files[1].name, made.files[3].name) = (made.files[3].name, made.files[1].name)
    #expect(
      Array(made.chain().finish().findings.prefix(2)) == [
        .foreignName(file: "2021-11-02.manifest", segment: "2021-10-31"),
        .foreignName(file: "2021-10-31.manifest", segment: "2021-11-02"),
      ])
  }

  @Test func swappedTexts() throws {
    var made = try MadeChain(5)
    (made.files[1].bytes, made.files[3].bytes) = (made.files[3].bytes, made.files[1].bytes)
    #expect(made.chain().finish().findings.first == .foreignName(file: "2021-10-31.manifest", segment: "2021-11-02"))
  }

  @Test func missingSignature() throws {
    var made = try MadeChain(3)
    made.files[1].signatures = [:]
    #expect(first(made).hasPrefix("2021-10-31.manifest: is not signed by key \(made.keys[0].id)"))
  }

  @Test func unknownKey() throws {
    var made = try MadeChain(3)
    let id = made.keys[0].id
    made.keys = [SigningKey()]
    #expect(first(made) == "2021-10-30.manifest: is signed by key \(id), whose public key \(id).pem is not there")
  }

  @Test func keyFiles() throws {
    let key = SigningKey().publicKey
    var chain = Chain()
    chain.add(key: Array(key.pem.utf8), file: "0123456789abcdef.pem")
    chain.add(key: Array(key.pem.replacing("\n", with: "\r\n").utf8), file: key.id.fileName)
    chain.add(key: Array("x".utf8), file: "x.pem")
    let findings = chain.finish().findings
    #expect(findings.map(\.file) == ["0123456789abcdef.pem", key.id.fileName, "x.pem"])
    #expect(findings[0].description.hasSuffix("holds the key \(key.id), not the one that it is named after"))
  }

  @Test func contradiction() throws {
    var made = try MadeChain(2)
    try made.add { $0.rows += 1 }
    #expect(first(made).hasPrefix("2021-11-01.manifest: contradicts itself: "))
  }

  // MARK: neighbours

  @Test(arguments: [0, 1, 3]) func aMissingManifest(place: Int) throws {
    var made = try MadeChain(5)
    made.files.remove(at: place)
    let number = UInt64(place + 1)
    #expect(
      made.chain().finish().findings.first
        == .missingManifests(numbers: number...number, before: made.files[place].name))
    #expect(
      first(made) == "\(made.files[place].name): the manifest before it, number \(number), is missing")
  }

  @Test func missingManifests() throws {
    var made = try MadeChain(5)
    made.files.removeSubrange(1...3)
    #expect(first(made) == "2021-11-03.manifest: the manifests before it, numbers 2 to 4, are missing")
  }

  @Test func anotherSite() throws {
    var made = try MadeChain(3)
    #expect(
      made.chain(site: "a\u{1B}[2J").finish().findings.first?.description
        == "2021-10-30.manifest: is of site 'yangzhou-1', this archive of 'a?[2J'")
    try made.add { $0.site = "yangzhou-2" }
    #expect(first(made) == "2021-11-02.manifest: is of site 'yangzhou-2', this archive of 'yangzhou-1'")
  }

  @Test func theSameNumberTwice() throws {
    var made = try MadeChain(3)
    try made.add {
      $0.number = 3
      $0.previous = .sha256([])
    }
    #expect(
      made.chain().finish().findings
        == [.numberTwice(number: 3, file: "2021-11-02.manifest", other: "2021-11-01.manifest")])
  }

  @Test(arguments: [1, 3] as [UInt64]) func rowsMissing(count: UInt64) throws {
    var made = try MadeChain(2)
    let next = made.nextSeq
    try made.add { MadeChain.shift(&$0, by: Int64(count)) }
    #expect(
      made.chain().finish().findings
        == [.seqGap(file: "2021-11-01.manifest", previous: "2021-10-31.manifest", missing: next...(next + count - 1))])
    let range = count == 1 ? "\(next)" : "\(next) to \(next + 2)"
    #expect(
      first(made) == "2021-11-01.manifest: rows \(range) are missing between 2021-10-31.manifest and this one")
  }

  @Test func rowsTwice() throws {
    var made = try MadeChain(2)
    try made.add { MadeChain.shift(&$0, by: -1) }
    #expect(
      made.chain().finish().findings == [
        .seqOverlap(
          file: "2021-11-01.manifest", previous: "2021-10-31.manifest", firstSeq: made.manifests[1].lastSeq,
          expected: made.manifests[1].lastSeq + 1)
      ])
  }

  @Test func journalEntriesMissing() throws {
    var made = try MadeChain(2)
    let last = made.manifests.map(\.lastJournal).max() ?? 0
    try made.add {
      $0.firstJournal = last + 2
      $0.lastJournal = last + 2
      $0.sources.removeAll { $0.name == Manifest.journal }
      $0.sources.insert(
        .init(name: "journal:", rows: 1, firstSeq: last + 2, lastSeq: last + 2, firstTime: 0, lastTime: 0), at: 0)
    }
    #expect(
      made.chain().finish().findings
        == [.journalDiffers(file: "2021-11-01.manifest", firstJournal: last + 2, expected: last + 1)])
  }

  /// A key that signs what it likes: only the numbers at the edge of the type could trap.
  @Test(arguments: [UInt64.max, UInt64.max - 1, 2]) func hostileNumbers(number: UInt64) throws {
    var made = try MadeChain(1)
    for _ in 0..<2 {
      try made.add {
        $0.number = number
        $0.firstSeq = number
        $0.lastSeq = number
        $0.firstJournal = number
        $0.lastJournal = number
        $0.sources = [
          .init(name: "a", rows: .max, firstSeq: 0, lastSeq: .max, firstTime: 0, lastTime: 0),
          .init(name: "b", rows: .max, firstSeq: .max, lastSeq: .max, firstTime: 0, lastTime: 0),
        ]
      }
    }
    var chain = made.chain()
    chain.add(checkpoint: try made.checkpoint(1) { $0.firstKeptSeq = .max })
    chain.add(
      checkpoint: try made.checkpoint(3) {
        $0.retentionDays = Int(Int32.max)
        $0.firstKeptSeq = 0
      })
    let report = chain.finish(segments: [], firstHotSeq: number)
    #expect(!report.findings.isEmpty)
    for finding in report.findings { #expect(!finding.description.isEmpty) }
    _ = chain.finish(segments: [], firstHotSeq: 0)
  }

  func first(_ made: MadeChain) -> String { made.chain().finish().findings.first?.description ?? "nothing" }
}

extension MadeChain {
  static func shift(_ manifest: inout Manifest, by count: Int64) {
    func moved(_ value: UInt64) -> UInt64 { UInt64(Int64(value) + count) }
    manifest.firstSeq = moved(manifest.firstSeq)
    manifest.lastSeq = moved(manifest.lastSeq)
    for place in manifest.sources.indices where manifest.sources[place].name != Manifest.journal {
      manifest.sources[place].firstSeq = moved(manifest.sources[place].firstSeq)
      manifest.sources[place].lastSeq = moved(manifest.sources[place].lastSeq)
    }
  }
}
