import Metering
import Modbus
import ModbusProtocol
import Simulation
import Testing

@testable import Commissioning

/// The whole way over a socket to simulated meters.
@Suite(.timeLimit(.minutes(1))) struct SimulatedBusTests {
  @Test func findsAndRecognisesSimulatedMeters() async throws {
    let model = Candidate(
      profile: "acme", signs: [],
      points: [
        point("frequency", "Hz", at: 70, .f32), point("voltage_l1", "V", at: 0, .f32, side: .primary),
        point("energy_active_import", "kWh", at: 72, .f32, side: .primary),
      ], accountingQuantity: "energy_active_import")
    let meters = [3, 9].map { unit in
      Definition(
        meterID: "m\(unit)", bus: "b", unitID: unit, everyMilliseconds: 1000, timeZone: "UTC", points: model.points)
    }
    let simulator = try Simulator(
      buses: [.init(id: "b", endpoint: .tcp(host: "127.0.0.1", port: 0), meters: meters)], clock: SystemClock(),
      zoneOffset: { _ in 0 }, seed: 1)
    let port = try #require(try await simulator.start()["b"])
    let bus = try ModbusBus(
      settings: BusSettings(id: "b", transport: .tcp(host: "127.0.0.1", port: UInt16(port)), timeoutMilliseconds: 300))
    var plan = ScanPlan(units: [3, 4, 9], timeoutMilliseconds: 300, patientTimeoutMilliseconds: 1000)
    plan.candidates = [candidate("other", at: 500), model]
    let report = await Scan.run(plan, on: bus) { _ in }
    #expect(report.isComplete && report.failure == nil)
    #expect(report.units.map(\.unitID) == [3, 9])
    #expect(report.units.map { $0.guesses.map(\.profile) } == [["acme"], ["acme"]])
    await bus.close()
    await simulator.stop()
  }

  @Test func stoppingTheBusEndsTheScan() async throws {
    // Nobody listens on a port that was given back.
    let bus = try ModbusBus(
      settings: BusSettings(id: "b", transport: .tcp(host: "127.0.0.1", port: 9), timeoutMilliseconds: 60_000))
    bus.stop()
    let plan = ScanPlan(units: [1, 2], timeoutMilliseconds: 60_000, patientTimeoutMilliseconds: 60_000)
    let report = await Scan.run(plan, on: bus) { _ in }
    #expect(!report.isComplete && report.failure == nil && report.units.isEmpty)
  }
}
