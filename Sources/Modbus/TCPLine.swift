import Glibc
import ModbusProtocol

/// One TCP connection to a device or converter.
///
/// The frames are our own: libmodbus 3.1.6 sends transaction id 0 for raw requests and does not check unit id, protocol
/// id and length of what comes back, so a late reply would become another request's value. Connecting is our own too: its
/// `modbus_connect` aborts the process at descriptor 1024 and takes IPv4 literals only.
struct TCPLine: Line {
  let host: String
  let port: UInt16
  let settings: BusSettings
  let wake: WakeUp
  private var descriptor: Int32 = -1
  private var transactionID: UInt16 = 0
  private var carriedOver: [UInt8] = []
  private var staleReplies = 0
  private var retry = Backoff()
  private var lastEndNanoseconds: UInt64 = 0
  private var sendBuffer: [UInt8] = []
  private var receiveBuffer = [UInt8](repeating: 0, count: 2 * TCPTransaction.maximumFrame)

  init(host: String, port: UInt16, settings: BusSettings, wake: WakeUp) {
    self.host = host
    self.port = port
    self.settings = settings
    self.wake = wake
  }

  var isOpen: Bool { descriptor >= 0 }

  mutating func takeStaleReplies() -> Int {
    defer { staleReplies = 0 }
    return staleReplies
  }

  mutating func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
    carriedOver = []
  }

  mutating func transact(_ request: ReadRequest, unitID: UInt8) -> ReadResult {
    if !isOpen, let failure = connect() { return .failed(failure) }
    if settings.pauseMilliseconds > 0 {
      let quietUntil = lastEndNanoseconds + UInt64(settings.pauseMilliseconds) * 1_000_000
      if !wake.pause(untilNanoseconds: quietUntil) { return .failed(.stopped) }
    }
    transactionID &+= 1
    var transaction = TCPTransaction(
      request: request, unitID: unitID, transactionID: transactionID, carriedOver: carriedOver)
    carriedOver = []
    sendBuffer.removeAll(keepingCapacity: true)
    transaction.append(to: &sendBuffer)
    let result = send(sendBuffer) ?? receive(&transaction)
    staleReplies += transaction.staleReplies
    if isOpen { carriedOver = transaction.unfinished }
    if settings.pauseMilliseconds > 0 { lastEndNanoseconds = Monotonic.nanoseconds() }
    return result
  }

  /// Nil when all of it is on its way.
  private mutating func send(_ bytes: [UInt8]) -> ReadResult? {
    // 12 bytes into an empty socket buffer: taken whole or not at all.
    while true {
      let sent = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      if sent == bytes.count { return nil }
      if sent < 0, errno == EINTR { continue }
      return lost(sent < 0 ? SystemError("cannot send").description : "cannot send: the connection does not drain")
    }
  }

  private mutating func receive(_ transaction: inout TCPTransaction) -> ReadResult {
    let deadline = Monotonic.nanoseconds() + UInt64(settings.timeoutMilliseconds) * 1_000_000
    while true {
      switch wake.wait(for: descriptor, deadlineNanoseconds: deadline) {
      case .stopped: return .failed(.stopped)
      case .timedOut: return .failed(.timeout)
      case .failed(let error): return lost(error.description)
      case .ready: break
      }
      let count = recv(descriptor, &receiveBuffer, receiveBuffer.count, Int32(MSG_DONTWAIT))
      if count == 0 { return lost("the other side closed the connection") }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        return lost(SystemError("connection lost").description)
      }
      switch transaction.receive(receiveBuffer[..<count]) {
      case .needMore: continue
      case .finished(let result): return result
      case .desynchronised(let bytes):
        close()
        return .failed(.malformed(bytes))
      }
    }
  }

  private mutating func lost(_ why: String) -> ReadResult {
    close()
    return .failed(.link("\(host):\(port): \(why)"))
  }

  private mutating func connect() -> ReadResult.Failure? {
    let now = Monotonic.nanoseconds()
    if let why = retry.reasonToWait(now: now) { return .link(why) }
    switch TCPConnector.connect(host: host, port: port, timeoutMilliseconds: connectTimeoutMilliseconds, wake: wake) {
    case .connected(let descriptor):
      self.descriptor = descriptor
      retry.succeeded()
      return nil
    case .stopped: return .stopped
    case .failed(let why):
      let text = "\(host):\(port): \(why)"
      retry.failed(text, now: Monotonic.nanoseconds())
      return .link(text)
    }
  }

  /// A connection through a converter takes longer than an answer on it.
  private var connectTimeoutMilliseconds: Int64 { max(settings.timeoutMilliseconds, 1000) }
}

/// After a link failed, the next try waits, growing from 1 s to 30 s; requests in between fail at once with the reason.
struct Backoff {
  private var untilNanoseconds: UInt64 = 0
  private var waitNanoseconds: UInt64 = 0
  private var why = ""

  func reasonToWait(now: UInt64) -> String? { now < untilNanoseconds ? why : nil }

  mutating func failed(_ why: String, now: UInt64) {
    waitNanoseconds = min(max(waitNanoseconds * 2, 1_000_000_000), 30_000_000_000)
    untilNanoseconds = now + waitNanoseconds
    self.why = why
  }

  mutating func succeeded() { self = Backoff() }
}
