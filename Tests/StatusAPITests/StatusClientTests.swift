import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import StatusAPI

@Suite(.timeLimit(.minutes(1)))
struct StatusClientTests {
  @Test func reportAndMeter() async throws {
    try await withServer { path, _ in
      let client = StatusClient(socketPath: path)
      let report = try await client.report()
      #expect(report == Fixtures.report)
      let meter = try await client.meter(id: "main-incomer")
      #expect(meter == Fixtures.incomerWithReadings)
      let bytes = try await client.reportJSON()
      let same = try StatusJSON.encode(Fixtures.report)
      #expect(bytes == same)
    }
  }

  @Test(arguments: ["none", "", "..", "a/b", "1号厂房", "a b", "../status", "a?x"])
  func noSuchMeter(id: String) async throws {
    try await withServer { path, _ in
      await #expect(throws: StatusClientError.noSuchMeter(id: id)) {
        try await StatusClient(socketPath: path).meter(id: id)
      }
    }
  }

  @Test func station() async throws {
    try await withServer(FakeProvider(Fixtures.reportWithStation)) { path, _ in
      let client = StatusClient(socketPath: path)
      let station = try await client.station(id: "substation")
      #expect(station == Fixtures.substation)
      let bytes = try await client.stationJSON(id: "substation")
      let same = try StatusJSON.encode(Fixtures.substation)
      #expect(bytes == same)
    }
  }

  @Test(arguments: ["none", "hall-1", "main-incomer", "", "..", "a/b", "变电站", "substation?x"])
  func noSuchStation(id: String) async throws {
    try await withServer(FakeProvider(Fixtures.reportWithStation)) { path, _ in
      await #expect(throws: StatusClientError.noSuchStation(id: id)) {
        try await StatusClient(socketPath: path).station(id: id)
      }
    }
  }

  @Test func noSocket() async throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/s"
    let error = await #expect(throws: StatusClientError.self) { try await StatusClient(socketPath: path).report() }
    guard case .notReachable(path, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("no such socket"))
  }

  @Test func nobodyListens() async throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/s"
    try makeStaleSocket(path)
    let error = await #expect(throws: StatusClientError.self) { try await StatusClient(socketPath: path).report() }
    guard case .notReachable(path, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("nobody listens"))
  }

  @Test func pathTooLong() async throws {
    let path = "/tmp/" + String(repeating: "x", count: 200)
    let error = await #expect(throws: StatusClientError.self) { try await StatusClient(socketPath: path).report() }
    guard case .notReachable(path, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("103 bytes"))
  }

  @Test func noAnswerInTime() async throws {
    try await withPeer(answer: nil) { path in
      let error = await #expect(throws: StatusClientError.self) {
        try await StatusClient(socketPath: path, timeoutMilliseconds: 200).report()
      }
      guard case .notReachable(path, let reason) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(reason.contains("200 ms"))
    }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 302 Found\r\nlocation: http+unix:///v1/status\r\ncontent-length: 0\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n",
    "",
  ])
  func badAnswer(bytes: String) async throws {
    try await withPeer(answer: bytes) { path in
      let error = await #expect(throws: StatusClientError.self) { try await StatusClient(socketPath: path).report() }
      guard case .badAnswer(path, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func unknownFieldsAreIgnored() throws {
    let text = String(decoding: try StatusJSON.encode(Fixtures.reportWithStation), as: UTF8.self)
    // In every object but the counts by exception code, whose keys are numbers.
    let newer = text.replacing(/\{"(?=[a-z])/, with: "{\"of_the_future\":{\"x\":[1]},\"")
    #expect(try StatusJSON.decode(StatusReport.self, from: Array(newer.utf8)) == Fixtures.reportWithStation)
    // And an older daemon's answer without a field that may be null.
    let older = text.replacing("\"profile\":null,", with: "")
    #expect(older != text)
    #expect(try StatusJSON.decode(StatusReport.self, from: Array(older.utf8)) == Fixtures.reportWithStation)
  }

  @Test(arguments: [
    ("0.57", "0.57"), ("-12.5", "-12.5"), ("18446744073709551615", "18446744073709551615"), ("0", "0"),
    ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
    ("999999999999999999999999999999999999999", "\"999999999999999999999999999999999999999\""),
    ("0.000000000000000000000000000001", "0.000000000000000000000000000001"),
    ("1600.00", "1600"), ("34e+36", "\"34e+36\""),
  ])
  func valuesAreExact(text: String, json: String) throws {
    var reading = Fixtures.readings[0]
    reading.value = text
    let bytes = try StatusJSON.encode(reading)
    #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("\"value\":\(json)}\n"))
    let back = try StatusJSON.decode(ReadingStatus.self, from: bytes)
    #expect(back.value == (text == "1600.00" ? "1600" : text))
  }

  /// A serial number keeps its zeros, and is not read up to its first dash.
  @Test(arguments: ["00123", "20260117-0042", "ABC \"1\""])
  func textsStayTexts(text: String) throws {
    var reading = Fixtures.readings[0]
    reading.kind = "text"
    reading.value = text
    #expect(try StatusJSON.decode(ReadingStatus.self, from: StatusJSON.encode(reading)) == reading)
  }
}

/// Runs `body` against a peer that waits for a request and then sends `answer` and closes, or says nothing if nil.
private func withPeer(answer: String?, _ body: (String) async throws -> Void) async throws {
  let directory = try TemporaryDirectory()
  let path = "\(directory.path)/s"
  let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Peer(answer: answer)) }
    }
    .bind(unixDomainSocketPath: path).get()
  try await body(path)
  try await server.close()
}

private final class Peer: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  private let answer: String?

  init(answer: String?) { self.answer = answer }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let answer else { return }
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer))).whenComplete { _ in
      bound.value.close(promise: nil)
    }
  }
}
