import Glibc

/// A TCP connection, opened by ourselves: libmodbus's `modbus_connect` aborts the process at descriptor 1024 and takes IPv4
/// literals only.
struct SocketChannel: ByteChannel {
  let host: String
  let port: UInt16
  let wake: WakeUp
  let name: String
  /// Several small replies come one after the other: a device that waits for each acknowledgement (Nagle) would get it
  /// 40 ms late.
  let acknowledgesAtOnce: Bool
  private var connection: Connection?
  private var descriptor: Int32 { connection?.descriptor ?? -1 }

  /// Closed with the last channel that has it.
  private final class Connection {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { Glibc.close(descriptor) }
  }

  init(host: String, port: UInt16, acknowledgesAtOnce: Bool = false, wake: WakeUp) {
    self.acknowledgesAtOnce = acknowledgesAtOnce
    self.host = host
    self.port = port
    self.wake = wake
    name = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  var isConnection: Bool { true }
  var isOpen: Bool { connection != nil }
  var advice: String? { nil }

  mutating func open(timeoutMilliseconds: Int64) -> ChannelFailure? {
    switch TCPConnector.connect(host: host, port: port, timeoutMilliseconds: timeoutMilliseconds, wake: wake) {
    case .connected(let descriptor):
      connection = Connection(descriptor)
      return nil
    case .stopped: return .stopped
    case .failed(let why): return .because(why)
    }
  }

  mutating func close() { connection = nil }

  mutating func send(_ bytes: [UInt8]) -> ChannelFailure? {
    // A few requests into an empty socket buffer: taken whole or not at all.
    while true {
      let sent = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      if sent == bytes.count { return nil }
      if sent < 0, errno == EINTR { continue }
      return .because(sent < 0 ? SystemError("cannot send").description : "cannot send: the connection does not drain")
    }
  }

  mutating func receive(into buffer: inout [UInt8], untilNanoseconds deadline: UInt64) -> Received {
    while true {
      switch wake.wait(for: descriptor, deadlineNanoseconds: deadline) {
      case .stopped: return .stopped
      case .timedOut: return .timedOut
      case .failed(let error): return .lost(error.description)
      case .ready: break
      }
      let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count > 0 {
        if acknowledgesAtOnce { acknowledge() }
        return .bytes(count)
      }
      if count == 0 { return .lost("the other side closed the connection") }
      if errno != EINTR, errno != EAGAIN { return .lost(SystemError("connection lost").description) }
    }
  }

  /// Linux forgets the wish after a while (tcp(7), TCP_QUICKACK): it is renewed with each reply.
  private func acknowledge() {
    var one: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  mutating func discardInput() -> Bool {
    var junk = [UInt8](repeating: 0, count: 512)
    while true {
      let count = recv(descriptor, &junk, junk.count, Int32(MSG_DONTWAIT))
      if count <= 0 { return count < 0 }
    }
  }

  mutating func use(_ format: SerialFormat) -> ChannelFailure? { nil }
  func now() -> UInt64 { Monotonic.nanoseconds() }
  func pause(untilNanoseconds deadline: UInt64) -> Bool { wake.pause(untilNanoseconds: deadline) }
}
