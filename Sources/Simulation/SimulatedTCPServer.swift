import NIOCore
import NIOPosix

/// A server with any number of units behind it, on loopback addresses only: a meter with an Ethernet port, or a converter
/// with a line behind it.
///
/// Specification: MODBUS Messaging on TCP/IP Implementation Guide V1.0b; for a transparent converter MODBUS over Serial
/// Line V1.02.
public final class SimulatedTCPServer: Sendable {
  /// What happens to a request for a unit that is not there.
  public enum UnknownUnit: Sendable, Equatable {
    /// Nothing, like a converter that forwards it to a dead line.
    case silence
    /// An answer with this exception, like a converter that knows better (10, 11).
    case exception(UInt8)
  }

  /// More connections than this are closed at once.
  public static let maximumConnections = 256

  public let host: String
  /// The port that it listens on.
  public let port: Int
  private let channel: any Channel
  private let connections: ConnectionLimit

  private init(host: String, port: Int, channel: any Channel, connections: ConnectionLimit) {
    self.host = host
    self.port = port
    self.channel = channel
    self.connections = connections
  }

  /// A Modbus TCP server.
  ///
  /// - Parameters:
  ///   - host: an IP address of this machine's loopback interface, or `localhost`.
  ///   - port: 0: any free one.
  ///   - group: shared by all servers of a process.
  /// - Throws: `SimulationError` for an address that is not loopback, or one that cannot be listened on.
  public static func start(
    host: String, port: Int, units: [UInt8: SimulatedUnit], unknownUnit: UnknownUnit = .silence,
    group: any EventLoopGroup
  ) async throws -> SimulatedTCPServer {
    let table = UnitTable(units, unknownUnit: unknownUnit)
    return try await listen(host: host, port: port, group: group) { ModbusTCPHandler(table) }
  }

  /// A converter in transparent mode, which hands RTU frames to a line and the replies back. All clients share the line;
  /// a reply goes to the client whose request it answers.
  ///
  /// - Parameters:
  ///   - turnaroundMilliseconds: between a request and its reply.
  ///   - pacing: a reply comes when its last character has ended on the wire; nil: bytes take no time.
  /// - Throws: `SimulationError` for an address that is not loopback, or one that cannot be listened on.
  public static func startConverter(
    host: String, port: Int, units: [UInt8: SimulatedUnit], turnaroundMilliseconds: Int = 0,
    pacing: SerialPacing? = nil, group: any EventLoopGroup
  ) async throws -> SimulatedTCPServer {
    // One loop for the line and all its clients.
    let loop = group.next()
    let turnaround = Int64(min(max(0, turnaroundMilliseconds), 86_400_000))
    let line = try await loop.submit {
      NIOLoopBound(
        SharedLine(units, turnaroundMilliseconds: turnaround, pacing: pacing, eventLoop: loop), eventLoop: loop)
    }.get()
    let server = try await listen(host: host, port: port, group: loop) { RTUOverTCPHandler(line.value) }
    server.channel.closeFuture.whenComplete { _ in line.value.close() }
    return server
  }

  private static func listen<Handler: ChannelInboundHandler>(
    host: String, port: Int, group: any EventLoopGroup, _ handler: @escaping @Sendable () -> Handler
  ) async throws -> SimulatedTCPServer {
    let address = try loopbackAddress(host: host, port: port)
    let connections = ConnectionLimit(maximumConnections)
    do {
      let channel = try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .serverChannelOption(.backlog, value: 128)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { child in
          child.eventLoop.makeCompletedFuture {
            guard connections.enter(child) else { throw ChannelError.inappropriateOperationForState }
            try child.pipeline.syncOperations.addHandler(handler())
          }
        }
        .bind(to: address).get()
      return SimulatedTCPServer(
        host: host, port: channel.localAddress?.port ?? port, channel: channel, connections: connections)
    } catch {
      throw SimulationError(
        .system,
        "cannot listen on \(host):\(port): \(error): is another simulator running there? Stop it or change "
          + "the bus's address")
    }
  }

  /// Closes the port and every connection.
  public func stop() async {
    try? await channel.close()
    await connections.closeAll()
  }

  /// - Throws: for anything but a literal of 127.0.0.0/8, ::1 or `localhost`: a simulated meter must not be reachable
  ///   from outside, where somebody could take it for a real one.
  static func loopbackAddress(host: String, port: Int) throws(SimulationError) -> SocketAddress {
    let literal = host == "localhost" ? "127.0.0.1" : host
    let isLoopback = literal == "::1" || literal.hasPrefix("127.")
    guard (0...65535).contains(port), isLoopback,
      let address = try? SocketAddress(ipAddress: literal, port: port)
    else {
      throw SimulationError(
        .refused, "\(host):\(port) is not simulated: only loopback addresses are (127.0.0.1:PORT, [::1]:PORT)")
    }
    return address
  }
}
