import NIOCore

/// Carries out what a simulated station wants, for all its connections. Lives on one event loop.
final class OutstationDriver {
  private let outstation: SimulatedOutstation
  private let eventLoop: any EventLoop
  private var channels: [Int: any Channel] = [:]
  private var alarm: (at: NIODeadline, task: Scheduled<Void>)?

  init(_ outstation: SimulatedOutstation, eventLoop: any EventLoop) {
    self.outstation = outstation
    self.eventLoop = eventLoop
  }

  /// - Returns: the number of the connection.
  func opened(_ channel: any Channel, endpoint: Int) -> Int {
    let link = outstation.withMachine { machine, now in machine.opened(endpoint: endpoint, at: now) }
    channels[link] = channel
    run { _, _ in }
    return link
  }

  func closed(_ link: Int) {
    channels[link] = nil
    run { machine, _ in machine.closed(link: link) }
  }

  func run(_ body: (inout Outstation, Outstation.Instant) -> Void) {
    let (actions, next) = outstation.run(body)
    for action in actions {
      switch action {
      case .write(let link, let bytes):
        guard let channel = channels[link] else { continue }
        channel.writeAndFlush(channel.allocator.buffer(bytes: bytes), promise: nil)
      case .close(let link): channels[link]?.close(promise: nil)
      }
    }
    setAlarm(next)
  }

  /// One that comes too early does no harm.
  private func setAlarm(_ nanoseconds: UInt64?) {
    guard let nanoseconds else { return }
    // With a clock that tests turn nothing may be due for ever.
    let wait = min(max(nanoseconds, 1_000_000), 3_600_000_000_000)
    let deadline = eventLoop.now + .nanoseconds(Int64(wait))
    if let alarm, alarm.at <= deadline { return }
    alarm?.task.cancel()
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    let task = eventLoop.scheduleTask(deadline: deadline) {
      bound.value.alarm = nil
      bound.value.run { _, _ in }
    }
    alarm = (deadline, task)
  }

  func stop() {
    alarm?.task.cancel()
    alarm = nil
  }
}

/// One connection of a client.
final class OutstationHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let driver: OutstationDriver
  private let endpoint: Int
  private var link: Int?

  init(_ driver: OutstationDriver, endpoint: Int) {
    self.driver = driver
    self.endpoint = endpoint
  }

  func channelActive(context: ChannelHandlerContext) { link = driver.opened(context.channel, endpoint: endpoint) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let link else { return }
    unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
      driver.run { machine, now in machine.received(bytes, link: link, at: now) }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if let link { driver.closed(link) }
    link = nil
  }

  /// A client that sends and never reads must not fill the memory.
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    context.channel.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
