import Metering
import Proof

/// What maintenance asks of the committer's thread.
extension Committer {
  var contents: CatalogContents { catalog.contents }

  /// The file that is written, or was last.
  var hotName: String? { contents.openings.last?.file }

  /// How many days are sealed, and the newest.
  var sealedDays: (count: Int, newest: String?) {
    (contents.sealed.count, contents.sealed.max { $0.value.number < $1.value.number }?.key)
  }

  /// Files that are never written again and not sealed yet, in the order of their sequence numbers.
  var closedFiles: [String] { contents.openings.dropLast().map(\.file).filter { contents.sealed[$0] == nil } }

  /// The numbers that a closed file holds: the first that it could, and all that it has.
  func range(of name: String) -> (firstSeq: UInt64, rows: ClosedRange<UInt64>?) {
    guard let index = contents.openings.firstIndex(where: { $0.file == name }) else { return (0, nil) }
    let first = contents.openings[index].firstSeq
    let next = index + 1 < contents.openings.count ? contents.openings[index + 1].firstSeq : headSeq + 1
    return (first, first < next ? first...(next - 1) : nil)
  }

  mutating func recordSealed(_ manifest: Manifest, file: String) throws {
    let last = contents.sealed.values.map(\.lastJournal).max() ?? 0
    let sealed = CatalogContents.Sealed(
      file: file, number: manifest.number,
      rows: manifest.firstSeq <= manifest.lastSeq ? manifest.firstSeq...manifest.lastSeq : nil,
      lastJournal: max(last, manifest.lastJournal), hasUntrustedClock: manifest.clock != .trusted)
    try withCatalog {
      try $0.recordSealed(manifest.segment, sealed, firstSeq: manifest.firstSeq, lastSeq: manifest.lastSeq)
    }
  }

  /// Of entries that are to be written once more, those that were not already.
  func notYetCarried(_ entries: [JournalEntry]) throws -> [JournalEntry] {
    var known: Set<[UInt8]> = []
    for name in contents.openings.map(\.file) where contents.sealed[name] == nil {
      for entry in try journal(of: name) { known.insert(entry.body) }
    }
    return entries.filter { !known.contains($0.body) }
  }
}
