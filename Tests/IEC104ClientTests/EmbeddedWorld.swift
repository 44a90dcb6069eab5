import FoundationEssentials
import IEC104
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import IEC104Client

/// A client with connections in memory under a clock that stands still until it is told.
final class EmbeddedWorld {
  let loop = EmbeddedEventLoop()
  let recorder: Recorder
  let client: StationClient
  private let net: Net

  /// What the network does.
  final class Net: Sendable {
    struct State {
      /// Errors for the next tries, whatever their endpoint; without one a try succeeds.
      var refusals: [any Error] = []
      /// Tries that never come to anything.
      var isSilent = false
      var silent: [EventLoopPromise<any Channel>] = []
      var channels: [EmbeddedChannel] = []
      /// When each try began.
      var tries: [UInt64] = []
    }
    let state = Mutex(State())
  }

  /// Counts what is read from the socket.
  final class ReadCounter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    var count = 0
    func read(context: ChannelHandlerContext) {
      count += 1
      context.read()
    }
  }

  init(
    _ committing: Recorder.Committing = .never, links: Int = 1, chance: Double = 0,
    _ change: (inout StationClientSettings) -> Void = { _ in }
  ) throws {
    var settings = StationClientSettings(
      id: "substation", endpoints: (0..<links).map { Endpoint(host: "192.0.2.\(20 + $0)", port: 2404) },
      commonAddresses: [47], startup: [])
    change(&settings)
    recorder = Recorder(committing)
    let net = Net()
    self.net = net
    let opener = LinkOpener { _, loop, _, initialize in
      net.state.withLock { $0.tries.append(loop.now.uptimeNanoseconds) }
      if net.state.withLock({ $0.isSilent }) {
        let promise = loop.makePromise(of: (any Channel).self)
        net.state.withLock { $0.silent.append(promise) }
        return promise.futureResult
      }
      if let error = net.state.withLock({ $0.refusals.isEmpty ? nil : $0.refusals.removeFirst() }) {
        return loop.makeFailedFuture(error)
      }
      guard let embedded = loop as? EmbeddedEventLoop else {
        return loop.makeFailedFuture(ChannelError.operationUnsupported)
      }
      return Net.connect(embedded, initialize, net)
    }
    client = try StationClient(
      settings, loop: loop, delegate: recorder, opener: opener, chance: { chance }, clock: { Date() })
    recorder.state.withLock { [client] in $0.client = client }
  }

  func start() { client.start() }

  func refuse(_ errors: [any Error]) { net.state.withLock { $0.refusals = errors } }

  func setSilent(_ isSilent: Bool) { net.state.withLock { $0.isSilent = isSilent } }

  /// The tries that came to nothing succeed after all.
  func answerSilentTries() throws -> [EmbeddedChannel] {
    try net.state.withLock { $0.silent }.map { promise in
      let channel = EmbeddedChannel(loop: loop)
      try channel.connect(to: SocketAddress(ipAddress: "192.0.2.20", port: 2404)).wait()
      promise.succeed(channel)
      return channel
    }
  }

  /// Seconds at which connections were tried.
  var tries: [Double] { net.state.withLock { $0.tries.map { Double($0) / 1e9 } } }
  /// All that were made, in order.
  var channels: [EmbeddedChannel] { net.state.withLock { $0.channels } }

  func channel(_ number: Int = 0) throws -> EmbeddedChannel {
    try #require(channels.indices.contains(number), "connection \(number) of \(channels.count)")
    return channels[number]
  }

  func advance(seconds: Double) { loop.advanceTime(by: .nanoseconds(Int64(seconds * 1e9))) }

  /// The station writes.
  func feed(_ bytes: [UInt8], to number: Int = 0) throws {
    _ = try channel(number).writeInbound(ByteBuffer(bytes: bytes))
  }

  /// What the client wrote since the last call, one element a write.
  func written(_ number: Int = 0) throws -> [[UInt8]] {
    var writes: [[UInt8]] = []
    while let buffer = try channel(number).readOutbound(as: ByteBuffer.self) {
      writes.append(Array(buffer.readableBytesView))
    }
    return writes
  }

  func reads(_ number: Int = 0) throws -> Int {
    try channel(number).pipeline.syncOperations.handler(type: ReadCounter.self).count
  }

  /// STARTDT is asked for and confirmed.
  func confirmStart(_ number: Int = 0) throws {
    #expect(try written(number) == [Frames.startActivation])
    try feed(Frames.startConfirmation, to: number)
  }

  func status(_ link: Int = 0) -> StationClientStatus.Link {
    advance(seconds: 0.25)
    return client.status.links[link]
  }
}

extension EmbeddedWorld.Net {
  static func connect(
    _ loop: EmbeddedEventLoop, _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>,
    _ net: EmbeddedWorld.Net
  ) -> EventLoopFuture<any Channel> {
    let channel = EmbeddedChannel(loop: loop)
    net.state.withLock { $0.channels.append(channel) }
    do {
      try channel.pipeline.syncOperations.addHandler(EmbeddedWorld.ReadCounter())
      let address = try SocketAddress(ipAddress: "192.0.2.20", port: 2404)
      return initialize(channel).flatMap { channel.connect(to: address) }.map { channel }
    } catch {
      return loop.makeFailedFuture(error)
    }
  }
}
