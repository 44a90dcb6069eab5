import Glibc
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@testable import StatusAPI

@Suite(.timeLimit(.minutes(1)))
struct SocketFileTests {
  @Test func modeAndRemoval() async throws {
    let before = umask(0o022)
    umask(before)
    try await withServer { path, _ in
      var info = stat()
      #expect(lstat(path, &info) == 0)
      #expect(info.st_mode & S_IFMT == S_IFSOCK)
      #expect(info.st_mode & 0o7777 == 0o660)
      let names = try entries(path)
      #expect(names == ["s"])
      let during = umask(before)
      #expect(during == before)
    }
  }

  @Test func stoppedServerLeavesNothing() async throws {
    let directory = try TemporaryDirectory()
    let server = makeServer("\(directory.path)/s")
    try await runUntilListening(server)
    let names = try entries("\(directory.path)/s")
    #expect(names == [])
  }

  @Test func staleSocketIsReplaced() async throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/s"
    try makeStaleSocket(path)
    let names = try entries(path)
    #expect(names == ["s"])
    await #expect(throws: StatusClientError.self) { try await StatusClient(socketPath: path).report() }
    try await runUntilListening(makeServer(path)) {
      let report = try await StatusClient(socketPath: path).report()
      #expect(report == Fixtures.report)
    }
  }

  /// A second daemon once took the socket of the first away, and removed it when it ended.
  @Test func aSocketThatAnswersIsLeftToItsOwner() async throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/s"
    try await runUntilListening(makeServer(path)) {
      await #expect(throws: StatusServerError.inUse(path: path)) { try await makeServer(path).run() }
      let report = try await StatusClient(socketPath: path).report()
      #expect(report == Fixtures.report)
    }
  }

  @Test func somethingElseIsNotReplaced() async throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/file"
    let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
    try #require(descriptor >= 0)
    close(descriptor)
    await #expect(throws: StatusServerError.notASocket(path: path)) { try await makeServer(path).run() }
    let names = try entries(path)
    #expect(names == ["file"])
  }

  @Test func missingDirectory() async throws {
    let directory = try TemporaryDirectory()
    let error = await #expect(throws: StatusServerError.self) { try await makeServer("\(directory.path)/sub/s").run() }
    #expect(error == .noDirectory(directory: "\(directory.path)/sub"))
    #expect(error?.description.contains("RuntimeDirectory") == true)
  }

  @Test func longestPath() async throws {
    let directory = try TemporaryDirectory()
    let sub = "\(directory.path)/sub"
    try #require(mkdir(sub, 0o700) == 0)
    let room = SocketFile.maximumPathBytes - sub.utf8.count - 1
    let longest = "\(sub)/" + String(repeating: "x", count: room)
    defer { unlink(longest) }
    try await runUntilListening(makeServer(longest)) {
      let site = try await StatusClient(socketPath: longest).report().site
      #expect(site == "yangzhou-1")
    }
    let error = await #expect(throws: StatusServerError.self) { try await makeServer(longest + "x").run() }
    #expect(error == .pathTooLong(path: longest + "x", bytes: 104, maximum: 103))
  }

  /// `/s` fits, the socket's first place beside it does not: said before anything is made.
  @Test func deepDirectory() async throws {
    let path = "/tmp/" + String(repeating: "x", count: 91) + "/s"
    let error = await #expect(throws: StatusServerError.self) { try await makeServer(path).run() }
    #expect(error == .pathTooLong(path: path, bytes: 98, maximum: 95))
  }

  /// One client has sent half a request, another does not read an answer that no socket buffer holds.
  @Test func gracefulShutdownDoesNotWaitForClients() async throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/s"
    var limits = StatusServer.Limits()
    // Only the stop may end their exchanges here.
    limits.exchangeTimeout = .hours(1)
    let server = makeServer(path, FakeProvider(Fixtures.huge), limits: limits)
    let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
    let group = ServiceGroup(
      configuration: .init(
        services: [.init(service: Hooked(server: server, continuation: continuation))],
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      for await _ in listening { break }
      let silent = try await RawClient.connect(path)
      let slow = try await RawClient.connect(path, reads: false)
      try await silent.channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: "GET /v1/sta"))
        try await slow.channel.executeThenClose { _, slowOutbound in
          try await slowOutbound.write(ByteBuffer(string: "GET /v1/status HTTP/1.1\r\nhost: meterd\r\n\r\n"))
          await group.triggerGracefulShutdown()
          do { for try await _ in inbound {} } catch is IOError {}
          try await tasks.waitForAll()
        }
      }
    }
    while server.connections.count > 0 { try await Task.sleep(for: .milliseconds(5)) }
    let names = try entries(path)
    #expect(names == [])
  }

  private struct Hooked: Service {
    let server: StatusServer
    let continuation: AsyncStream<Void>.Continuation
    func run() async throws { try await server.run { continuation.yield() } }
  }

  private func makeServer(
    _ path: String, _ provider: FakeProvider = FakeProvider(), limits: StatusServer.Limits = .init()
  ) -> StatusServer {
    StatusServer(
      socketPath: path, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), provider: provider,
      limits: limits)
  }

  private func runUntilListening(
    _ server: StatusServer, _ body: @escaping @Sendable () async throws -> Void = {}
  ) async throws {
    let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { continuation.finish() }
        try await server.run { continuation.yield() }
      }
      for await _ in listening { break }
      try await body()
      group.cancelAll()
      try await group.waitForAll()
    }
  }
}

/// Names in the directory of a path.
private func entries(_ path: String) throws -> [String] {
  let slash = try #require(path.lastIndex(of: "/"))
  let directory = try #require(opendir(String(path[..<slash])))
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}
