import Metering
import NIOCore
import NIOPosix
import Simulation
import Testing

@Suite("Simulated TCP server")
struct SimulatedTCPServerTests {
  static let image = FixedImage([
    .holding: [0: 0x1234, 1: 0x5678, 2: 9],
    .input: Dictionary(uniqueKeysWithValues: (0..<125).map { (UInt16($0), UInt16($0)) }),
    .coil: Dictionary(uniqueKeysWithValues: (0..<10).map { (UInt16($0), $0 % 3 == 0 ? 1 : 0) }),
    .discrete: [7: 1],
  ])

  func withServer(
    _ units: [UInt8: SimulatedUnit] = [1: SimulatedUnit(image)],
    unknown: SimulatedTCPServer.UnknownUnit = .silence, _ body: (Int) async throws -> Void
  ) async throws {
    let server = try await SimulatedTCPServer.start(
      host: "127.0.0.1", port: 0, units: units, unknownUnit: unknown, group: MultiThreadedEventLoopGroup.singleton)
    do { try await body(server.port) } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  struct Exchange: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var request: [UInt8]
    var reply: [UInt8]
    init(_ name: String, _ request: [UInt8], _ reply: [UInt8]) {
      (testDescription, self.request, self.reply) = (name, request, reply)
    }
  }

  static let exchanges: [Exchange] = [
    Exchange("FC 3", [3, 0, 0, 0, 2], [3, 4, 0x12, 0x34, 0x56, 0x78]),
    Exchange("FC 4, the largest", [4, 0, 0, 0, 125], [4, 250] + (0..<125).flatMap { [0, UInt8($0)] }),
    Exchange("FC 1, bits packed", [1, 0, 0, 0, 10], [1, 2, 0b0100_1001, 0b10]),
    Exchange("FC 2", [2, 0, 7, 0, 1], [2, 1, 1]),
    Exchange("illegal function", [6, 0, 0, 0, 1], [0x86, 1]),
    Exchange("device identification is not there", [43, 14, 1, 0], [0xAB, 1]),
    Exchange("illegal address", [3, 0, 2, 0, 2], [0x83, 2]),
    Exchange("past the last address", [3, 0xFF, 0xFF, 0, 2], [0x83, 2]),
    Exchange("no registers", [3, 0, 0, 0, 0], [0x83, 3]),
    Exchange("126 registers", [4, 0, 0, 0, 126], [0x84, 3]),
    Exchange("2001 bits", [1, 0, 0, 0x07, 0xD1], [0x81, 3]),
    Exchange("a request cut short", [3, 0, 0], [0x83, 3]),
  ]

  static func frame(_ transaction: UInt8, _ pdu: [UInt8], unit: UInt8 = 1) -> [UInt8] {
    [0, transaction, 0, 0, 0, UInt8(pdu.count + 1), unit] + pdu
  }

  @Test("Answers", arguments: exchanges)
  func answers(_ exchange: Exchange) async throws {
    try await withServer { port in
      let client = try TCPClient(port: port)
      defer { client.close() }
      try client.send(Self.frame(5, exchange.request))
      let expected = Self.frame(5, exchange.reply)
      #expect(try client.receive(expected.count) == expected)
    }
  }

  @Test("Pipelined requests are answered in order, also cut at every byte", arguments: [1, 5, 11, 1000])
  func pipelined(chunk: Int) async throws {
    try await withServer { port in
      let client = try TCPClient(port: port)
      defer { client.close() }
      let requests = Self.exchanges.enumerated().flatMap { Self.frame(UInt8($0), $1.request) }
      let expected = Self.exchanges.enumerated().flatMap { Self.frame(UInt8($0), $1.reply) }
      for start in stride(from: 0, to: requests.count, by: chunk) {
        try client.send(Array(requests[start..<min(start + chunk, requests.count)]))
      }
      #expect(try client.receive(expected.count) == expected)
    }
  }

  @Test(
    "What is not Modbus ends the connection",
    arguments: [[0, 1, 0, 1, 0, 6, 1], [0, 1, 0, 0, 0, 255, 1], [0, 1, 0, 0, 0, 1, 1], Array("GET / ".utf8)]
      as [[UInt8]])
  func foreign(bytes: [UInt8]) async throws {
    try await withServer { port in
      let client = try TCPClient(port: port)
      defer { client.close() }
      try client.send(bytes)
      #expect(try client.receive(1) == [])
    }
  }

  @Test("An unknown or dead unit is silent while others answer")
  func silence() async throws {
    let dead = SimulatedUnit(Self.image)
    dead.fault = .silent
    try await withServer([1: SimulatedUnit(Self.image), 2: dead]) { port in
      let client = try TCPClient(port: port)
      defer { client.close() }
      let read: [UInt8] = [3, 0, 0, 0, 1]
      // The order of replies proves the silence: the answer to the last request comes first.
      try client.send(Self.frame(1, read, unit: 9) + Self.frame(2, read, unit: 2) + Self.frame(3, read))
      #expect(try client.receive(11) == Self.frame(3, [3, 2, 0x12, 0x34]))
      dead.fault = .exception(4)
      try client.send(Self.frame(4, read, unit: 2))
      #expect(try client.receive(9) == Self.frame(4, [0x83, 4], unit: 2))
      dead.fault = .none
      try client.send(Self.frame(5, read, unit: 2))
      #expect(try client.receive(11) == Self.frame(5, [3, 2, 0x12, 0x34], unit: 2))
    }
  }

  @Test("A converter may say that a unit is not there")
  func gateway() async throws {
    try await withServer(unknown: .exception(11)) { port in
      let client = try TCPClient(port: port)
      defer { client.close() }
      try client.send(Self.frame(1, [4, 0, 0, 0, 1], unit: 77))
      #expect(try client.receive(9) == Self.frame(1, [0x84, 11], unit: 77))
    }
  }

  @Test("One connection too many is closed, and its place is free again")
  func tooMany() async throws {
    try await withServer { port in
      var clients: [TCPClient] = []
      defer { for client in clients { client.close() } }
      for _ in 0..<SimulatedTCPServer.maximumConnections {
        let client = try TCPClient(port: port)
        clients.append(client)
        try client.send(Self.frame(1, [2, 0, 7, 0, 1]))
        #expect(try client.receive(10).count == 10)
      }
      let extra = try TCPClient(port: port)
      #expect(try extra.receive(1) == [])
      extra.close()
      clients.removeLast().close()
      // The server learns of that when it gets to it.
      let deadline = ContinuousClock.now + .seconds(20)
      var isServed = false
      while !isServed, ContinuousClock.now < deadline {
        let late = try TCPClient(port: port)
        defer { late.close() }
        try late.send(Self.frame(1, [2, 0, 7, 0, 1]))
        isServed = try late.receive(10).count == 10
      }
      #expect(isServed)
    }
  }

  @Test("A client that never reads does not keep others from theirs")
  func neverReads() async throws {
    try await withServer { port in
      let rude = try TCPClient(port: port, receiveBufferBytes: 4096)
      defer { rude.close() }
      let count = 20_000  // 5 MB of replies: more than the buffers of both sockets
      let requests = (0..<count).flatMap { Self.frame(UInt8($0 % 256), [4, 0, 0, 0, 125]) }
      try rude.send(requests)
      let client = try TCPClient(port: port)
      defer { client.close() }
      try client.send(Self.frame(1, [2, 0, 7, 0, 1]))
      #expect(try client.receive(10) == Self.frame(1, [2, 1, 1]))
      // Every reply still comes.
      #expect(try rude.receive(count * 259).count == count * 259)
    }
  }

  @Test(
    "Only loopback addresses are listened on",
    arguments: ["0.0.0.0", "192.0.2.1", "::", "example.com", "127.0.0.1.evil", ""])
  func refused(host: String) async throws {
    await #expect(throws: SimulationError.self) {
      let server = try await SimulatedTCPServer.start(
        host: host, port: 0, units: [:], group: MultiThreadedEventLoopGroup.singleton)
      await server.stop()
    }
  }
}
