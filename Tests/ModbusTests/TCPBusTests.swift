import Modbus
import ModbusProtocol
import Synchronization
import Testing

private let request = ReadRequest(function: .readHoldingRegisters, address: 100, count: 3)!
private let other = ReadRequest(function: .readHoldingRegisters, address: 200, count: 3)!
private let data: ReadResult = .data([0, 100, 0, 101, 0, 102])
private let otherData: ReadResult = .data([0, 200, 0, 201, 0, 202])

/// What a server may do to us. Whatever it is: no wrong value, and the next request succeeds.
@Suite struct TCPBusTests {
  private func bus(_ server: HostileServer, timeout: Int64 = 2000) throws -> ModbusBus {
    try ModbusBus(
      settings: BusSettings(
        id: "t", transport: .tcp(host: "127.0.0.1", port: server.port), timeoutMilliseconds: timeout))
  }

  @Test func readsAndCounts() async throws {
    let server = try HostileServer { _, r in [.send(goodReply(r))] }
    let bus = try bus(server)
    #expect(await bus.read(request, unitID: 1) == data)
    #expect(await bus.read(other, unitID: 1) == otherData)
    let statistics = bus.currentStatistics
    #expect(statistics.counts.requests == 2 && statistics.counts.good == 2 && statistics.isUp)
    server.stop()
  }

  @Test func aLateReplyNeverBecomesTheNextRequestsValue() async throws {
    // The first request gets no answer in time; its answer comes just before that of the second.
    let late = Late()
    let server = try HostileServer { number, r in
      if number == 0 {
        late.keep(goodReply(r))
        return []
      }
      return [.send(number == 1 ? late.kept : []), .send(goodReply(r))]
    }
    let bus = try bus(server)
    #expect(await bus.read(request, unitID: 1) == .failed(.timeout))
    #expect(await bus.read(other, unitID: 1) == otherData)
    #expect(bus.currentStatistics.staleReplies == 1)
    #expect(server.received.count == 2 && server.received[0][..<2] != server.received[1][..<2])
    server.stop()
  }

  @Test func theReplyMayComeByteByByte() async throws {
    let server = try HostileServer { _, r in goodReply(r).flatMap { [.send([$0]), .pauseMilliseconds(1)] } }
    #expect(await (try bus(server)).read(request, unitID: 1) == data)
    server.stop()
  }

  @Test func cutInEachBytePositionItIsALinkFailureAndTheNextRequestSucceeds() async throws {
    let server = try HostileServer { number, r in
      number.isMultiple(of: 2)
        ? [.send(Array(goodReply(r).prefix(number / 2))), .hangUp] : [.send(goodReply(r))]
    }
    let bus = try bus(server)
    for position in 0..<15 {
      guard case .failed(.link(let why)) = await bus.read(request, unitID: 1) else {
        Issue.record("position \(position)")
        continue
      }
      #expect(why.contains("127.0.0.1:\(server.port)"))
      #expect(await bus.read(other, unitID: 1) == otherData)
    }
    server.stop()
  }

  @Test(
    arguments: [
      ("unit", 6, 99), ("function", 7, 4), ("byte count", 8, 4), ("length", 5, 7), ("protocol", 3, 1),
    ] as [(String, Int, UInt8)])
  func aWrongFieldIsNeverAValue(name: String, position: Int, value: UInt8) async throws {
    let server = try HostileServer { number, r in
      var reply = goodReply(r)
      if number == 0 { reply[position] = value }
      return [.send(reply)]
    }
    let bus = try bus(server)
    let first = await bus.read(request, unitID: 1)
    guard case .failed(.malformed) = first else {
      Issue.record("\(name): \(first)")
      return
    }
    // At most one request to find its feet again.
    let second = await bus.read(other, unitID: 1)
    if second != otherData {
      if case .data = second { Issue.record("\(name): a wrong value \(second)") }
      #expect(await bus.read(other, unitID: 1) == otherData, "\(name)")
    }
    server.stop()
  }

  @Test func everyExceptionIsARefusalAndTheConnectionStays() async throws {
    let server = try HostileServer { number, r in
      [.send([r[0], r[1], 0, 0, 0, 3, r[6], r[7] | 0x80, UInt8(number + 1)])]
    }
    let bus = try bus(server)
    for code in UInt8(1)...11 { #expect(await bus.read(request, unitID: 1) == .exception(code)) }
    #expect(bus.currentStatistics.counts.linkFailures == 0 && bus.currentStatistics.counts.exceptionTotal == 11)
    server.stop()
  }

  @Test func stopEndsARequestThatIsUnderWay() async throws {
    let server = try HostileServer { _, _ in [] }
    let bus = try bus(server, timeout: 60_000)
    async let result = bus.read(request, unitID: 1)
    while server.received.isEmpty { await Task.yield() }
    bus.stop()
    #expect(await result == .failed(.stopped))
    #expect(await bus.read(request, unitID: 1) == .failed(.stopped))
    server.stop()
  }

  /// The address sanitizer found descriptors and contexts of buses that were dropped without `close`.
  @Test func theConnectionIsClosedWithTheBus() async throws {
    let server = try HostileServer { _, r in [.send(goodReply(r))] }
    do {
      let first = try bus(server)
      #expect(await first.read(request, unitID: 1) == data)
    }
    // The server serves one connection at a time: a second one is answered only when the first is closed.
    let second = try bus(server)
    #expect(await second.read(request, unitID: 1) == data)
    server.stop()
  }

  @Test func nobodyThereIsALinkFailureInWords() async throws {
    let server = try HostileServer { _, _ in [] }
    server.stop()
    let bus = try bus(server)
    guard case .failed(.link(let why)) = await bus.read(request, unitID: 1) else {
      Issue.record("not a link failure")
      return
    }
    #expect(why.contains("127.0.0.1:\(server.port)") && !bus.currentStatistics.isUp)
  }
}

final class Late: Sendable {
  private let bytes = Mutex<[UInt8]>([])
  func keep(_ reply: [UInt8]) { bytes.withLock { $0 = reply } }
  var kept: [UInt8] { bytes.withLock { $0 } }
}
