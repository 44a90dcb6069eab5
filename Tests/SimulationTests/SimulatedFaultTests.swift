import Metering
import NIOPosix
import Simulation
import Testing

@Suite("Faults of a unit")
struct SimulatedFaultTests {
  static let image = FixedImage([.holding: Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, 100 + $0) })])

  /// A server with unit 1 to make ill and unit 2 that stays well.
  private func withServer(_ body: (SimulatedUnit, TCPClient) async throws -> Void) async throws {
    let unit = SimulatedUnit(Self.image)
    let server = try await SimulatedTCPServer.start(
      host: "127.0.0.1", port: 0, units: [1: unit, 2: SimulatedUnit(Self.image)],
      group: MultiThreadedEventLoopGroup.singleton)
    let client = try TCPClient(port: server.port)
    do { try await body(unit, client) } catch {
      client.close()
      await server.stop()
      throw error
    }
    client.close()
    await server.stop()
  }

  private func request(_ transaction: UInt8, unit: UInt8 = 1, from address: UInt8, count: UInt8) -> [UInt8] {
    [0, transaction, 0, 0, 0, 6, unit, 3, 0, address, 0, count]
  }

  private func value(_ transaction: UInt8, unit: UInt8 = 1, _ value: UInt8) -> [UInt8] {
    [0, transaction, 0, 0, 0, 5, unit, 3, 2, 0, value]
  }

  @Test("Busy so many times, then well again", arguments: [UInt8(5), 6])
  func busy(code: UInt8) async throws {
    try await withServer { unit, client in
      unit.fault = .busy(code: code, times: 2)
      for transaction in UInt8(1)...2 {
        try client.send(request(transaction, from: 3, count: 1))
        #expect(try client.receive(9) == [0, transaction, 0, 0, 0, 3, 1, 0x83, code])
      }
      #expect(unit.fault == .none)
      try client.send(request(3, from: 3, count: 1))
      #expect(try client.receive(11) == value(3, 103))
      unit.fault = .busy(code: code, times: 0)
      try client.send(request(4, from: 3, count: 1))
      #expect(try client.receive(11) == value(4, 103))
    }
  }

  @Test("Addresses that are refused, and those beside them")
  func refuses() async throws {
    try await withServer { unit, client in
      unit.fault = .refuses([5...6, 9...9])
      for (from, count) in [(UInt8(0), UInt8(6)), (5, 1), (6, 1), (6, 3), (7, 3), (9, 1), (0, 20)] {
        try client.send(request(1, from: from, count: count))
        #expect(try client.receive(9) == [0, 1, 0, 0, 0, 3, 1, 0x83, 2], "\(from), \(count)")
      }
      for from in [UInt8(4), 7, 8, 10] {
        try client.send(request(2, from: from, count: 1))
        #expect(try client.receive(11) == value(2, 100 + from))
      }
      // What is asked wrongly stays wrong.
      try client.send(request(3, from: 5, count: 0))
      #expect(try client.receive(9) == [0, 3, 0, 0, 0, 3, 1, 0x83, 3])
    }
  }

  @Test("A slow unit answers as much later, and others behind it wait")
  func slow() async throws {
    try await withServer { unit, client in
      unit.fault = .slow(milliseconds: 80)
      let start = ContinuousClock.now
      try client.send(
        request(1, unit: 2, from: 0, count: 1) + request(2, from: 1, count: 1) + request(3, unit: 2, from: 2, count: 1)
          + request(4, from: 3, count: 1))
      #expect(
        try client.receive(44) == value(1, unit: 2, 100) + value(2, 101) + value(3, unit: 2, 102) + value(4, 103))
      #expect(ContinuousClock.now - start >= .milliseconds(160))
      unit.fault = .none
      try client.send(request(5, from: 0, count: 1))
      #expect(try client.receive(11) == value(5, 100))
    }
  }

  @Test("A server stops while a slow unit has long to go")
  func stopWhileSlow() async throws {
    try await withServer { unit, client in
      unit.fault = .slow(milliseconds: 3_600_000)
      try client.send(request(1, from: 0, count: 1) + request(2, from: 0, count: 1))
      unit.fault = .none
    }
  }
}
