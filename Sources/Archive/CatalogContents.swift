import FoundationEssentials
import GRDB
import Metering

/// What must be known to read the archive's files: which file holds which sequence numbers and times, the definitions, and
/// the clock offsets. A value, loaded whole; small.
struct CatalogContents {
  /// Writing went over to `file` with that sequence number.
  struct Opening: Hashable {
    let file: String
    let firstSeq: UInt64
  }

  /// `definition` holds for times from `validFrom` on, as far as was known from `recordedAt` on.
  struct Use: Hashable {
    /// SHA-256; empty where the meter was taken out of service.
    let definition: String
    let validFrom: Timestamp
    let recordedAt: Timestamp
    /// Where it was declared: `[[meter.change]]`.
    var change: Definition.Change?

    /// Declared before it was so.
    var isToCome: Bool { change != nil && validFrom > recordedAt }
  }

  /// A hot file that was sealed.
  struct Sealed: Hashable {
    /// Below `segments/`; empty where it was deleted after its time.
    var file: String
    /// Of its manifest.
    let number: UInt64
    let rows: ClosedRange<UInt64>?
    let lastJournal: UInt64
    let hasUntrustedClock: Bool
  }

  /// What people said of readings: an exchange or a correction.
  struct Note: Hashable {
    let number: UInt64
    let kind: JournalEntry.Kind
    let recordedAt: Timestamp
    let body: [UInt8]
  }

  var site = ""
  var openings: [Opening] = []
  /// The times that a file's rows speak of, where they go beyond the file's own day.
  var reach: [String: ClosedRange<Timestamp>] = [:]
  var definitions: [String: Definition] = [:]
  var uses: [String: [Use]] = [:]
  /// What to add to times that were taken in that boot before the clock was trusted.
  var clockOffsets: [String: Int64] = [:]
  /// By the name of the hot file.
  var sealed: [String: Sealed] = [:]
  var notes: [Note] = []

  /// As it was known at that time: what was recorded later is left out.
  func asOf(_ time: Timestamp) -> CatalogContents {
    var contents = self
    contents.uses = uses.mapValues { $0.filter { $0.recordedAt <= time } }.filter { !$0.value.isEmpty }
    contents.notes = notes.filter { $0.recordedAt <= time }
    return contents
  }

  /// The stations that a meter has ever hung on.
  func stations(of meterID: String) -> Set<String> {
    Set((uses[meterID] ?? []).compactMap { definitions[$0.definition]?.station?.id })
  }

  /// How many clocks these stations were ever said to have.
  func clocks(of stations: Set<String>) -> Int {
    struct Clock: Hashable {
      let zone: String
      let honoursSummerTime: Bool
    }
    let all = definitions.values.compactMap(\.station).filter { stations.contains($0.id) }
    return Set(all.map { Clock(zone: $0.timeZone, honoursSummerTime: $0.honoursSummerTime) }).count
  }

  /// The meters that have ever hung on a station, in order of their ids.
  func meters(of stationID: String) -> [String] {
    uses.keys.filter { stations(of: $0).contains(stationID) }.sorted()
  }

  /// The definition for readings of a meter at a time: the largest `validFrom` not after it, of those the newest record.
  func use(of meterID: String, at time: Timestamp) -> Use? {
    let uses = uses[meterID] ?? []
    let valid = uses.filter { $0.validFrom <= time }
    return valid.max { ($0.validFrom, $0.recordedAt) < ($1.validFrom, $1.recordedAt) } ?? uses.first
  }

  /// The sealed files in the order of the chain, each with the month that it counts for: that of its name, or a later one
  /// that was reached before it. A clock that had lost the date names a file for a day long past.
  var sealedMonths: [(name: String, month: String)] {
    var reached = ""
    return sealed.sorted { $0.value.number < $1.value.number }.map { name, _ in
      reached = max(reached, String(name.prefix(7)))
      return (name, reached)
    }
  }

  /// All times that a file may speak of.
  func reach(of file: String) -> ClosedRange<Timestamp> {
    guard let day = CivilDate(file.prefix(10)) else { return .distantPast ... .distantFuture }
    let start = Timestamp(milliseconds: day.daysSinceEpoch * 86_400_000)
    let own = start...(start + 86_399_999)
    guard let wide = reach[file] else { return own }
    return min(own.lowerBound, wide.lowerBound)...max(own.upperBound, wide.upperBound)
  }

  static func load(_ db: GRDB.Database, path: String) throws -> CatalogContents {
    var contents = CatalogContents()
    contents.site = try String.fetchOne(db, sql: "SELECT value FROM about WHERE key = 'site'") ?? ""
    let format = try String.fetchOne(db, sql: "SELECT value FROM about WHERE key = 'format'") ?? ""
    guard format == Catalog.format else {
      throw ArchiveError(.foreignFormat, "\(path): format '\(format)', this meterd reads '\(Catalog.format)'")
    }
    for row in try Row.fetchAll(db, sql: "SELECT file, first_seq FROM opening ORDER BY first_seq, id") {
      contents.openings.append(Opening(file: row[0], firstSeq: UInt64(bitPattern: row[1] as Int64)))
    }
    for row in try Row.fetchAll(db, sql: "SELECT file, min_time, max_time FROM reach") {
      contents.reach[row[0]] = Timestamp(milliseconds: row[1])...Timestamp(milliseconds: row[2])
    }
    let decoder = JSONDecoder()
    for row in try Row.fetchAll(db, sql: "SELECT sha256, json FROM definition") {
      contents.definitions[row[0]] = try decoder.decode(Definition.self, from: row[1] as Data)
    }
    let order = "ORDER BY meter_id, valid_from, recorded_at"
    for row in try Row.fetchAll(
      db, sql: "SELECT meter_id, sha256, valid_from, recorded_at, change FROM definition_use \(order)")
    {
      let use = Use(
        definition: row[1], validFrom: Timestamp(milliseconds: row[2]), recordedAt: Timestamp(milliseconds: row[3]),
        change: try (row[4] as Data?).map { try decoder.decode(Definition.Change.self, from: $0) })
      contents.uses[row[0], default: []].append(use)
    }
    for row in try Row.fetchAll(db, sql: "SELECT number, kind, recorded_at, body FROM note ORDER BY number") {
      guard let kind = JournalEntry.Kind(rawValue: UInt8(truncatingIfNeeded: row[1] as Int64)) else { continue }
      contents.notes.append(
        Note(
          number: UInt64(bitPattern: row[0] as Int64), kind: kind, recordedAt: Timestamp(milliseconds: row[2]),
          body: Array(row[3] as Data)))
    }
    for row in try Row.fetchAll(
      db, sql: "SELECT name, file, number, first_seq, last_seq, last_journal, untrusted FROM sealed")
    {
      let (first, last) = (UInt64(bitPattern: row[3] as Int64), UInt64(bitPattern: row[4] as Int64))
      contents.sealed[row[0]] = Sealed(
        file: row[1], number: UInt64(bitPattern: row[2] as Int64), rows: first <= last ? first...last : nil,
        lastJournal: UInt64(bitPattern: row[5] as Int64), hasUntrustedClock: row[6])
    }
    for row in try Row.fetchAll(db, sql: "SELECT boot_id, offset_ms FROM clock") {
      contents.clockOffsets[row[0]] = row[1]
    }
    return contents
  }
}
