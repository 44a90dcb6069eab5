import Files
import GRDB
import Glibc
import Metering
import Proof
import Segments

extension Maintenance {
  /// Rows of as many sources as hold that many octets of payload are worked on at a time.
  private static let batchOctets = 32 * 1024 * 1024
  static let journalSource = "journal:"

  /// Puts a closed hot file into a segment with a signed manifest, and removes it.
  func seal(_ name: String) throws {
    let target = layout.segment("\(name).mseg")
    if try manifests.manifest(of: name) == nil {
      try step(.sealBegins)
      // A segment without a manifest was never published.
      try Files.remove(target)
      let manifest = try writeSegment(name, to: layout.segments + "/.\(name).mseg.tmp", target: target)
      try manifests.publish(manifest, key: key) { try step(.sealSigned) }
      try step(.sealPublished)
    }
    guard let manifest = try manifests.manifest(of: name) else {
      throw ArchiveError(.damaged, "\(layout.manifests)/\(name).manifest: cannot be read back")
    }
    try archive.onCommitter { try $0.recordSealed(manifest, file: "\(name).mseg") }
    try step(.sealCatalogued)
    try removeHotFile(name)
    try step(.sealDropped)
  }

  func removeHotFile(_ name: String) throws {
    for suffix in ["", "-wal", "-shm"] { try Files.remove(layout.hotFile(name) + suffix) }
    try Files.sync(directory: layout.hot)
  }

  private func writeSegment(_ name: String, to temporary: String, target: String) throws -> Manifest {
    let (contents, range) = try archive.onCommitter { ($0.contents, $0.range(of: name)) }
    try checkIntegrity(layout.hotFile(name))
    let hot = try HotRows(path: layout.hotFile(name))
    let shapes = PayloadShape(contents)
    var account = SealAccount()
    let writer = try SegmentWriter(path: temporary, site: site, segment: name)
    let journal = try Maintenance.journal(layout.hotFile(name))
    try writer.add(Maintenance.builder(journal))
    let batches = try batches(of: hot)
    for batch in batches {
      var builders: [Int64: SourceBuilder] = [:]
      for source in batch {
        let name = source.name
        builders[source.key] = SourceBuilder(source: name) {
          shapes.shape(source: name, kind: $0, definition: $1, payload: $2)
        }
      }
      let names = Dictionary(uniqueKeysWithValues: batch.map { ($0.key, $0.name) })
      try hot.forEach(of: Set(batch.map(\.meter))) { row in
        if row.seq & 0xFFF == 0 { try mayGoOn() }
        let key = SealSource.key(row.meter, row.kind)
        account.take(row, of: names[key] ?? "")
        try builders[key]?.append(
          seq: row.seq, kind: UInt8(row.kind.rawValue), marks: row.marks, boot: hot.boots[row.boot] ?? "",
          definition: hot.definitions[row.definition] ?? "", time: row.time, due: row.due, received: row.received,
          payload: row.payload)
      }
      for source in batch {
        try mayGoOn()
        if let builder = builders.removeValue(forKey: source.key) { try writer.add(builder) }
      }
    }
    let summary = try writer.finish()
    try compare(temporary, hot, journal, batches)
    try step(.sealWritten)
    guard rename(temporary, target) == 0 else { throw FileFault(target, "cannot be put in place") }
    try Files.sync(directory: layout.segments)
    try step(.sealRenamed)
    let previous = try manifests.head(contents.sealed)
    try mayFollow(previous)
    return account.manifest(
      summary, contents: contents, firstSeq: range.firstSeq, rows: range.rows, journal: journal, previous: previous,
      key: key, sealed: clock.now())
  }

  /// A chain that another key has signed goes on only where this key has signed its head as well.
  private func mayFollow(_ head: ManifestStore.Head?) throws {
    guard let head, head.manifest.key != key.id else { return }
    let signature = key.id.signatureFileName(of: head.manifest.fileName)
    if access("\(layout.manifests)/\(signature)", F_OK) == 0 { return }
    throw ArchiveError(
      .foreignKey,
      "archive \(layout.root): its days were signed by key \(head.manifest.key), this gateway's key is \(key.id): nothing is "
        + "sealed; bring the old key back, or run meterd archive adopt")
  }

  /// Sources by name, in groups that fit into memory.
  private func batches(of hot: HotRows) throws -> [[SealSource]] {
    var sources: [Int64: SealSource] = [:]
    var sizes: [Int64: Int] = [:]
    for (source, extent) in try hot.extents() {
      let source = SealSource(source, hot)
      sources[source.key] = source
      // Times and numbers of a row take some forty octets.
      sizes[source.meter, default: 0] += extent.payloadOctets + 40 * extent.rows
    }
    var batches: [[SealSource]] = [[]]
    var octets = 0
    let meters = Dictionary(grouping: sources.values, by: \.meter).sorted {
      (hot.meters[$0.key] ?? "") < (hot.meters[$1.key] ?? "")
    }
    for (meter, sources) in meters {
      if octets > 0, octets + (sizes[meter] ?? 0) > Maintenance.batchOctets {
        batches.append([])
        octets = 0
      }
      octets += sizes[meter] ?? 0
      batches[batches.count - 1] += sources.sorted { $0.name < $1.name }
    }
    return batches
  }

  /// Nothing is dropped before it has been read back from the segment, octet for octet.
  private func compare(
    _ path: String, _ hot: HotRows, _ journal: [JournalEntry], _ batches: [[SealSource]]
  ) throws {
    let reader = try SegmentReader(path: path)
    if !journal.isEmpty {
      let comparison = try reader.comparison(of: Maintenance.journalSource)
      for entry in journal { try comparison.expect(entry.row) }
      try comparison.finish()
    }
    for batch in batches {
      var comparisons: [Int64: RowComparison] = [:]
      for source in batch { comparisons[source.key] = try reader.comparison(of: source.name) }
      try hot.forEach(of: Set(batch.map(\.meter))) { row in
        try comparisons[SealSource.key(row.meter, row.kind)]?.expect(
          seq: row.seq, kind: UInt8(row.kind.rawValue), marks: row.marks, boot: hot.boots[row.boot] ?? "",
          definition: hot.definitions[row.definition] ?? "", time: row.time, due: row.due, received: row.received,
          payload: row.payload)
      }
      for source in batch { try comparisons[source.key]?.finish() }
    }
  }

  private func checkIntegrity(_ path: String) throws {
    let words = try DurableDatabase.openForReading(path).read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
    if words == ["ok"] { return }
    throw ArchiveError(
      .damaged,
      "\(path): SQLite's integrity_check says: \(words.first ?? "nothing"); the file is kept, nothing of it is sealed")
  }

  private static func journal(_ path: String) throws -> [JournalEntry] {
    try DurableDatabase.openForReading(path).read { try HotFile.journal($0, path: path) }
  }

  private static func builder(_ journal: [JournalEntry]) throws -> SourceBuilder {
    let builder = SourceBuilder(source: journalSource) { _, _, _ in nil }
    for entry in journal { try builder.append(entry.row) }
    return builder
  }
}

/// Whose rows stand together in a segment.
struct SealSource {
  let meter: Int64
  let key: Int64
  let name: String

  init(_ source: HotRows.Source, _ hot: HotRows) {
    meter = source.meter
    key = SealSource.key(source.meter, source.kind)
    let id = hot.meters[meter] ?? ""
    switch source.kind {
    case .poll, .missed: name = "meter:\(id)"
    case .asdu, .interrogation, .link: name = "station:\(id)"
    case .clockOffset, .forward: name = "gateway:\(id)"
    }
  }

  /// A meter and a station may have one id, and so one number in the file.
  static func key(_ meter: Int64, _ kind: ObservationRow.Kind) -> Int64 {
    switch kind {
    case .poll, .missed: 4 * meter
    case .asdu, .interrogation, .link: 4 * meter + 1
    case .clockOffset, .forward: 4 * meter + 2
    }
  }
}
