import Archive
import Files
import FoundationEssentials
import Glibc
import Metering
import Synchronization
import Threads

/// The small archive that is committed as test data of a format version, with all that an archive can hold: files of a
/// month, of days and of the hot store, a day in two generations, expired months with their checkpoints, a second key
/// that took over, every kind of row, numbers that are hard to keep.
///
/// Beside it: `rows.ndjson`, its rows as the hot store had them before they were sealed, `hot.ndjson`, those that are not
/// sealed, and `readings.csv`, what they mean.
struct GoldenArchive {
  static let retention: Int64 = 1826 * 86_400_000
  let directory: String
  /// 1 is the one that is committed; another one is of another site.
  let seed: Int

  /// Makes it anew; keys are new ones each time.
  func write() async throws {
    guard try Files.names(in: directory).isEmpty else { throw SampleError("\(directory) is not empty") }
    let story = try GoldenStory(path: directory + "/work", seed: seed)
    try await story.tell()
    let (archive, rows, expired) = (story.archive.path, story.rows, story.expired)
    try await OwnThread.run(name: "backup") { [directory] in
      _ = try ArchiveBackup(from: archive, to: directory + "/archive").run()
      // Without a catalog of its own: it is made anew by whoever opens it.
      try GoldenRows.write(rows, expired: expired, archive: archive, to: directory)
    }
    try FileManager.default.removeItem(atPath: directory + "/work")
  }
}

/// What happens to the archive, from 2021 to 2026.
final class GoldenStory {
  let archive: Archive
  let clock: ManualClock
  private(set) var rows: [GoldenRow] = []
  private(set) var expired: Set<String> = []
  private let keys: String
  private var hashes: [String: String] = [:]
  private var count: Int
  private var ratio = 20

  init(path: String, seed: Int) throws {
    count = 1000 * (seed - 1)
    clock = ManualClock(GoldenStory.time("2021-09-30T23:30:00Z"))
    archive = try Archive(
      .init(
        path: path, site: "golden-\(seed)", commitEveryMilliseconds: 1000, bootID: String(repeating: "07", count: 16)),
      clock: clock)
    keys = path
  }

  private static func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? .epoch }

  func tell() async throws {
    try await use()
    try slots(12)
    set("2021-10-01T05:00:00Z")
    try slots(9)
    set("2026-10-30T10:00:00Z")
    ratio = 30
    try await use()
    try slots(12)
    try await maintain("a")
    set("2026-10-31T10:00:00Z")
    try slots(14)
    try note()
    set("2026-11-01T00:00:00Z")
    try slots(2)
    try await maintain("a")
    // Another gateway goes on.
    let (archive, keys) = (archive, keys)
    _ = try await OwnThread.run(name: "adopt") { try archive.adopt(keyPath: "\(keys)/b-key.pem") }
    try slots(12)
    set("2026-11-02T06:00:00Z")
    try slots(10, marks: .untrustedClock)
    // The clock was a day ahead.
    set("2026-11-01T20:00:00Z")
    try offer(
      Observation(
        meterID: "", time: clock.now(), due: nil, received: clock.now(), definition: "",
        content: .clockOffset(bootID: archive.bootID, offsetMilliseconds: -36_000_000)))
    try slots(9, marks: .repeatedLabel)
    set("2026-11-02T07:00:00Z")
    try slots(3)
    set("2026-11-03T08:00:00Z")
    try slots(4)
    try await maintain("b")
    await archive.close()
  }

  private func set(_ text: String) { clock.step(milliseconds: GoldenStory.time(text) - clock.now()) }

  private func use() async throws {
    try commit()
    hashes = try await archive.use(definitions, from: clock.now())
  }

  /// Seals what is over; keeps in mind what the rows were.
  private func maintain(_ key: String) async throws {
    try commit()
    rows = try GoldenRows.hot(archive.path).reduce(into: Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0) })) {
      $0[$1.id] = $1
    }.values.map { $0 }
    let (archive, clock, keys) = (archive, clock, keys)
    let report = try await OwnThread.run(name: "maintain") {
      try Maintenance(
        archive, keyPath: "\(keys)/\(key)-key.pem", retentionMilliseconds: GoldenArchive.retention, clock: clock
      ).run(trustedNow: clock.now())
    }
    expired.formUnion(report.expired)
    // What was carried over from the months that went.
    for row in try GoldenRows.hot(archive.path) where !rows.contains(where: { $0.id == row.id }) { rows.append(row) }
  }

  private func commit() throws {
    guard archive.flushBlocking() else { throw SampleError(archive.health.failure ?? "cannot be committed") }
  }

  private func offer(_ observation: Observation) throws {
    guard archive.offer(observation) else { throw SampleError("the archive's window is full") }
  }

  // MARK: - Slots of two minutes

  private func slots(_ number: Int, marks: Observation.Marks = []) throws {
    for _ in 0..<number { try slot(marks) }
    try commit()
  }

  private func slot(_ marks: Observation.Marks) throws {
    count += 1
    let due = Timestamp(milliseconds: (clock.now().milliseconds / 120_000 + 1) * 120_000)
    clock.advance(milliseconds: due + 140 - clock.now())
    let now = clock.now()
    func poll(_ meter: String, _ blocks: [Block], _ time: Timestamp) throws {
      try offer(
        Observation(
          meterID: meter, time: time, due: due, received: now, definition: hashes[meter] ?? "", marks: marks,
          content: .poll(blocks)))
    }
    try poll("main", mainBlocks, due + Int64(20 + count % 7))
    let fails = count % 9 < 2
    let volume = UInt16(truncatingIfNeeded: 65_500 + 3 * count)
    try poll(
      "water",
      [
        Block(
          table: .input, address: 10, count: 1, outcome: fails ? .exception(4) : .ok,
          bytes: fails ? [] : [UInt8(volume >> 8), UInt8(truncatingIfNeeded: volume)])
      ], fails ? due : due + 61)
    if count % 13 == 0 {
      try offer(
        Observation(
          meterID: "water", time: due, due: due, received: now, definition: hashes["water"] ?? "", marks: marks,
          content: .missed(from: due, to: due + 240_000, count: 3, reason: .probing)))
    }
    try offerStation(due, now, marks)
    if count % 25 == 0 {
      try offer(
        Observation(
          meterID: "", time: now, due: nil, received: now, definition: "", marks: marks,
          content: .forward(#"{"event":"begin","forward":"carbon"}"#)))
    }
  }

  /// A counter of two swapped registers about to wrap, two registers between points, a float, bits; now and then a reply
  /// that was no reply.
  private var mainBlocks: [Block] {
    let energy = UInt32(truncatingIfNeeded: 4_294_966_900 + 17 * count)
    let odd: [UInt32] = [0x7FC1_2345, 0x8000_0000, 0x0000_0001, 0xFF80_0000, 0x7F7F_FFFF]
    let plain = (230 + Float(count % 17) / 10).bitPattern
    let voltage = count % 6 == 5 ? odd[count / 6 % odd.count] : plain
    let words = [
      UInt16(truncatingIfNeeded: energy), UInt16(energy >> 16), UInt16(truncatingIfNeeded: count), 7,
      UInt16(voltage >> 16), UInt16(truncatingIfNeeded: voltage),
    ]
    let bits =
      count % 11 == 10
      ? Block(table: .coil, address: 0, count: 10, outcome: .malformed, bytes: [1, 0x81, 3])
      : Block(table: .coil, address: 0, count: 10, outcome: .ok, bytes: [UInt8(count & 8), 1])
    return [
      Block(
        table: .holding, address: 0, count: 6, outcome: .ok,
        bytes: words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }), bits,
    ]
  }

  private func offerStation(_ due: Timestamp, _ now: Timestamp, _ marks: Observation.Marks) throws {
    func offerOf(_ time: Timestamp, _ due: Timestamp?, _ content: Observation.Content) throws {
      try offer(
        Observation(
          meterID: "east", time: time, due: due, received: now, definition: "", marks: marks, content: content))
    }
    if count % 100 == 1 { try offerOf(now, nil, .link(isUp: true, reason: "connected")) }
    let value = Int16(truncatingIfNeeded: 40 * count)
    // M_ME_TE_1, two objects with time tags of three seconds ago (IEC 60870-5-101 clause 7.3.1.28).
    let octets: [UInt8] =
      [35, 2, 3, 0, 47, 0] + GoldenStory.object(700, value, due - 3000) + GoldenStory.object(701, -value, due - 2000)
    try offerOf(due - 3000, nil, .asdu(ReceivedASDU(bytes: octets, repeated: count % 10 == 0 ? [1] : [])))
    if count % 8 == 0 {
      try offerOf(
        due, due,
        .interrogation(
          Interrogation(kind: .general, commonAddress: 47, qualifier: 20, outcome: .complete, absent: [701])))
    }
  }

  /// An object of M_ME_TE_1: address, scaled value, quality, CP56Time2a in UTC.
  private static func object(_ address: UInt32, _ value: Int16, _ time: Timestamp) -> [UInt8] {
    let bits = UInt16(bitPattern: value)
    let days = time.milliseconds.flooredDivision(by: 86_400_000)
    let inDay = time.milliseconds - days * 86_400_000
    let date = CivilDate(daysSinceEpoch: days)
    let milliseconds = UInt16(inDay % 60_000)
    let weekday = (days + 3).flooredRemainder(by: 7) + 1
    return [
      UInt8(truncatingIfNeeded: address), UInt8(truncatingIfNeeded: address >> 8), 0,
      UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8), 0,
      UInt8(truncatingIfNeeded: milliseconds), UInt8(milliseconds >> 8), UInt8(inDay / 60_000 % 60),
      UInt8(inDay / 3_600_000), UInt8(date.day) | UInt8(weekday) << 5, UInt8(date.month), UInt8(date.year % 100),
    ]
  }

  private func note() throws {
    let at = clock.now().milliseconds
    let bodies: [(JournalEntry.Kind, String)] = [
      (
        .exchange,
        #"{"at":\#(at),"meterID":"water","newStart":{"volume":"0"},"oldFinal":{"volume":"65.7"},"reason":"leak"}"#
      ),
      (
        .correction,
        #"{"action":"exclude","author":"gen","from":\#(at - 600_000),"id":"c-1","meterID":"main","reason":"hose burst","#
          + #""recordedAt":\#(at),"to":\#(at)}"#
      ),
    ]
    for (kind, body) in bodies { _ = try archive.record(kind, Array(body.utf8), at: clock.now()) }
  }

  private var definitions: [Definition] {
    let station = Definition.Station(
      id: "east", timeZone: "UTC", interrogateEveryMilliseconds: 120_000, countersEveryMilliseconds: 3_600_000)
    return [
      Definition(
        meterID: "main", bus: "b", unitID: 1, everyMilliseconds: 120_000, timeZone: "Asia/Shanghai",
        ctRatio: ExactDecimal(ratio),
        points: [
          .init(
            quantity: "energy_active_import", unit: "kWh", kind: .counter,
            register: .init(table: .holding, address: 0, type: .u32, order: .cdab),
            scale: ExactDecimal(significand: 1, exponent: -2), side: .secondary),
          .init(
            quantity: "voltage_l1", unit: "V", kind: .gauge, register: .init(table: .holding, address: 4, type: .f32)),
          .init(quantity: "x_state", unit: "", kind: .gauge, register: .init(table: .coil, address: 3, type: .bool)),
        ], metadata: ["name": "主进线 = main"]),
      Definition(
        meterID: "water", bus: "b", unitID: 2, everyMilliseconds: 120_000, timeZone: "Asia/Shanghai",
        points: [
          .init(
            quantity: "volume", unit: "m3", kind: .counter, register: .init(table: .input, address: 10, type: .u16),
            scale: ExactDecimal(significand: 1, exponent: -3))
        ]),
      Definition(
        meterID: "feeder", bus: "", unitID: 0, everyMilliseconds: 120_000, timeZone: "Asia/Shanghai", points: [],
        station: station,
        stationPoints: [700, 701].map { address in
          Definition.StationPoint(
            quantity: "current_l\(address - 699)", unit: "A", kind: .gauge, commonAddress: 47,
            objectAddress: UInt32(address), type: "M_ME", side: .secondary)
        }),
    ]
  }
}
