import Archive
import Forwarding
import Foundation
import GRDB
import Metering
import Testing

/// What stations send in spool files: each object in the period of its own time.
@Suite struct StationForwardingTests {
  private let plant: Plant
  private let archive: Archive
  private let forwarder: Forwarder

  init() throws {
    plant = try Plant()
    archive = try plant.open()
    forwarder = try plant.forwarder(archive)
  }

  /// Ten o'clock in Shanghai: where the plant's clock begins.
  private let begin = Timestamp(rfc3339: "2026-11-21T10:00:00+08:00")!

  private func meter(_ id: String = "m1", scale: String = "1", address: UInt32 = 1, zone: String = "UTC") -> Definition
  {
    Definition(
      meterID: id, bus: "", unitID: 0, everyMilliseconds: 60_000, timeZone: "Asia/Shanghai", points: [],
      station: .init(
        id: "east", timeZone: zone, interrogateEveryMilliseconds: 60_000, countersEveryMilliseconds: 3_600_000),
      stationPoints: [
        .init(
          quantity: "x_value", unit: "1", kind: .gauge, commonAddress: 47, objectAddress: address, type: "M_ME",
          scale: ExactDecimal(scale)!)
      ])
  }

  /// M_ME_TE_1: scaled values with CP56Time2a in UTC (IEC 60870-5-101 clause 7.2.6.18).
  private func asdu(_ objects: [(address: UInt8, value: UInt8, at: Timestamp)], due: Timestamp? = nil) -> Observation {
    var bytes: [UInt8] = [35, UInt8(objects.count), due == nil ? 3 : 20, 0, 47, 0]
    for object in objects {
      let milliseconds = object.at.milliseconds
      let date = CivilDate(daysSinceEpoch: milliseconds.flooredDivision(by: 86_400_000))
      let ofMinute = milliseconds.flooredRemainder(by: 60_000)
      bytes += [object.address, 0, 0, object.value, 0, 0, UInt8(ofMinute & 0xFF), UInt8(ofMinute >> 8)]
      bytes += [UInt8(milliseconds / 60_000 % 60), UInt8(milliseconds / 3_600_000 % 24)]
      bytes += [UInt8(date.day), UInt8(date.month), UInt8(date.year - 2000)]
    }
    let now = plant.clock.now()
    return Observation(
      meterID: "east", time: objects.map(\.at).reduce(now) { min($0, $1) }, due: due, received: now, definition: "",
      content: .asdu(ReceivedASDU(bytes: bytes)))
  }

  private func take(_ observation: Observation) { #expect(archive.offer(observation)) }

  private func flush() async { #expect(await archive.flush()) }

  /// Lets the grace pass in small steps until that file lies there.
  private func file(_ name: String) async throws -> [String] {
    try await plant.until(name) {
      plant.clock.advance(milliseconds: 100)
      return plant.files().contains(name + ".sha256")
    }
    return plant.contents(name).split(separator: "\n").dropFirst().map { row in
      let columns = row.split(separator: ",", omittingEmptySubsequences: false)
      // time within the hour, meter, value, flags, seq, index
      return
        "\(columns[0].dropFirst(14).prefix(5)) \(columns[3]) \(columns[5]) \(columns[9]) \(columns[10])/\(columns[11])"
    }
  }

  private func name(_ minute: Int, _ revision: Int = 0) -> String {
    "site_carbon_20261121T020\(minute)00Z_r\(revision).csv"
  }

  private func start(_ definitions: [Definition]) async throws {
    try await plant.until("the beginning") { archive.health.headSeq >= 1 }
    _ = try await archive.use(definitions, from: plant.clock.now())
  }

  private func end() async {
    await forwarder.stop()
    await archive.close()
  }

  @Test func lateObjectsMakeANewRevisionOfTheirOwnPeriod() async throws {
    try await start([meter()])
    take(asdu([(1, 1, begin + 10_000)]))
    plant.clock.advance(milliseconds: 60_000)
    take(asdu([(1, 2, begin + 61_000)]))
    await flush()
    #expect(try await file(name(0)) == ["00:10 m1 1  2/0"])
    plant.clock.advance(milliseconds: 60_000)
    #expect(try await file(name(1)) == ["01:01 m1 2  3/0"])
    let before = plant.contents(name(0))
    // One ASDU of three periods, and one object that nobody named.
    take(asdu([(1, 3, begin + 20_000), (9, 9, begin + 30_000), (1, 4, begin + 62_000), (1, 5, plant.clock.now())]))
    await flush()
    let cut = archive.health.headSeq
    #expect(try await file(name(0, 1)).count == 2)
    #expect(try await file(name(0, 1)) == ["00:10 m1 1  2/0", "00:20 m1 3  \(cut)/0"])
    #expect(try await file(name(1, 1)) == ["01:01 m1 2  3/0", "01:02 m1 4  \(cut)/2"])
    #expect(plant.contents(name(0)) == before)
    plant.clock.advance(milliseconds: 60_000)
    #expect(try await file(name(2)).map { $0.suffix(2) } == ["/3"])
    // Nobody's object made no revision.
    #expect(!plant.files().contains(name(0, 2)))
    await end()
  }

  @Test func failuresLandInThePeriodOfTheirSlotAndALostLinkInItsOwn() async throws {
    try await start([meter(), meter("m2", address: 2)])
    take(asdu([(1, 1, begin + 1000)], due: begin))
    plant.clock.advance(milliseconds: 65_000)
    // The interrogation of ten o'clock ends in the next period.
    take(
      Observation(
        meterID: "east", time: begin, due: begin, received: plant.clock.now(), definition: "",
        content: .interrogation(
          Interrogation(kind: .general, commonAddress: 47, qualifier: 20, outcome: .timeout, absent: [2]))))
    plant.clock.advance(milliseconds: 5000)
    take(
      Observation(
        meterID: "east", time: plant.clock.now(), due: nil, received: plant.clock.now(), definition: "",
        content: .link(isUp: false, reason: "t1")))
    await flush()
    #expect(try await file(name(0)) == ["00:01 m1 1  2/0", "00:00 m2  timeout 3/0"])
    plant.clock.advance(milliseconds: 60_000)
    #expect(
      try await file(name(1)) == ["01:10 m1  link-down+not-topical 4/0", "01:10 m2  link-down+not-topical 4/0"])
    try await plant.until("the receipts") { forwarder.status.rowsDelivered == 4 }
    await end()
  }

  /// Over everything that a reload can change in between.
  @Test func rebuiltFilesAreTheSameBytes() async throws {
    try await start([meter(scale: "2")])
    take(asdu([(1, 1, begin + 1000), (2, 2, begin + 2000)], due: begin))
    plant.clock.advance(milliseconds: 60_000)
    await flush()
    _ = try await file(name(0))
    // Another ratio, another zone, and a meter that comes first in order.
    _ = try await archive.use(
      [meter(scale: "3", zone: "+00:00"), meter("a0", address: 2, zone: "+00:00")], from: plant.clock.now())
    take(asdu([(1, 3, begin + 3000), (2, 4, plant.clock.now()), (1, 5, plant.clock.now())]))
    plant.clock.advance(milliseconds: 60_000)
    await flush()
    #expect(try await file(name(0, 1)).map { $0.prefix(10) } == ["00:01 m1 2", "00:03 m1 6"])
    #expect(try await file(name(1)).count == 2)
    await forwarder.stop()
    let files = plant.files()
    #expect(files.count == 6)
    let before = Dictionary(uniqueKeysWithValues: files.map { ($0, plant.contents($0)) })
    _ = try await archive.use([meter("z9", address: 2, zone: "+08:00")], from: plant.clock.now())
    let ledger = try DurableDatabase.openForWriting(plant.root + "/archive/forward-carbon.sqlite")
    try await ledger.write { db in try db.execute(sql: "UPDATE file SET delivered_at = NULL, sha256 = NULL") }
    try ledger.close()
    for file in files { try FileManager.default.removeItem(atPath: plant.spool + "/" + file) }
    let again = try plant.forwarder(archive)
    try await plant.until("the files") { plant.files() == files }
    for file in files { #expect(plant.contents(file) == before[file], "\(file)") }
    await again.stop()
    await archive.close()
  }

  @Test func aLostLedgerFindsTheSamePeriods() async throws {
    try await start([meter()])
    for minute in 0..<4 {
      // Each one brings something from before.
      let now = plant.clock.now()
      take(asdu([(1, UInt8(minute), now), (1, 50, max(begin, now - 60_000))]))
      await flush()
      plant.clock.advance(milliseconds: 60_000)
    }
    for minute in 0..<4 { _ = try await file(name(minute)) }
    // No more revisions are to come.
    try await plant.until("rest") { forwarder.status.waiting == 0 }
    await forwarder.stop()
    let (rows, delivered) = (forwarder.status.rowsDelivered, forwarder.status.filesDelivered)
    let files = plant.files()
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.removeItem(atPath: plant.root + "/archive/forward-carbon.sqlite" + suffix)
    }
    let again = try plant.forwarder(archive)
    try await plant.until("the ledger") { again.status.filesDelivered == delivered }
    #expect(again.status.rowsDelivered == rows && plant.files() == files)
    await again.stop()
    await archive.close()
  }
}
