import Decoding
import GRDB
import Metering
import Segments

/// What the series of a meter need beside its readings.
extension ArchiveReader {
  /// What people said of readings: exchanges and corrections, in the order in which they were recorded.
  ///
  /// One that was written once more, because the month that held it was let go, comes once.
  public var notes: [JournalEntry] {
    var seen: Set<[UInt8]> = []
    let notes = contents.notes.sorted { ($0.recordedAt, $0.number) < ($1.recordedAt, $1.number) }
    return notes.compactMap { note in
      guard seen.insert(note.body).inserted else { return nil }
      return JournalEntry(number: note.number, kind: note.kind, recordedAt: note.recordedAt, body: note.body)
    }
  }

  /// From when on which definition holds, ascending; of those recorded for one time the newest. A time out of service has
  /// the definition before it: nothing is read by another one.
  public func definitionsInForce(of meterID: String) -> [(since: Timestamp, sha256: String)] {
    var result: [(since: Timestamp, sha256: String)] = []
    for use in contents.uses[meterID] ?? [] where !use.definition.isEmpty {
      if result.last?.since == use.validFrom { result.removeLast() }
      if result.last?.sha256 != use.definition { result.append((use.validFrom, use.definition)) }
    }
    return result
  }

  public func definition(_ sha256: String) -> Definition? { contents.definitions[sha256] }

  /// The definition by which the readings of an observation are made that have this time.
  public func definitionHash(of entry: Entry, meterID: String, at time: Timestamp) -> String {
    let observation = entry.observation
    guard observation.isOfStation else {
      return polledDefinition(of: meterID, asked: observation.definition, at: entry.time)
    }
    let received = observation.received + entry.clockOffsetMilliseconds
    return contents.use(of: meterID, at: min(time, received))?.definition ?? ""
  }

  /// The definition by which a poll of that time is read.
  ///
  /// - Parameter asked: the one that was in force when it was made.
  public func polledDefinition(of meterID: String, asked: String, at time: Timestamp) -> String {
    let use = contents.use(of: meterID, at: time)
    return use.map { $0.validFrom == $0.recordedAt ? asked : $0.definition } ?? asked
  }

  /// No reading is older, but for those of a gateway that had lost the date.
  public var earliest: Timestamp? {
    contents.openings.map(\.file).filter { !$0.hasPrefix("19") }.map { contents.reach(of: $0).lowerBound }.min()
  }

  /// Whether a meter ever hung on a station.
  public func hasStation(_ meterID: String) -> Bool { !contents.stations(of: meterID).isEmpty }

  /// An observation of a meter or of its station by its number; nil where it is none of these, or gone.
  public func entry(seq: UInt64, meterID: String) throws -> Entry? {
    guard let (file, _) = openings().first(where: { $0.rows.contains(seq) }) else { return nil }
    var found: Entry?
    let sources = ["meter:\(meterID)"] + contents.stations(of: meterID).sorted().map { "station:\($0)" }
    try forEachEntry(
      of: file, hot: { try self.forEachRow(of: file, where: "o.seq = ?", [Int64(bitPattern: seq)]) { found = $0 } },
      sealed: { segment in
        for source in sources where found == nil {
          try segment.forEachRow(of: source, seqs: seq...seq) { found = try self.entry($0, of: source, file) }
        }
      })
    return found
  }

  /// Whether a column of a segment is needed for a quantity.
  public func isColumn(of quantity: String, _ meterID: String) -> (String) -> Bool { columns(of: quantity, meterID) }

  /// A row of a segment as an observation.
  public func entry(of row: Segments.Row, meterID: String) throws -> Entry {
    try entry(row, of: "meter:\(meterID)", "seq \(row.seq)")
  }

  /// The milliseconds to add to times that were taken in a boot whose clock was not trusted.
  public func clockOffset(ofBoot boot: String) -> Int64 { boot.isEmpty ? 0 : contents.clockOffsets[boot] ?? 0 }

  /// Sealed stretches of slots of which nobody polled one that begin long before `from` and reach beyond it. They stand under
  /// the time of their first slot, and are passed over where later times are asked for.
  ///
  /// - Parameter quantity: any one of the meter: what has aggregates of it is not looked at.
  public func forEachStretch(
    meterID: String, quantity: String, reaching from: Timestamp, to: Timestamp, _ body: (Entry) throws -> Void
  ) throws {
    let isWanted = columns(of: quantity, meterID)
    let before = Int64.min...(from.milliseconds - 3_600_000)
    for (name, rows) in openings() where contents.reach(of: name).overlaps(from...max(from, to)) {
      let read = { (segment: SegmentReader) in
        try segment.series(
          of: "meter:\(meterID)", columns: isWanted, seqs: rows, times: before, withoutQuarters: true
        ) { row in
          guard row.kind == ObservationRow.Kind.missed.rawValue else { return }
          let entry = try self.entry(of: row, meterID: meterID)
          guard case .missed(_, let last, _, _) = entry.observation.content,
            last + entry.clockOffsetMilliseconds >= from
          else { return }
          try body(entry)
        } _: { _ in
        }
      }
      try forEachEntry(of: name, hot: {}, sealed: read)
    }
  }

  /// Where the rows of a meter on a bus are that may speak of times in [from, to).
  ///
  /// - Parameters:
  ///   - hot: times that rows of the hot store may have.
  ///   - sealed: each file once; whether rows of it were taken by a clock that was not trusted: their times say nothing.
  public func forEachFile(
    from: Timestamp, to: Timestamp, hot: (ClosedRange<Timestamp>) throws -> Void,
    sealed: (_ segment: SegmentReader, _ hasUntrustedClock: Bool) throws -> Void
  ) throws {
    let range = from...max(from, to)
    var seen: Set<String> = []
    for (name, _) in openings() {
      let hasUntrusted = name.hasPrefix("19") || contents.sealed[name]?.hasUntrustedClock ?? false
      let reach = contents.reach(of: name)
      // A hot file may have such rows as well: which ones, only they say.
      let offsets = contents.sealed[name] == nil ? Set(contents.clockOffsets.values).union([0]) : [0]
      let reaches = offsets.map { (reach.lowerBound + $0)...(reach.upperBound + $0) }
      guard hasUntrusted || reaches.contains(where: range.overlaps) else { continue }
      try forEachEntry(
        of: name, hot: { for reach in reaches { try hot(reach) } },
        sealed: { segment in
          let file = self.contents.sealed[name]?.file ?? name
          // A month's file holds many days: whether one of them is doubtful is asked of all that come.
          guard seen.insert(file).inserted else { return }
          let isDoubtful = self.contents.sealed.values.contains { $0.file == file && $0.hasUntrustedClock }
          try sealed(segment, isDoubtful)
        })
    }
  }
}
