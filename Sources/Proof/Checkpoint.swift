/// What retention has deleted: the text that tells expiry from removal. Signed like a manifest.
public struct Checkpoint: Hashable, Sendable {
  public static let format = "meterd-checkpoint-1"

  public var site: String
  /// The last month that went, `2021-10`.
  public var through: String
  /// The last segment that went, its manifest's number and SHA-256; all numbers up to it went.
  public var lastSegment: String
  public var lastManifest: UInt64
  public var manifestSHA256: Digest
  public var firstKeptSeq: UInt64
  public var retentionDays: Int
  /// Whether the gateway's clock was trusted when it was written.
  public var isClockTrusted: Bool
  /// When, milliseconds since 1970.
  public var written: Int64
  /// Who signs.
  public var key: KeyID

  public init(
    site: String, through: String, lastSegment: String, lastManifest: UInt64, manifestSHA256: Digest,
    firstKeptSeq: UInt64, retentionDays: Int, isClockTrusted: Bool, written: Int64, key: KeyID
  ) {
    self.site = site
    self.through = through
    self.lastSegment = lastSegment
    self.lastManifest = lastManifest
    self.manifestSHA256 = manifestSHA256
    self.firstKeptSeq = firstKeptSeq
    self.retentionDays = retentionDays
    self.isClockTrusted = isClockTrusted
    self.written = written
    self.key = key
  }

  /// The bytes of the file, which are what is signed.
  public var text: String {
    """
    \(Checkpoint.format)
    site: \(Escaping.escaped(site))
    through: \(through)
    last_segment: \(lastSegment)
    last_manifest: \(lastManifest)
    manifest_sha256: \(manifestSHA256.hex)
    first_kept_seq: \(firstKeptSeq)
    retention_days: \(retentionDays)
    clock: \(isClockTrusted ? "trusted" : "untrusted")
    written: \(UTCTime.text(written))
    hash: sha256
    signature: ed25519
    key: \(key.hex)

    """
  }

  public var bytes: [UInt8] { Array(text.utf8) }

  /// Reads exactly what `text` writes.
  public static func parse(_ bytes: [UInt8]) throws(TextFault) -> Checkpoint {
    let text = try LineReader.text(bytes)
    var lines = try LineReader(text)
    try lines.word(format)
    let site = try lines.text("site")
    let through = String(try lines.value("through"))
    guard endOfMonth(through) != nil else { throw lines.fault("through: '\(shown(through))' is not a month") }
    let lastSegment = try lines.segment("last_segment")
    let lastManifest: UInt64 = try lines.number("last_manifest")
    let manifestSHA256 = try lines.digest("manifest_sha256")
    let firstKeptSeq: UInt64 = try lines.number("first_kept_seq")
    let retentionDays: Int32 = try lines.number("retention_days")
    let clock = try lines.value("clock")
    let isClockTrusted = isSame(clock, "trusted")
    guard isClockTrusted || isSame(clock, "untrusted") else {
      throw lines.fault("clock: '\(shown(clock))' is neither 'trusted' nor 'untrusted'")
    }
    let written = try lines.time("written")
    try lines.algorithm("hash", "sha256")
    try lines.algorithm("signature", "ed25519")
    let key = try lines.keyID("key")
    try lines.end()
    return Checkpoint(
      site: site, through: through, lastSegment: lastSegment, lastManifest: lastManifest,
      manifestSHA256: manifestSHA256, firstKeptSeq: firstKeptSeq, retentionDays: Int(retentionDays),
      isClockTrusted: isClockTrusted, written: written, key: key)
  }

  /// The first instant after that month, in UTC, milliseconds since 1970.
  static func endOfMonth(_ month: String) -> Int64? {
    guard let first = UTCTime.daysSinceEpoch("\(month)-01".utf8) else { return nil }
    // No month has more than 31 days, none fewer than 28.
    let next = (28...31).first { UTCTime.day(first + $0).utf8.suffix(2).elementsEqual("01".utf8) }
    return next.map { (first + $0) * 86_400_000 }
  }
}
