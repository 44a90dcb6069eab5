import Decoding
import FoundationEssentials
import GRDB
import Metering

/// Reads an archive beside the process that writes it, as any user that may read the files. Used from one thread.
///
/// Sees committed observations only. Memory is bounded whatever the range: rows are streamed.
public final class ArchiveReader {
  private let layout: ArchiveLayout
  private let catalogQueue: DatabaseQueue
  private var contents: CatalogContents
  private var catalogVersion: Int?
  private var decoders: [String: Decoder] = [:]
  private var stations: [String: StationHistory] = [:]
  private var openFile: (name: String, queue: DatabaseQueue)?

  /// - Throws: `ArchiveError` where there is no archive, or one of another format.
  public init(path: String) throws {
    layout = ArchiveLayout(root: path)
    do {
      catalogQueue = try DurableDatabase.openForReading(layout.catalog)
      contents = try catalogQueue.read { [layout] in try CatalogContents.load($0, path: layout.catalog) }
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
      (catalogVersion, contents) = news
      stations = [:]
    }
  }

  /// Ids of all meters that the archive has definitions of.
  public var meterIDs: [String] { contents.uses.keys.sorted() }

  /// The definition that is in force since the last change; nil for a meter out of service.
  func definitionInService(of meterID: String) -> (hash: String, definition: Definition)? {
    guard let hash = contents.uses[meterID]?.last?.definition else { return nil }
    return contents.definitions[hash].map { (hash, $0) }
  }

  /// The definition of a meter that was in force last.
  public func latestDefinition(of meterID: String) -> Definition? {
    contents.uses[meterID]?.last { !$0.definition.isEmpty }.flatMap { contents.definitions[$0.definition] }
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
    for (index, opening) in contents.openings.enumerated() {
      let next = index + 1 < contents.openings.count ? contents.openings[index + 1].firstSeq : UInt64(Int64.max)
      let low = max(seqs.lowerBound, opening.firstSeq)
      let high = min(seqs.upperBound, next - 1, UInt64(Int64.max))
      if low > high { continue }
      let arguments: StatementArguments = [Int64(low), Int64(high)]
      try forEachRow(of: opening.file, where: "o.seq BETWEEN ? AND ?", arguments, body)
    }
  }

  /// Observations received since `time`, up to a sequence number.
  public func forEachEntry(
    receivedSince time: Timestamp, throughSeq seq: UInt64, _ body: (Entry) throws -> Void
  ) throws {
    for file in files() where contents.reach(of: file).upperBound >= time {
      let arguments: StatementArguments = [time.milliseconds, Int64(bitPattern: seq)]
      try forEachRow(of: file, where: "o.received >= ? AND o.seq <= ?", arguments, body)
    }
  }

  /// Observations of one meter that speak of times in a range, in sequence order within each day's file; with them
  /// those of its station that may.
  public func forEachEntry(
    meterID: String, from: Timestamp, to: Timestamp, _ body: (Entry) throws -> Void
  ) throws {
    let stations = contents.stations(of: meterID)
    let slack = contents.clocks(of: stations) > 1 ? ArchiveReader.zoneSlackMilliseconds : 0
    let range = (from - slack)...(max(from, to) + slack)
    let hasUntrusted = { (file: String) in file.hasPrefix("19") }
    for file in files() where hasUntrusted(file) || contents.reach(of: file).overlaps(range) {
      var condition = """
        o.kind < \(ObservationRow.Kind.firstOfStations.rawValue) AND m.meter_id = ? AND (b.boot_id <> '' OR
          (min(coalesce(o.due, o.time), o.time) < ? AND max(o.time, coalesce(o.until, o.time)) >= ?))
        """
      var arguments: StatementArguments = [meterID, to.milliseconds, from.milliseconds]
      if !stations.isEmpty {
        let marks = stations.map { _ in "?" }.joined(separator: ", ")
        condition = """
          (\(condition)) OR (o.kind >= \(ObservationRow.Kind.firstOfStations.rawValue) AND m.meter_id IN (\(marks))
            AND (b.boot_id <> '' OR (min(coalesce(o.due, o.time), o.time) < ? AND max(o.time, o.received) >= ?)))
          """
        arguments += StatementArguments(stations.sorted())
        arguments += [range.upperBound.milliseconds, range.lowerBound.milliseconds]
      }
      try forEachRow(of: file, where: condition, arguments, body)
    }
  }

  /// A station's row is found by the earliest time that its readings had when it came; where its clock was ever configured
  /// otherwise, they may have times up to that much away.
  private static let zoneSlackMilliseconds: Int64 = 28 * 3_600_000

  /// Readings of one meter whose time lies in [from, to); failures by their due time.
  ///
  /// - Parameter quantity: nil for all of them.
  public func forEachReading(
    meterID: String, quantity: String? = nil, from: Timestamp, to: Timestamp, _ body: (Reading) throws -> Void
  ) throws {
    try forEachEntry(meterID: meterID, from: from, to: to) { entry in
      try forEachReading(of: entry, meterID: meterID, within: from..<max(from, to)) { reading in
        if reading.time >= from, reading.time < to, quantity == nil || reading.quantity == quantity {
          try body(reading)
        }
      }
    }
  }

  /// The readings of one observation, by the definitions that hold for their times.
  ///
  /// - Parameters:
  ///   - meterID: of what a station sent, only those of this meter.
  ///   - window: of a range of missed slots, only those in it.
  public func forEachReading(
    of entry: Entry, meterID: String? = nil, within window: Range<Timestamp> = .distantPast ..< .distantFuture,
    _ body: (Reading) throws -> Void
  ) throws {
    guard !entry.observation.meterID.isEmpty else { return }
    if entry.observation.isOfStation {
      return try forEachStationReading(of: entry, meterID: meterID, body)
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
      of: entry.observation, clockOffsetMilliseconds: entry.clockOffsetMilliseconds, within: window, body)
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
      let last = try read(opening.file) { try Int64.fetchOne($0, sql: "SELECT max(seq) FROM observation") }
      if let last { return UInt64(bitPattern: last) }
    }
    return 0
  }

  // MARK: - Files

  private func files() -> [String] {
    var seen: Set<String> = []
    return contents.openings.map(\.file).filter { seen.insert($0).inserted }
  }

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

  private func forEachRow(
    of file: String, where condition: String, _ arguments: StatementArguments, _ body: (Entry) throws -> Void
  ) throws {
    let sql = """
      SELECT o.seq, o.kind, m.meter_id, d.sha256, o.marks, b.boot_id, o.time, o.due, o.received, o.payload, o.crc32c
      FROM observation o JOIN meter m ON m.id = o.meter JOIN definition d ON d.id = o.definition
        JOIN boot b ON b.id = o.boot
      WHERE \(condition) ORDER BY o.seq
      """
    let path = layout.hotFile(file)
    let offsets = contents.clockOffsets
    try read(file) { db in
      let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
      while let row = try rows.next() { try body(try ArchiveReader.entry(row, offsets: offsets, path: path)) }
    }
  }

  private static func entry(_ row: Row, offsets: [String: Int64], path: String) throws -> Entry {
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
    return Entry(
      observation: observation, clockOffsetMilliseconds: boot.isEmpty ? 0 : offsets[boot] ?? 0,
      unknownClockOfBoot: boot.isEmpty || offsets[boot] != nil ? nil : boot)
  }
}
