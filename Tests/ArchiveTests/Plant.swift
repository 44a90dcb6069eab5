import Archive
import Files
import Glibc
import Metering
import Synchronization
import Testing
import Threads

/// Some days of a small plant: a meter with holes between its registers, one that fails now and then, a station.
final class Plant {
  private(set) var archive: Archive
  var now: Timestamp
  private let scratch: Scratch
  private var hashes: [String: String] = [:]
  private var count = 0
  private var scale = 0

  init(_ scratch: Scratch, at time: Timestamp = Timestamp(rfc3339: "2026-11-21T20:00:00Z")!) async throws {
    self.scratch = scratch
    now = time
    archive = try open(scratch)
  }

  var definitions: [Definition] {
    let rich = Definition(
      meterID: "m1", bus: "b", unitID: 1, everyMilliseconds: 900_000, timeZone: "Asia/Shanghai",
      points: [
        .init(
          quantity: "energy_active_import", unit: "kWh", kind: .counter,
          register: .init(table: .holding, address: 0, type: .u32, order: .cdab),
          scale: ExactDecimal(significand: Int128(1 + scale), exponent: -2)),
        .init(
          quantity: "voltage_l1", unit: "V", kind: .gauge, register: .init(table: .holding, address: 4, type: .f32)),
        .init(quantity: "x_state", unit: "", kind: .gauge, register: .init(table: .coil, address: 3, type: .bool)),
      ])
    return [
      rich, definition("m2", every: 900_000),
      stationMeter("feeder-1", [("current_l1", 700, "M_ME"), ("x_two", 701, "M_ME")]),
    ]
  }

  /// A day is some 100 slots; the definition of one meter changes in each.
  func run(days: Int) async throws {
    for _ in 0..<days {
      scale += 1
      hashes = try await archive.use(definitions, from: now)
      for _ in 0..<97 { try slot() }
    }
    #expect(await archive.flush())
  }

  private func slot() throws {
    count += 1
    let due = Timestamp(milliseconds: (now.milliseconds / 900_000 + 1) * 900_000)
    now = due + 40
    let energy = UInt32(truncatingIfNeeded: 4_294_967_000 + 13 * count)
    let voltage = (230 + Float(count % 17) / 8).bitPattern
    let words = [
      UInt16(truncatingIfNeeded: energy), UInt16(energy >> 16), UInt16(truncatingIfNeeded: count), 7,
      UInt16(voltage >> 16), UInt16(truncatingIfNeeded: voltage),
    ]
    var blocks = [
      Block(
        table: .holding, address: 0, count: 6, outcome: .ok,
        bytes: words.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }),
      Block(table: .coil, address: 0, count: 10, outcome: .ok, bytes: [UInt8(count & 8), 1]),
    ]
    if count % 19 == 0 {
      blocks[1] = Block(table: .coil, address: 0, count: 10, outcome: .malformed, bytes: [1, 2, 3])
    }
    try offer(blocks, "m1", due, at: due + Int64(20 + count % 7))
    let fails = count % 11 < 3
    try offer(
      [Block(table: .holding, address: 0, count: 1, outcome: fails ? .timeout : .ok, bytes: fails ? [] : [0, 9])], "m2",
      due, at: fails ? due : due + 31)
    if count % 23 == 0 {
      try #require(
        archive.offer(
          Observation(
            meterID: "m2", time: due, due: due, received: now, definition: hashes["m2"] ?? "",
            content: .missed(from: due, to: due + 1_800_000, count: 3, reason: .probing))))
    }
    let value = Int16(truncatingIfNeeded: count)
    try #require(
      archive.offer(
        try tagged(
          [(700, value, due - 3000), (701, -value, due - 2000)], received: now, repeated: count % 5 == 0 ? [1] : [])))
    if count % 4 == 0 {
      try #require(archive.offer(try tagged([(700, value, nil)], received: now, due: due)))
      try #require(archive.offer(interrogation(.complete, due: due, received: now, absent: [701])))
    }
    if count % 50 == 0 {
      try #require(
        archive.offer(
          Observation(meterID: "", time: now, due: nil, received: now, definition: "", content: .forward("{}"))))
    }
  }

  private func offer(_ blocks: [Block], _ meterID: String, _ due: Timestamp, at time: Timestamp) throws {
    try #require(
      archive.offer(
        Observation(
          meterID: meterID, time: time, due: due, received: now, definition: hashes[meterID] ?? "",
          content: .poll(blocks))))
  }

  @discardableResult
  func maintain(
    trustedNow: Timestamp? = nil, step: @escaping @Sendable (Maintenance.Step) throws -> Void = { _ in }
  ) async throws -> Maintenance.Report {
    let (archive, clock) = (archive, ManualClock(now))
    return try await OwnThread.run(name: "maintain") {
      try Maintenance(
        archive, keyPath: archive.path + "/signing-key.pem", retentionMilliseconds: 1826 * day, clock: clock, step: step
      ).run(trustedNow: trustedNow)
    }
  }

  func scrub() async throws -> (file: String, faults: [String])? {
    let (archive, clock) = (archive, ManualClock(now))
    return try await OwnThread.run(name: "scrub") {
      try Maintenance(
        archive, keyPath: archive.path + "/signing-key.pem", retentionMilliseconds: 1826 * day, clock: clock
      ).scrub()
    }
  }

  func reopen() async throws {
    await archive.close()
    archive = try open(scratch)
  }

  func files(_ directory: String) -> [String] {
    (try? Files.names(in: "\(scratch.path)/archive/\(directory)")) ?? []
  }

  func loseCatalog() {
    for suffix in ["", "-wal", "-shm"] { unlink("\(scratch.path)/archive/catalog.sqlite\(suffix)") }
  }
}
