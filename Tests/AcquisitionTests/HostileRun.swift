import Acquisition
import Archive
import Foundation
import Logging
import Metering
import Modbus
import Synchronization
import Threads

/// One run of a case: an acquisition with three meters at a hostile device, and what its archive holds afterwards.
struct HostileRun {
  static let everyMilliseconds: Int64 = 500
  static let timeoutMilliseconds: Int64 = 80
  static let lateWindowMilliseconds: Int64 = 240
  /// A guard against waiting for ever; a run takes some four seconds.
  static let limit: Duration = .seconds(60)

  let script: HostileCase
  let log: HostileDevice.Log
  /// By meter, in the archive's order.
  let observations: [String: [Observation]]
  /// Whether the run came to its end before the limit.
  let isOver: Bool

  /// Two meters at the ill unit: three requests, two of them of one shape, and one of a shape of its own.
  static let illMeters = ["ill", "ill-long"]
  static let wellMeter = "well"
  static let definitions = [
    definition("ill", HostileDevice.illUnit, [(.holding, 0x0800, 4), (.holding, 0x0C00, 4), (.input, 0x1000, 4)]),
    definition("ill-long", HostileDevice.illUnit, [(.holding, 0x1400, 7)]),
    definition("well", HostileDevice.wellUnit, [(.holding, 0x0800, 4), (.holding, 0x0C00, 4), (.input, 0x1000, 4)]),
  ]

  private static func definition(_ id: String, _ unitID: UInt8, _ blocks: [(RegisterTable, Int, Int)]) -> Definition {
    let points = blocks.flatMap { table, address, count in
      (address..<(address + count)).map { register in
        Definition.Point(
          quantity: "x_\(table)_\(register)", unit: "1", kind: .gauge,
          register: .init(table: table, address: UInt16(register), type: .u16))
      }
    }
    return Definition(
      meterID: id, bus: "b", unitID: unitID, everyMilliseconds: everyMilliseconds, timeZone: "UTC", points: points)
  }

  static func carryOut(_ script: HostileCase) async throws -> HostileRun {
    let device = try HostileDevice(
      script, .init(timeoutMilliseconds: timeoutMilliseconds, lateWindowMilliseconds: lateWindowMilliseconds))
    defer { device.stop() }
    let root = NSTemporaryDirectory() + "meterd-hostile-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    let archive = try await OwnThread.run(name: "open") {
      try Archive(.init(path: root, site: "s", commitEveryMilliseconds: 200, bootID: "boot"), clock: SystemClock())
    }
    let seen = Mutex<[String: [Int64]]>([:])
    archive.onCommit { observations in
      seen.withLock { seen in
        for observation in observations where !isLate(observation) {
          if let due = observation.due { seen[observation.meterID, default: []].append(due.milliseconds) }
        }
      }
    }
    let acquisition = Acquisition(
      archive: archive, clock: TrustedClock(SystemClock(), lastCommit: nil, isSynchronised: { true }),
      logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
    let plans = try definitions.map { try MeterPlan($0) }
    let bus = BusPlan(settings: settings(script, device), probeEveryMilliseconds: everyMilliseconds / 10)
    // One after the other: their slots are equal, and come in the order in which they were added.
    for count in 1...plans.count {
      for problem in try await acquisition.configure(buses: [bus], meters: Array(plans.prefix(count))) {
        throw HostileProblem(problem)
      }
    }
    try acquisition.start()
    // Over when the script was used up and every meter has had three more slots.
    let start = ContinuousClock.now
    var isOver = false
    while !isOver, ContinuousClock.now - start < limit {
      try await Task.sleep(for: .milliseconds(50))
      let log = device.current
      let asked = log.events.count { $0.isIll }
      isOver =
        asked == script.ill.count && log.pending == 0
        && seen.withLock { seen in
          definitions.allSatisfy { meter in (seen[meter.meterID] ?? []).count { $0 > log.lastIllAt } >= 3 }
        }
    }
    await acquisition.stop()
    _ = await archive.close()
    var observations: [String: [Observation]] = [:]
    try ArchiveReader(path: root).forEachEntry(seqs: 1...UInt64(Int64.max)) {
      observations[$0.observation.meterID, default: []].append($0.observation)
    }
    return HostileRun(script: script, log: device.current, observations: observations, isOver: isOver)
  }

  private static func settings(_ script: HostileCase, _ device: HostileDevice) -> BusSettings {
    let format = SerialFormat(baud: 115_200)
    let transport: BusSettings.Transport =
      switch script.transport {
      case .tcp: .tcp(host: "127.0.0.1", port: device.port)
      case .rtuOverTCP: .rtuOverTCP(host: "127.0.0.1", port: device.port, format: format)
      case .pty: .rtu(device: device.path, format: format, rs485: false)
      }
    var settings = BusSettings(id: "b", transport: transport, timeoutMilliseconds: timeoutMilliseconds)
    settings.lateWindowMilliseconds = lateWindowMilliseconds
    settings.echoes = script.echoes
    settings.acceptsAnyUnit = script.acceptsAnyUnit
    settings.pipeline = script.pipeline
    return settings
  }

  /// A slot that a slow machine missed says nothing about the case.
  static func isLate(_ observation: Observation) -> Bool {
    if case .missed(_, _, _, .late) = observation.content { true } else { false }
  }
}
