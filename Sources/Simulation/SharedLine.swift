import NIOCore

/// The serial line behind a simulated converter: one request at a time, in the order in which they come, whoever sends
/// them.
///
/// Only used on its event loop. With pacing a frame takes the time of its characters on the wire, and the reply begins
/// T3.5 and the turnaround after its request has ended, as on a pty (`SimulatedSerialLine`). The converter hands a reply on
/// as a whole: it collects characters until the line is silent.
final class SharedLine {
  private struct Waiting {
    var frame: RTUFramer.Frame
    var done: ([UInt8]?) -> Void
  }

  private let units: [UInt8: SimulatedUnit]
  private let turnaroundMilliseconds: Int64
  private let pacing: SerialPacing?
  private let eventLoop: NIOIsolatedEventLoop
  private var waiting = CircularBuffer<Waiting>()
  private var isServing = false
  /// Ends the request or its reply on the wire.
  private var timer: Scheduled<Void>?
  /// When the last character on the line ends.
  private var lineEnd = NIODeadline.uptimeNanoseconds(0)
  private var isClosed = false

  /// To be called on the event loop.
  init(
    _ units: [UInt8: SimulatedUnit], turnaroundMilliseconds: Int64, pacing: SerialPacing?, eventLoop: any EventLoop
  ) {
    self.units = units
    self.turnaroundMilliseconds = turnaroundMilliseconds
    self.pacing = pacing
    self.eventLoop = eventLoop.assumeIsolated()
  }

  /// - Parameter done: called once, with the reply or nil for silence, when the line is free for the next request.
  func send(_ frame: RTUFramer.Frame, _ done: @escaping ([UInt8]?) -> Void) {
    waiting.append(Waiting(frame: frame, done: done))
    serve()
  }

  /// Forgets what waits.
  func close() {
    isClosed = true
    timer?.cancel()
    waiting.removeAll()
  }

  private func serve() {
    if isServing { return }
    isServing = true
    defer { isServing = false }
    while timer == nil, !isClosed, let next = waiting.popFirst() {
      lineEnd = max(lineEnd, .now()) + wire(characters: next.frame.count)
      at(lineEnd) { self.answer(next) }
    }
  }

  private func answer(_ request: Waiting) {
    let (id, function) = (request.frame[0], request.frame[1])
    // Unit 0 is a broadcast, which nobody answers.
    guard id != 0, let unit = units[id] else { return request.done(nil) }
    let delay = turnaroundMilliseconds + unit.delayMilliseconds
    guard let pdu = unit.answer(UnitRequest(request.frame[1..<(request.frame.count - 2)])).pdu(function: function)
    else { return request.done(nil) }
    let reply = RTUFramer.frame(unit: id, pdu: pdu)
    lineEnd =
      lineEnd + .nanoseconds(pacing?.silenceNanoseconds ?? 0) + .milliseconds(delay) + wire(characters: reply.count)
    at(lineEnd) { request.done(reply) }
  }

  private func wire(characters: Int) -> TimeAmount { .nanoseconds(pacing?.nanoseconds(characters: characters) ?? 0) }

  /// Does it now where it is time, so that a line without pacing costs no timer.
  private func at(_ deadline: NIODeadline, _ action: @escaping () -> Void) {
    if deadline <= .now() { return action() }
    timer = eventLoop.scheduleTask(deadline: deadline) {
      self.timer = nil
      action()
      self.serve()
    }
  }
}
