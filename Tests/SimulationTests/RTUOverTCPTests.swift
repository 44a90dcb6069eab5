import Metering
import NIOCore
import NIOPosix
import Testing

@testable import Simulation

@Suite("Simulated converter in transparent mode")
struct RTUOverTCPTests {
  private static let image = FixedImage([
    .holding: [0: 0x1234, 1: 0x5678, 2: 9], .input: Dictionary(uniqueKeysWithValues: (0..<125).map { ($0, $0) }),
    .coil: Dictionary(uniqueKeysWithValues: (0..<10).map { (UInt16($0), $0 % 3 == 0 ? 1 : 0) }), .discrete: [7: 1],
  ])

  private func withConverter(
    _ units: [UInt8: SimulatedUnit] = [1: SimulatedUnit(image)], turnaround: Int = 0, pacing: SerialPacing? = nil,
    _ body: (Int) async throws -> Void
  ) async throws {
    let server = try await SimulatedTCPServer.startConverter(
      host: "127.0.0.1", port: 0, units: units, turnaroundMilliseconds: turnaround, pacing: pacing,
      group: MultiThreadedEventLoopGroup.singleton)
    do { try await body(server.port) } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  private func frame(_ pdu: [UInt8], unit: UInt8 = 1) -> [UInt8] { RTUFramerTests.framed([unit] + pdu) }

  private static let exchanges: [(request: [UInt8], reply: [UInt8])] = [
    ([3, 0, 0, 0, 2], [3, 4, 0x12, 0x34, 0x56, 0x78]),
    ([4, 0, 0, 0, 125], [4, 250] + (0..<125).flatMap { [0, UInt8($0)] }),
    ([1, 0, 0, 0, 10], [1, 2, 0b0100_1001, 0b10]),
    ([2, 0, 7, 0, 1], [2, 1, 1]),
    ([3, 0, 2, 0, 2], [0x83, 2]),
    ([3, 0, 0, 0, 0], [0x83, 3]),
    ([6, 0, 0, 0, 1], [0x86, 1]),
    ([43, 14, 1, 0], [0xAB, 1]),
  ]

  @Test("Requests are answered in order, however they are cut", arguments: [1, 7, 9, 1000])
  func answers(chunk: Int) async throws {
    try await withConverter { port in
      let client = try TCPClient(port: port)
      defer { client.close() }
      let requests = Self.exchanges.flatMap { frame($0.request) }
      let expected = Self.exchanges.flatMap { frame($0.reply) }
      for start in stride(from: 0, to: requests.count, by: chunk) {
        try client.send(Array(requests[start..<min(start + chunk, requests.count)]))
      }
      #expect(try client.receive(expected.count) == expected)
    }
  }

  @Test("Dead, missing and broadcast units are silent while others answer")
  func silence() async throws {
    let dead = SimulatedUnit(Self.image)
    dead.fault = .silent
    try await withConverter([1: SimulatedUnit(Self.image), 2: dead]) { port in
      let client = try TCPClient(port: port)
      defer { client.close() }
      let read: [UInt8] = [3, 0, 0, 0, 1]
      try client.send(frame(read, unit: 2) + frame(read, unit: 9) + frame(read, unit: 0) + frame(read))
      #expect(try client.receive(7) == frame([3, 2, 0x12, 0x34]))
      dead.fault = .exception(4)
      try client.send(frame(read, unit: 2))
      #expect(try client.receive(5) == frame([0x83, 4], unit: 2))
    }
  }

  @Test("After a bad checksum the line is deaf until it is silent; the connection stays")
  func badChecksum() async throws {
    try await withConverter { port in
      let client = try TCPClient(port: port)
      defer { client.close() }
      try client.send([1, 3, 0, 0, 0, 1, 0, 0] + frame([3, 0, 0, 0, 1]))
      #expect(!client.hasBytes(withinMilliseconds: 300))
      let deadline = ContinuousClock.now + .seconds(20)
      repeat {
        try client.send(frame([3, 0, 0, 0, 2]))
      } while !client.hasBytes(withinMilliseconds: 500)
        && ContinuousClock.now < deadline
      #expect(try client.receive(9) == frame([3, 4, 0x12, 0x34, 0x56, 0x78]))
    }
  }

  @Test("A function of unknown length ends with the silence after it", arguments: [[100, 1], [43, 13, 0, 1, 2]])
  func unknownFunction(pdu: [UInt8]) async throws {
    try await withConverter { port in
      let client = try TCPClient(port: port)
      defer { client.close() }
      try client.send(frame(pdu))
      #expect(try client.receive(5) == frame([pdu[0] | 0x80, 1]))
    }
  }

  @Test("All clients share the line, which takes its time for every character", arguments: [0, 20])
  func pacing(turnaround: Int) async throws {
    let pacing = try #require(SerialPacing(baud: 9600))
    try await withConverter(turnaround: turnaround, pacing: pacing) { port in
      let clients = try (0..<4).map { _ in try TCPClient(port: port) }
      defer { for client in clients { client.close() } }
      let start = NIODeadline.now()
      for client in clients { try client.send(frame([3, 0, 0, 0, 2])) }
      for client in clients { #expect(try client.receive(9) == frame([3, 4, 0x12, 0x34, 0x56, 0x78])) }
      let one = pacing.nanoseconds(characters: 17) + pacing.silenceNanoseconds + Int64(turnaround) * 1_000_000
      #expect((NIODeadline.now() - start).nanoseconds >= 4 * one - 4)
    }
  }

  @Test("A slow unit keeps the others waiting, on the same connection and on another")
  func slow() async throws {
    let unit = SimulatedUnit(Self.image)
    try await withConverter([1: unit]) { port in
      let clients = [try TCPClient(port: port), try TCPClient(port: port)]
      defer { for client in clients { client.close() } }
      unit.fault = .slow(milliseconds: 60)
      let start = ContinuousClock.now
      for client in clients { try client.send(frame([3, 0, 2, 0, 1]) + frame([2, 0, 7, 0, 1])) }
      for client in clients { #expect(try client.receive(13) == frame([3, 2, 0, 9]) + frame([2, 1, 1])) }
      #expect(ContinuousClock.now - start >= .milliseconds(240))
      // One that goes while its request waits takes nothing with it.
      try clients[0].send(frame([3, 0, 2, 0, 1]))
      let late = try TCPClient(port: port)
      try late.send(frame([3, 0, 2, 0, 1]))
      late.close()
      try clients[1].send(frame([3, 0, 2, 0, 1]))
      #expect(try clients[1].receive(7) == frame([3, 2, 0, 9]))
      // Nor does the end of the server wait for a unit.
      unit.fault = .slow(milliseconds: 3_600_000)
      try clients[1].send(frame([3, 0, 2, 0, 1]))
    }
  }

  @Test("A client that never reads does not keep others from theirs")
  func neverReads() async throws {
    try await withConverter { port in
      let rude = try TCPClient(port: port, receiveBufferBytes: 4096)
      defer { rude.close() }
      let count = 20_000
      try rude.send((0..<count).flatMap { _ in frame([4, 0, 0, 0, 125]) })
      let client = try TCPClient(port: port)
      defer { client.close() }
      try client.send(frame([2, 0, 7, 0, 1]))
      #expect(try client.receive(6) == frame([2, 1, 1]))
      #expect(try rude.receive(count * 255).count == count * 255)
    }
  }

  @Test("Only loopback addresses are listened on", arguments: ["0.0.0.0", "192.0.2.1", "::", "example.com"])
  func refused(host: String) async throws {
    await #expect(throws: SimulationError.self) {
      let server = try await SimulatedTCPServer.startConverter(
        host: host, port: 0, units: [:], group: MultiThreadedEventLoopGroup.singleton)
      await server.stop()
    }
  }
}
