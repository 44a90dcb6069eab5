import Decoding
import FoundationEssentials
import GRDB
import Metering
import Segments

/// Reads an archive beside the process that writes it, as any user that may read the files. Used from one thread.
///
/// Sees committed observations only. Memory is bounded whatever the range: rows are streamed.
public final class ArchiveReader {
  let layout: ArchiveLayout
  private let catalogQueue: DatabaseQueue
  private(set) var contents: CatalogContents
  private var catalogVersion: Int?
  private var decoders: [String: Decoder] = [:]
  private var stations: [String: StationHistory] = [:]
  var openFile: (name: String, queue: DatabaseQueue)?
  var openSegment: (file: String, reader: SegmentReader)?
  private let asOf: Timestamp?

  /// - Parameter asOf: definitions, exchanges and corrections as they were known then.
  /// - Throws: `ArchiveError` where there is no archive, or one of another format.
  public init(path: String, asOf: Timestamp? = nil) throws {
    layout = ArchiveLayout(root: path)
    self.asOf = asOf
    do {
      catalogQueue = try DurableDatabase.openForReading(layout.catalog)
      let all = try catalogQueue.read { [layout] in try CatalogContents.load($0, path: layout.catalog) }
      contents = asOf.map(all.asOf) ?? all
    } catch let error as DatabaseError {
      throw ArchiveError(
        .unreadable,
        "no readable archive at \(path): \(error.message ?? "\(error.resultCode)"); is the path right, may this user read it?"
      )
    }
  }

  public var site: String { contents.site }

  /// Takes in what the writer has added to the catalog since; cheap where that is nothing.
  public func refresh() throws {
    let known = catalogVersion
    let news = try catalogQueue.read { [layout] db -> (Int, CatalogContents)? in
      // It changes whenever another connection has changed the file.
      let version = try Int.fetchOne(db, sql: "PRAGMA data_version") ?? 0
      return version == known ? nil : (version, try CatalogContents.load(db, path: layout.catalog))
    }
    if let news {
      catalogVersion = news.0
      contents = asOf.map(news.1.asOf) ?? news.1
      stations = [:]
    }
  }

  /// Ids of all meters that the archive has definitions of.
  public var meterIDs: [String] { contents.uses.keys.sorted() }

  /// The definition that is in force since the last change; nil for a meter out of service.
  func definitionInService(of meterID: String) -> (hash: String, definition: Definition)? {
    guard let hash = contents.uses[meterID]?.last(where: { !$0.isToCome })?.definition else { return nil }
    return contents.definitions[hash].map { (hash, $0) }
  }

  /// The definition of a meter that was in force last.
  public func latestDefinition(of meterID: String) -> Definition? {
    contents.uses[meterID]?.last { !$0.definition.isEmpty }.flatMap { contents.definitions[$0.definition] }
  }

  /// Every definition that a meter ever had, by its hash.
  public func definitions(of meterID: String) -> [String: Definition] {
    let hashes = (contents.uses[meterID] ?? []).map(\.definition)
    return Dictionary(
      hashes.compactMap { hash in contents.definitions[hash].map { (hash, $0) } }, uniquingKeysWith: { $1 })
  }

  /// When the archive first learnt of a meter: nothing was due of it before.
  public func firstUse(of meterID: String) -> Timestamp? { contents.uses[meterID]?.first?.validFrom }

  /// An observation as stored, and what to add to its times.
  public struct Entry {
    public let observation: Observation
    /// Known once the clock was trusted; 0 for observations that need none.
    public let clockOffsetMilliseconds: Int64
    /// The boot whose clock offset is not known: the times are not true yet, and may never be.
    public let unknownClockOfBoot: String?

    public var time: Timestamp { observation.time + clockOffsetMilliseconds }
    public var due: Timestamp? { observation.due.map { $0 + clockOffsetMilliseconds } }
  }

  /// Observations by sequence number, in order.
  public func forEachEntry(seqs: ClosedRange<UInt64>, _ body: (Entry) throws -> Void) throws {
    for (name, rows) in openings() {
      let high = min(rows.upperBound, seqs.upperBound)
      let low = max(rows.lowerBound, seqs.lowerBound)
      if low > high { continue }
      let arguments: StatementArguments = [Int64(low), Int64(high)]
      try forEachEntry(
        of: name, hot: { try self.forEachRow(of: name, where: "o.seq BETWEEN ? AND ?", arguments, body) },
        sealed: { segment in
          try segment.forEachRow(seqs: low...high) { source, row in
            // Its entries have numbers of their own.
            if source != Maintenance.journalSource { try body(try self.entry(row, of: source, name)) }
          }
        })
    }
  }

  /// Observations received since `time`, up to a sequence number.
  public func forEachEntry(
    receivedSince time: Timestamp, throughSeq seq: UInt64, _ body: (Entry) throws -> Void
  ) throws {
    for (name, rows) in openings() where contents.reach(of: name).upperBound >= time && rows.lowerBound <= seq {
      let arguments: StatementArguments = [time.milliseconds, Int64(bitPattern: seq)]
      try forEachEntry(
        of: name, hot: { try self.forEachRow(of: name, where: "o.received >= ? AND o.seq <= ?", arguments, body) },
        sealed: {
          try $0.forEachRow(seqs: rows.lowerBound...min(seq, rows.upperBound)) { source, row in
            if source == Maintenance.journalSource { return }
            if row.received >= time.milliseconds { try body(try self.entry(row, of: source, name)) }
          }
        })
    }
  }

  /// Readings of one meter whose time lies in [from, to); failures by their due time.
  ///
  /// - Parameter quantity: nil for all of them.
  public func forEachReading(
    meterID: String, quantity: String? = nil, from: Timestamp, to: Timestamp, _ body: (Reading) throws -> Void
  ) throws {
    try forEachEntry(meterID: meterID, quantity: quantity, from: from, to: to) { entry in
      try forEachReading(of: entry, meterID: meterID, quantity: quantity, within: from..<max(from, to)) { reading in
        if reading.time >= from, reading.time < to { try body(reading) }
      }
    }
  }

  /// The readings of one observation, by the definitions that hold for their times.
  ///
  /// - Parameters:
  ///   - meterID: of what a station sent, only those of this meter.
  ///   - quantity: nil for all of them.
  ///   - window: of a range of missed slots, only those in it.
  public func forEachReading(
    of entry: Entry, meterID: String? = nil, quantity: String? = nil,
    within window: Range<Timestamp> = .distantPast ..< .distantFuture,
    _ body: (Reading) throws -> Void
  ) throws {
    guard !entry.observation.meterID.isEmpty else { return }
    if entry.observation.isOfStation {
      return try forEachStationReading(of: entry, meterID: meterID) {
        if quantity == nil || $0.quantity == quantity { try body($0) }
      }
    }
    let use = contents.use(of: entry.observation.meterID, at: entry.time)
    // What was polled under a definition that has just been replaced is read as it was asked for.
    let hash = use.map { $0.validFrom == $0.recordedAt ? entry.observation.definition : $0.definition }
    guard let decoder = try decoder(hash ?? entry.observation.definition) else {
      throw ArchiveError(
        .damaged,
        "\(layout.catalog): definition \(entry.observation.definition) of seq \(entry.observation.seq) is missing")
    }
    try decoder.forEachReading(
      of: entry.observation, clockOffsetMilliseconds: entry.clockOffsetMilliseconds, quantity: quantity, within: window,
      body)
  }

  /// An object is read by the definition that holds for its own time: what a station had kept back may be older than the
  /// last change.
  private func forEachStationReading(of entry: Entry, meterID: String?, _ body: (Reading) throws -> Void) throws {
    let id = entry.observation.meterID
    var history = stations[id] ?? StationHistory(of: id, contents)
    defer { stations[id] = history }
    let offset = entry.clockOffsetMilliseconds
    let received = entry.observation.received + offset
    let decoder = try history.decoder(at: received, received: received, load: decoder)
    if entry.observation.marks.isEmpty, history.isSame(entry.observation.due ?? received, received),
      history.isSame(entry.observation.time, received)
    {
      return try decoder.forEachReading(of: entry.observation, meterID: meterID, body)
    }
    let isASDU = if case .asdu = entry.observation.content { true } else { false }
    try decoder.forEachReading(
      of: entry.observation, clockOffsetMilliseconds: offset, meterID: meterID,
      pointsAt: { time in
        // A slot of before a meter came was none of its own. No tag that lies ahead knows of a change to come.
        let time = min(time, received)
        return try history.decoder(at: time, received: isASDU ? received : time, load: self.decoder)
      }, body)
  }

  /// The last sequence number on disk; 0 for an empty archive.
  public func headSeq() throws -> UInt64 {
    for opening in contents.openings.reversed() {
      if let sealed = contents.sealed[opening.file] {
        if let rows = sealed.rows { return rows.upperBound }
        continue
      }
      let last = try read(opening.file) { try Int64.fetchOne($0, sql: "SELECT max(seq) FROM observation") }
      if let last { return UInt64(bitPattern: last) }
    }
    return 0
  }

  // MARK: - Files

  private func decoder(_ hash: String) throws -> Decoder? {
    if let known = decoders[hash] { return known }
    guard let definition = contents.definitions[hash] else { return nil }
    let decoder = try Decoder(definition)
    if decoders.count > 10_000 { decoders = [:] }
    decoders[hash] = decoder
    return decoder
  }

  private func read<T>(_ file: String, _ body: (Database) throws -> T) throws -> T {
    if openFile?.name != file { openFile = (file, try DurableDatabase.openForReading(layout.hotFile(file))) }
    guard let queue = openFile?.queue else { throw ArchiveError(.unreadable, "\(layout.hotFile(file)) is not open") }
    return try queue.read(body)
  }

  func forEachRow(
    of file: String, where condition: String, _ arguments: StatementArguments, _ body: (Entry) throws -> Void
  ) throws {
    let sql = """
      SELECT o.seq, o.kind, m.meter_id, d.sha256, o.marks, b.boot_id, o.time, o.due, o.received, o.payload, o.crc32c
      FROM observation o JOIN meter m ON m.id = o.meter JOIN definition d ON d.id = o.definition
        JOIN boot b ON b.id = o.boot
      WHERE \(condition) ORDER BY o.seq
      """
    let path = layout.hotFile(file)
    try read(file) { db in
      let rows = try GRDB.Row.fetchCursor(db, sql: sql, arguments: arguments)
      while let row = try rows.next() { try body(try entry(row, path: path)) }
    }
  }

  private func entry(_ row: GRDB.Row, path: String) throws -> Entry {
    let seq = UInt64(bitPattern: row[0] as Int64)
    let payload = Array(row[9] as Data)
    guard let kind = ObservationRow.Kind(rawValue: row[1]), let content = ObservationRow.decode(kind, payload) else {
      throw ArchiveError(.damaged, "\(path): seq \(seq) is not in a format that this meterd reads")
    }
    let observation = Observation(
      seq: seq, meterID: row[2], time: Timestamp(milliseconds: row[6]),
      due: (row[7] as Int64?).map(Timestamp.init(milliseconds:)), received: Timestamp(milliseconds: row[8]),
      definition: row[3], marks: Observation.Marks(rawValue: UInt8(truncatingIfNeeded: row[4] as Int64)),
      content: content)
    let boot: String = row[5]
    guard
      ObservationRow.checksum(observation, boot: boot, payload: payload) == UInt32(truncatingIfNeeded: row[10] as Int64)
    else {
      throw ArchiveError(.damaged, "\(path): seq \(seq) does not match its checksum; the disk may be failing")
    }
    return entry(observation, boot: boot)
  }
}
