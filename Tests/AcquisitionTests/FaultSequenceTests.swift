import Archive
import Foundation
import Logging
import Metering
import ModbusProtocol
import Schedule
import Synchronization
import Testing

@testable import Acquisition
@testable import Modbus

/// Random fault sequences through the whole room, in memory, under a manual clock: what the archive holds is compared with
/// what really happened on the wire.
///
/// `METERD_SEED=N` runs one sequence alone. 1,000 sequences; 10,000 with `METERD_SOAK`.
@Suite struct FaultSequenceTests {
  static let everyMilliseconds: Int64 = 1000
  static let illSlots = 20
  /// Probing grows to ten slots: by then everybody has come back.
  static let healthySlots = 14

  private static var seeds: [UInt64] {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["METERD_SEED"].flatMap(UInt64.init) { return [seed] }
    return Array(1...(environment["METERD_SOAK"] == nil ? 1000 : 10_000))
  }

  @Test func theArchiveHoldsExactlyWhatHappened() async throws {
    let root = NSTemporaryDirectory() + "meterd-faults-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    let archive = try Archive(
      .init(path: root, site: "s", commitEveryMilliseconds: 1000, bootID: "boot"), clock: SystemClock())
    var runs: [String: FaultSequence] = [:]
    for seed in Self.seeds {
      let run = try FaultSequence(seed: seed, archive: archive)
      run.run()
      while archive.health.waiting > 50_000 { #expect(archive.flushBlocking()) }
      for meter in run.meters { runs[meter.id] = run }
    }
    await archive.close()
    var observations: [String: [Observation]] = [:]
    try ArchiveReader(path: root).forEachEntry(seqs: 1...UInt64(Int64.max)) {
      observations[$0.observation.meterID, default: []].append($0.observation)
    }
    var checked: Set<UInt64> = []
    var good = 0
    for run in runs.values where checked.insert(run.seed).inserted {
      let findings = run.findings(run.meters.map { observations[$0.id] ?? [] })
      #expect(findings.isEmpty, "METERD_SEED=\(run.seed): \(findings.prefix(3).joined(separator: "; "))")
      good += run.goodBlocks
    }
    // A run in which nothing answers would agree with anything.
    #expect(checked.count == Self.seeds.count && good > 40 * checked.count)
  }
}

/// One seed: three units, four meters, one of the units with two of them.
final class FaultSequence {
  let seed: UInt64
  let meters: [MeterPlan]
  private(set) var goodBlocks = 0
  private let bus: VirtualBus
  private let recorder: Recorder
  private var poller: Poller
  private var line: any Line

  init(seed: UInt64, archive: Archive) throws {
    self.seed = seed
    let isSerial = seed % 2 == 0
    bus = VirtualBus(seed: seed, isSerial: isSerial)
    var settings = BusSettings(
      id: "b", transport: .tcp(host: "memory", port: 1), timeoutMilliseconds: Int64(VirtualBus.timeout / 1_000_000))
    if isSerial {
      settings.transport = .rtu(device: "memory", format: SerialFormat(baud: 115_200), rs485: false)
      settings.lateWindowMilliseconds = Int64(VirtualBus.lateWindow / 1_000_000)
    } else {
      settings.pipeline = [1, 1, 4][Int(seed / 2 % 3)]
    }
    poller = Poller(BusPlan(settings: settings, probeEveryMilliseconds: FaultSequenceTests.everyMilliseconds))
    let channel = MemoryChannel(bus: bus)
    line =
      isSerial
      ? RTULine(channel, settings: settings, format: SerialFormat(baud: 115_200)) : TCPLine(channel, settings: settings)
    meters = try [(1, 0), (1, 200), (2, 0), (3, 0)].enumerated().map { number, place in
      // Two requests of one shape and one of another, so that late answers have something to be taken for.
      let points = [0, 2, 100, 102, 150].map { offset in
        Definition.Point(
          quantity: "x_\(offset)", unit: "1", kind: .gauge,
          register: .init(table: .holding, address: UInt16(place.1 * 10 + offset), type: offset == 150 ? .u16 : .u32))
      }
      let definition = Definition(
        meterID: "s\(seed)-m\(number)", bus: "b", unitID: UInt8(place.0),
        everyMilliseconds: FaultSequenceTests.everyMilliseconds,
        timeZone: "UTC", points: points)
      return try MeterPlan(definition)
    }
    let clock = TrustedClock(bus, lastCommit: nil, isSynchronised: { true })
    recorder = Recorder(archive: archive, clock: clock)
    for meter in meters { poller.set(meter) }
  }

  private var moment: Poller.Moment {
    Poller.Moment(wall: bus.now(), nanoseconds: bus.monotonicNanoseconds(), trusted: true)
  }

  func run() {
    let logger = Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }
    let slots = FaultSequenceTests.illSlots + FaultSequenceTests.healthySlots
    for slot in 0..<slots {
      bus.state.withLock {
        $0.slot = slot
        $0.isHealthy = slot >= FaultSequenceTests.illSlots
      }
      let due = VirtualBus.start + Int64(slot) * FaultSequenceTests.everyMilliseconds
      let end = UInt64(slot + 1) * UInt64(FaultSequenceTests.everyMilliseconds) * 1_000_000
      for meter in meters { poller.due(meter.id, slot: due, repeated: false, at: moment) }
      loop: while bus.monotonicNanoseconds() < end {
        recorder.carryOut(poller.takeEffects(), logger: logger)
        switch poller.next(at: moment) {
        case .ask(let asks):
          var answers = asks.map { _ in Answer(.failed(.stopped)) }
          line.transact(asks) { answers[$0] = $1 }
          poller.finish(answers, at: moment)
        case .wait(let until):
          guard let until, until < end else { break loop }
          bus.advance(to: until)
        }
      }
      recorder.carryOut(poller.takeEffects(), logger: logger)
      bus.advance(to: end)
    }
  }

  // MARK: - The model: what must be in the archive, from what was on the wire

  /// - Parameter archived: of each meter, in the archive's order.
  func findings(_ archived: [[Observation]]) -> [String] {
    var findings: [String] = []
    let log = bus.state.withLock { $0.log }
    for (meter, observations) in zip(meters, archived) { findings += slotFindings(meter, observations) }
    // Each request on the wire is one block of one observation, in order, with the outcome that it really had.
    for unitID in UInt8(1)...3 {
      let events = log.filter { $0.unitID == unitID }
      for (meter, observations) in zip(meters, archived) where meter.device.unitID == unitID {
        let first = meter.definition.points.map(\.register.address).min() ?? 0
        let own = events.filter { $0.address >= first && $0.address < first + 200 }
        findings += blockFindings(meter.id, own, observations)
      }
    }
    if bus.isSerial { findings += wireFindings(log) }
    return findings
  }

  /// Every slot is there once, polled or missed with a reason; after the illness all are good once the device was probed.
  private func slotFindings(_ meter: MeterPlan, _ observations: [Observation]) -> [String] {
    var findings: [String] = []
    let slots = FaultSequenceTests.illSlots + FaultSequenceTests.healthySlots
    let dues = observations.compactMap(\.due).map { ($0 - VirtualBus.start) / FaultSequenceTests.everyMilliseconds }
    if dues.sorted() != Array(0..<Int64(slots)) { findings.append("\(meter.id): slots \(dues)") }
    for observation in observations.suffix(2) {
      guard case .poll(let blocks) = observation.content, blocks.allSatisfy({ $0.outcome == .ok }) else {
        findings.append("\(meter.id): not well at the end: \(observation.content)")
        continue
      }
    }
    return findings
  }

  private func blockFindings(_ meterID: String, _ events: [VirtualBus.Event], _ observations: [Observation]) -> [String]
  {
    var findings: [String] = []
    let cut = bus.state.withLock { $0.cut }
    var bySlot = Dictionary(grouping: events) { Int64($0.slot) }
    for observation in observations {
      guard case .poll(let blocks) = observation.content, let due = observation.due else { continue }
      var own = bySlot.removeValue(forKey: (due - VirtualBus.start) / FaultSequenceTests.everyMilliseconds) ?? []
      let asked = blocks.filter { $0.outcome != .notAsked && $0.outcome != .linkDown }
      guard let left = unmatched(asked[...], own) else {
        let wire = own.map { "\($0.address)×\($0.count) \($0.fault)" }
        findings.append("\(meterID) \(due): \(asked.map(\.outcome)) is not what was on the wire: \(wire)")
        continue
      }
      goodBlocks += asked.count { $0.outcome == .ok }
      own = left
      // What was under way when the link fell.
      for block in blocks where block.outcome == .linkDown {
        if let place = own.firstIndex(where: { isOf(block, $0) }) { own.remove(at: place) }
      }
      // A connection that turns out to be closed is opened anew and the requests are sent again.
      for event in own where !cut.contains(event.connection) {
        findings.append("\(meterID) \(due): \(event.fault) \(event.address)×\(event.count) is not in the archive")
      }
    }
    for (slot, own) in bySlot where !own.isEmpty {
      findings.append("\(meterID): slot \(slot) was polled and is not there")
    }
    return findings
  }

  /// Gives each block an event that explains it; what is left of the events, or nil where that cannot be done.
  private func unmatched(_ blocks: ArraySlice<Block>, _ events: [VirtualBus.Event]) -> [VirtualBus.Event]? {
    guard let block = blocks.first else { return events }
    var best: [VirtualBus.Event]?
    let cut = bus.state.withLock { $0.cut }
    for place in events.indices where isOf(block, events[place]) && agrees(block, events[place]) {
      var rest = events
      rest.remove(at: place)
      guard let left = unmatched(blocks.dropFirst(), rest) else { continue }
      // What was sent again after a cut may be left over, nothing else.
      if left.allSatisfy({ cut.contains($0.connection) }) { return left }
      best = best ?? left
    }
    return best
  }

  private func isOf(_ block: Block, _ event: VirtualBus.Event) -> Bool {
    block.address == event.address && block.count == event.count
  }

  /// What a request's fate on the wire allows the archive to say. Nothing allows another value than its own.
  private func agrees(_ block: Block, _ event: VirtualBus.Event) -> Bool {
    switch block.outcome {
    case .ok:
      // With several requests in flight each has its own time: one can be late for the first and right for the second.
      // On a noisy line a reply has begun with the noise.
      let mayBeLate = !bus.isSerial || event.isContaminated
      return (event.fault.isRight || event.fault == .late && mayBeLate) && block.bytes == event.data
    case .exception(let code):
      // An exception says neither which request it answers nor when: on a line where one may be late, it may be that one's.
      return event.exceptionCode == code || bus.isSerial && event.isContaminated && !event.fault.isRight
    case .timeout, .crc, .malformed:
      if bus.state.withLock({ $0.dead.contains(event.connection) }) { return true }
      if event.isContaminated { return !event.fault.isRight || bus.isSerial }
      switch event.fault {
      case .silent, .late: return block.outcome == .timeout
      case .corrupt, .truncated, .wrongUnit, .wrongFunction, .wrongCount: return true
      default: return false
      }
    case .linkDown, .notAsked: return false
    }
  }

  /// MODBUS over Serial Line V1.02, clause 2.5.1.1: T3.5 (1.75 ms above 19200 baud) between frames.
  private func wireFindings(_ log: [VirtualBus.Event]) -> [String] {
    var findings: [String] = []
    var failed: [UInt8: VirtualBus.Event] = [:]
    for event in log {
      if event.lastByteBefore > 0, event.sentAt - event.lastByteBefore < 1_750_000 {
        findings.append("no silence before the request at \(event.sentAt)")
      }
      if let before = failed[event.unitID], before.count == event.count,
        event.sentAt < before.sentAt + VirtualBus.timeout + VirtualBus.lateWindow
      {
        findings.append("asked for the same shape within the late window at \(event.sentAt)")
      }
      failed[event.unitID] = event.fault == .silent || event.fault == .late ? event : nil
    }
    return findings
  }
}
