import Accounting
import Archive
import Glibc
import Metering
import Proof
import Series
import Testing
import Threads

/// Twenty meters a quarter of an hour each, for a quarter of a year (five years with METERD_SOAK=1): outages, meters that fail,
/// ratios that change, a clock that is set back, a restart every day. What was counted is right to the unit, and the archive proves itself.
@Suite struct LongRunTests {
  @Test(.timeLimit(.minutes(240))) func totalsAreRightToTheUnitAndTheArchiveProvesItself() async throws {
    let days: Int64 = getenv("METERD_SOAK") == nil ? 92 : 1826
    var plant = try LongRun(days: days)
    try await plant.run()
    let end = plant.now
    let reader = SeriesReader(try ArchiveReader(path: plant.path))
    for meter in plant.meters {
      var sum = ExactDecimal.zero
      var months = 0
      try reader.forEachTotal(
        meterID: meter.id, "energy_active_import", by: .month, from: plant.start - day, to: end, now: end
      ) { row in
        sum = sum.adding(row.total ?? .zero) ?? .zero
        months += row.flags.contains("spanning") ? 0 : 1
      }
      #expect(sum == meter.counted, "\(meter.id)")
      #expect(months >= Int(days / 31))
    }
    let path = plant.path
    let report = try await OwnThread.run(name: "verify") { try ArchiveVerifier(path: path, threads: 2).run() }
    #expect(report.problems.isEmpty)
    #expect(report.chain.manifests >= UInt64(days) - 1 && report.rows + report.hotRows == plant.rows)
  }
}

private struct LongRun {
  struct Meter {
    let id: String
    var register: UInt32
    var ratio: Int
    var failing = 0
    /// Since the last good reading; nil before the first.
    var pending: Int?
    var counted = ExactDecimal.zero
  }

  private static let every = 15 * minute
  private let scratch = Scratch()
  let path: String
  let start: Timestamp
  private let end: Timestamp
  private(set) var now: Timestamp
  private(set) var meters: [Meter]
  private(set) var rows: UInt64 = 0
  private var random = SplitMix64(state: 20_261_121)
  private var archive: Archive
  private var hashes: [String: String] = [:]
  private var down: Timestamp?

  init(days: Int64) throws {
    path = scratch.path + "/archive"
    start = try at("2026-01-31T16:00:00Z")
    now = start
    end = start + days * day
    archive = try LongRun.open(path)
    meters = (1...20).map { Meter(id: "m\($0)", register: UInt32(4_294_900_000 + 977 * $0), ratio: 1) }
  }

  private static func open(_ path: String) throws -> Archive {
    try Archive(
      .init(path: path, site: "s", commitEveryMilliseconds: 1000, bootID: "boot"), clock: SystemClock())
  }

  mutating func run() async throws {
    try await use()
    var slot = start
    while slot < end {
      try poll(slot)
      now = slot + 1000
      // The gateway is restarted at two in the morning; what is over is sealed.
      if (slot - start) % day == 10 * hour { try await restart() }
      slot = slot + LongRun.every
    }
    if let down { try missed(from: down, to: end - LongRun.every) }
    #expect(await archive.close())
  }

  private mutating func restart() async throws {
    #expect(await archive.close())
    archive = try LongRun.open(path)
    // Some day a meter gets other current transformers.
    if Int.random(in: 0..<9, using: &random) == 0 {
      let place = Int.random(in: meters.indices, using: &random)
      meters[place].ratio = meters[place].ratio == 1 ? 20 : 1
      try await use()
    }
    let (archive, now) = (archive, now)
    _ = try await OwnThread.run(name: "seal") {
      try Maintenance(
        archive, keyPath: archive.path + "/signing-key.pem", retentionMilliseconds: 1827 * day,
        clock: StillClock(time: now)
      ).run(trustedNow: now)
    }
  }

  private mutating func use() async throws {
    hashes = try await archive.use(
      meters.map { meter in
        Definition(
          meterID: meter.id, bus: "b", unitID: 1, everyMilliseconds: LongRun.every, timeZone: "Asia/Shanghai",
          ctRatio: ExactDecimal(meter.ratio),
          points: [
            .init(
              quantity: "energy_active_import", unit: "kWh", kind: .counter,
              register: .init(table: .holding, address: 0, type: .u32, order: .cdab), scale: decimal("0.01"),
              side: .secondary, modulus: decimal("42949672.96"))
          ])
      }, from: now)
  }

  private mutating func poll(_ slot: Timestamp) throws {
    for place in meters.indices {
      let amount = Int.random(in: 0...40, using: &random)
      meters[place].register &+= UInt32(amount)
      meters[place].pending = meters[place].pending.map { $0 + amount }
    }
    if down == nil, Int.random(in: 0..<300, using: &random) == 0 { down = slot }
    if let since = down {
      if Int.random(in: 0..<20, using: &random) == 0 {
        try missed(from: since, to: slot)
        down = nil
      }
      return
    }
    for place in meters.indices { try poll(slot, place, after: 40) }
    // The clock is set back by some seconds: the slot comes once more.
    if Int.random(in: 0..<200, using: &random) == 0 {
      for place in meters.indices where meters[place].failing == 0 { try poll(slot, place, after: 55, .repeatedLabel) }
    }
  }

  private mutating func poll(
    _ slot: Timestamp, _ place: Int, after delay: Int64, _ marks: Observation.Marks = []
  ) throws {
    var meter = meters[place]
    defer { meters[place] = meter }
    if meter.failing == 0, Int.random(in: 0..<150, using: &random) == 0 {
      meter.failing = Int.random(in: 1...40, using: &random)
    }
    var block = Block(table: .holding, address: 0, count: 2, outcome: .timeout, bytes: [])
    if meter.failing > 0 {
      meter.failing -= 1
    } else {
      // What was counted across a change of the ratio counts at the new one.
      let step = ExactDecimal(significand: Int128((meter.pending ?? 0) * meter.ratio), exponent: -2)
      meter.counted = meter.counted.adding(step) ?? .zero
      meter.pending = 0
      let (low, high) = (UInt16(truncatingIfNeeded: meter.register), UInt16(meter.register >> 16))
      block.outcome = .ok
      block.bytes = [low, high].flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
    }
    try offer(
      Observation(
        meterID: meter.id, time: block.outcome == .ok ? slot + delay : slot, due: slot, received: slot + delay,
        definition: hashes[meter.id] ?? "", marks: marks, content: .poll([block])))
  }

  private mutating func missed(from: Timestamp, to: Timestamp) throws {
    for meter in meters {
      try offer(
        Observation(
          meterID: meter.id, time: from, due: from, received: to, definition: hashes[meter.id] ?? "",
          content: .missed(
            from: from, to: to, count: UInt32((to - from) / LongRun.every) + 1, reason: .gatewayDown)))
    }
  }

  private mutating func offer(_ observation: Observation) throws {
    rows += 1
    var isTaken = archive.offer(observation)
    while !isTaken { isTaken = archive.flushBlocking() && archive.offer(observation) }
  }
}
