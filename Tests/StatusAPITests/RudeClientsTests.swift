import NIOCore
import Synchronization
import Testing

@testable import StatusAPI

/// No client slows or starves another, and none holds what it took for ever.
@Suite(.timeLimit(.minutes(1)))
struct RudeClientsTests {
  @Test func twoHundredSilentClients() async throws {
    var limits = StatusServer.Limits()
    // Only making room for newcomers may close a connection here.
    limits.exchangeTimeout = .hours(1)
    try await withServer(limits: limits) { [limits] path, server in
      let closed = Counter()
      var silent: [RawClient] = []
      for _ in 0..<200 {
        let client = try await RawClient.connect(path)
        client.channel.channel.closeFuture.whenComplete { _ in closed.increment() }
        silent.append(client)
      }
      // All were let in, and as many had to go as there is no room for.
      while closed.value < 200 - limits.maximumConnections { try await Task.sleep(for: .milliseconds(5)) }
      #expect(server.connections.count == limits.maximumConnections)
      let report = try await StatusClient(socketPath: path).report()
      #expect(report == Fixtures.report)
      for client in silent { try? await client.channel.channel.close() }
    }
  }

  @Test func aByteAtATime() async throws {
    try await withServer { path, _ in
      let request = "GET /healthz HTTP/1.1\r\nhost: meterd\r\nconnection: close\r\n\r\n"
      let answer = RawAnswer(try await RawClient.exchange(path, request.unicodeScalars.map(String.init)))
      #expect(answer.status == "503")
    }
  }

  /// Half a request, then a byte now and then: others are served meanwhile, and the bytes do not move the deadline.
  @Test func dribblingRequestEndsAtItsDeadline() async throws {
    var limits = StatusServer.Limits()
    limits.exchangeTimeout = .seconds(2)
    try await withServer(limits: limits) { path, _ in
      let dribbler = try await RawClient.connect(path)
      try await dribbler.channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: "GET /v1/status HTTP/1.1\r\nx: "))
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            // Never stops by itself: only the server's deadline ends this test well.
            while true {
              do { try await outbound.write(ByteBuffer(string: "x")) } catch { return }
              try await Task.sleep(for: .milliseconds(20))
            }
          }
          let report = try await StatusClient(socketPath: path).report()
          #expect(report == Fixtures.report)
          do { for try await _ in inbound {} } catch is IOError {}
          group.cancelAll()
          while let result = await group.nextResult() { _ = result }
        }
      }
    }
  }

  /// Asks for more than a socket buffer holds and does not read it.
  @Test func slowReaderIsEvicted() async throws {
    var limits = StatusServer.Limits()
    limits.exchangeTimeout = .seconds(2)
    try await withServer(FakeProvider(Fixtures.huge), limits: limits) { path, server in
      let slow = try await RawClient.connect(path, reads: false)
      try await slow.channel.executeThenClose { _, outbound in
        try await outbound.write(ByteBuffer(string: "GET /v1/status HTTP/1.1\r\nhost: meterd\r\n\r\n"))
        let id = try await StatusClient(socketPath: path).meter(id: "meter-0").id
        #expect(id == "meter-0")
        // The server lets go of the connection, and with it of the answer.
        while server.connections.count > 0 { try await Task.sleep(for: .milliseconds(5)) }
      }
    }
  }

  @Test func keptConnectionServesManyRequests() async throws {
    try await withServer { path, _ in
      let request = "GET /healthz HTTP/1.1\r\nhost: meterd\r\n\r\n"
      let last = "GET /healthz HTTP/1.1\r\nhost: meterd\r\nconnection: close\r\n\r\n"
      let answers = try await RawClient.exchange(path, [String(repeating: request, count: 99), last])
      #expect(answers.ranges(of: "HTTP/1.1 503").count == 100)
    }
  }

  static let megabyte = String(repeating: "a", count: 1 << 20)

  /// A request that is too large, under a name that a test log can hold.
  struct Huge: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let request: String

    init(_ name: String, _ request: String) {
      testDescription = name
      self.request = request
    }

    private static let head = "GET /v1/status HTTP/1.1\r\nhost: meterd\r\n"

    static let all = [
      Huge("request line", "GET /\(megabyte) HTTP/1.1\r\nhost: meterd\r\n\r\n"),
      Huge("no request at all", "\(megabyte)\r\n\r\n"),
      Huge("header value", "\(head)x: \(megabyte)\r\n\r\n"),
      Huge("header name", "\(head)\(megabyte): x\r\n\r\n"),
      Huge("65 headers", "\(head)\(String(repeating: "x: y\r\n", count: 65))\r\n"),
      Huge("three headers of 8,000", "\(head)\(String(repeating: "x: \(megabyte.prefix(8000))\r\n", count: 3))\r\n"),
      Huge("body of 1 MiB", "\(head)content-length: 1048576\r\n\r\n\(megabyte)"),
      Huge("endless body", "\(head)content-length: 18446744073709551615\r\n\r\n\(megabyte)"),
    ]
  }

  /// Refused with a 4xx, or by a reset where the client was still writing; and the server lives.
  @Test(arguments: Huge.all)
  func hugeRequest(_ huge: Huge) async throws {
    try await withServer { path, _ in
      let answer = RawAnswer(try await RawClient.exchange(path, [huge.request]))
      #expect(["400", "413", "431", ""].contains(answer.status), "\(answer.status)")
      #expect(answer.body.utf8.count < 200)
      let report = try await StatusClient(socketPath: path).report()
      #expect(report == Fixtures.report)
    }
  }

  /// Without a declared length the answer may be out before the body is too long: then the connection ends.
  @Test func hugeChunkedBody() async throws {
    var limits = StatusServer.Limits()
    // Only the body's length may end the exchange here.
    limits.exchangeTimeout = .hours(1)
    try await withServer(limits: limits) { path, _ in
      let head = "GET /healthz HTTP/1.1\r\nhost: meterd\r\ntransfer-encoding: chunked\r\n\r\n"
      let chunk = "1000\r\n\(Self.megabyte.prefix(4096))\r\n"
      let answer = try await RawClient.exchange(path, [head] + Array(repeating: chunk, count: 256))
      #expect(answer.ranges(of: "HTTP/1.1").count <= 1)
      let site = try await StatusClient(socketPath: path).report().site
      #expect(site == "yangzhou-1")
    }
  }
}

private final class Counter: Sendable {
  private let count = Atomic(0)
  var value: Int { count.load(ordering: .relaxed) }
  func increment() { count.add(1, ordering: .relaxed) }
}
