import Metering
import Simulation
import Testing

@Suite("Simulator")
struct SimulatorTests {
  static let points = [
    point("energy_active_import", "kWh", .counter, at: 0, .u32, scale: ExactDecimal(significand: 1, exponent: -2)),
    point("power_active", "W", .gauge, at: 10, .i32),
  ]

  @Test("Meters on two buses answer with the plant's values, and fall ill one by one")
  func whole() async throws {
    try await withTemporaryDirectory { directory in
      let clock = ManualClock(november)
      let simulator = try Simulator(
        buses: [
          SimulatedBus(
            id: "hall", endpoint: .tcp(host: "127.0.0.1", port: 0),
            meters: [meter("a", unit: 1, points: Self.points), meter("b", unit: 2, points: Self.points)]),
          SimulatedBus(
            id: "line", endpoint: .pty(devicePath: directory + "/tty"), meters: [meter("c", points: Self.points)]),
        ], clock: clock, zoneOffset: shanghai, seed: 3)
      let ports = try await simulator.start()
      await #expect(throws: SimulationError.self) { try await simulator.start() }
      #expect(ports.count == 1)
      let client = try TCPClient(port: try #require(ports["hall"]))
      defer { client.close() }
      func read(_ unit: UInt8) throws -> [UInt8] {
        try client.send([0, 1, 0, 0, 0, 6, unit, 3, 0, 0, 0, 2])
        return try client.receive(13)
      }
      let kWh = try #require(simulator.plant.value(of: "energy_active_import", meterID: "b", at: november))
      let raw = try read(2)[9...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      #expect(raw == UInt32(kWh * 100))
      clock.advance(milliseconds: 3_600_000)
      let later = try read(2)[9...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      #expect(later > raw)
      try simulator.setFault(.silent, ofMeter: "a")
      try client.send([0, 7, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2])
      #expect(try read(2)[0...1] == [0, 1])
      #expect(throws: SimulationError.self) { try simulator.setFault(.silent, ofMeter: "nobody") }
      #expect(throws: SimulationError.self) { try simulator.setFault(.exception(12), ofMeter: "a") }
      await simulator.stop()
      #expect(try client.receive(1) == [])
      await simulator.stop()
    }
  }

  @Test("It can be started again on the same port")
  func restart() async throws {
    let simulator = try Simulator(
      buses: [SimulatedBus(id: "hall", endpoint: .tcp(host: "::1", port: 0), meters: [])],
      clock: ManualClock(november), zoneOffset: shanghai, seed: 3)
    for _ in 0..<3 {
      #expect(try await simulator.start()["hall"] ?? 0 > 0)
      await simulator.stop()
    }
  }

  @Test("One bus that cannot be started takes the others down again")
  func allOrNothing() async throws {
    try await withTemporaryDirectory { directory in
      let simulator = try Simulator(
        buses: [
          SimulatedBus(id: "line", endpoint: .pty(devicePath: directory + "/tty"), meters: []),
          SimulatedBus(id: "far", endpoint: .tcp(host: "192.0.2.1", port: 502), meters: []),
        ], clock: ManualClock(november), zoneOffset: shanghai, seed: 3)
      await #expect(throws: SimulationError.self) { try await simulator.start() }
      // The line's link is gone, so its path is free.
      let line = try SimulatedSerialLine.start(devicePath: directory + "/tty", units: [:])
      await line.stop()
    }
  }

  @Test("A point that cannot be simulated is refused with its meter's name")
  func badPoint() throws {
    let definition = meter("odd", points: [point("volume", "kWh", .counter, at: 0, .u16)])
    let error = try #require(throws: SimulationError.self) {
      try Simulator(
        buses: [SimulatedBus(id: "b", endpoint: .tcp(host: "::1", port: 0), meters: [definition])],
        clock: ManualClock(november), zoneOffset: shanghai, seed: 3)
    }
    #expect(error.description.contains("odd"))
  }
}
