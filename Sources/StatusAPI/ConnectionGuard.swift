import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Keeps one connection from costing more than its share. Each exchange has one deadline that no dribble of bytes can
/// push back: a request has to be there in `exchangeTimeout` after the connection opened or the last answer was taken,
/// and its answer has to be taken by the client in as long again.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let table: ConnectionTable
  private let limits: StatusServer.Limits
  private var ticket: ConnectionTable.Ticket?
  private var deadline: Scheduled<Void>?
  /// Requests whose answer the kernel has not taken yet; more than one when a client pipelines.
  private var openExchanges = 0
  private var bodyBytes = 0

  init(table: ConnectionTable, limits: StatusServer.Limits) {
    self.table = table
    self.limits = limits
  }

  func handlerAdded(context: ChannelHandlerContext) {
    ticket = table.admit(context.channel)
    restartDeadline(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      bodyBytes = 0
      openExchanges += 1
      if openExchanges == 1 { begin(isAnswering: true, context) }
    case .body(let bytes):
      bodyBytes += bytes.readableBytes
      if bodyBytes > limits.maximumBodyBytes {
        context.close(promise: nil)
        return
      }
    case .end:
      break
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .end = unwrapOutboundIn(data) else {
      context.write(data, promise: promise)
      return
    }
    // Fulfilled when the kernel has taken the last byte, not when it is queued here.
    let taken = promise ?? context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    taken.futureResult.whenComplete { _ in
      let (handler, context) = bound.value
      handler.answerTaken(context)
    }
    context.write(data, promise: taken)
  }

  private func answerTaken(_ context: ChannelHandlerContext) {
    guard ticket != nil else { return }
    // The answer to bytes that are no HTTP has no request that it belongs to.
    openExchanges = max(0, openExchanges - 1)
    begin(isAnswering: openExchanges > 0, context)
  }

  private func begin(isAnswering: Bool, _ context: ChannelHandlerContext) {
    if let ticket { table.update(ticket, isAnswering: isAnswering) }
    restartDeadline(context)
  }

  private func restartDeadline(_ context: ChannelHandlerContext) {
    deadline?.cancel()
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    deadline = context.eventLoop.scheduleTask(in: limits.exchangeTimeout) { bound.value.close(promise: nil) }
  }

  private func leave() {
    deadline?.cancel()
    deadline = nil
    if let ticket { table.leave(ticket) }
    ticket = nil
  }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
