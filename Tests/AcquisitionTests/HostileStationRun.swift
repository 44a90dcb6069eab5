import Archive
import Decoding
import Foundation
import IEC104
import IEC104Client
import Logging
import Metering
import NIOCore
import NIOPosix
import Synchronization
import Threads

@testable import Acquisition

/// One run of a case: a station worker at a hostile station, with an archive, and what that holds afterwards.
struct HostileStationRun {
  static let commonAddress: UInt16 = 47
  /// Nobody turns it: what is received now is received at 2026-11-21T08:00:00Z.
  static let now = Timestamp(milliseconds: 1_795_248_000_000)
  /// A guard against waiting for ever; a run takes a fraction of a second.
  static let limit: Duration = .seconds(60)

  let script: HostileStationCase
  let log: HostileStation.Log
  let status: Acquisition.StationState?
  /// The station's newest error before it was stopped.
  let newest: String?
  /// What the status said of the link, while it ran.
  let errors: [String]
  /// Of the archive, in order.
  let asdus: [[UInt8]]
  let readings: [Reading]
  /// Whether the last value came.
  let isOver: Bool

  /// One point of each family; of measured values five in a row, one at the largest address, and the one that ends a run.
  static func definition(_ station: Definition.Station) -> Definition {
    let families: [(String, UInt32, String)] = [
      ("x_sp", 1, "M_SP"), ("x_dp", 2, "M_DP"), ("x_st", 3, "M_ST"), ("x_bo", 4, "M_BO"), ("x_me", 5, "M_ME"),
      ("x_it", 6, "M_IT"), ("x_ep", 7, "M_EP"), ("x_ps", 8, "M_PS"), ("x_me10", 10, "M_ME"), ("x_me11", 11, "M_ME"),
      ("x_me12", 12, "M_ME"), ("x_top", (1 << (8 * UInt32(station.objectAddressSize))) - 1, "M_ME"),
      ("x_last", 99, "M_ME"),
    ]
    return Definition(
      meterID: "m", bus: "", unitID: 0, everyMilliseconds: 86_400_000, timeZone: "UTC", points: [], station: station,
      stationPoints: families.map { quantity, address, type in
        .init(
          quantity: quantity, unit: "1", kind: type == "M_IT" ? .counter : .gauge, commonAddress: commonAddress,
          objectAddress: address, type: type)
      })
  }

  private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)

  static func carryOut(_ script: HostileStationCase) async throws -> HostileStationRun {
    let root = NSTemporaryDirectory() + "meterd-hostile-station-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    let archive = try await OwnThread.run(name: "open") {
      try Archive(.init(path: root, site: "s", commitEveryMilliseconds: 20, bootID: "boot"), clock: SystemClock())
    }
    let committed = Mutex<(asdus: Int, isOver: Bool)>((0, false))
    let last = (script.format.headerSize + script.format.objectAddressSize, [UInt8]([0, 0, 0xC6, 0x42, 0]))
    archive.onCommit { observations in
      let asdus = observations.compactMap { observation -> [UInt8]? in
        if case .asdu(let asdu) = observation.content { asdu.bytes } else { nil }
      }
      let isOver = asdus.contains { $0.count == last.0 + 5 && Array($0.suffix(5)) == last.1 }
      committed.withLock { $0 = ($0.asdus + asdus.count, $0.isOver || isOver) }
    }
    let place = Mutex<HostileStation.World?>(nil)
    let station = try HostileStation(script) {
      while true {
        if let world = place.withLock({ $0 }) { return world }
        usleep(1000)
      }
    }
    defer { station.stop() }
    let worker = try StationWorker(
      plan(script, port: station.port), archive: archive,
      clock: TrustedClock(ManualClock(now), lastCommit: nil, isSynchronised: { true }),
      logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }, loop: loops.next())
    _ = try await archive.use(worker.plan.definitions, from: now - 3_600_000)
    // The day's file is there before a case wants it locked.
    _ = archive.offer(
      Observation(
        meterID: "other", time: now, due: nil, received: now, definition: "", content: .link(isUp: false, reason: "")))
    _ = await archive.flush()
    let errors = Mutex<[String]>([])
    let block = Mutex<CommitBlock?>(nil)
    place.withLock { place in
      place = HostileStation.World(
        value: { key in worker.status?.value(of: key) ?? 0 }, committed: { committed.withLock { $0.asdus } },
        commits: { work in
          let new = work ? nil : try CommitBlock(root)
          block.withLock { $0 = new }
        }, fill: { archive.fillWindow() }, due: { worker.due($0 ? .counter : .general, slot: now, repeated: false) })
    }
    try worker.start(recent: [])
    let start = ContinuousClock.now
    var isOver = false
    while !isOver, station.current.problem == nil, ContinuousClock.now - start < limit {
      try await Task.sleep(for: .milliseconds(2))
      if let error = worker.status?.client.links[0].lastError { errors.withLock { $0.append(error) } }
      isOver = committed.withLock { $0.isOver }
    }
    block.withLock { $0 = nil }
    let newest = worker.status?.counts.lastError
    await worker.stop()
    station.stop()
    while !station.current.isOver { try await Task.sleep(for: .milliseconds(1)) }
    let status = worker.status
    _ = await archive.close()
    let (asdus, readings) = try await OwnThread.run(name: "read") { try read(root) }
    return HostileStationRun(
      script: script, log: station.current, status: status, newest: newest, errors: errors.withLock { $0 },
      asdus: asdus,
      readings: readings, isOver: isOver)
  }

  static func plan(_ script: HostileStationCase, port: UInt16) throws -> StationPlan {
    let format = script.format
    let station = Definition.Station(
      id: "s", causeSize: format.causeSize, commonAddressSize: format.commonAddressSize,
      objectAddressSize: format.objectAddressSize,
      privateTypes: format.privateTypeSizes.map { .init(type: $0.key, elementSize: $0.value) }, timeZone: script.zone,
      interrogateEveryMilliseconds: 86_400_000, countersEveryMilliseconds: 86_400_000)
    let client = StationClientSettings(
      id: "s", endpoints: [Endpoint(host: "127.0.0.1", port: port)], session: script.session, format: format,
      commonAddresses: [commonAddress], startup: script.startup,
      procedureTimeoutMilliseconds: script.procedureMilliseconds, reconnectMinimumMilliseconds: 2,
      reconnectMaximumMilliseconds: 20)
    return try StationPlan(station, client: client, definitions: [definition(station)], zone: .utc)
  }

  private static func read(_ root: String) throws -> ([[UInt8]], [Reading]) {
    var (asdus, readings): ([[UInt8]], [Reading]) = ([], [])
    let reader = try ArchiveReader(path: root)
    try reader.forEachEntry(seqs: 1...UInt64(Int64.max)) { entry in
      guard entry.observation.meterID == "s" else { return }
      if case .asdu(let asdu) = entry.observation.content { asdus.append(asdu.bytes) }
      try reader.forEachReading(of: entry) { readings.append($0) }
    }
    return (asdus, readings)
  }
}

extension Acquisition.StationState {
  /// A number of the status, by its name in cases.
  func value(of key: String) -> UInt64? {
    switch key {
    case "asdus": counts.asdus
    case "objects": counts.objects
    case "named": counts.namedObjects
    case "unnamed": UInt64(unnamed.items.count)
    case "unlisted": unnamed.unlisted
    case "repeated": counts.repeatedObjects
    case "malformed": counts.malformed
    case "trailing": counts.trailingOctets
    case "tests": counts.testASDUs
    case "broken": counts.brokenRules
    case "complete": counts.complete
    case "timeouts": counts.timeouts
    case "refusals": counts.refusals
    case "skipped": counts.skippedSlots
    case "foreign": client.foreignCommonAddresses.values.reduce(0, +)
    case "headless": client.headless
    case "unexpected": client.links.reduce(0) { $0 + $1.statistics.unexpectedFrames }
    case "failures": client.links.reduce(0) { $0 + $1.failures }
    case "connections": client.links.reduce(0) { $0 + $1.connections }
    case "held": client.links.contains(where: \.isHeld) ? 1 : 0
    case "backlog": UInt64(waitingForArchive)
    case "commit-failures": commitFailures
    default: nil
    }
  }
}
