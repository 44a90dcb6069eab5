import Glibc
import IEC104
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import IEC104Client

/// Real connections on 127.0.0.1.
@Suite struct SocketTests {
  let recorder = Recorder()

  func client(
    _ endpoints: [Endpoint], _ committing: Recorder.Committing = .inWantsCommit,
    _ change: (inout StationClientSettings) -> Void = { _ in }
  ) throws -> StationClient {
    var settings = StationClientSettings(
      id: "substation", endpoints: endpoints, commonAddresses: [47], startup: [], reconnectMinimumMilliseconds: 5,
      reconnectMaximumMilliseconds: 50)
    change(&settings)
    let client = try StationClient(settings, group: MultiThreadedEventLoopGroup.singleton, delegate: recorder)
    recorder.state.withLock {
      $0.client = client
      $0.committing = committing
    }
    return client
  }

  /// The numbers of the values in order of arrival.
  func values(_ state: Recorder.State) -> [UInt32] {
    state.received.map { UInt32($0.asdu[6]) | UInt32($0.asdu[7]) << 8 | UInt32($0.asdu[8]) << 16 }
  }

  @Test func readsAndStopsWithEverythingAcknowledged() async throws {
    let station = try await TestStation()
    station.state.withLock { $0.toSend = Array(1...1_003) }
    let client = try client([station.endpoint])
    client.start()
    try await recorder.wait(for: "all values") { $0.count == 1_003 }
    await client.stop()
    #expect(values(recorder.now) == Array(1...1_003))
    #expect(station.state.withLock { $0.acknowledged } == 1_003, "also the last three, before w and t2")
    #expect(station.state.withLock { $0.stops } == 1)
    #expect(recorder.now.closes == [.local])
    let status = client.status.links[0]
    #expect(status.statistics.informationFramesReceived == 1_003)
    #expect(status.state == .ended)
    await station.close()
  }

  /// Commits come from another thread, in great number.
  @Test func commitsFromAnotherThread() async throws {
    let station = try await TestStation()
    station.state.withLock { $0.toSend = Array(1...2_000) }
    let client = try client([station.endpoint], .never)
    client.start()
    let recorder = recorder
    let committer = Task.detached {
      var committed: UInt64 = 0
      while committed < 2_000 {
        if let last = recorder.state.withLock({ $0.received.last }), last.frame > committed {
          committed = last.frame
          for _ in 0..<10 { client.committed(link: 0, session: last.session, through: committed) }
        }
        await Task.yield()
      }
    }
    try await recorder.wait(for: "all values") { $0.count == 2_000 }
    _ = await committer.result
    await client.stop()
    #expect(values(recorder.now) == Array(1...2_000))
    #expect(station.state.withLock { $0.acknowledged } == 2_000)
    await station.close()
  }

  @Test func nameIsResolved() async throws {
    let station = try await TestStation()
    station.state.withLock { $0.toSend = [1] }
    let client = try client([Endpoint(host: "localhost", port: station.port)])
    client.start()
    try await recorder.wait(for: "a value") { $0.count == 1 }
    await client.stop()
    await station.close()
  }

  @Test func refusedThenThere() async throws {
    // Below the ephemeral ports: of those another test could take the one that was given back.
    var first: TestStation?
    while first == nil { first = try? await TestStation(port: .random(in: 20_000..<30_000)) }
    let port = try #require(first?.port)
    await first?.close()
    let client = try client([Endpoint(host: "127.0.0.1", port: port)])
    client.start()
    // The first one may still meet a socket that is being closed: it is reset.
    try await recorder.wait(for: "two failures, refused") {
      $0.reasons.count >= 2 && $0.reasons.last?.contains(": connection refused, ") == true
    }
    let reasons = recorder.now.reasons
    #expect(reasons[0].hasPrefix("substation 127.0.0.1:\(port): connection re"), "\(reasons[0])")
    #expect(reasons[0].contains("; next try in "), "\(reasons[0])")
    #expect(reasons[1].contains(", 2nd time; next try in "), "\(reasons[1])")
    let station = try await TestStation(port: Int(port), values: [1])
    try await recorder.wait(for: "a value") { $0.count == 1 }
    await client.stop()
    await station.close()
  }

  /// Close, half-close and reset are the same thing to the reader: the link is over, and named.
  @Test(arguments: ["close", "half-close", "reset"])
  func endByTheStation(how: String) async throws {
    let station = try await TestStation { channel, bytes in
      guard bytes.starts(with: Frames.startActivation) else { return }
      channel.writeAndFlush(
        ByteBuffer(bytes: Frames.startConfirmation + Frames.i(0, 0, Frames.value(1))), promise: nil)
      switch how {
      case "half-close": channel.close(mode: .output, promise: nil)
      case "reset":
        let reset = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        reset?.whenComplete { _ in channel.close(promise: nil) }
      default: channel.close(promise: nil)
      }
    }
    let client = try client([station.endpoint])
    client.start()
    try await recorder.wait(for: "three ends") { $0.closes.count >= 3 }
    if how == "reset" {
      #expect(recorder.now.closes.contains { $0.description.contains("connection reset") || $0 == .peerClosed })
    } else {
      #expect(recorder.now.closes.allSatisfy { $0 == .peerClosed }, "\(recorder.now.closes)")
      #expect(recorder.now.count >= 3)
    }
    await client.stop()
    await station.close()
  }

  /// A station that knows no window sends on and on; the client stops reading, TCP does the rest, and nothing is lost.
  @Test func stationWithoutAWindowIsHeldBack() async throws {
    let total = 40_000
    let asdu = Frames.value(1) + [UInt8](repeating: 0, count: 237)
    let written = Mutex(0)
    let station = try await TestStation { channel, bytes in
      if bytes.suffix(6) == Frames.stopActivation {
        channel.writeAndFlush(ByteBuffer(bytes: Frames.stopConfirmation), promise: nil)
      }
      guard bytes == Frames.startActivation else { return }
      channel.writeAndFlush(ByteBuffer(bytes: Frames.startConfirmation), promise: nil)
      @Sendable func more(_ number: Int) {
        guard number < total else { return }
        var buffer = ByteBuffer()
        for next in number..<min(number + 1_000, total) {
          buffer.writeBytes(Frames.i(next, 0, asdu))
        }
        channel.writeAndFlush(buffer).whenSuccess {
          written.withLock { $0 = number + 1_000 }
          more(number + 1_000)
        }
      }
      more(0)
    }
    recorder.state.withLock { $0.keepsASDUs = false }
    let client = try client([station.endpoint], .never) { $0.session.uncommittedLimit = 1_000 }
    client.start()
    try await recorder.wait(for: "the bound") { $0.count >= 1_000 }
    var held = 0
    while held < 20 {  // Until nothing has come for 20 looks, each after the loop had its turn.
      let before = (recorder.now.count, written.withLock { $0 })
      try await client.core.eventLoop.scheduleTask(in: .milliseconds(5)) {}.futureResult.get()
      held = before == (recorder.now.count, written.withLock { $0 }) ? held + 1 : 0
    }
    // One read beyond the bound, and no more.
    #expect(recorder.now.count <= 1_000 + 65_536 / 255 + 1)
    #expect(written.withLock { $0 } < total, "the station's socket is full")
    try await recorder.wait(for: "its status") { _ in client.status.links[0].isHeld }
    recorder.state.withLock { $0.committing = .inReceived }
    client.committed(link: 0, session: 1, through: 1_000)
    try await recorder.wait(for: "everything") { $0.count == total }
    #expect(recorder.now.closes.isEmpty)
    await client.stop()
    await station.close()
  }

  /// Under load one link after the other is cut; each value arrives.
  @Test func switchoversUnderLoadLoseNothing() async throws {
    let first = try await TestStation()
    let second = try await TestStation(sharing: first)
    let total: UInt32 = 20_000
    first.state.withLock { $0.toSend = Array(1...total) }
    let client = try client([first.endpoint, second.endpoint])
    client.start()
    for round in 1...10 {
      let goal = round * 1_500
      try await recorder.wait(for: "\(goal) values") { $0.count >= goal }
      let started = recorder.now.started.count
      (client.status.startedLink == 1 ? second : first).drop()
      try await recorder.wait(for: "switchover \(round)") { $0.started.count > started }
    }
    try await recorder.wait(for: "the last value") { values($0).last == total }
    await client.stop()
    let numbers = values(recorder.now)
    #expect(Set(numbers).count == Int(total))
    let switchovers = Int(client.status.switchovers)
    #expect(switchovers >= 10)
    // What comes twice was on its way when a link was cut: k frames at most.
    #expect(numbers.count - Int(total) <= 12 * switchovers)
    await first.close()
    await second.close()
  }
}
