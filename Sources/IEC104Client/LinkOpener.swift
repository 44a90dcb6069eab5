import NIOCore
import NIOPosix

/// Makes the connections of a station. Tests put another one in its place.
struct LinkOpener: Sendable {
  /// - Parameters:
  ///   - timeout: for the name, all addresses of it and the connection.
  ///   - initialize: builds the pipeline of each channel that is tried.
  var open:
    @Sendable (
      _ endpoint: Endpoint, _ loop: any EventLoop, _ timeout: TimeAmount,
      _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<any Channel>

  static let sockets = LinkOpener { endpoint, loop, timeout, initialize in
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(timeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.socketOption(.so_keepalive), value: 1)
      // One read takes what is there: a second one would mostly find nothing.
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 65_536)
      )
      .channelInitializer(initialize)
    if let address = try? SocketAddress(ipAddress: endpoint.host, port: Int(endpoint.port)) {
      return bootstrap.connect(to: address)
    }
    return bootstrap.connect(host: endpoint.host, port: Int(endpoint.port))
  }
}
