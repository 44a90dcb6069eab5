import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import StatusAPI

/// A directory of its own under /tmp: socket paths have to be short.
struct TemporaryDirectory: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/status-XXXXXX".utf8CString)
    try #require(template.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkdtemp($0) != nil } ?? false })
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // Tests leave at most these behind.
    for name in ["s", "file", "sub/s"] { unlink("\(path)/\(name)") }
    rmdir("\(path)/sub")
    rmdir(path)
  }
}

/// A socket file as a daemon leaves it that was killed: bound once, nobody listens.
func makeStaleSocket(_ path: String) throws {
  let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
  try #require(descriptor >= 0)
  defer { close(descriptor) }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  let bound = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  try #require(bound == 0)
}

/// Runs a server while `body` runs.
func withServer(
  _ provider: FakeProvider = FakeProvider(), limits: StatusServer.Limits = .init(),
  _ body: @escaping @Sendable (String, StatusServer) async throws -> Void
) async throws {
  let directory = try TemporaryDirectory()
  let path = "\(directory.path)/s"
  let server = StatusServer(
    socketPath: path, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), provider: provider,
    limits: limits)
  try await withThrowingTaskGroup(of: Void.self) { group in
    let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
    group.addTask {
      defer { continuation.finish() }
      try await server.run { continuation.yield() }
    }
    for await _ in listening { break }
    try await body(path, server)
    group.cancelAll()
    try await group.waitForAll()
  }
}

/// A client that speaks bytes, as rude as a test wants it.
struct RawClient {
  let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

  static func connect(_ path: String, reads: Bool = true) async throws -> RawClient {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.autoRead, value: reads)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .connect(unixDomainSocketPath: path) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return RawClient(channel: channel)
  }

  /// Sends the pieces one after the other and reads until the server closes; a reset is an end, too.
  static func exchange(_ path: String, _ pieces: [String]) async throws -> String {
    try await connect(path).channel.executeThenClose { inbound, outbound in
      var answer = ""
      do {
        for piece in pieces { try await outbound.write(ByteBuffer(string: piece)) }
      } catch is IOError {} catch ChannelError.ioOnClosedChannel {} catch ChannelError.alreadyClosed {}
      do {
        for try await bytes in inbound { answer += String(buffer: bytes) }
      } catch is IOError {}
      return answer
    }
  }

  static func get(_ path: String, _ target: String, method: String = "GET") async throws -> RawAnswer {
    RawAnswer(
      try await exchange(path, ["\(method) \(target) HTTP/1.1\r\nhost: meterd\r\nconnection: close\r\n\r\n"]))
  }
}

struct RawAnswer {
  let status: String
  let headers: [String: String]
  let body: String

  init(_ text: String) {
    // CRLF is one Character.
    let end = text.range(of: "\r\n\r\n")
    let head = end.map { text[..<$0.lowerBound] } ?? text[...]
    body = end.map { String(text[$0.upperBound...]) } ?? ""
    let lines = head.split(separator: "\r\n")
    status = lines.first.map { String($0.dropFirst("HTTP/1.1 ".count).prefix(3)) } ?? ""
    headers = Dictionary(
      lines.dropFirst().compactMap { line in
        line.firstIndex(of: ":").map {
          (line[..<$0].lowercased(), String(line[line.index($0, offsetBy: 2)...]))
        }
      },
      uniquingKeysWith: { $1 })
  }
}

extension String {
  /// The standard library's search for a substring is on collections of any element.
  fileprivate func range(of other: String) -> Range<Index>? { ranges(of: other).first }
}
