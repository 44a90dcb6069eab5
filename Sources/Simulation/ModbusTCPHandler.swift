import Metering
import NIOCore

/// The units of one server, by id.
struct UnitTable: Sendable {
  private let units: [SimulatedUnit?]
  private let unknown: SimulatedTCPServer.UnknownUnit

  init(_ units: [UInt8: SimulatedUnit], unknownUnit: SimulatedTCPServer.UnknownUnit) {
    self.units = (0...255).map { units[UInt8($0)] }
    unknown = unknownUnit
  }

  /// What the unit takes longer to answer than it has to.
  func delayMilliseconds(unit: UInt8) -> Int64 { units[Int(unit)]?.delayMilliseconds ?? 0 }

  func answer(unit: UInt8, _ request: UnitRequest) -> SimulatedUnit.Answer {
    if let unit = units[Int(unit)] { return unit.answer(request) }
    switch unknown {
    case .silence: return .silence
    case .exception(let code): return .exception(code)
    }
  }
}

/// One connection: cuts the stream into frames by the MBAP length and answers each in order. While a slow unit takes its
/// time nothing more is read, like a converter that asks one device after the other.
final class ModbusTCPHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let units: UnitTable
  /// Less than a frame, so at most 259 bytes between two reads; more while a slow unit is waited for.
  private var pending = ByteBuffer()
  private var slowUnit: Scheduled<Void>?

  init(_ units: UnitTable) { self.units = units }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var received = unwrapInboundIn(data)
    if pending.readableBytes == 0 { pending = received } else { pending.writeBuffer(&received) }
    if slowUnit == nil { answerFrames(context) }
  }

  private func answerFrames(_ context: ChannelHandlerContext) {
    var replies = context.channel.allocator.buffer(capacity: 0)
    defer { if replies.readableBytes > 0 { context.write(wrapOutboundOut(replies), promise: nil) } }
    while true {
      switch nextFrame() {
      case .incomplete:
        if pending.readableBytes == 0 { pending.clear() } else { pending.discardReadBytes() }
        return
      case .foreign:
        context.close(promise: nil)
        return
      case .frame(let transaction, let unit, let pdu):
        let delay = units.delayMilliseconds(unit: unit)
        if delay == 0 {
          answer(transaction: transaction, unit: unit, pdu: pdu, into: &replies)
          continue
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        slowUnit = context.eventLoop.scheduleTask(in: .milliseconds(delay)) {
          let (handler, context) = bound.value
          handler.slowUnit = nil
          var late = context.channel.allocator.buffer(capacity: 0)
          handler.answer(transaction: transaction, unit: unit, pdu: pdu, into: &late)
          if late.readableBytes > 0 { context.write(handler.wrapOutboundOut(late), promise: nil) }
          handler.answerFrames(context)
          context.flush()
          handler.setReading(context)
        }
        setReading(context)
        return
      }
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) { context.flush() }

  /// A client that sends and never reads must not fill the memory.
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    setReading(context)
    context.fireChannelWritabilityChanged()
  }

  func handlerRemoved(context: ChannelHandlerContext) { slowUnit?.cancel() }

  private func setReading(_ context: ChannelHandlerContext) {
    let reads = context.channel.isWritable && slowUnit == nil
    context.channel.setOption(.autoRead, value: reads).whenFailure { _ in }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private enum Next {
    case incomplete
    /// Not Modbus, or longer than it allows.
    case foreign
    case frame(transaction: UInt16, unit: UInt8, pdu: ByteBuffer)
  }

  private func nextFrame() -> Next {
    let start = pending.readerIndex
    guard let transaction = pending.getInteger(at: start, as: UInt16.self),
      let protocolID = pending.getInteger(at: start + 2, as: UInt16.self),
      let length = pending.getInteger(at: start + 4, as: UInt16.self)
    else { return .incomplete }
    // The unit id and a PDU of 1...253 bytes.
    guard protocolID == 0, (2...254).contains(length) else { return .foreign }
    guard pending.readableBytes >= 6 + Int(length) else { return .incomplete }
    pending.moveReaderIndex(forwardBy: 6)
    guard let unit = pending.readInteger(as: UInt8.self), let pdu = pending.readSlice(length: Int(length) - 1) else {
      return .foreign
    }
    return .frame(transaction: transaction, unit: unit, pdu: pdu)
  }

  private func answer(transaction: UInt16, unit: UInt8, pdu: ByteBuffer, into replies: inout ByteBuffer) {
    let bytes = pdu.readableBytesView
    guard let function = bytes.first,
      let reply = units.answer(unit: unit, UnitRequest(bytes)).pdu(function: function)
    else { return }
    replies.writeInteger(transaction)
    replies.writeInteger(UInt16(0))
    replies.writeInteger(UInt16(1 + reply.count))
    replies.writeInteger(unit)
    replies.writeBytes(reply)
  }
}
