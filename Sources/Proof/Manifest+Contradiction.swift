extension Manifest {
  /// The source whose rows have the journal's numbers.
  public static let journal = "journal:"

  /// Lines that contradict each other; nil where they agree. What was signed whole has none, unless its writer was wrong.
  public var contradiction: String? {
    if (number == 1) != (previous == .zero) { return "number \(number) with previous \(previous.hex)" }
    if !Manifest.fits(rows, firstSeq, lastSeq) { return "\(rows) rows from \(firstSeq) to \(lastSeq)" }
    let entries = firstJournal == 0 ? 0 : lastJournal &- firstJournal &+ 1
    if (firstJournal == 0) != (lastJournal == 0) || firstJournal > lastJournal {
      return "journal entries from \(firstJournal) to \(lastJournal)"
    }
    if (leaves == 0) != (root == MerkleTree.emptyRoot) { return "\(leaves) leaves with root \(root.hex)" }
    if case .untrusted(let untrusted) = clock, untrusted > rows {
      return "\(untrusted) rows by a clock that was not trusted, of \(rows)"
    }
    for source in sources {
      if let what = contradiction(of: source) { return "source \(shown(source.name)): \(what)" }
    }
    for gap in gaps where gap.slots == 0 || gap.from > gap.to {
      return "gap of \(shown(gap.source)): \(gap.slots) slots from \(UTCTime.text(gap.from))"
    }
    let inSources = Manifest.sum(sources.filter { $0.name != Manifest.journal })
    if inSources != rows { return "its sources have \(inSources) rows, itself says \(rows)" }
    let inJournal = Manifest.sum(sources.filter { $0.name == Manifest.journal })
    if inJournal != entries { return "\(inJournal) journal entries where there should be \(entries)" }
    return nil
  }

  private func contradiction(of source: Source) -> String? {
    let isJournal = source.name == Manifest.journal
    let (first, last) = isJournal ? (firstJournal, lastJournal) : (firstSeq, lastSeq)
    guard source.rows > 0, source.firstSeq <= source.lastSeq, source.firstSeq >= first, source.lastSeq <= last,
      source.rows - 1 <= source.lastSeq - source.firstSeq
    else { return "\(source.rows) rows from \(source.firstSeq) to \(source.lastSeq)" }
    return source.firstTime > source.lastTime ? "its first time is after its last" : nil
  }

  private static func fits(_ rows: UInt64, _ first: UInt64, _ last: UInt64) -> Bool {
    guard rows > 0 else { return first > 0 && last == first - 1 }
    return first > 0 && first <= last && rows - 1 == last - first
  }

  private static func sum(_ sources: [Source]) -> UInt64 { sources.reduce(0) { $0 &+ $1.rows } }
}
