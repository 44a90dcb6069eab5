import Acquisition
import Archive
import Decoding
import Foundation
import IEC104
import IEC104Client
import Logging
import Metering
import Simulation
import Synchronization
import Testing

/// A station with two connections of one redundancy group, under load, whose connections are lost again and again: in the archive
/// is every event once, in order, and nothing was acknowledged before it was there.
@Suite struct RedundancyTests {
  private static let isSoak = ProcessInfo.processInfo.environment["METERD_SOAK"] == "1"
  static let points = 4

  /// Meters of a station: gauges at 1…4, a total at 101.
  static func definition(_ id: String) -> Definition {
    let station = Definition.Station(
      id: id, interrogateEveryMilliseconds: 1000, countersEveryMilliseconds: 1000)
    return Definition(
      meterID: "feeder", bus: "", unitID: 0, everyMilliseconds: 1000, timeZone: "UTC", points: [], station: station,
      stationPoints: (1...points).map { place in
        .init(
          quantity: "x_gauge_\(place)", unit: "1", kind: .gauge, commonAddress: 47, objectAddress: UInt32(place),
          type: "M_ME")
      } + [
        .init(
          quantity: "energy_active_import", unit: "kWh", kind: .counter, commonAddress: 47, objectAddress: 101,
          type: "M_IT")
      ])
  }

  /// `METERD_SEED=…` repeats a run.
  @Test(.timeLimit(.minutes(15)))
  func everyEventIsThereOnceHoweverOftenItWasSwitched() async throws {
    let seed =
      ProcessInfo.processInfo.environment["METERD_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...1_000_000)
    var random = RedundancyRandom(state: seed)
    let plant = try await SwitchedStation()
    let events = StationEvents(plant.outstation)
    let load = Task { try await events.run() }
    try await plant.until("data") { $0.acknowledged > 50 }
    let switches = Self.isSoak ? 100 : 10
    for number in 0..<switches {
      try await Task.sleep(for: .milliseconds(Int(random.next() % 100)))
      let before = plant.outstation.statistics
      let endpoint = before.startedEndpoint ?? 0
      switch number % 5 {
      case 0, 2:
        // In the middle of a frame.
        plant.proxies[endpoint].cutInFrame(after: Int(random.next() % 20))
        try await plant.until("the cut") { _ in plant.proxies[endpoint].hasCut }
      case 1: plant.outstation.dropConnections(endpoint: endpoint)
      case 3:
        plant.outstation.setFault(.refusesConnections, endpoint: endpoint)
        try await plant.until("the other one") { $0.starts > before.starts }
        plant.outstation.setFault(.none, endpoint: endpoint)
      default: try await plant.restart()
      }
      try await plant.until("switch \(number)") {
        $0.starts > before.starts && $0.acknowledged > before.acknowledged + 20
      }
    }
    let switchedAt = SystemClock().now()
    try await plant.until("three slots after the last switch") { _ in plant.slotsSince(switchedAt) >= 3 }
    events.stop()
    try await load.value
    try await plant.until("everything acknowledged") { $0.waiting == 0 && $0.unacknowledged == 0 }
    let statistics = plant.outstation.statistics
    let status = plant.acquisition.stations.first
    await plant.stop()

    #expect(statistics.overflow == 0 && statistics.starts > UInt64(switches))
    #expect(plant.ledger.early == [])
    #expect(plant.ledger.acknowledgedCount > 500 && plant.proxies.reduce(0) { $0 + $1.frameCuts } >= switches / 3)
    #expect(status?.counts.brokenRules == 0 && status?.counts.malformed == 0, "\(String(describing: status?.counts))")
    let found = try SwitchedArchive(plant.root)
    #expect(found.findings(sent: events.sent) == [], "seed \(seed)")
    #expect(found.repeated > 0, "no frame was ever sent again: nothing was tried; seed \(seed)")
    // Each loss of the connection that carried data is a gap with a beginning and an end.
    #expect(found.downs >= switches && found.ups == found.downs)
    #expect(found.slotFindings == [], "seed \(seed)")
    print("redundancy: seed \(seed), \(found.summary), station \(statistics)")
  }
}

struct RedundancyRandom {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
}

/// Events with values that count up, each point for itself.
final class StationEvents: Sendable {
  private let outstation: SimulatedOutstation
  private let state = Mutex<(isStopped: Bool, sent: [UInt32: Int])>((false, [:]))

  init(_ outstation: SimulatedOutstation) { self.outstation = outstation }

  /// By object address: the last number.
  var sent: [UInt32: Int] { state.withLock { $0.sent } }

  func stop() { state.withLock { $0.isStopped = true } }

  func run() async throws {
    var round = 0
    while !state.withLock({ $0.isStopped }) {
      // The station's buffer bounds the load.
      if outstation.statistics.waiting < 200 { try send(round) }
      round += 1
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  private func send(_ round: Int) throws {
    let time = outstation.timeTag(of: SystemClock().now())
    func number(_ address: UInt32) -> Int {
      state.withLock { state in
        state.sent[address, default: 0] += 1
        return state.sent[address, default: 0]
      }
    }
    func gauge(_ address: UInt32) -> InformationObject {
      InformationObject(address: address, value: .float(Float(number(address))), time: time)
    }
    // One object, several in one ASDU, the same one twice in one ASDU, a total.
    switch round % 4 {
    case 0: try outstation.send(.M_ME_TF_1, [gauge(1)])
    case 1: try outstation.send(.M_ME_TF_1, (1...UInt32(RedundancyTests.points)).map(gauge))
    case 2: try outstation.send(.M_ME_TF_1, [gauge(2), gauge(2)])
    default:
      let total = ObjectValue.counter(
        Int32(number(101)), sequence: UInt8(round % 32), carry: false, adjusted: false)
      try outstation.send(.M_IT_TB_1, [InformationObject(address: 101, value: total, time: time)])
    }
  }
}

/// A simulated station with two endpoints behind two wires, and what reads it.
final class SwitchedStation: Sendable {
  let root = NSTemporaryDirectory() + "meterd-redundancy-\(UUID().uuidString)"
  let simulator: Simulator
  let outstation: SimulatedOutstation
  let proxies: [RedundancyProxy]
  let ledger = CommitLedger()
  let archive: Archive
  let acquisition: Acquisition

  init() async throws {
    let definition = RedundancyTests.definition("s")
    let station = Definition.Station(id: "s", interrogateEveryMilliseconds: 1000, countersEveryMilliseconds: 1000)
    let simulated = SimulatedStation(
      id: "s", endpoints: [.init(host: "127.0.0.1", port: 0), .init(host: "127.0.0.1", port: 0)], definition: station,
      meters: [definition], options: .init(spontaneousEveryMilliseconds: nil, bufferLimit: 10_000))
    simulator = try Simulator(
      buses: [], stations: [simulated], clock: SystemClock(), zoneOffset: { _ in 0 }, seed: 1)
    let ports = try await simulator.start()
    outstation = try #require(simulator.outstation("s"))
    proxies = try ["s", "s#2"].map { [ledger] in try RedundancyProxy(to: ports[$0] ?? 0, ledger) }
    archive = try Archive(
      .init(path: root, site: "s", commitEveryMilliseconds: 50, bootID: "boot"), clock: SystemClock())
    archive.onCommit { [ledger] in ledger.committed($0) }
    acquisition = Acquisition(
      archive: archive, clock: TrustedClock(SystemClock(), lastCommit: nil, isSynchronised: { true }),
      logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() })
    let client = StationClientSettings(
      id: "s", endpoints: proxies.map { Endpoint(host: "127.0.0.1", port: $0.port) }, commonAddresses: [47],
      reconnectMinimumMilliseconds: 5, reconnectMaximumMilliseconds: 50)
    let plan = try StationPlan(station, client: client, definitions: [definition], zone: .utc)
    let problems = try await acquisition.configure(buses: [], meters: [], stations: [plan])
    #expect(problems == [])
    try acquisition.start()
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func until(_ what: String, _ condition: (OutstationStatistics) -> Bool) async throws {
    let start = ContinuousClock.now
    while !condition(outstation.statistics) {
      guard ContinuousClock.now - start < .seconds(60) else {
        throw HostileProblem("\(what) never came: \(outstation.statistics) \(acquisition.stations)")
      }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// Of the kind of interrogation that has had fewest.
  func slotsSince(_ time: Timestamp) -> Int64 {
    let last = acquisition.stations.first?.counts.interrogations ?? [:]
    let slots = ["general 47", "counter 47"].map { last[$0]?.slot ?? .distantPast }
    return slots.map { $0 > time ? ($0 - time) / 1000 + 1 : 0 }.min() ?? 0
  }

  /// The station's servers go and come again; what it had to send it still has.
  func restart() async throws {
    await simulator.stop()
    let ports = try await simulator.start()
    for (proxy, key) in zip(proxies, ["s", "s#2"]) { proxy.retarget(to: ports[key] ?? 0) }
  }

  func stop() async {
    await acquisition.stop()
    _ = await archive.close()
    await simulator.stop()
    for proxy in proxies { proxy.stop() }
  }
}

/// What an archive holds of such a station.
struct SwitchedArchive {
  /// By object address: values that came spontaneously, in order, with whether they are marked.
  private var values: [UInt32: [(number: Int, isRepeat: Bool)]] = [:]
  private(set) var repeated = 0
  private(set) var ups = 0
  private(set) var downs = 0
  /// By kind: how often each slot is accounted for.
  private var slots: [Interrogation.Kind: [Timestamp: Int]] = [:]

  init(_ root: String) throws {
    let reader = try ArchiveReader(path: root)
    try reader.forEachEntry(seqs: 1...UInt64(Int64.max)) { entry in
      switch entry.observation.content {
      case .link(let isUp, _): if isUp { ups += 1 } else { downs += 1 }
      case .interrogation(let interrogation):
        if let due = entry.due { slots[interrogation.kind, default: [:]][due, default: 0] += 1 }
      case .missed(let from, let to, _, _):
        for slot in stride(from: from.milliseconds, through: to.milliseconds, by: 1000) {
          for kind in Interrogation.Kind.allCases {
            slots[kind, default: [:]][Timestamp(milliseconds: slot), default: 0] += 1
          }
        }
      default: break
      }
      try reader.forEachReading(of: entry) { reading in
        guard reading.origin?.cause == 3, let shown = reading.shown, let number = Int(shown) else { return }
        let isRepeat = reading.flags.contains("duplicate")
        if isRepeat { repeated += 1 }
        let address = reading.quantity == "energy_active_import" ? 101 : UInt32(reading.quantity.suffix(1)) ?? 0
        values[address, default: []].append((number, isRepeat))
      }
    }
  }

  /// Events that are not there exactly once and in order, and marks that are wrong, in words.
  func findings(sent: [UInt32: Int]) -> [String] {
    sent.sorted { $0.key < $1.key }.flatMap { address, count -> [String] in
      var findings: [String] = []
      let all = values[address] ?? []
      let first = all.filter { !$0.isRepeat }.map(\.number)
      if first != Array(1...count) {
        let place = zip(first, 1...count).prefix { $0 == $1 }.count
        findings.append(
          "object \(address): \(count) events sent, \(first.count) unmarked archived; behind \(place): "
            + "\(first.dropFirst(place).prefix(5))")
      }
      var seen: Set<Int> = []
      for value in all where !seen.insert(value.number).inserted != value.isRepeat {
        findings.append("object \(address): \(value.number) is \(value.isRepeat ? "marked, and is new" : "not marked")")
      }
      return Array(findings.prefix(5))
    }
  }

  /// Every slot between the first and the last is accounted for once.
  var slotFindings: [String] {
    Interrogation.Kind.allCases.flatMap { kind -> [String] in
      let found = slots[kind] ?? [:]
      guard let first = found.keys.min(), let last = found.keys.max(), last > first else {
        return ["no slots of \(kind)"]
      }
      return stride(from: first.milliseconds, through: last.milliseconds, by: 1000).compactMap { slot in
        let count = found[Timestamp(milliseconds: slot)] ?? 0
        return count == 1 ? nil : "\(kind): slot \(slot) is there \(count) times"
      }
    }
  }

  var summary: String {
    "\(values.values.reduce(0) { $0 + $1.count }) events archived, \(repeated) of them repeats, \(downs) gaps, "
      + "\(slots.values.reduce(0) { $0 + $1.count }) slots"
  }
}
