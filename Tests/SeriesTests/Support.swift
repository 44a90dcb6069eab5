import Accounting
import Archive
import Glibc
import Metering
import Series
import Synchronization
import Testing
import Threads

/// A directory of its own for each test, removed at the end.
final class Scratch: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/meterd-series-XXXXXX".utf8CString)
    path = String(cString: mkdtemp(&template))
  }

  deinit { remove(path) }

  private func remove(_ path: String) {
    if let entries = opendir(path) {
      while let entry = readdir(entries) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { remove("\(path)/\(name)") }
      }
      closedir(entries)
    }
    Glibc.remove(path)
  }
}

/// Stands still.
struct StillClock: WallClock {
  let time: Timestamp
  func now() -> Timestamp { time }
  func monotonicNanoseconds() -> UInt64 { SystemClock().monotonicNanoseconds() }
}

func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }
func decimal(_ text: String) -> ExactDecimal { ExactDecimal(text) ?? ExactDecimal(-999_999) }

let second: Int64 = 1000
let minute: Int64 = 60_000
let hour: Int64 = 3_600_000
let day: Int64 = 86_400_000

/// A meter with a counter and two gauges, polled every three minutes.
func definition(
  _ meterID: String = "m1", ct: String = "1", every: Int64 = 3 * minute, zone: String = "Europe/Berlin",
  modulus: String? = nil, maxRate: String? = nil, name: String = ""
) -> Definition {
  var definition = Definition(
    meterID: meterID, bus: "b", unitID: 1, everyMilliseconds: every, timeZone: zone, ctRatio: decimal(ct),
    points: [
      .init(
        quantity: "energy_active_import", unit: "kWh", kind: .counter,
        register: .init(table: .holding, address: 0, type: .u32), scale: decimal("0.1"), side: .secondary,
        modulus: modulus.map(decimal)),
      .init(
        quantity: "temperature_flow", unit: "K", kind: .gauge, register: .init(table: .holding, address: 2, type: .i16),
        scale: decimal("0.1"), invalid: [0x7FFF]),
      .init(
        quantity: "voltage_l1", unit: "V", kind: .gauge, register: .init(table: .holding, address: 3, type: .f32),
        side: .secondary),
    ])
  definition.metadata = ["name": name, "energy": "electricity"]
  if let maxRate { definition.metadata["max_rate"] = maxRate }
  return definition
}

/// What a meter answers.
func answer(_ energy: UInt32, temperature: UInt16 = 2900, voltage: Float = 230) -> [Block] {
  let bits = voltage.bitPattern
  let words = [
    UInt16(energy >> 16), UInt16(truncatingIfNeeded: energy), temperature, UInt16(bits >> 16),
    UInt16(truncatingIfNeeded: bits),
  ]
  return [
    Block(
      table: .holding, address: 0, count: 5, outcome: .ok,
      bytes: words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] })
  ]
}

/// An archive that is written by hand.
final class Book {
  private let scratch = Scratch()
  let archive: Archive
  private(set) var hashes: [String: String] = [:]
  var path: String { archive.path }

  init(boot: String = "boot-1") throws {
    archive = try Archive(
      .init(path: scratch.path + "/archive", site: "s", commitEveryMilliseconds: 50, bootID: boot),
      clock: SystemClock())
  }

  func use(
    _ definitions: [Definition], changes: [String: [Definition.Change]] = [:], from time: Timestamp
  ) async throws {
    #expect(await archive.flush())
    hashes = try await archive.use(definitions, changes: changes, from: time)
  }

  func offer(_ observation: Observation) throws {
    var isTaken = archive.offer(observation)
    while !isTaken { isTaken = archive.flushBlocking() && archive.offer(observation) }
  }

  /// A poll for a slot that was answered 40 ms later.
  func poll(
    _ due: Timestamp, _ blocks: [Block], meter: String = "m1", received: Timestamp? = nil,
    marks: Observation.Marks = []
  ) throws {
    try offer(
      Observation(
        meterID: meter, time: due + 40, due: due, received: received ?? due + 40, definition: hashes[meter] ?? "",
        marks: marks, content: .poll(blocks)))
  }

  func timeout(_ due: Timestamp, meter: String = "m1") throws {
    try offer(
      Observation(
        meterID: meter, time: due, due: due, received: due + 500, definition: hashes[meter] ?? "",
        content: .poll([Block(table: .holding, address: 0, count: 5, outcome: .timeout, bytes: [])])))
  }

  /// Slots that nobody polled, written down later.
  func missed(
    from: Timestamp, to: Timestamp, every: Int64 = 3 * minute, received: Timestamp, reason: MissedReason = .gatewayDown,
    meter: String = "m1"
  ) throws {
    try offer(
      Observation(
        meterID: meter, time: from, due: from, received: received, definition: hashes[meter] ?? "",
        content: .missed(from: from, to: to, count: UInt32((to - from) / every) + 1, reason: reason)))
  }

  /// Seals what is over by now, and puts months together.
  func seal(now: Timestamp) async throws {
    #expect(await archive.flush())
    let archive = archive
    _ = try await OwnThread.run(name: "seal") {
      try Maintenance(
        archive, keyPath: archive.path + "/signing-key.pem", retentionMilliseconds: 1826 * day,
        clock: StillClock(time: now)
      ).run(trustedNow: nil)
    }
  }

  func exchange(_ exchange: Exchange, meter: String = "m1", isWithdrawn: Bool = false, at time: Timestamp) throws {
    let note = ExchangeNote(meterID: meter, exchange: exchange, isWithdrawn: isWithdrawn, recordedAt: time)
    _ = try archive.record(.exchange, try note.json(), at: time)
  }

  func correct(
    _ action: Correction.Action, _ id: String, quantity: String? = "energy_active_import", at time: Timestamp
  )
    throws
  {
    let correction = Correction(
      id: id, meterID: "m1", quantity: quantity, action: action, author: "a", reason: "r", recordedAt: time)
    _ = try archive.record(.correction, try NoteJSON.encode(correction), at: time)
  }

  func reader(asOf: Timestamp? = nil, isCorrected: Bool = true) throws -> SeriesReader {
    SeriesReader(try ArchiveReader(path: archive.path, asOf: asOf), isCorrected: isCorrected)
  }
}

extension SeriesReader {
  func totals(
    _ meterID: String = "m1", by length: Intervals.Length = .hour, from: Timestamp, to: Timestamp,
    now: Timestamp = .distantFuture
  ) throws -> [TotalRow] {
    var rows: [TotalRow] = []
    try forEachTotal(meterID: meterID, "energy_active_import", by: length, from: from, to: to, now: now) {
      rows.append($0)
    }
    return rows
  }

  func statistics(
    _ quantity: String, by length: Intervals.Length = .hour, from: Timestamp, to: Timestamp,
    now: Timestamp = .distantFuture
  ) throws -> [GaugeRow] {
    var rows: [GaugeRow] = []
    try forEachStatistic(meterID: "m1", quantity, by: length, from: from, to: to, now: now) { rows.append($0) }
    return rows
  }

  func readings(_ quantities: Set<String>? = ["energy_active_import"], from: Timestamp, to: Timestamp) throws
    -> [SeriesReading]
  {
    var readings: [SeriesReading] = []
    try forEachReading(meterID: "m1", quantities: quantities, from: from, to: to) { readings.append($0) }
    return readings
  }
}

func sum(_ rows: [TotalRow]) -> ExactDecimal {
  rows.reduce(.zero) { $0.adding($1.total ?? .zero) ?? .zero }
}

/// A generator whose runs can be repeated.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
