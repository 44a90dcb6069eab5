import NIOCore
import NIOTLS

/// The inner end of a connection's pipeline: octets to the station's core, and what the core writes to the socket.
final class LinkHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let link: Int
  private let core: StationCore
  private let isTLS: Bool
  private var context: ChannelHandlerContext?
  /// Reading is held back while the core takes nothing. With TLS the handshake must be read before.
  private var mayRead: Bool
  private var isReadWanted = false
  private var buffer = ByteBuffer()
  /// The first thing that went wrong.
  private(set) var error: (any Error)?
  private(set) var isHandshakeDone = false
  private(set) var hasEnded = false

  init(_ core: StationCore, link: Int, isTLS: Bool) {
    self.core = core
    self.link = link
    self.isTLS = isTLS
    mayRead = isTLS
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { core.received(unwrapInboundIn(data), from: self) }

  func channelReadComplete(context: ChannelHandlerContext) {
    core.readComplete(self)
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    core.writabilityChanged(self)
    context.fireChannelWritabilityChanged()
  }

  func read(context: ChannelHandlerContext) {
    if mayRead { context.read() } else { isReadWanted = true }
  }

  func channelInactive(context: ChannelHandlerContext) {
    hasEnded = true
    core.ended(self)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    self.error = self.error ?? error
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent {
      isHandshakeDone = true
      core.handshakeDone(self)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func setMayRead(_ mayRead: Bool) {
    self.mayRead = mayRead
    guard mayRead, isReadWanted, let context else { return }
    isReadWanted = false
    context.read()
  }

  /// The buffer is used again as soon as the socket has taken it, so that writing allocates nothing.
  func write(_ bytes: [UInt8]) {
    guard let context else { return }
    if isTLS { return writeRecords(bytes, context) }
    buffer.clear()
    buffer.writeBytes(bytes)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  /// Each APDU in a TLS record of its own: stations with lib60870 take one APDU from a record, and look for the next
  /// one when something else arrives.
  private func writeRecords(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
    var rest = bytes[...]
    while rest.count >= 2 {
      let apdu = rest.prefix(2 + Int(rest[rest.startIndex + 1]))
      context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: apdu)), promise: nil)
      rest = rest.dropFirst(apdu.count)
    }
    context.flush()
  }

  /// What still comes is read and thrown away, for the end of TLS is among it.
  func close() {
    setMayRead(true)
    context?.close(promise: nil)
  }

  var isWritable: Bool { context?.channel.isWritable ?? false }

  var closeFuture: EventLoopFuture<Void>? { context?.channel.closeFuture }
}
