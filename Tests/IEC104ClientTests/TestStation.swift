import IEC104
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

@testable import IEC104Client

/// A controlled station on 127.0.0.1 that sends numbered values as fast as its window allows, or does what a script
/// says.
final class TestStation: Sendable {
  struct State: Sendable {
    /// The values that are still to be sent, by their numbers; what a lost link did not have acknowledged comes back to
    /// the front.
    var toSend: [UInt32] = []
    var acknowledged: UInt64 = 0
    var channels: [any Channel] = []
    var stops = 0
    var server: (any Channel)?
  }

  /// - Parameter bytes: what came; empty: the connection was accepted.
  typealias Script = @Sendable (_ channel: any Channel, _ bytes: [UInt8]) -> Void

  let state = Mutex(State())
  var port: UInt16 { UInt16(state.withLock { $0.server }?.localAddress?.port ?? 0) }
  var endpoint: Endpoint { Endpoint(host: "127.0.0.1", port: port) }

  /// - Parameters:
  ///   - port: 0: a free one.
  ///   - sharing: another link of the same station, whose values these are too.
  init(
    port: Int = 0, values: [UInt32] = [], tls: NIOSSLContext? = nil,
    parameters: SessionParameters = SessionParameters(),
    sharing other: TestStation? = nil, script: Script? = nil
  ) async throws {
    state.withLock { $0.toSend = values }
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
          if let script {
            try pipeline.addHandler(ScriptHandler(script))
          } else {
            try pipeline.addHandler(StationHandler(other ?? self, parameters))
          }
          state.withLock { $0.channels.append(channel) }
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    state.withLock { $0.server = server }
  }

  /// Closes the connections; the next ones are taken.
  func drop() {
    let channels = state.withLock { state in
      defer { state.channels = [] }
      return state.channels
    }
    for channel in channels { channel.close(promise: nil) }
  }

  func close() async {
    try? await state.withLock { $0.server }?.close().get()
    drop()
  }

  private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let script: Script

    init(_ script: @escaping Script) { self.script = script }

    func channelActive(context: ChannelHandlerContext) { script(context.channel, []) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      script(context.channel, Array(unwrapInboundIn(data).readableBytesView))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  private final class StationHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let station: TestStation
    private var session: Session
    private var inFlight: [UInt32] = []
    private var confirmed: UInt64 = 0

    init(_ station: TestStation, _ parameters: SessionParameters) {
      self.station = station
      session = Session(role: .controlled, parameters: parameters)
    }

    func channelActive(context: ChannelHandlerContext) {
      session.opened(at: context.eventLoop.now.uptimeNanoseconds)
      context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let now = context.eventLoop.now.uptimeNanoseconds
      unwrapInboundIn(data).withUnsafeReadableBytes { session.receive($0, at: now) { _ in } }
      session.committed(through: session.received, at: now)
      carryOut(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
      takeConfirmed()
      station.state.withLock { $0.toSend.insert(contentsOf: inFlight, at: 0) }
      inFlight = []
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func carryOut(_ context: ChannelHandlerContext) {
      for event in session.takeEvents() {
        switch event {
        case .close: return context.close(promise: nil)
        case .stopped: station.state.withLock { $0.stops += 1 }
        case .started, .wantsCommit: break
        }
      }
      takeConfirmed()
      while session.state == .started, session.queued < session.parameters.k {
        guard
          let number = station.state.withLock({ $0.toSend.isEmpty ? nil : $0.toSend.removeFirst() }),
          let asdu = try? OutgoingASDU.monitor(
            type: .M_ME_NB_1, cause: .spontaneous, commonAddress: 47,
            objects: [InformationObject(address: number, bits: 0)]),
          session.send(asdu, at: context.eventLoop.now.uptimeNanoseconds)
        else { break }
        inFlight.append(number)
      }
      if !session.outgoing.isEmpty {
        context.writeAndFlush(NIOAny(ByteBuffer(bytes: session.takeOutgoing())), promise: nil)
      }
    }

    private func takeConfirmed() {
      let count = Int(session.confirmed - confirmed)
      confirmed = session.confirmed
      inFlight.removeFirst(count)
      station.state.withLock { $0.acknowledged += UInt64(count) }
    }
  }
}
