import Proof

/// Signed manifests of consecutive days, as an archive would have them.
struct MadeChain {
  var site = "yangzhou-1"
  var keys: [SigningKey]
  var files: [SignedFile] = []
  var manifests: [Manifest] = []
  private var random: SeededGenerator

  init(_ days: Int, seed: UInt64 = 1, key: SigningKey = SigningKey()) throws {
    keys = [key]
    random = SeededGenerator(state: seed)
    for _ in 0..<days { try add() }
  }

  /// The next day. `change` is applied before signing.
  mutating func add(_ change: (inout Manifest) -> Void = { _ in }) throws {
    var manifest = next()
    change(&manifest)
    try add(manifest)
  }

  mutating func add(_ manifest: Manifest) throws {
    manifests.append(manifest)
    files.append(try signed(manifest.fileName, manifest.bytes))
  }

  /// A new gateway goes on.
  mutating func adopt(_ key: SigningKey, crossSigned: Bool = true) throws {
    let old = keys[keys.count - 1]
    if crossSigned {
      files[files.count - 1].signatures[key.id] = try key.signature(over: files[files.count - 1].bytes)
    }
    keys.append(key)
    try add { $0.adopts = old.id }
  }

  func signed(_ name: String, _ bytes: [UInt8]) throws -> SignedFile {
    let key = keys[keys.count - 1]
    return SignedFile(name: name, bytes: bytes, signatures: [key.id: try key.signature(over: bytes)])
  }

  func head(_ number: Int) -> Head { Head(manifests[number - 1]) }

  /// That all through this number went.
  func checkpoint(_ number: Int, _ change: (inout Checkpoint) -> Void = { _ in }) throws -> SignedFile {
    let last = manifests[number - 1]
    var checkpoint = Checkpoint(
      site: site, through: String(last.segment.prefix(7)), lastSegment: last.segment, lastManifest: last.number,
      manifestSHA256: .sha256(last.bytes), firstKeptSeq: last.lastSeq &+ 1, retentionDays: 1826, isClockTrusted: true,
      written: last.sealed + 1900 * 86_400_000, key: keys[keys.count - 1].id)
    change(&checkpoint)
    return try signed("2026-11-21.checkpoint", checkpoint.bytes)
  }

  func chain(site: String? = nil, trusted: [PublicKey] = []) -> Chain {
    var chain = Chain(site: site, trusted: trusted)
    for key in keys { chain.add(key: Array(key.publicKey.pem.utf8), file: key.id.fileName) }
    for file in files { chain.add(manifest: file) }
    return chain
  }

  var segments: Set<String> { Set(manifests.map(\.segment)) }
  var nextSeq: UInt64 { (manifests.last?.lastSeq ?? 0) &+ 1 }

  private mutating func next() -> Manifest {
    let number = UInt64(manifests.count + 1)
    let rows = UInt64.random(in: 1...5000, using: &random)
    let firstSeq = nextSeq
    // From 30 October 2021 on, so that a month ends soon.
    let start = 1_635_552_000_000 + Int64(manifests.count) * 86_400_000
    let lastJournal = manifests.map(\.lastJournal).max() ?? 0
    let hasJournal = manifests.isEmpty || Bool.random(using: &random)
    var sources = [
      Manifest.Source(
        name: "meter:main-incomer", rows: rows, firstSeq: firstSeq, lastSeq: firstSeq &+ rows &- 1, firstTime: start,
        lastTime: start + 86_399_000)
    ]
    if hasJournal {
      sources.append(
        .init(
          name: "journal:", rows: 1, firstSeq: lastJournal &+ 1, lastSeq: lastJournal &+ 1, firstTime: start,
          lastTime: start))
    }
    let days = ["2021-10-30", "2021-10-31", "2021-11-01", "2021-11-02", "2021-11-03", "2021-11-04", "2021-11-05"]
    return Manifest(
      site: site, number: number, segment: days[Int(number - 1) % days.count],
      previous: files.last.map { .sha256($0.bytes) } ?? .zero, key: keys[keys.count - 1].id, leaves: 12,
      root: random.digest(), rows: rows, firstSeq: firstSeq, lastSeq: firstSeq &+ rows &- 1, firstReceived: start + 13,
      lastReceived: start + 86_399_912, firstJournal: hasJournal ? lastJournal &+ 1 : 0,
      lastJournal: hasJournal ? lastJournal &+ 1 : 0, definitions: random.digest(), clock: .trusted,
      sealed: start + 86_711_000, sources: sources,
      gaps: [
        .init(source: "meter:main-incomer", reason: "timeout", slots: 4, from: start, to: start + 3_600_000)
      ])
  }
}
