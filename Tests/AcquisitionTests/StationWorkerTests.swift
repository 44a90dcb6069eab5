import Archive
import Decoding
import Dispatch
import Foundation
import IEC104
import IEC104Client
import Logging
import Metering
import NIOCore
import NIOPosix
import Simulation
import Synchronization
import Testing

@testable import Acquisition

/// From a station's socket to the archive: its clock, its failures, its end.
@Suite struct StationWorkerTests {
  /// Says when it may be believed.
  private final class Switch: Sendable {
    let isOn = Atomic(false)
  }

  private final class Station: Sendable {
    let root = NSTemporaryDirectory() + "meterd-station-\(UUID().uuidString)"
    let simulator: Simulator
    let outstation: SimulatedOutstation
    let archive: Archive
    let acquisition: Acquisition
    let plan: StationPlan

    init(
      clock: any WallClock = SystemClock(), isSynchronised: @escaping TrustedClock.Synchronised = { true },
      startup: [Procedures.Kind] = [], t1Milliseconds: Int = 15_000
    ) async throws {
      let definition = RedundancyTests.definition("s")
      let station = try #require(definition.station)
      let simulated = SimulatedStation(
        id: "s", endpoints: [.init(host: "127.0.0.1", port: 0)], definition: station, meters: [definition],
        options: .init(spontaneousEveryMilliseconds: nil))
      simulator = try Simulator(
        buses: [], stations: [simulated], clock: SystemClock(), zoneOffset: { _ in 0 }, seed: 1)
      let port = try await simulator.start()["s"] ?? 0
      outstation = try #require(simulator.outstation("s"))
      archive = try Archive(
        .init(path: root, site: "s", commitEveryMilliseconds: 20, bootID: "boot"), clock: SystemClock())
      acquisition = Acquisition(
        archive: archive, clock: TrustedClock(clock, lastCommit: nil, isSynchronised: isSynchronised),
        logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
      let client = StationClientSettings(
        id: "s", endpoints: [Endpoint(host: "127.0.0.1", port: UInt16(port))],
        session: SessionParameters(w: 1, t1Milliseconds: t1Milliseconds), commonAddresses: [47], startup: startup,
        reconnectMinimumMilliseconds: 5, reconnectMaximumMilliseconds: 50)
      plan = try StationPlan(station, client: client, definitions: [definition], zone: .utc)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func start() async throws {
      #expect(try await acquisition.configure(buses: [], meters: [], stations: [plan]) == [])
      try acquisition.start()
    }

    /// An event of object 1, tagged with a true time or untagged.
    func send(_ number: Int, tagged: Bool = true) throws {
      let object = InformationObject(
        address: 1, value: .float(Float(number)),
        time: tagged ? outstation.timeTag(of: SystemClock().now()) : .none)
      try outstation.send(tagged ? .M_ME_TF_1 : .M_ME_NC_1, [object])
    }

    func until(_ what: String, _ condition: () throws -> Bool) async throws {
      let start = ContinuousClock.now
      while try !condition() {
        guard ContinuousClock.now - start < .seconds(60) else {
          throw HostileProblem("\(what) never came: \(outstation.statistics) \(acquisition.stations)")
        }
        try await Task.sleep(for: .milliseconds(2))
      }
    }

    /// Of object 1, by what was sent.
    func readings() throws -> [Int: [Reading]] {
      var found: [Int: [Reading]] = [:]
      let reader = try ArchiveReader(path: root)
      try reader.forEachEntry(seqs: 1...UInt64(Int64.max)) { entry in
        guard entry.observation.meterID == "s" else { return }
        try reader.forEachReading(of: entry) { reading in
          guard reading.origin?.cause == 3, let number = reading.shown.flatMap({ Int($0) }) else { return }
          found[number, default: []].append(reading)
        }
      }
      return found
    }
  }

  // MARK: - The clock

  /// Times of a gateway that starts at 1970 are wrong, and are right when they can be known.
  @Test(.timeLimit(.minutes(5))) func whatCameBeforeTheClockWasTrustedIsMarkedAndCorrected() async throws {
    let sync = Switch()
    let clock = ManualClock(Timestamp(milliseconds: 600_000))
    let station = try await Station(clock: clock, isSynchronised: { sync.isOn.load(ordering: .acquiring) })
    try await station.start()
    try await station.until("a connection") { station.outstation.statistics.starts == 1 }
    try station.send(1)
    try station.send(2, tagged: false)
    try await station.until("both") {
      station.outstation.statistics.unacknowledged == 0 && station.archive.health.headSeq > 2
    }
    try await station.until("both on disk") { try station.readings().count == 2 }
    let before = try station.readings()
    #expect(before[1]?.first?.flags == ["clock"] && before[1]?.first?.quality == .uncertain)
    #expect(before[2]?.first?.flags == ["clock"] && before[2]?.first?.received.milliseconds == 600_000)

    // Ten seconds go by, then the time comes.
    clock.advance(milliseconds: 10_000)
    let now = SystemClock().now()
    clock.step(milliseconds: now - clock.now())
    sync.isOn.store(true, ordering: .releasing)
    try await station.until("a trusted clock") {
      var found = false
      try ArchiveReader(path: station.root).forEachEntry(seqs: 1...UInt64(Int64.max)) {
        if case .clockOffset = $0.observation.content { found = true }
      }
      return found
    }
    try station.send(3)
    try station.send(4, tagged: false)
    try await station.until("the others") { try station.readings().count == 4 }
    await station.acquisition.stop()
    _ = await station.archive.close()
    await station.simulator.stop()

    let readings = try station.readings()
    for number in 1...4 { #expect(readings[number]?.count == 1, "\(number)") }
    // Untagged: true ten seconds before the clock was set. Tagged: as the station says, doubtful all the same.
    #expect(readings[2]?.first?.time == now - 10_000 && readings[2]?.first?.flags == ["clock"])
    #expect(abs((readings[1]?.first?.time ?? .epoch) - now) < 600_000 && readings[1]?.first?.flags == ["clock"])
    #expect(readings[4]?.first?.time == now && readings[4]?.first?.flags == [] && readings[4]?.first?.quality == .good)
    #expect(readings[3]?.first?.flags == [] && readings[3]?.first?.quality == .good)
  }

  /// A station is not told a time that nobody believes.
  @Test(.timeLimit(.minutes(5))) func anUntrustedClockIsNotHandedOn() async throws {
    let sync = Switch()
    let station = try await Station(
      clock: ManualClock(Timestamp(milliseconds: 600_000)),
      isSynchronised: { sync.isOn.load(ordering: .acquiring) }, startup: [.clockSynchronization])
    try await station.start()
    try await station.until("words of it") {
      station.acquisition.stations.first?.counts.lastError?.contains("this gateway's own clock is not trusted") == true
    }
    #expect(station.outstation.statistics.clockSynchronization == nil)
    await station.acquisition.stop()
    _ = await station.archive.close()
    await station.simulator.stop()
  }

  // MARK: - The end

  /// What cannot be committed is not acknowledged, and does not hold the end up for longer than the timeouts of the connection.
  @Test(.timeLimit(.minutes(5))) func theEndIsBoundedThoughNothingCanBeCommitted() async throws {
    let station = try await Station(t1Milliseconds: 500)
    try await station.start()
    try await station.until("a connection") { station.outstation.statistics.starts == 1 }
    try station.send(1)
    try await station.until("the first") {
      let now = station.outstation.statistics
      return now.waiting == 0 && now.unacknowledged == 0
    }
    let acknowledged = station.outstation.statistics.acknowledged
    try await station.until("a file") { station.archive.health.headSeq > 1 }
    var block: CommitBlock? = try CommitBlock(station.root)
    for number in 2...9 { try station.send(number) }
    try await station.until("eight more") {
      (station.acquisition.stations.first?.counts.asdus ?? 0) >= acknowledged + 8
    }
    let start = ContinuousClock.now
    await station.acquisition.stop()
    // Twice t1, tenfold.
    #expect(ContinuousClock.now - start < .seconds(10))
    #expect(block != nil && station.outstation.statistics.acknowledged <= acknowledged)
    await station.simulator.stop()
    #expect(station.outstation.statistics.waiting == 8)
    // The disk works again before the daemon's own end: what came is there, and will be marked when it comes again.
    block = nil
    #expect(await station.archive.close())
    let readings = try station.readings()
    for number in 1...9 { #expect(readings[number]?.count == 1, "\(number)") }
  }

  /// Bug: a commit that failed when the station's event loop was gone wanted to be tried again there, and ended the process.
  @Test(.timeLimit(.minutes(5))) func aCommitThatFailsAfterTheEndTellsNobody() async throws {
    let station = try await Station(t1Milliseconds: 200)
    let isGone = DispatchSemaphore(value: 0)
    let hasFailed = Switch()
    station.archive.onChange { reason in
      guard reason != nil else { return }
      hasFailed.isOn.store(true, ordering: .releasing)
      isGone.wait()
    }
    try await station.start()
    try await station.until("a connection") { station.outstation.statistics.starts == 1 }
    try station.send(1)
    try await station.until("the first") { station.outstation.statistics.unacknowledged == 0 }
    var block: CommitBlock? = try CommitBlock(station.root)
    // The committer stands still in the middle of a failure, with the worker's wish for a commit behind it.
    for number in 2...4 { try station.send(number) }
    try await station.until("a failure") { hasFailed.isOn.load(ordering: .acquiring) }
    await station.acquisition.stop()
    isGone.signal()
    try await station.until("the end of that commit") {
      (station.acquisition.stations.first?.commitFailures ?? 0) > 0
    }
    #expect(block != nil)
    block = nil
    #expect(await station.archive.close())
    await station.simulator.stop()
    let readings = try station.readings()
    for number in 1...4 { #expect(readings[number]?.count == 1, "\(number)") }
  }

  /// In the middle of a stream of events.
  @Test(.timeLimit(.minutes(5))) func aStopAcknowledgesEverythingThatCanBeCommitted() async throws {
    let station = try await Station()
    try await station.start()
    try await station.until("a connection") { station.outstation.statistics.starts == 1 }
    for number in 1...200 { try station.send(number) }
    try await station.until("some") { station.outstation.statistics.acknowledged > 20 }
    await station.acquisition.stop()
    _ = await station.archive.close()
    let statistics = station.outstation.statistics
    await station.simulator.stop()
    let readings = try station.readings()
    // What was acknowledged is there; what was not the station has still.
    #expect(statistics.unacknowledged == 0, "\(statistics)")
    #expect(readings.count + statistics.waiting >= 200)
    for number in 1...(200 - statistics.waiting) { #expect(readings[number]?.count == 1, "\(number)") }
  }
}
