import Files
import Glibc
import Metering
import Proof
import Segments

/// What is done to the archive beside collecting: closed days are sealed, full months put together, what is older than it
/// must be kept is let go.
///
/// Every step can be repeated after a crash: what is published is finished, what is not is done again. Runs on one thread
/// of its own; the committer's thread is asked for what changes the catalog.
public struct Maintenance {
  /// A point at which power may fail; for tests, which make it.
  public enum Step: String, Sendable, CaseIterable {
    case sealBegins, sealWritten, sealRenamed, sealSigned, sealPublished, sealCatalogued, sealDropped
    case repackWritten, repackRenamed, repackCatalogued, repackDropped
    case retentionCarried, retentionSigned, retentionPublished, retentionCatalogued, retentionDropped
  }

  /// What was done in one run.
  public struct Report: Sendable, Hashable {
    public var sealed: [String] = []
    public var repacked: [String] = []
    public var expired: [String] = []

    public init() {}
  }

  /// It was asked to end; the next run goes on.
  public struct Ended: Error {}

  let archive: Archive
  let layout: ArchiveLayout
  let site: String
  let key: SigningKey
  let retentionMilliseconds: Int64
  let clock: any WallClock
  let manifests: ManifestStore
  let isEnding: @Sendable () -> Bool
  let step: (Step) throws -> Void

  /// - Parameters:
  ///   - keyPath: of the private key; it is made where there is none.
  ///   - retentionMilliseconds: nothing younger is let go.
  ///   - isEnding: asked now and then; where it is true, `run` throws `Ended` soon.
  /// - Throws: where the key cannot be read or made.
  public init(
    _ archive: Archive, keyPath: String, retentionMilliseconds: Int64, clock: any WallClock,
    isEnding: @escaping @Sendable () -> Bool = { false }, step: @escaping (Step) throws -> Void = { _ in }
  ) throws {
    self.archive = archive
    layout = ArchiveLayout(root: archive.path)
    manifests = ManifestStore(layout: layout)
    site = archive.site
    self.retentionMilliseconds = retentionMilliseconds
    self.clock = clock
    self.isEnding = isEnding
    self.step = step
    key = try SigningKey.loadOrMake(keyPath)
    try manifests.publish(key.publicKey)
  }

  /// Whose signatures these are, and where an auditor finds it.
  public var publicKey: (id: String, file: String) { (key.id.hex, "\(layout.keys)/\(key.id.fileName)") }

  /// Does what is due. Blocks, for minutes on a large archive; may end at any point.
  ///
  /// - Parameter trustedNow: nil while the clock is not trusted: then nothing is let go.
  @discardableResult
  public func run(trustedNow: Timestamp?) throws -> Report {
    var report = Report()
    try removeLeftovers()
    for name in try archive.onCommitter({ $0.closedFiles }) {
      try mayGoOn()
      try seal(name)
      report.sealed.append(name)
    }
    report.repacked = try repack()
    if let trustedNow { report.expired = try expire(now: trustedNow) }
    return report
  }

  /// Whether the rows of a segment's file are somewhere else by now, or were let go.
  private func isLeftOver(_ file: String, _ sealed: [String: CatalogContents.Sealed]) throws -> Bool {
    if sealed.values.contains(where: { $0.file == file }) { return false }
    let name = String(file.prefix { $0 != "m" }.dropLast())
    if let other = sealed[name] { return other.file != file }
    // A month's file that the catalog does not name was put in place just before the end, or let go just before.
    guard file.hasSuffix(".mseg"), name.utf8.count == 7 else { return false }
    return try SegmentReader(path: layout.segment(file)).segments.allSatisfy { sealed[$0.name]?.file == "" }
  }

  func mayGoOn() throws { if isEnding() { throw Ended() } }

  /// What an earlier run began and did not publish; hot files of which every row is in a segment.
  private func removeLeftovers() throws {
    // In the root: a private key that was being made.
    for directory in [layout.root, layout.keys, layout.segments, layout.manifests, layout.checkpoints] {
      try Files.removeTemporaries(in: directory)
    }
    let sealed = try archive.onCommitter { $0.contents.sealed }
    for file in try Files.names(in: layout.segments) where try isLeftOver(file, sealed) {
      try Files.remove(layout.segment(file))
    }
    for name in try Files.names(in: layout.hot) {
      guard let suffix = name.firstRange(of: ".sqlite") else { continue }
      if sealed[String(name[..<suffix.lowerBound])] != nil { try Files.remove(layout.hot + "/" + name) }
    }
  }
}
