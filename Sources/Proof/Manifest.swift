/// What was sealed of one day: the text that is signed. One stands behind the other in a chain.
///
/// The text is UTF-8, `key: value` lines in a fixed order (`docs/ARCHIVE-FORMAT.md`); every value has one text, every
/// text one value.
public struct Manifest: Hashable, Sendable {
  public static let format = "meterd-manifest-1"

  /// What one source has in the segment. Of `journal:`, the numbers are the journal's.
  public struct Source: Hashable, Sendable {
    public var name: String
    public var rows: UInt64
    public var firstSeq: UInt64
    public var lastSeq: UInt64
    /// Milliseconds since 1970 of the earliest and the latest row.
    public var firstTime: Int64
    public var lastTime: Int64

    public init(
      name: String, rows: UInt64, firstSeq: UInt64, lastSeq: UInt64, firstTime: Int64, lastTime: Int64
    ) {
      self.name = name
      self.rows = rows
      self.firstSeq = firstSeq
      self.lastSeq = lastSeq
      self.firstTime = firstTime
      self.lastTime = lastTime
    }

    func precedes(_ other: Source) -> Bool { isBefore(name, other.name) }
  }

  /// Slots of a source that have no value, of one reason.
  public struct Gap: Hashable, Sendable {
    public var source: String
    public var reason: String
    public var slots: UInt64
    /// The first and the last slot, milliseconds since 1970.
    public var from: Int64
    public var to: Int64

    public init(source: String, reason: String, slots: UInt64, from: Int64, to: Int64) {
      self.source = source
      self.reason = reason
      self.slots = slots
      self.from = from
      self.to = to
    }

    func precedes(_ other: Gap) -> Bool {
      isSame(source, other.source) ? isBefore(reason, other.reason) : isBefore(source, other.source)
    }
  }

  public enum Clock: Hashable, Sendable {
    case trusted
    /// So many rows were taken while the gateway's clock was not trusted.
    case untrusted(rows: UInt64)
  }

  public var site: String
  /// Place in the chain, from 1.
  public var number: UInt64
  /// Name of the segment of the day, `SegmentName`.
  public var segment: String
  /// SHA-256 of the file of the manifest before; zero for number 1.
  public var previous: Digest
  /// Who signs.
  public var key: KeyID
  /// Leaves of the Merkle tree, and its root.
  public var leaves: Int
  public var root: Digest
  /// Rows without the journal's, and their numbers; where there are none, `lastSeq` is that of the manifest before and
  /// `firstSeq` one more.
  public var rows: UInt64
  public var firstSeq: UInt64
  public var lastSeq: UInt64
  /// Milliseconds since 1970; nil where there are no rows.
  public var firstReceived: Int64?
  public var lastReceived: Int64?
  /// Numbers of the journal entries that the segment holds; 0 and 0 where none.
  public var firstJournal: UInt64
  public var lastJournal: UInt64
  /// SHA-256 over the sorted lines `METER SHA256\n` of the definitions in force at the end of the segment.
  public var definitions: Digest
  public var clock: Clock
  /// When, milliseconds since 1970.
  public var sealed: Int64
  /// The key of the manifest before, in the first one that a new key signs after `archive adopt`.
  public var adopts: KeyID?
  /// By name.
  public var sources: [Source]
  /// By source, then reason: one for each.
  public var gaps: [Gap]

  /// Sorts sources and gaps.
  public init(
    site: String, number: UInt64, segment: String, previous: Digest, key: KeyID, leaves: Int, root: Digest,
    rows: UInt64, firstSeq: UInt64, lastSeq: UInt64, firstReceived: Int64?, lastReceived: Int64?, firstJournal: UInt64,
    lastJournal: UInt64, definitions: Digest, clock: Clock, sealed: Int64, adopts: KeyID? = nil, sources: [Source],
    gaps: [Gap]
  ) {
    self.site = site
    self.number = number
    self.segment = segment
    self.previous = previous
    self.key = key
    self.leaves = leaves
    self.root = root
    self.rows = rows
    self.firstSeq = firstSeq
    self.lastSeq = lastSeq
    self.firstReceived = firstReceived
    self.lastReceived = lastReceived
    self.firstJournal = firstJournal
    self.lastJournal = lastJournal
    self.definitions = definitions
    self.clock = clock
    self.sealed = sealed
    self.adopts = adopts
    self.sources = sources.sorted { $0.precedes($1) }
    self.gaps = gaps.sorted { $0.precedes($1) }
  }

  /// Name of the file in `manifests/`.
  public var fileName: String { Manifest.fileName(segment) }
  public static func fileName(_ segment: String) -> String { "\(segment).manifest" }
}
