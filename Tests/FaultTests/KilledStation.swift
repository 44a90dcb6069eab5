import IEC104
import Metering
import Simulation
import Synchronization
import TestSupport

/// A simulated station in the process of the test: what it has to send outlives every client. Its events count up, each point for
/// itself.
final class KilledStation: Sendable {
  let outstation: SimulatedOutstation
  let ports: [Int]
  private let simulator: Simulator
  private let points: Int
  private let total: Int
  private let state = Mutex<(isStopped: Bool, sent: [String: Int])>((false, [:]))

  init(points: Int, total: Int) async throws {
    self.points = points
    self.total = total
    let station = Definition.Station(id: "s", interrogateEveryMilliseconds: 1000, countersEveryMilliseconds: 1000)
    let gauges = (1...points).map { place in
      Definition.StationPoint(
        quantity: "x_gauge_\(place)", unit: "1", kind: .gauge, commonAddress: 47, objectAddress: UInt32(place),
        type: "M_ME")
    }
    let counter = Definition.StationPoint(
      quantity: "x_total", unit: "1", kind: .counter, commonAddress: 47, objectAddress: UInt32(total), type: "M_IT")
    let meter = Definition(
      meterID: "feeder", bus: "", unitID: 0, everyMilliseconds: 1000, timeZone: "UTC", points: [], station: station,
      stationPoints: gauges + [counter])
    let endpoint = SimulatedStation.Endpoint(host: "127.0.0.1", port: 0)
    simulator = try Simulator(
      buses: [],
      stations: [
        SimulatedStation(
          id: "s", endpoints: [endpoint, endpoint], definition: station, meters: [meter],
          options: .init(spontaneousEveryMilliseconds: nil, bufferLimit: 10_000))
      ], clock: SystemClock(), zoneOffset: { _ in 0 }, seed: 1)
    let ports = try await simulator.start()
    self.ports = [ports["s"] ?? 0, ports["s#2"] ?? 0]
    guard let outstation = simulator.outstation("s") else { throw TestSupportError("no outstation") }
    self.outstation = outstation
  }

  /// By quantity: the last number.
  var sent: [String: Int] { state.withLock { $0.sent } }

  func stopEvents() { state.withLock { $0.isStopped = true } }

  func stop() async { await simulator.stop() }

  /// A thousand a second, as long as the station can keep them.
  func sendEvents() async throws {
    var round = 0
    while !state.withLock({ $0.isStopped }) {
      if outstation.statistics.waiting < 500 {
        let time = outstation.timeTag(of: SystemClock().now())
        if round % 4 == 3 {
          let count = ObjectValue.counter(Int32(next("x_total")), sequence: 0, carry: false, adjusted: false)
          try outstation.send(.M_IT_TB_1, [InformationObject(address: UInt32(total), value: count, time: time)])
        } else {
          let objects = (1...(round % 2 == 0 ? 1 : points)).map { place in
            InformationObject(
              address: UInt32(place), value: .float(Float(next("x_gauge_\(place)"))), time: time)
          }
          try outstation.send(.M_ME_TF_1, objects)
        }
      }
      round += 1
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  private func next(_ quantity: String) -> Int {
    state.withLock { state in
      state.sent[quantity, default: 0] += 1
      return state.sent[quantity, default: 0]
    }
  }
}
