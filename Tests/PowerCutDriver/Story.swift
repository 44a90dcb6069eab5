import Archive
import FoundationEssentials
import Metering

/// What a gateway sees in the days around a change of month, as a function of the sequence number alone: whoever knows the seed
/// knows what row N has to say, also in an archive that lost its last rows and had others appended since.
final class Story {
  static let site = "powercut"
  static let bootID = "0123456789abcdef0123456789abcdef"
  static let meters = ["main-incomer", "rinse-water"]
  static let station = "substation"
  static let feeder = "feeder"

  private let seed: UInt64
  private var hashes: [UInt64: [String: String]] = [:]
  /// Rows of one day; on the busy day so many commits that SQLite checkpoints in between.
  private static let rowsPerDay: UInt64 = 30
  private static let busyDay: UInt64 = 2
  private static let busyRows: UInt64 = 640
  private static let millisecondsPerDay: Int64 = 86_400_000
  /// Rows that one version of the definitions holds for.
  private static let rowsPerVersion: UInt64 = 75
  private static let firstDay = Timestamp(seconds: 1_793_059_200)  // 2026-10-27
  /// Days that the gateway ran, counted from the first: the last ones of October, some of November and December, then on and on from
  /// 31 December. So three months come to their end in few days.
  private static let calendar: [Int64] = [0, 1, 2, 3, 4, 5, 33, 34, 35, 65]

  init(seed: UInt64) { self.seed = seed }

  private var hasBusyDay: Bool { seed % 2 == 0 }
  private var busyExtra: UInt64 { hasBusyDay ? Story.busyRows - Story.rowsPerDay : 0 }

  /// The last row of a run of that many days.
  func lastSeq(days: UInt64) -> UInt64 { days * Story.rowsPerDay + (days > Story.busyDay ? busyExtra : 0) }

  /// The day of a row, from 0, its place in it, and the rows of that day.
  private func place(of seq: UInt64) -> (day: UInt64, place: UInt64, count: UInt64) {
    let index = seq - 1
    let before = Story.busyDay * Story.rowsPerDay
    if index < before || !hasBusyDay {
      return (index / Story.rowsPerDay, index % Story.rowsPerDay, Story.rowsPerDay)
    }
    if index < before + Story.busyRows { return (Story.busyDay, index - before, Story.busyRows) }
    let rest = index - before - Story.busyRows
    return (Story.busyDay + 1 + rest / Story.rowsPerDay, rest % Story.rowsPerDay, Story.rowsPerDay)
  }

  func day(of seq: UInt64) -> UInt64 { place(of: seq).day }

  /// When it is recorded: sequence and clock go on together.
  func received(_ seq: UInt64) -> Timestamp {
    let (day, place, count) = place(of: seq)
    let step = Story.millisecondsPerDay / Int64(count)
    var random = random(seq, 1)
    let milliseconds = Int64(place) * step + Int64(random.next() % 900)
    let beyond = Int64(day) - Int64(Story.calendar.count) + 1
    let date = beyond > 0 ? Story.calendar[Story.calendar.count - 1] + beyond : Story.calendar[Int(day)]
    return Story.firstDay + (date * Story.millisecondsPerDay + milliseconds)
  }

  /// How many rows are committed together, beginning with this one; never over the end of a day or of a version.
  func commitSize(from seq: UInt64) -> UInt64 {
    var random = random(seq, 2)
    let (_, place, count) = place(of: seq)
    let wanted = count == Story.busyRows || random.happens(oneIn: 3) ? 1 : 1 + random.next() % 8
    return min(wanted, count - place, Story.rowsPerVersion - (seq - 1) % Story.rowsPerVersion)
  }

  /// The first row that retention must leave: months go whole, that long after their end.
  func firstKept(at now: Timestamp, retentionMilliseconds: Int64) -> UInt64 {
    var seq: UInt64 = 1
    while true {
      let received = received(seq)
      let date = CivilDate(daysSinceEpoch: received.milliseconds.flooredDivision(by: Story.millisecondsPerDay))
      let next =
        date.month == 12
        ? CivilDate(year: date.year + 1, month: 1, day: 1)
        : CivilDate(year: date.year, month: date.month + 1, day: 1)
      let end = Timestamp(milliseconds: next.daysSinceEpoch * Story.millisecondsPerDay)
      if end + retentionMilliseconds > now { return seq }
      let place = place(of: seq)
      seq += place.count - place.place
    }
  }

  /// Whether sealing goes on while rows are appended; else one after the other, so that a seed repeats a run exactly.
  var isUpkeepBeside: Bool { seed / 2 % 2 == 1 }

  /// Whether the gateway is stopped and started before this row.
  func isRestart(before seq: UInt64) -> Bool {
    var random = random(seq, 3)
    return place(of: seq).place == 0 && random.happens(oneIn: 4)
  }

  func version(at seq: UInt64) -> UInt64 { (seq - 1) / Story.rowsPerVersion }

  private func random(_ seq: UInt64, _ purpose: UInt64) -> Random {
    var mixed = Random(seed: seed &* 0x9E37_79B9 &+ purpose)
    return Random(seed: mixed.next() &+ seq &* 0xD134_2543_DE82_EF95)
  }

  // MARK: - Definitions

  /// The version stands in the ratio of the current transformers.
  func definitions(version: UInt64) -> [Definition] {
    let ratio = ExactDecimal(Int64(version + 1))
    let onBus = Story.meters.enumerated().map { place, id in
      Definition(
        meterID: id, bus: "bus", unitID: UInt8(place + 1), everyMilliseconds: 60_000, timeZone: "Asia/Shanghai",
        ctRatio: ratio,
        points: [
          .init(
            quantity: "energy_active_import", unit: "kWh", kind: .counter,
            register: .init(table: .holding, address: 0, type: .u32), side: .secondary)
        ])
    }
    let station = Definition.Station(
      id: Story.station, interrogateEveryMilliseconds: 900_000, countersEveryMilliseconds: 900_000)
    let atStation = Definition(
      meterID: Story.feeder, bus: "", unitID: 0, everyMilliseconds: 900_000, timeZone: "Asia/Shanghai", ctRatio: ratio,
      points: [], station: station,
      stationPoints: [
        .init(
          quantity: "current_l1", unit: "A", kind: .gauge, commonAddress: 47, objectAddress: 1, type: "M_ME",
          side: .secondary)
      ])
    return onBus + [atStation]
  }

  static func version(of definition: Definition) -> UInt64? {
    UInt64(definition.ctRatio.description).map { $0 - 1 }
  }

  /// By meter: SHA-256 of the canonical bytes that `docs/ARCHIVE-FORMAT.md` tells of.
  func hashes(version: UInt64) throws -> [String: String] {
    if let known = hashes[version] { return known }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var made: [String: String] = [:]
    for definition in definitions(version: version) {
      made[definition.meterID] = sha256Hex(try encoder.encode(definition))
    }
    hashes[version] = made
    return made
  }

  // MARK: - Observations

  func observation(_ seq: UInt64) throws -> Observation {
    var random = random(seq, 4)
    let received = received(seq)
    let meter = Story.meters[Int(random.next() % UInt64(Story.meters.count))]
    // Now and then a slot of the day before comes late.
    let due = random.happens(oneIn: 20) ? received - Story.millisecondsPerDay : received - received.milliseconds % 1000
    var observation = Observation(
      seq: seq, meterID: meter, time: due + 40, due: due, received: received,
      definition: try hashes(version: version(at: seq))[meter] ?? "", content: .poll([]))
    func ofGateway(_ content: Observation.Content) {
      (observation.meterID, observation.definition, observation.due) = ("", "", nil)
      (observation.time, observation.content) = (received, content)
    }
    func ofStation(_ content: Observation.Content) {
      (observation.meterID, observation.definition, observation.due) = (Story.station, "", nil)
      observation.content = content
    }
    switch random.next() % 16 {
    case 0:
      observation.content = .poll([Block(table: .holding, address: 0, count: 2, outcome: .timeout, bytes: [])])
      observation.time = due
    case 1:
      let frame = random.bytes(Int(random.next() % 40))
      observation.content = .poll([Block(table: .holding, address: 0, count: 2, outcome: .malformed, bytes: frame)])
    case 2:
      let first = due - 60_000 * Int64(random.next() % 300)
      let count = UInt32((due - first) / 60_000 + 1)
      observation.content = .missed(from: first, to: due, count: count, reason: .late)
      observation.time = first
      observation.due = first
    case 3: ofGateway(.forward(#"{"event":"cut","forward":"carbon","cut_seq":\#(seq)}"#))
    case 4: ofGateway(.clockOffset(bootID: Story.bootID, offsetMilliseconds: 0))
    case 5, 6: ofStation(.asdu(ReceivedASDU(bytes: Story.asdu(&random), repeated: [])))
    case 7:
      ofStation(
        .interrogation(
          Interrogation(kind: .general, commonAddress: 47, qualifier: 20, outcome: .timeout, absent: [1, 2, 3])))
    case 8: ofStation(.link(isUp: random.happens(oneIn: 2), reason: "the cable of seq \(seq)"))
    default:
      if random.happens(oneIn: 10) { observation.marks = .untrustedClock }
      observation.content = .poll(Story.blocks(seq, &random))
    }
    return observation
  }

  /// A reading, registers read along, and now and then more than a page of SQLite holds.
  private static func blocks(_ seq: UInt64, _ random: inout Random) -> [Block] {
    let value = withUnsafeBytes(of: UInt32(truncatingIfNeeded: seq).bigEndian) { Array($0) }
    var blocks = [Block(table: .holding, address: 0, count: 2, outcome: .ok, bytes: value)]
    for extra in 0..<(random.happens(oneIn: 12) ? 24 : 1) {
      blocks.append(
        Block(table: .input, address: UInt16(extra * 125), count: 125, outcome: .ok, bytes: random.bytes(250)))
    }
    return blocks
  }

  /// M_ME_NC_1, spontaneous, one object of common address 47; now and then something that is no ASDU at all.
  private static func asdu(_ random: inout Random) -> [UInt8] {
    if random.happens(oneIn: 5) { return random.bytes(Int(random.next() % 60)) }
    let value = withUnsafeBytes(of: Float(random.next() % 1000).bitPattern.littleEndian) { Array($0) }
    return [13, 1, 3, 0, 47, 0, 1, 0, 0] + value + [0]
  }
}
