import NIOCore
import NIOPosix
import NIOSSL

/// Where a simulated station listens: all its endpoints, on loopback addresses only.
final class OutstationServer: Sendable {
  /// More connections to one endpoint than this are closed at once.
  static let maximumConnections = 64

  let ports: [Int]
  private let outstation: SimulatedOutstation
  private let channels: [any Channel]
  private let connections: ConnectionLimit
  private let driver: NIOLoopBound<OutstationDriver>

  private init(
    ports: [Int], outstation: SimulatedOutstation, channels: [any Channel], connections: ConnectionLimit,
    driver: NIOLoopBound<OutstationDriver>
  ) {
    self.ports = ports
    self.outstation = outstation
    self.channels = channels
    self.connections = connections
    self.driver = driver
  }

  /// - Throws: `SimulationError` for an address that is not loopback, one that cannot be listened on, or a certificate
  ///   that cannot be used.
  static func start(_ outstation: SimulatedOutstation, group: any EventLoopGroup) async throws -> OutstationServer {
    let station = outstation.station
    let tls = try station.tls.map { try $0.context(station: station.id) }
    // One loop for the station and all its clients.
    let loop = group.next()
    let driver = try await loop.submit {
      NIOLoopBound(OutstationDriver(outstation, eventLoop: loop), eventLoop: loop)
    }.get()
    let connections = ConnectionLimit(maximumConnections * station.endpoints.count)
    var channels: [any Channel] = []
    do {
      for (place, endpoint) in station.endpoints.enumerated() {
        let address = try SimulatedTCPServer.loopbackAddress(host: endpoint.host, port: endpoint.port)
        channels.append(
          try await ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 128)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { child in
              child.eventLoop.makeCompletedFuture {
                guard connections.enter(child) else { throw ChannelError.inappropriateOperationForState }
                if let tls { try child.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                try child.pipeline.syncOperations.addHandler(OutstationHandler(driver.value, endpoint: place))
              }
            }
            .bind(to: address).get())
      }
    } catch {
      for channel in channels { try? await channel.close() }
      throw error is SimulationError
        ? error
        : SimulationError(
          .system,
          "station '\(station.id)': cannot listen on \(station.endpoints[channels.count].host):"
            + "\(station.endpoints[channels.count].port): \(error): is another simulator running there? Stop it or "
            + "change the station's address")
    }
    outstation.setWake { loop.execute { driver.value.run { _, _ in } } }
    loop.execute { driver.value.run { _, _ in } }
    return OutstationServer(
      ports: channels.map { $0.localAddress?.port ?? 0 }, outstation: outstation, channels: channels,
      connections: connections, driver: driver)
  }

  /// Closes the ports and every connection.
  func stop() async {
    outstation.setWake(nil)
    for channel in channels { try? await channel.close() }
    await connections.closeAll()
    let driver = driver
    try? await channels.first?.eventLoop.submit { driver.value.stop() }.get()
  }
}

extension SimulatedStation.TLS {
  fileprivate func context(station: String) throws -> NIOSSLContext {
    do {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
      configuration.trustRoots = .file(authorities)
      configuration.certificateVerification = .noHostnameVerification
      configuration.minimumTLSVersion = .tlsv12
      // A client that does not say goodbye holds nobody up.
      configuration.shutdownTimeout = .milliseconds(200)
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw SimulationError(
        .system, "station '\(station)': its certificate, key or authorities cannot be used: \(error): check the files")
    }
  }
}
