import Metering
import ModbusProtocol

@testable import Acquisition
@testable import Modbus

/// Meters of two registers at 0 and two at 100 (a hole too wide to bridge on TCP), due once a minute.
struct PollerBench {
  static let start = Timestamp(rfc3339: "2026-11-21T12:00:00Z")!
  static let data: ReadResult = .data([0, 1, 0, 2])

  var poller: Poller
  var now = Poller.Moment(wall: PollerBench.start, nanoseconds: 1, trusted: true)
  var effects: [Poller.Effect] = []

  init(
    units: [UInt8] = [1], addresses: [UInt16] = [0, 100], every: Int64 = 60_000, pipeline: Int = 1,
    rtu: Bool = false, intervals: [Int64?] = []
  ) throws {
    let transport: BusSettings.Transport =
      rtu ? .rtu(device: "x", format: SerialFormat(), rs485: false) : .tcp(host: "x", port: 502)
    var settings = BusSettings(id: "b", transport: transport)
    settings.pipeline = pipeline
    poller = Poller(BusPlan(settings: settings, probeEveryMilliseconds: 60_000))
    for (number, unit) in units.enumerated() {
      let points = addresses.enumerated().map { place, address in
        Definition.Point(
          quantity: "x_\(address)", unit: "1", kind: .gauge,
          register: .init(table: .holding, address: address, type: .u32),
          everyMilliseconds: intervals.indices.contains(place) ? intervals[place] : nil)
      }
      poller.set(
        try MeterPlan(
          Definition(
            meterID: "m\(number)", bus: "b", unitID: unit, everyMilliseconds: every, timeZone: "UTC", points: points))
      )
    }
  }

  mutating func due(_ meter: String = "m0", slot: Int64 = 0) {
    poller.due(meter, slot: PollerBench.start + slot * 60_000, repeated: false, at: now)
  }

  mutating func pass(milliseconds: Int64) {
    now.wall = now.wall + milliseconds
    now.nanoseconds += UInt64(milliseconds) * 1_000_000
  }

  /// What is asked next, as `unit:address×count`.
  mutating func next() -> [String] {
    defer { effects += poller.takeEffects() }
    guard case .ask(let asks) = poller.next(at: now) else { return [] }
    return asks.map { ask in
      guard case .read(let request) = ask.query else { return "?" }
      return "\(ask.device.unitID):\(request.address)×\(request.count)"
    }
  }

  mutating func answer(_ results: ReadResult..., turnaround: UInt64? = nil) {
    poller.finish(results.map { Answer($0, nanoseconds: 1000, turnaroundNanoseconds: turnaround) }, at: now)
    effects += poller.takeEffects()
  }

  var recorded: [Observation] { effects.compactMap { if case .record(let o) = $0 { o } else { nil } } }
  var missed: [MissedReason] { effects.compactMap { if case .missed(_, _, let r, _) = $0 { r } else { nil } } }
  var outcomes: [[Outcome]] {
    recorded.map { if case .poll(let blocks) = $0.content { blocks.map(\.outcome) } else { [] } }
  }
}
