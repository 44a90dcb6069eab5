import Files
import FoundationEssentials
import Metering
import Proof
import Segments

extension Maintenance {
  /// Lets go of whole months that ended longer ago than the archive must keep them; a signed checkpoint says so first.
  ///
  /// - Returns: the months.
  func expire(now: Timestamp) throws -> [String] {
    let contents = try archive.onCommitter { $0.contents }
    var months: [String: [String]] = [:]
    for (name, month) in contents.sealedMonths where contents.sealed[name]?.file != "" {
      months[month, default: []].append(name)
    }
    var done: [String] = []
    for (month, names) in months.sorted(by: { $0.key < $1.key }) {
      guard let end = Maintenance.end(ofMonth: month), end + retentionMilliseconds <= now else { break }
      try carry(names, contents, keptFrom: end)
      try step(.retentionCarried)
      try publishCheckpoint(month, names, contents)
      try step(.retentionPublished)
      let files = Set(names.compactMap { contents.sealed[$0]?.file })
      try archive.onCommitter { try $0.withCatalog { try $0.move(names, to: "") } }
      try step(.retentionCatalogued)
      for file in files { try Files.remove(layout.segment(file)) }
      try Files.sync(directory: layout.segments)
      try step(.retentionDropped)
      done.append(month)
    }
    return done
  }

  /// The first instant after a month of UTC.
  static func end(ofMonth month: String) -> Timestamp? {
    let parts = month.split(separator: "-").compactMap { Int($0) }
    guard parts.count == 2 else { return nil }
    let (year, next) = parts[1] == 12 ? (parts[0] + 1, 1) : (parts[0], parts[1] + 1)
    guard let date = CivilDate("\(year)-\(next < 10 ? "0" : "")\(next)-01") else { return nil }
    return Timestamp(milliseconds: date.daysSinceEpoch * 86_400_000)
  }

  /// What is still needed to read what is kept must not go with the files that it was written in.
  private func carry(_ names: [String], _ contents: CatalogContents, keptFrom: Timestamp) throws {
    var entries: [JournalEntry] = []
    for file in Set(names.compactMap({ contents.sealed[$0]?.file })) {
      let reader = try SegmentReader(path: layout.segment(file))
      guard reader.sources.contains(where: { $0.name == Maintenance.journalSource }) else { continue }
      try reader.forEachRow(of: Maintenance.journalSource) { row in
        if let entry = JournalEntry(row) { entries.append(entry) }
      }
    }
    var needed: [JournalEntry] = []
    var definitions: Set<String> = []
    for entry in entries {
      switch entry.kind {
      case .definition: continue
      case .exchange, .correction: needed.append(entry)
      case .use:
        let record = try JSONDecoder().decode(UseRecord.self, from: Data(entry.body))
        let next = (contents.uses[record.meterID] ?? []).map(\.validFrom).filter { $0 > record.validFrom }.min()
        if let next, next <= keptFrom { continue }
        needed.append(entry)
        definitions.insert(record.definition)
      }
    }
    needed += entries.filter { $0.kind == .definition && definitions.contains(sha256Hex($0.body)) }
    let again = needed.sorted { $0.number < $1.number }
    let now = clock.now()
    _ = try archive.onCommitter { try $0.record($0.notYetCarried(again), at: now) }
  }

  private func publishCheckpoint(_ month: String, _ names: [String], _ contents: CatalogContents) throws {
    let name = "\(month).checkpoint"
    if try Files.read("\(layout.checkpoints)/\(name)", limit: 65_536) != nil { return }
    let last = names.max { (contents.sealed[$0]?.number ?? 0) < (contents.sealed[$1]?.number ?? 0) } ?? ""
    guard let manifest = try manifests.manifest(of: last), let bytes = try manifests.bytes(of: last) else {
      throw ArchiveError(.damaged, "\(layout.manifests)/\(last).manifest is missing; nothing is let go")
    }
    let checkpoint = Checkpoint(
      site: site, through: month, lastSegment: last, lastManifest: manifest.number,
      manifestSHA256: Digest.sha256(bytes),
      firstKeptSeq: manifest.lastSeq + 1, retentionDays: Int(retentionMilliseconds / 86_400_000),
      isClockTrusted: true, written: clock.now().milliseconds, key: key.id)
    let text = checkpoint.bytes
    let signature = try AtomicFile(directory: layout.checkpoints, name: key.id.signatureFileName(of: name))
    try signature.write(try key.signature(over: text)[...])
    try signature.publish()
    try step(.retentionSigned)
    let file = try AtomicFile(directory: layout.checkpoints, name: name)
    try file.write(text[...])
    try file.publish()
  }
}
