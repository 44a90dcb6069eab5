import Foundation
import Metering
import Testing

@testable import IEC104
@testable import Simulation

/// A session of the controlling side on a socket. It blocks, which is safe here: the station has a thread of its own.
private struct SocketClient {
  private let socket: TCPClient
  private var session = Session(role: .controlling)
  private let clock = SystemClock()

  init(port: Int) throws {
    socket = try TCPClient(port: port)
    session.opened(at: clock.monotonicNanoseconds())
    session.start(at: clock.monotonicNanoseconds())
    try flush()
  }

  mutating func send(_ asdu: OutgoingASDU) throws {
    let isSent = session.sendAnything(asdu, at: clock.monotonicNanoseconds())
    #expect(isSent)
    try flush()
  }

  /// The next frame; nil: the station has closed. ASDUs are acknowledged as they come, by w and t2.
  mutating func next() throws -> [Received]? {
    let head = try socket.receive(2)
    guard head.count == 2 else { return nil }
    let frame = head + (try socket.receive(Int(head[1])))
    var asdus: [[UInt8]] = []
    frame.withUnsafeBytes { bytes in
      session.receive(bytes, at: clock.monotonicNanoseconds()) { asdus.append(Array($0)) }
    }
    session.committed(through: session.received, at: clock.monotonicNanoseconds())
    try #require(session.isOpen, "\(session.state)")
    try flush()
    return try asdus.map(Received.init)
  }

  /// ASDUs up to the one that is looked for.
  mutating func receive(until isLast: (Received) -> Bool) throws -> [Received] {
    var all: [Received] = []
    while all.last.map(isLast) != true {
      let some = try #require(try next(), "closed after \(all.map(\.words))")
      all += some
    }
    return all
  }

  mutating func waitForEnd() throws {
    while try next() != nil {}
  }

  private mutating func flush() throws {
    let bytes = session.takeOutgoing()
    if !bytes.isEmpty { try socket.send(bytes) }
  }

  func close() { socket.close() }
}

@Suite("Simulated station on sockets")
struct OutstationServerTests {
  private func simulator(_ station: SimulatedStation) throws -> Simulator {
    try Simulator(buses: [], stations: [station], clock: SystemClock(), zoneOffset: shanghai, seed: 5)
  }

  @Test(
    "Two endpoints are one group: interrogated on one, taken over by the other, dropped, and sent again",
    .timeLimit(.minutes(2)))
  func whole() async throws {
    let bus = SimulatedBus(
      id: "hall", endpoint: .tcp(host: "127.0.0.1", port: 0), meters: [meter("m", points: SimulatorTests.points)])
    let simulator = try Simulator(
      buses: [bus], stations: [substation([try feeder("a", base: 100)], endpoints: 2)], clock: SystemClock(),
      zoneOffset: shanghai, seed: 5)
    let ports = try await simulator.start()
    #expect(ports.keys.sorted() == ["hall", "substation", "substation#2"])
    #expect(simulator.outstation("hall") == nil)
    let station = try #require(simulator.outstation("substation"))
    var first = try SocketClient(port: try #require(ports["substation"]))
    try first.send(.interrogation(commonAddress: 47))
    let came = try first.receive { $0.words == "100/10" }
    #expect(came.map(\.words) == ["70/4", "100/7", "1/20", "9/20", "11/20", "13/20", "100/10"])

    var second = try SocketClient(port: try #require(ports["substation#2"]))
    // Nothing says that the first has been replaced but the station itself.
    while station.statistics.startedEndpoint != 1 { try await Task.sleep(for: .milliseconds(1)) }
    for number in 0..<100 { station.send(try event(number)) }
    let taken = try second.receive { $0.eventNumber == 99 }
    // What the first had not acknowledged yet comes again, but no answers.
    #expect(taken.map(\.words) == ["70/4"] + Array(repeating: "13/3", count: 100))
    #expect(taken.eventNumbers == Array(0..<100) && station.statistics.sentAgain == 1)
    #expect(station.statistics.connections == 2 && station.statistics.starts == 2)

    station.dropConnections(endpoint: 1)
    try second.waitForEnd()
    second.close()
    try station.send(
      .M_ME_TF_1, [InformationObject(address: 5, value: .float(1), time: station.timeTag(of: november))])
    var third = try SocketClient(port: try #require(ports["substation#2"]))
    // Up to k frames had not been acknowledged; the last came new.
    let again = try third.receive { $0.header.type == .M_ME_TF_1 }.dropLast()
    #expect(Array(again).eventNumbers == Array((100 - again.count)..<100) && again.count <= 12)
    #expect(station.statistics.overflow == 0 && UInt64(again.count) == station.statistics.sentAgain - 1)
    await simulator.stop()
    try third.waitForEnd()
    try first.waitForEnd()
    first.close()
    third.close()
    // It can be started again, and goes on.
    let anew = try await simulator.start()
    let fourth = try SocketClient(port: try #require(anew["substation"]))
    fourth.close()
    await simulator.stop()
  }

  @Test("What several threads send comes in frames that are in order, each thread's events too")
  func threads() async throws {
    var definition = substation([try feeder("a", base: 100)])
    definition.options.bufferLimit = 100_000
    let simulator = try simulator(definition)
    let ports = try await simulator.start()
    let station = try #require(simulator.outstation("substation"))
    let events = try (0..<8000).map(event)
    for part in 0..<4 {
      Thread.detachNewThread { for number in 0..<2000 { station.send(events[part * 2000 + number]) } }
    }
    var client = try SocketClient(port: try #require(ports["substation"]))
    var seen: [[Int]] = [[], [], [], []]
    while seen.map(\.count) != [2000, 2000, 2000, 2000] {
      for number in try #require(try client.next()).eventNumbers { seen[number / 2000].append(number) }
    }
    for part in 0..<4 { #expect(seen[part] == Array((part * 2000)..<((part + 1) * 2000))) }
    client.close()
    await simulator.stop()
  }

  @Test("A client that is closed by a rule it broke can come again")
  func brokenRule() async throws {
    let simulator = try simulator(substation([try feeder("a", base: 100)]))
    let ports = try await simulator.start()
    for bytes: [UInt8] in [
      [0x68, 0xFE, 0, 0, 0, 0], [0x69], [0x68, 4, 0x0F, 0, 0, 0],
      [0x68, 14, 2, 0, 0, 0, 100, 1, 6, 0, 47, 0, 0, 0, 0, 20],
    ] {
      let client = try TCPClient(port: try #require(ports["substation"]))
      try client.send(bytes)
      #expect(try client.receive(1) == [])
      client.close()
    }
    var client = try SocketClient(port: try #require(ports["substation"]))
    #expect(try client.receive { $0.words == "70/4" }.count == 1)
    client.close()
    await simulator.stop()
  }

  @Test("Addresses that are not loopback, or are taken, are refused with the station's name")
  func badEndpoint() async throws {
    var far = substation([])
    far.endpoints = [.init(host: "127.0.0.1", port: 0), .init(host: "192.0.2.1", port: 2404)]
    let refused = try simulator(far)
    await #expect(throws: SimulationError.self) { try await refused.start() }
    let running = try simulator(substation([]))
    let port = try #require(try await running.start()["substation"])
    var taken = substation([])
    taken.endpoints = [.init(host: "127.0.0.1", port: port)]
    let second = try simulator(taken)
    let error = try #require(await #expect(throws: SimulationError.self) { try await second.start() })
    #expect(error.description.contains("'substation'") && error.description.contains("\(port)"))
    await running.stop()
    var none = substation([])
    none.endpoints = []
    #expect(throws: SimulationError.self) { try simulator(none) }
    #expect(throws: SimulationError.self) {
      try Simulator(
        buses: [], stations: [substation([]), substation([])], clock: SystemClock(), zoneOffset: shanghai, seed: 5)
    }
  }

  @Test("With TLS a client needs a certificate of the authority")
  func tls() async throws {
    try await withTemporaryDirectory { directory in
      let new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
      func files(_ name: String, _ request: String) -> String {
        "-subj /CN=\(name) -keyout \(directory)/\(name).key -out \(directory)/\(name).\(request)"
      }
      for name in ["authority", "stranger"] { try openssl("\(new) -x509 -days 2 \(files(name, "pem"))") }
      for name in ["station", "client"] {
        try openssl("\(new) \(files(name, "csr"))")
        let authority = "-CA \(directory)/authority.pem -CAkey \(directory)/authority.key -CAcreateserial"
        try openssl(
          "x509 -req -days 2 -in \(directory)/\(name).csr \(authority) -out \(directory)/\(name).pem")
      }
      var definition = substation([try feeder("a", base: 100)])
      definition.tls = .init(
        certificate: directory + "/station.pem", key: directory + "/station.key",
        authorities: directory + "/authority.pem")
      let simulator = try simulator(definition)
      let ports = try await simulator.start()
      let port = try #require(ports["substation"])
      let start = directory + "/start"
      try Data([0x68, 4, 7, 0, 0, 0]).write(to: URL(filePath: start))
      let place = "s_client -quiet -verify_return_error -CAfile \(directory)/authority.pem -connect 127.0.0.1:\(port)"
      let confirmation = Data([0x68, 4, 0x0B, 0, 0, 0])
      let known = try openssl(
        "\(place) -cert \(directory)/client.pem -key \(directory)/client.key", input: start, bytes: 6)
      #expect(known == confirmation)
      let unknown = try openssl(
        "\(place) -cert \(directory)/stranger.pem -key \(directory)/stranger.key", input: start, bytes: 6)
      #expect(unknown.isEmpty)
      #expect(try openssl(place, input: start, bytes: 6).isEmpty)
      await simulator.stop()

      definition.tls?.key = directory + "/nothing.key"
      let broken = try self.simulator(definition)
      let error = try #require(await #expect(throws: SimulationError.self) { try await broken.start() })
      #expect(error.description.contains("'substation'"))
    }
  }

  /// - Parameter bytes: read no more than these; 0: to the end, which must be a success.
  @discardableResult
  private func openssl(_ arguments: String, input: String? = nil, bytes: Int = 0) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments = arguments.split(separator: " ").map(String.init)
    let (output, ends) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = ends
    try process.run()
    // It may have ended already.
    if let input { try? ends.fileHandleForWriting.write(contentsOf: Data(contentsOf: URL(filePath: input))) }
    var result = Data()
    while bytes == 0 || result.count < bytes,
      let some = try output.fileHandleForReading.read(upToCount: max(1, bytes - result.count)),
      !some.isEmpty
    {
      result += some
    }
    // A test runner may have blocked gentler signals.
    if bytes > 0, process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    if bytes == 0 { try #require(process.terminationStatus == 0, "openssl \(arguments)") }
    return result
  }
}

extension Received {
  fileprivate var eventNumber: Int? { [self].eventNumbers.first }
}
