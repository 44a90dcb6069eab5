import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The status socket: HTTP/1.1 on a Unix socket, read-only. What it serves stands in `docs/STATUS-API.md`.
///
/// A socket that is found at the path and answers is another server's: an error. A stale one is replaced.
public struct StatusServer: Service {
  /// What clients can cost at most.
  struct Limits: Sendable {
    /// Each can hold one answer (a report of 2,000 meters has about 1 MB) for `exchangeTimeout`.
    var maximumConnections = 32
    var exchangeTimeout = TimeAmount.seconds(10)
    /// Request line, and each header field.
    var maximumFieldBytes = 8 * 1024
    /// Request line and header fields together.
    var maximumHeadBytes = 16 * 1024
    var maximumFieldCount = 64
    /// Read and thrown away; a GET has no use for a body.
    var maximumBodyBytes = 16 * 1024
  }

  private let socketPath: String
  private let mode: UInt32
  private let logger: Logger
  private let provider: any StatusProvider
  private let limits: Limits
  let connections: ConnectionTable

  /// - Parameters:
  ///   - socketPath: at most 103 bytes; its directory exists.
  ///   - mode: permission bits of the socket; whoever may write to it may read the status.
  public init(socketPath: String, mode: UInt32 = 0o660, logger: Logger, provider: any StatusProvider) {
    self.init(socketPath: socketPath, mode: mode, logger: logger, provider: provider, limits: Limits())
  }

  init(
    socketPath: String, mode: UInt32 = 0o660, logger: Logger, provider: any StatusProvider, limits: Limits
  ) {
    self.socketPath = socketPath
    self.mode = mode
    self.logger = logger
    self.provider = provider
    self.limits = limits
    connections = ConnectionTable(maximum: limits.maximumConnections)
  }

  /// Serves until graceful shutdown or cancellation, then removes the socket.
  /// - Throws: `StatusServerError`.
  public func run() async throws { try await run(onListening: {}) }

  /// The same; `onListening` is called once, when clients can connect.
  public func run(onListening: @escaping @Sendable () async -> Void) async throws {
    let file = try SocketFile(path: socketPath, mode: mode)
    let failure = Mutex<StatusServerError?>(nil)
    let published = Atomic<UInt64>(0)
    let server = makeServer(stagingPath: file.stagingPath) { channel in
      do throws(StatusServerError) {
        published.store(try file.publish(), ordering: .releasing)
        logger.info("status socket listens", metadata: ["path": "\(socketPath)"])
        await onListening()
      } catch {
        failure.withLock { $0 = error }
        channel.close(promise: nil)
      }
    }
    defer {
      let inode = published.load(ordering: .acquiring)
      if inode == 0 { file.removeStaging() } else { file.remove(inode: inode) }
    }
    do {
      try await server.run()
    } catch let error as IOError {
      throw StatusServerError.failed(doing: "listen at", path: socketPath, errno: error.errnoCode)
    }
    if let error = failure.withLock({ $0 }) { throw error }
    if !Task.isCancelled, !Task.isShuttingDownGracefully { throw StatusServerError.listenerClosed(path: socketPath) }
  }

  private func makeServer(
    stagingPath: String, onServerRunning: @escaping @Sendable (any Channel) async -> Void
  ) -> any Service {
    let responder = StatusResponder(provider: provider, logger: logger, maximumBodyBytes: limits.maximumBodyBytes)
    let (connections, limits) = (connections, limits)
    let channel = HTTP1Channel(
      responder: { request, writer, _ in
        let response = await responder.response(to: request)
        try await writer.write(response: response.head, body: response.body)
      },
      configuration: .init(
        additionalChannelHandlers: [ConnectionGuard(table: connections, limits: limits)],
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: limits.maximumFieldBytes, maxHeaderListSize: limits.maximumHeadBytes,
          maxHeaderFieldCount: limits.maximumFieldCount)))
    // Hummingbird would announce the staging path; `run` logs the real one.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return channel.server(
      configuration: ServerConfiguration(address: .unixDomainSocket(path: stagingPath)),
      onServerRunning: onServerRunning, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
  }
}
