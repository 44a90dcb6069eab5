import Glibc
import Modbus
import ModbusProtocol
import Synchronization
import Testing
import Threads

private let request = ReadRequest(function: .readHoldingRegisters, address: 100, count: 3)!
private let other = ReadRequest(function: .readHoldingRegisters, address: 200, count: 2)!
private let data: ReadResult = .data([0, 100, 0, 101, 0, 102])
private let otherData: ReadResult = .data([0, 200, 0, 201])

/// The ways to a meter: RTU over TCP, one connection for all, several requests at once, devices with habits.
@Suite struct WaysTests {
  private func bus(
    _ transport: BusSettings.Transport, timeout: Int64 = 2000, _ change: (inout BusSettings) -> Void = { _ in }
  ) throws -> ModbusBus {
    var settings = BusSettings(id: "w", transport: transport, timeoutMilliseconds: timeout)
    change(&settings)
    return try ModbusBus(settings: settings)
  }

  private func rtuOverTCP(_ server: HostileServer) -> BusSettings.Transport {
    .rtuOverTCP(host: "127.0.0.1", port: server.port, format: SerialFormat(baud: 115_200))
  }

  @Test func rtuFramesGoThroughAConverter() async throws {
    let server = try HostileServer(requestLength: 8) { _, r in [.send(rtuReply(r))] }
    let bus = try bus(rtuOverTCP(server))
    #expect(await bus.read(request, unitID: 17) == data)
    #expect(server.received == [rtuFrame([17, 3, 0, 100, 0, 3])])
    server.stop()
  }

  @Test func aLateReplyThroughAConverterIsNotTheNextRequestsValue() async throws {
    let late = Late()
    let server = try HostileServer(requestLength: 8) { number, r in
      if number == 0 {
        late.keep(rtuReply(r))
        return []
      }
      return [.send(late.kept), .send(rtuReply(r))]
    }
    let bus = try bus(rtuOverTCP(server), timeout: 300)
    let results = await bus.withBus { bus in
      (0..<3).map { bus.read([request, request, other][$0], unitID: 1) }
    }
    #expect(results[0] == .failed(.timeout) && results[2] == otherData)
    guard case .failed(.held) = results[1] else {
      Issue.record("\(results[1])")
      return
    }
    server.stop()
  }

  @Test func theAdaptersEchoIsNoReply() async throws {
    // For function 1, 17…24 coils at 0x03xx, the request itself has the shape of a right reply.
    let coils = try #require(ReadRequest(function: .readCoils, address: 0x0311, count: 17))
    let server = try HostileServer(requestLength: 8) { _, r in
      [.send(r), .pauseMilliseconds(5), .send(rtuFrame([r[0], 1, 3, 0xAA, 0xBB, 1]))]
    }
    let echoing = try bus(rtuOverTCP(server)) { $0.echoes = true }
    #expect(await echoing.read(coils, unitID: 9) == .data([0xAA, 0xBB, 1]))
    server.stop()
  }

  @Test func nothingButAnEchoIsNoAnswer() async throws {
    let server = try HostileServer(requestLength: 8) { _, r in [.send(r)] }
    let echoing = try bus(rtuOverTCP(server), timeout: 300) { $0.echoes = true }
    #expect(await echoing.read(request, unitID: 9) == .failed(.timeout))
    server.stop()
  }

  @Test func severalRequestsAreInFlightAtOnce() async throws {
    // Nothing is answered before the fourth request has come: one at a time would wait for ever.
    let waiting = Mutex<[[UInt8]]>([])
    let server = try HostileServer { _, r in
      let batch = waiting.withLock { waiting -> [[UInt8]] in
        waiting.append(r)
        if waiting.count < 4 { return [] }
        defer { waiting = [] }
        return waiting.reversed()
      }
      return batch.map { .send(goodReply($0)) }
    }
    let bus = try bus(.tcp(host: "127.0.0.1", port: server.port)) { $0.pipeline = 4 }
    let asks = [request, other, request, other].map { Ask(.read($0), of: Device(unitID: 1)) }
    #expect(await bus.ask(asks).map(\.result) == [data, otherData, data, otherData])
    #expect(await bus.ask(asks).map(\.result) == [data, otherData, data, otherData])
    server.stop()
  }

  @Test func withoutAPipelineOneAtATimeIsAsked() async throws {
    let server = try HostileServer { _, r in [.send(goodReply(r))] }
    let bus = try bus(.tcp(host: "127.0.0.1", port: server.port))
    let asks = [request, other].map { Ask(.read($0), of: Device(unitID: 1)) }
    #expect(await bus.ask(asks).map(\.result) == [data, otherData])
    server.stop()
  }

  @Test func aDeviceMayAnswerWithAnotherUnitWhereThatIsAllowed() async throws {
    let server = try HostileServer { _, r in
      var reply = goodReply(r)
      reply[6] = 255
      return [.send(reply)]
    }
    let strict = try bus(.tcp(host: "127.0.0.1", port: server.port))
    guard case .failed(.malformed) = await strict.read(request, unitID: 1) else {
      Issue.record("another unit's answer was taken")
      return
    }
    await strict.close()
    let lenient = try bus(.tcp(host: "127.0.0.1", port: server.port)) { $0.acceptsAnyUnit = true }
    #expect(await lenient.read(request, unitID: 1) == data)
    server.stop()
  }

  @Test func aConnectionForAllIsGivenBackAfterEachCycle() async throws {
    let server = try HostileServer { _, r in [.send(goodReply(r))] }
    let transport = BusSettings.Transport.tcp(host: "127.0.0.1", port: server.port)
    let first = try bus(transport) { $0.connectsPerCycle = true }
    let second = try bus(transport) { $0.connectsPerCycle = true }
    // The server has one connection at a time: each gets its turn because the other lets go.
    for _ in 0..<3 {
      #expect(await first.read(request, unitID: 1) == data)
      await first.rest()
      #expect(await second.read(other, unitID: 1) == otherData)
      await second.rest()
    }
    #expect(server.connections == 6)
    server.stop()
  }

  /// Users of other gateways lose the first poll after a converter has closed an idle connection.
  @Test func aConnectionThatWasClosedWhileIdleCostsNothing() async throws {
    let server = try HostileServer { _, r in [.send(goodReply(r)), .hangUp] }
    let bus = try bus(.tcp(host: "127.0.0.1", port: server.port))
    for _ in 0..<3 { #expect(await bus.read(request, unitID: 1) == data) }
    #expect(server.connections == 3 && bus.currentStatistics.counts.linkFailures == 0)
    server.stop()
  }

  /// A router that forgot a connection says nothing: without this, polling resumes a quarter of an hour later.
  @Test func aConnectionOnWhichNothingComesAnyMoreIsOpenedAnew() async throws {
    let server = try HostileServer { number, r in number == 0 || number > 3 ? [.send(goodReply(r))] : [] }
    let bus = try bus(.tcp(host: "127.0.0.1", port: server.port), timeout: 50)
    #expect(await bus.read(request, unitID: 1) == data)
    for _ in 0..<3 { #expect(await bus.read(request, unitID: 1) == .failed(.timeout)) }
    var back: ReadResult = .failed(.timeout)
    for _ in 0..<100 where back != data { back = await bus.read(request, unitID: 1) }
    #expect(back == data && server.connections >= 2)
    server.stop()
  }

  @Test func nothingIsAskedBeforeThePauseAfterConnecting() async throws {
    let server = try HostileServer { _, r in [.send(goodReply(r))] }
    let bus = try bus(.tcp(host: "127.0.0.1", port: server.port)) { $0.pauseAfterConnectMilliseconds = 150 }
    let clock = ContinuousClock()
    let begin = clock.now
    #expect(await bus.read(request, unitID: 1) == data)
    #expect(clock.now - begin >= .milliseconds(150))
    server.stop()
  }

  @Test func pausesOfTheBusAndOfADeviceAreKept() async throws {
    let server = try HostileServer { _, r in [.send(goodReply(r))] }
    let bus = try bus(.tcp(host: "127.0.0.1", port: server.port)) { $0.pauseMilliseconds = 40 }
    let slow = Ask(.read(request), of: Device(unitID: 1, pauseMilliseconds: 60))
    let clock = ContinuousClock()
    let begin = clock.now
    _ = await bus.ask([slow])
    _ = await bus.ask([slow])
    #expect(clock.now - begin >= .milliseconds(100))
    server.stop()
  }

  @Test func namesAndIPv6AreWaysToo() async throws {
    let server = try HostileServer { _, r in [.send(goodReply(r))] }
    #expect(await (try bus(.tcp(host: "localhost", port: server.port))).read(request, unitID: 1) == data)
    server.stop()
  }

  @Test func aDeviceTellsWhatItIs() async throws {
    // MODBUS Application Protocol V1.1b3, clause 6.21: the objects 0, 1, 2 over two replies.
    let server = try HostileServer(requestLength: 11) { number, r in
      let objects: [UInt8] =
        number == 0 ? [0, 4] + Array("Acme".utf8) + [1, 2] + Array("E1".utf8) : [2, 3] + Array("1.0".utf8)
      let head: [UInt8] = [43, 14, 1, 1, number == 0 ? 0xFF : 0, number == 0 ? 2 : 0, number == 0 ? 2 : 1]
      let pdu = head + objects
      return [.send([r[0], r[1], 0, 0, 0, UInt8(pdu.count + 1), r[6]] + pdu)]
    }
    let bus = try bus(.tcp(host: "127.0.0.1", port: server.port))
    var found: [UInt8: String] = [:]
    var next: UInt8? = 0
    while let object = next {
      let answer = await bus.ask([Ask(.identify(.init(objectID: object)), of: Device(unitID: 1))])[0]
      guard case .data(let bytes) = answer.result, let page = DeviceIdentification.Page(data: bytes) else {
        Issue.record("\(answer.result)")
        return
      }
      found.merge(page.objects) { $1 }
      next = page.nextObjectID
    }
    #expect(found == [0: "Acme", 1: "E1", 2: "1.0"])
    server.stop()
  }

  @Test func everyByteIsShownToWhoWantsToSeeIt() async throws {
    let server = try HostileServer { _, r in [.send(goodReply(r))] }
    let bus = try bus(.tcp(host: "127.0.0.1", port: server.port))
    let seen = Mutex<[BusTrace]>([])
    await bus.trace { trace in seen.withLock { $0.append(trace) } }
    _ = await bus.read(other, unitID: 5)
    let sent: [UInt8] = [0, 1, 0, 0, 0, 6, 5, 3, 0, 200, 0, 2]
    #expect(seen.withLock { $0 } == [.sent(sent), .received(goodReply(sent))])
    server.stop()
  }

  @Test func statisticsTellOutcomesAndTimesOfEachDevice() async throws {
    let server = try HostileServer { _, r in
      r[6] == 1 ? [.send(goodReply(r))] : [.send([r[0], r[1], 0, 0, 0, 3, r[6], r[7] | 0x80, 6])]
    }
    let bus = try bus(.tcp(host: "127.0.0.1", port: server.port))
    for unit in [1, 1, 2] as [UInt8] { _ = await bus.read(request, unitID: unit) }
    let statistics = bus.currentStatistics
    #expect(statistics.counts.requests == 3 && statistics.counts.good == 2 && statistics.efficiency == nil)
    #expect(statistics.devices[1]?.counts.good == 2 && statistics.devices[2]?.counts.exceptions == [6: 1])
    let median = try #require(statistics.counts.latency.nanoseconds(share: 0.5))
    #expect(try median <= #require(statistics.counts.latency.nanoseconds(share: 0.99)) && median > 0)
    server.stop()
  }
}

@Suite struct LatencyHistogramTests {
  @Test func isExactToAnEighth() throws {
    var histogram = LatencyHistogram()
    #expect(histogram.nanoseconds(share: 0.5) == nil)
    for milliseconds in 1...1000 as ClosedRange<UInt64> { histogram.add(nanoseconds: milliseconds * 1_000_000) }
    for (share, milliseconds) in [(0.5, 500.0), (0.99, 990.0), (1, 1000.0)] {
      let found = try Double(#require(histogram.nanoseconds(share: share))) / 1e6
      #expect(found >= milliseconds && found <= milliseconds * 1.13, "\(share): \(found)")
    }
  }

  @Test(arguments: [0, 1, 999, 1000, UInt64.max]) func takesAnything(nanoseconds: UInt64) {
    var histogram = LatencyHistogram()
    histogram.add(nanoseconds: nanoseconds)
    #expect(histogram.nanoseconds(share: 1) != nil)
  }
}

func rtuFrame(_ bytes: [UInt8]) -> [UInt8] {
  let crc = CRC16.checksum(bytes)
  return bytes + [UInt8(crc & 0xFF), UInt8(crc >> 8)]
}

/// A good reply to a request frame: register n of the reply holds address + n.
func rtuReply(_ request: [UInt8]) -> [UInt8] {
  let address = UInt16(request[2]) << 8 | UInt16(request[3])
  let data = (0..<UInt16(request[5])).flatMap { n in [UInt8((address + n) >> 8), UInt8((address + n) & 0xFF)] }
  return rtuFrame([request[0], request[1], UInt8(data.count)] + data)
}
