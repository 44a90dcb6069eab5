import Acquisition
import Archive
import Foundation
import Logging
import Metering
import Modbus
import Simulation
import Testing

/// The way from a simulated meter's socket into the archive, with the real clock and 100 ms slots.
final class PolledLine: Sendable {
  let root: String
  let simulator: Simulator
  let archive: Archive
  let acquisition: Acquisition
  let definitions: [Definition]

  init(meters: Int) throws {
    root = NSTemporaryDirectory() + "meterd-acquisition-\(UUID().uuidString)"
    definitions = (1...meters).map { unit in
      Definition(
        meterID: "m\(unit)", bus: "b", unitID: UInt8(unit), everyMilliseconds: 100, timeZone: "Asia/Shanghai",
        points: [("energy_active_import", 0), ("power_active", 40)].map { quantity, address in
          .init(
            quantity: quantity, unit: quantity == "power_active" ? "kW" : "kWh",
            kind: quantity == "power_active" ? .gauge : .counter,
            register: .init(table: .input, address: UInt16(address), type: .f32))
        })
    }
    simulator = try Simulator(
      buses: [.init(id: "b", endpoint: .tcp(host: "127.0.0.1", port: 0), meters: definitions)], clock: SystemClock(),
      zoneOffset: { _ in 28_800 }, seed: 1)
    archive = try Archive(
      .init(path: root, site: "s", commitEveryMilliseconds: 50, bootID: "boot"), clock: SystemClock())
    let clock = TrustedClock(SystemClock(), lastCommit: nil, isSynchronised: { true })
    acquisition = Acquisition(archive: archive, clock: clock, logger: Logger(label: "test"))
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func plans(port: Int, only: Set<String>? = nil) throws -> (BusPlan, [MeterPlan]) {
    let bus = BusSettings(
      id: "b", transport: .tcp(host: "127.0.0.1", port: UInt16(port)), timeoutMilliseconds: 1000)
    let meters = try definitions.filter { only?.contains($0.meterID) ?? true }.map {
      try MeterPlan($0)
    }
    return (BusPlan(settings: bus, probeEveryMilliseconds: 300), meters)
  }

  func start(only: Set<String>? = nil) async throws -> Int {
    let port = try #require(try await simulator.start()["b"])
    let (bus, meters) = try plans(port: port, only: only)
    #expect(try await acquisition.configure(buses: [bus], meters: meters).isEmpty)
    try acquisition.start()
    return port
  }

  func stop() async {
    await acquisition.stop()
    await archive.close()
    await simulator.stop()
  }

  func observations(_ meterID: String) throws -> [Observation] {
    var result: [Observation] = []
    try ArchiveReader(path: root).forEachEntry(seqs: 1...UInt64(Int64.max)) {
      if $0.observation.meterID == meterID { result.append($0.observation) }
    }
    return result
  }

  func until(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<3000 {
      if try condition() { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("\(what) did not come about")
  }

  static func outcomes(_ observation: Observation) -> [Outcome] {
    guard case .poll(let blocks) = observation.content else { return [] }
    return blocks.map(\.outcome)
  }

  /// Every slot between the first and the last is there once: polled, or missed with a reason.
  static func slotsAreWhole(_ observations: [Observation]) -> Bool {
    var slots: [Int64] = []
    for o in observations {
      guard let due = o.due else { return false }
      if case .missed(let from, let to, let count, _) = o.content {
        guard (to - from) / 100 + 1 == Int64(count) else { return false }
        slots += stride(from: from.milliseconds, through: to.milliseconds, by: 100)
      } else {
        slots.append(due.milliseconds)
      }
    }
    slots.sort()
    return zip(slots, slots.dropFirst()).allSatisfy { $1 - $0 == 100 }
  }
}

@Suite(.serialized) struct AcquisitionTests {
  @Test func everySlotOfEveryMeterIsInTheArchiveOnce() async throws {
    let line = try PolledLine(meters: 3)
    _ = try await line.start()
    try await line.until("100 observations") { line.archive.health.headSeq >= 100 }
    await line.stop()
    for meter in ["m1", "m2", "m3"] {
      let observations = try line.observations(meter)
      #expect(observations.count > 20 && PolledLine.slotsAreWhole(observations))
      let answered = observations.filter { PolledLine.outcomes($0) == [.ok] }
      #expect(!answered.isEmpty)
      for o in answered { #expect(o.time == o.received && o.due.map { $0 <= o.time } == true) }
    }
  }

  @Test func aDeadMeterIsProbedAndComesBackWhileTheOthersGoOn() async throws {
    let line = try PolledLine(meters: 2)
    _ = try await line.start()
    try await line.until("both meters") { line.archive.health.headSeq >= 10 }
    try line.simulator.setFault(.silent, ofMeter: "m1")
    try await line.until("probing") {
      try line.observations("m1").contains { if case .missed(_, _, _, .probing) = $0.content { true } else { false } }
    }
    #expect(
      line.acquisition.buses.first?.meters["m1"]?.device.lastError?.contains("b unit 1 (m1): no answer in 1000 ms")
        == true)
    try line.simulator.setFault(.none, ofMeter: "m1")
    let before = try line.observations("m1").count
    try await line.until("the answer") {
      try line.observations("m1").dropFirst(before).contains { PolledLine.outcomes($0) == [.ok] }
    }
    await line.stop()
    #expect(PolledLine.slotsAreWhole(try line.observations("m1")))
    #expect(PolledLine.slotsAreWhole(try line.observations("m2")))
    #expect(try line.observations("m2").allSatisfy { PolledLine.outcomes($0).allSatisfy { $0 == .ok } })
    #expect(try line.observations("m1").contains { PolledLine.outcomes($0).first == .timeout })
  }

  @Test func aRefusalIsRecordedWithItsCodeAndTheLinkStays() async throws {
    let line = try PolledLine(meters: 1)
    _ = try await line.start()
    try line.simulator.setFault(.exception(4), ofMeter: "m1")
    try await line.until("the refusal") {
      try line.observations("m1").contains { PolledLine.outcomes($0).first == .exception(4) }
    }
    try line.simulator.setFault(.none, ofMeter: "m1")
    let before = try line.observations("m1").count
    try await line.until("the answer") {
      try line.observations("m1").dropFirst(before).contains { PolledLine.outcomes($0) == [.ok] }
    }
    await line.stop()
    #expect(line.acquisition.buses.first?.statistics.counts.linkFailures == 0)
  }

  @Test func aDeviceThatRefusesToReadHolesIsAskedWithoutThem() async throws {
    let line = try PolledLine(meters: 1)
    try line.simulator.setFault(.refuses([10...30]), ofMeter: "m1")
    _ = try await line.start()
    try await line.until("two requests a poll") {
      try line.observations("m1").contains { PolledLine.outcomes($0) == [.ok, .ok] }
    }
    await line.stop()
    // The slot in which the device refused has both values as well.
    #expect(try line.observations("m1").first.map(PolledLine.outcomes) == [.exception(2), .ok, .ok])
  }

  @Test func aReloadStartsAndStopsMetersAndLeavesTheOthersAlone() async throws {
    let line = try PolledLine(meters: 3)
    let port = try await line.start(only: ["m1", "m2"])
    try await line.until("both") { line.archive.health.headSeq >= 20 }
    let (bus, meters) = try line.plans(port: port, only: ["m2", "m3"])
    _ = try await line.acquisition.configure(buses: [bus], meters: meters)
    let gone = try line.observations("m1").count
    try await line.until("the new meter") { try line.observations("m3").count >= 10 }
    await line.stop()
    #expect(try line.observations("m1").count <= gone + 2)
    let kept = try line.observations("m2")
    #expect(PolledLine.slotsAreWhole(kept) && kept.allSatisfy { PolledLine.outcomes($0) == [.ok] })
    #expect(PolledLine.slotsAreWhole(try line.observations("m3")))
  }

  @Test func nobodyListeningIsALinkFailureNotAMetersFailure() async throws {
    let line = try PolledLine(meters: 1)
    let (bus, meters) = try line.plans(port: 1)
    _ = try await line.acquisition.configure(buses: [bus], meters: meters)
    try line.acquisition.start()
    try await line.until("the failure") { line.archive.health.headSeq >= 5 }
    await line.acquisition.stop()
    await line.archive.close()
    let observations = try line.observations("m1")
    #expect(
      observations.allSatisfy { PolledLine.outcomes($0) == [.linkDown] } && PolledLine.slotsAreWhole(observations))
    #expect(line.acquisition.buses.first?.meters["m1"]?.device.failures == 0)
  }

  @Test func theTimeWithoutMeterdIsAGapWithItsReason() async throws {
    let line = try PolledLine(meters: 1)
    _ = try await line.start()
    try await line.until("some") { line.archive.health.headSeq >= 5 }
    await line.acquisition.stop()
    await line.archive.close()
    let before = try line.observations("m1").count
    let last = try #require(try line.observations("m1").last?.due)
    try await line.until("a slot that nobody polls") { SystemClock().now() - last > 500 }
    let archive = try Archive(
      .init(path: line.root, site: "s", commitEveryMilliseconds: 50, bootID: "boot"), clock: SystemClock())
    let clock = TrustedClock(SystemClock(), lastCommit: nil, isSynchronised: { true })
    let again = Acquisition(archive: archive, clock: clock, logger: Logger(label: "test"))
    try again.recordDowntime()
    await archive.close()
    await line.simulator.stop()
    let observations = try line.observations("m1")
    #expect(observations.count == before + 1 && PolledLine.slotsAreWhole(observations))
    guard case .missed(_, _, _, .gatewayDown) = observations.last?.content else {
      Issue.record("no gateway-down record: \(String(describing: observations.last))")
      return
    }
  }
}
