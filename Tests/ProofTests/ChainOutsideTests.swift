import Proof
import Testing

/// Keys, checkpoints, segments, heads and the hot store.
@Suite struct ChainOutsideTests {
  // MARK: keys

  @Test func anAdoptedChain() throws {
    var made = try MadeChain(3)
    try made.adopt(SigningKey())
    try made.add()
    let report = made.chain(trusted: [made.keys[0].publicKey]).finish()
    #expect(report.findings == [])
    #expect(report.adoptions.map(\.file) == ["2021-11-02.manifest"])
    #expect(report.adoptions.map(\.from) == [made.keys[0].id])
    #expect(report.adoptions.map(\.to) == [made.keys[1].id])
    #expect(report.adoptions.map(\.isTrusted) == [false])
    let both = made.chain(trusted: made.keys.map(\.publicKey)).finish()
    #expect(both.findings == [])
    #expect(both.adoptions.map(\.isTrusted) == [true])
  }

  @Test func adoptionWithoutCrossSignature() throws {
    var made = try MadeChain(3)
    try made.adopt(SigningKey(), crossSigned: false)
    let id = made.keys[1].id
    let findings = made.chain().finish().findings
    #expect(
      findings == [.missingCrossSignature(file: "2021-11-01.manifest", key: id, adopting: "2021-11-02.manifest")])
    #expect(
      findings[0].description
        == "2021-11-01.manifest: key \(id) went on from here in 2021-11-02.manifest, but 2021-11-01.manifest.\(id).sig "
        + "is not there or does not fit")
  }

  @Test func aKeyThatWasNotAdopted() throws {
    var made = try MadeChain(3)
    made.keys.append(SigningKey())
    try made.add()
    #expect(
      made.chain().finish().findings
        == [.keyChanged(file: "2021-11-02.manifest", from: made.keys[0].id, to: made.keys[1].id)])
    made = try MadeChain(3)
    try made.adopt(SigningKey())
    let (first, stranger) = (made.keys[0].id, SigningKey())
    made.keys.append(stranger)
    try made.add { $0.adopts = first }
    #expect(
      made.chain().finish().findings
        == [.keyChanged(file: "2021-11-03.manifest", from: made.keys[1].id, to: stranger.id)])
  }

  @Test func aNeedlessAdoption() throws {
    var made = try MadeChain(2)
    let id = made.keys[0].id
    try made.add { $0.adopts = id }
    #expect(made.chain().finish().findings == [.needlessAdoption(file: "2021-11-01.manifest", key: id)])
    made = try MadeChain(0)
    try made.add { $0.adopts = id }
    #expect(made.chain().finish().findings == [.needlessAdoption(file: "2021-10-30.manifest", key: id)])
  }

  /// Everything signed anew with another key, which is put into keys/: only the key that was given shows it.
  @Test func historyWrittenAnewWithAnotherKey() throws {
    let made = try MadeChain(4)
    let forged = try MadeChain(4, seed: 2)
    #expect(forged.chain().finish().findings == [])
    #expect(
      forged.chain(trusted: [made.keys[0].publicKey]).finish().findings
        == [.foreignKey(file: "2021-10-30.manifest", key: forged.keys[0].id)])
  }

  /// The holder of the key writes history anew: only a head that left the house shows it.
  @Test func historyWrittenAnewWithTheSameKey() throws {
    let made = try MadeChain(4)
    let forged = try MadeChain(4, seed: 2, key: made.keys[0])
    var chain = forged.chain(trusted: [made.keys[0].publicKey])
    #expect(chain.finish().findings == [])
    chain.add(head: Array(made.head(3).text.utf8), file: "spool/head-3")
    let findings = chain.finish().findings
    #expect(findings == [.headDiffers(head: "spool/head-3", file: "2021-11-01.manifest")])
    #expect(
      findings[0].description
        == "spool/head-3: does not fit 2021-11-01.manifest: history was written anew after this was placed")
  }

  @Test func aGivenKeyIsNotReplaced() throws {
    let made = try MadeChain(2)
    var chain = Chain(trusted: [made.keys[0].publicKey])
    for file in made.files { chain.add(manifest: file) }
    #expect(chain.finish().findings == [])
  }

  // MARK: the end

  @Test func aTruncatedTail() throws {
    var made = try MadeChain(5)
    let (head, seq) = (made.head(5), made.nextSeq)
    made.files.removeLast(2)
    var chain = made.chain()
    #expect(chain.finish().findings == [])
    chain.add(head: Array(head.text.utf8), file: "head")
    let findings = chain.finish().findings
    #expect(findings == [.truncated(head: "head", number: 5, last: 3)])
    #expect(
      findings[0].description
        == "head: the chain had come to number 5 when this was placed, but ends with number 3: its end was cut off")
    let hot = made.chain().finish(firstHotSeq: seq).findings
    #expect(
      hot == [.seqMissingBeforeHot(after: "2021-11-01.manifest", missing: (made.manifests[2].lastSeq + 1)...(seq - 1))])
    let overlap = made.chain().finish(firstHotSeq: 7).findings
    #expect(
      overlap
        == [.hotOverlaps(after: "2021-11-01.manifest", firstHotSeq: 7, expected: made.manifests[2].lastSeq + 1)])
  }

  @Test func allIsGone() throws {
    let made = try MadeChain(2)
    var chain = Chain(site: "yangzhou-1")
    chain.add(head: Array(made.head(2).text.utf8), file: "head")
    #expect(
      chain.finish(firstHotSeq: 9).findings
        == [.truncated(head: "head", number: 2, last: 0), .seqMissingBeforeHot(after: "manifests", missing: 1...8)])
  }

  @Test func aHeadOfAnotherSite() throws {
    let made = try MadeChain(2)
    var head = made.head(2)
    head.site = "elsewhere"
    var chain = made.chain()
    chain.add(head: Array(head.text.utf8), file: "head")
    chain.add(head: Array(head.text.utf8.dropLast()), file: "half")
    #expect(chain.finish().findings.map(\.file) == ["half", "head"])
  }

  // MARK: retention

  @Test func missingSegments() throws {
    let made = try MadeChain(4)
    let there: Set = ["2021-10-30", "2021-11-02", "2021-12-24"]
    let findings = made.chain().finish(segments: there).findings
    #expect(
      findings == [
        .missingSegment(segment: "2021-10-31"), .missingSegment(segment: "2021-11-01"),
        .segmentWithoutManifest(segment: "2021-12-24"),
      ])
    #expect(
      findings[0].description == "2021-10-31: this segment is missing, and no checkpoint says that it expired")
    var chain = made.chain()
    chain.add(checkpoint: try made.checkpoint(2))
    #expect(
      chain.finish(segments: there).findings.first == .missingSegment(segment: "2021-11-01"))
    #expect(chain.finish(segments: ["2021-11-01", "2021-11-02"]).findings == [])
    // Expired and not yet gone: nothing is wrong.
    #expect(chain.finish(segments: made.segments).findings == [])
  }

  struct Wrong: Sendable, CustomTestStringConvertible {
    var problem: String
    var change: @Sendable (inout Checkpoint) -> Void
    var testDescription: String { problem }
  }

  @Test(arguments: [
    Wrong(problem: "names manifest number 77, which is not there") { $0.lastManifest = 77 },
    Wrong(problem: "does not fit 2021-10-31.manifest") { $0.manifestSHA256 = .zero },
    Wrong(problem: "does not fit 2021-10-31.manifest") { $0.lastSegment = "2021-10-30" },
    Wrong(problem: "is the first one kept, but 2021-10-31.manifest ends with row") { $0.firstKeptSeq += 1 },
    Wrong(problem: "says that the months through 2021-09 expired, but 2021-10-31 is later") { $0.through = "2021-09" },
    Wrong(problem: "says that the months through 2021-10 expired before they were 1826 days old") {
      $0.written -= 1000 * 86_400_000
    },
    Wrong(problem: "is of site 'elsewhere'") { $0.site = "elsewhere" },
  ])
  func wrongCheckpoints(_ wrong: Wrong) throws {
    let made = try MadeChain(4)
    var chain = made.chain()
    chain.add(checkpoint: try made.checkpoint(2, wrong.change))
    let findings = chain.finish(segments: ["2021-11-01", "2021-11-02"]).findings
    #expect(findings.first?.description.hasPrefix("2026-11-21.checkpoint: ") == true)
    #expect(findings.first?.description.contains(wrong.problem) == true, "\(findings)")
  }

  @Test func exactlyOldEnough() throws {
    let made = try MadeChain(4)
    let end: Int64 = 1_635_724_800_000  // 2021-11-01T00:00:00Z
    for (late, isRight) in [(Int64(0), true), (-1, false)] {
      var chain = made.chain()
      chain.add(checkpoint: try made.checkpoint(2) { $0.written = end + 1826 * 86_400_000 + late })
      #expect(chain.finish().findings.isEmpty == isRight)
    }
  }

  @Test func aCheckpointThatNobodySignedCoversNothing() throws {
    let made = try MadeChain(4)
    var file = try made.checkpoint(2)
    file.signatures = [:]
    var chain = made.chain()
    chain.add(checkpoint: file)
    #expect(
      chain.finish(segments: ["2021-11-01", "2021-11-02"]).findings == [
        .missingSignature(file: "2026-11-21.checkpoint", key: made.keys[0].id), .missingSegment(segment: "2021-10-30"),
        .missingSegment(segment: "2021-10-31"),
      ])
  }

  /// A removed segment, and a checkpoint by a key of one's own to explain it.
  @Test func aCheckpointOfAStranger() throws {
    let made = try MadeChain(4)
    let stranger = SigningKey()
    let file = try made.checkpoint(2) { $0.key = stranger.id }
    var chain = made.chain()
    chain = Chain()
    for key in made.keys + [stranger] { chain.add(key: Array(key.publicKey.pem.utf8), file: key.id.fileName) }
    for manifest in made.files { chain.add(manifest: manifest) }
    chain.add(
      checkpoint: SignedFile(
        name: file.name, bytes: file.bytes, signatures: [stranger.id: try stranger.signature(over: file.bytes)]))
    #expect(
      chain.finish(segments: ["2021-11-01", "2021-11-02"]).findings.map(\.description) == [
        "2026-11-21.checkpoint: is signed by key \(stranger.id), which signed no manifest from 2021-10-31.manifest on",
        "2021-10-30: this segment is missing, and no checkpoint says that it expired",
        "2021-10-31: this segment is missing, and no checkpoint says that it expired",
      ])
  }

  @Test func aCheckpointAfterAnAdoption() throws {
    var made = try MadeChain(3)
    try made.adopt(SigningKey())
    var chain = made.chain()
    chain.add(checkpoint: try made.checkpoint(2))
    #expect(chain.finish(segments: ["2021-11-01", "2021-11-02"]).findings == [])
  }
}
