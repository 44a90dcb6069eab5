import Archive
import Files
import Glibc
import Metering
import Threads

/// What is to be written.
struct SamplePlan {
  let directory: String
  let days: Int
  let meters: Int
  let everyMilliseconds: Int64
  let seed: UInt64
  let firstDay: CivilDate
}

/// Lives through the days of a sample archive: polls its meters, commits, and seals each day when the next has begun.
struct SampleRun {
  /// Rows of one commit: one fsync a second, as meterd does, would take the disk as long as the days are many.
  private static let rowsOfCommit = 20_000
  private static let day: Int64 = 86_400_000

  private let plan: SamplePlan
  private let clock: ManualClock
  private let archive: Archive
  private var meters: [SampleMeter]
  /// By meter the slot from which on it answers.
  private var silentUntil: [Int]
  /// The slot from which on there is a gateway.
  private var missedUntil = 0
  private var hashes: [String: String] = [:]
  private var random: Random
  private var waiting = 0
  private var rows = 0

  init(_ plan: SamplePlan) throws {
    self.plan = plan
    clock = ManualClock(Timestamp(milliseconds: plan.firstDay.daysSinceEpoch * SampleRun.day))
    guard try Files.names(in: plan.directory).isEmpty else { throw SampleError("\(plan.directory) is not empty") }
    archive = try Archive(
      .init(
        path: plan.directory, site: "sample", commitEveryMilliseconds: 1000, bootID: String(repeating: "5a", count: 16)),
      clock: clock)
    meters = (1...plan.meters).map { SampleMeter(number: $0, seed: plan.seed) }
    silentUntil = meters.map { _ in 0 }
    random = Random(seed: plan.seed)
  }

  /// - Parameter sealed: is told the name of each day.
  /// - Returns: how many rows there are.
  mutating func run(sealed: (String) -> Void) async throws -> Int {
    let slots = Int(SampleRun.day / plan.everyMilliseconds)
    try await use(ctRatio: 20)
    for number in 0...plan.days {
      // Of today only so much that yesterday is over.
      for slot in 0..<(number < plan.days ? slots : 1) {
        try poll(day: number, slot: slot, slots: slots)
        if slot == 0, number > 0 { for name in try await maintain() { sealed(name) } }
      }
      if number == plan.days / 2 { try await use(ctRatio: 30) }
      if number == 1 { try correct() }
    }
    try commit()
    await archive.close()
    return rows
  }

  private mutating func use(ctRatio: Int) async throws {
    try commit()
    // The ratio of one meter was wrong: that is what changes.
    let definitions = meters.enumerated().map { number, meter in
      meter.definition(everyMilliseconds: plan.everyMilliseconds, ctRatio: number == 0 ? ctRatio : 20)
    }
    hashes = try await archive.use(definitions, from: clock.now())
  }

  private mutating func correct() throws {
    try commit()
    let now = clock.now()
    let json = """
      {"action":"exclude","author":"sample-archive","from":\((now - 7_200_000).milliseconds),"id":"hose-burst",\
      "meterID":"\(meters[0].id)","reason":"A simulated hose burst.","recordedAt":\(now.milliseconds),\
      "to":\((now - 3_600_000).milliseconds)}
      """
    _ = try archive.record(.correction, Array(json.utf8), at: now)
  }

  private mutating func maintain() async throws -> [String] {
    try commit()
    let (archive, clock) = (archive, clock)
    return try await OwnThread.run(name: "maintain") {
      try Maintenance(
        archive, keyPath: archive.path + "/signing-key.pem", retentionMilliseconds: 1826 * SampleRun.day, clock: clock
      ).run(trustedNow: clock.now()).sealed
    }
  }

  // MARK: - A slot

  private mutating func poll(day: Int, slot: Int, slots: Int) throws {
    let place = day * slots + slot
    if place < missedUntil { return }
    let due = Timestamp(
      milliseconds: (plan.firstDay.daysSinceEpoch + Int64(day)) * SampleRun.day + Int64(slot) * plan.everyMilliseconds)
    // Nothing ran for some slots: thirteen times a year.
    if slot > 0, slot + 12 < slots, random.happens(oneIn: 28 * slots) {
      let missed = 1 + Int(random.next() % 10)
      missedUntil = place + missed
      return try offerMissed(due, slots: missed)
    }
    advance(to: due + 30)
    let hours = Double(plan.everyMilliseconds) / 3_600_000
    let level = SampleRun.level(due, hours)
    var marks: Observation.Marks = []
    // The clock is set back by half a slot: its label comes again.
    if random.happens(oneIn: 12 * slots) {
      try pollAll(due, level, hours, marks)
      clock.step(milliseconds: -min(plan.everyMilliseconds / 2, 20_000))
      marks = .repeatedLabel
    }
    // Once a week a meter is silent for up to three hours.
    for number in meters.indices where silentUntil[number] <= place && random.happens(oneIn: 7 * slots) {
      silentUntil[number] = place + 1 + Int(random.next() % UInt64(max(1, slots / 8)))
    }
    let silentUntil = silentUntil
    try pollAll(due, level, hours, marks) { silentUntil[$0] > place }
  }

  private mutating func pollAll(
    _ due: Timestamp, _ level: Double, _ hours: Double, _ marks: Observation.Marks,
    silent: (Int) -> Bool = { _ in false }
  ) throws {
    for number in meters.indices {
      let isSilent = silent(number)
      clock.advance(milliseconds: isSilent ? 100 : 10 + Int64(random.next() % 8))
      let blocks = isSilent ? meters[number].silence : meters[number].blocks(level: level, hours: hours)
      let now = clock.now()
      try offer(
        Observation(
          meterID: meters[number].id, time: isSilent ? due : now, due: due, received: now,
          definition: hashes[meters[number].id] ?? "", marks: marks, content: .poll(blocks)))
    }
  }

  private mutating func offerMissed(_ first: Timestamp, slots: Int) throws {
    let last = first + Int64(slots - 1) * plan.everyMilliseconds
    advance(to: last + plan.everyMilliseconds / 2)
    let now = clock.now()
    for meter in meters {
      try offer(
        Observation(
          meterID: meter.id, time: first, due: first, received: now, definition: hashes[meter.id] ?? "",
          marks: .untrustedClock,
          content: .missed(from: first, to: last, count: UInt32(slots), reason: .gatewayDown)))
    }
    try offer(
      Observation(
        meterID: "", time: now, due: nil, received: now, definition: "",
        content: .clockOffset(bootID: archive.bootID, offsetMilliseconds: 0)))
  }

  private func advance(to time: Timestamp) { clock.advance(milliseconds: max(0, time - clock.now())) }

  private mutating func offer(_ observation: Observation) throws {
    guard archive.offer(observation) else { throw SampleError("the archive's window is full") }
    rows += 1
    waiting += 1
    if waiting >= SampleRun.rowsOfCommit { try commit() }
  }

  private mutating func commit() throws {
    waiting = 0
    guard archive.flushBlocking() else {
      throw SampleError(archive.health.failure ?? "what was written could not be committed")
    }
  }

  /// What the plant does: little at night and on Sundays.
  private static func level(_ time: Timestamp, _ hours: Double) -> Double {
    let local = time.milliseconds + 8 * 3_600_000
    let hour = Double(local.flooredRemainder(by: day)) / 3_600_000
    let weekday = (local.flooredDivision(by: day) + 3).flooredRemainder(by: 7)
    let shift = weekday == 6 ? 0.1 : 0.8 * exp(-pow((hour - 13) / 5, 2))
    return 0.15 + shift + 0.05 * sin(hour * 40)
  }
}

struct SampleError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
