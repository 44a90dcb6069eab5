import NIOCore

/// One client of a simulated converter in transparent mode: finds the RTU frames in what it sends and hands them to the
/// line. While some of them wait nothing more is read.
final class RTUOverTCPHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Silence that ends a frame: a line's 3.5 characters do not survive TCP, which may hold back what was written apart.
  private static let silence = TimeAmount.milliseconds(250)

  private let line: SharedLine
  private var framer = RTUFramer()
  private var waiting = 0
  private var isReading = true
  private var silence: Scheduled<Void>?

  init(_ line: SharedLine) { self.line = line }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    for frame in framer.append(unwrapInboundIn(data).readableBytesView) { send(frame, context) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
    setReading(context)
    awaitSilence(context)
  }

  private func send(_ frame: RTUFramer.Frame, _ context: ChannelHandlerContext) {
    waiting += 1
    line.send(frame) { reply in
      self.waiting -= 1
      if let reply {
        context.writeAndFlush(self.wrapOutboundOut(context.channel.allocator.buffer(bytes: reply)), promise: nil)
      }
      self.setReading(context)
    }
  }

  /// Only while it reads: what has come and was not read is no silence.
  private func awaitSilence(_ context: ChannelHandlerContext) {
    silence?.cancel()
    guard framer.awaitsSilence, isReading, context.channel.isActive else { return }
    silence = context.eventLoop.assumeIsolated().scheduleTask(in: RTUOverTCPHandler.silence) {
      if let frame = self.framer.silence() { self.send(frame, context) }
    }
  }

  /// A client that sends and never reads must not fill the memory.
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    setReading(context)
    context.fireChannelWritabilityChanged()
  }

  private func setReading(_ context: ChannelHandlerContext) {
    let reads = context.channel.isWritable && waiting == 0
    if reads == isReading { return }
    isReading = reads
    awaitSilence(context)
    context.channel.setOption(.autoRead, value: reads).whenFailure { _ in }
  }

  func handlerRemoved(context: ChannelHandlerContext) { silence?.cancel() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
