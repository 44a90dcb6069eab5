import Glibc
import Testing

/// A raw socket: the tests know nothing of Modbus but bytes. It blocks, which is safe here: the
/// server has threads of its own and needs none of Swift's pool to answer.
struct TCPClient {
  private let descriptor: Int32

  /// - Parameter receiveBufferBytes: a small one makes the server notice soon that nobody reads.
  init(port: Int, receiveBufferBytes: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(descriptor >= 0)
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    if var size = receiveBufferBytes {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(result == 0)
  }

  /// That the server has closed shows when receiving.
  func send(_ bytes: [UInt8]) throws {
    let sent = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    try #require(sent == bytes.count || errno == ECONNRESET || errno == EPIPE)
  }

  /// Exactly so many bytes, or fewer where the server closes.
  func receive(_ count: Int) throws -> [UInt8] {
    var result: [UInt8] = []
    while result.count < count {
      var bytes = [UInt8](repeating: 0, count: count - result.count)
      let received = recv(descriptor, &bytes, bytes.count, 0)
      if received < 0, errno == ECONNRESET { break }
      try #require(received >= 0, "nothing came for 20 s after \(result)")
      if received == 0 { break }
      result += bytes[..<received]
    }
    return result
  }

  /// Whether something comes, or the end of the connection.
  func hasBytes(withinMilliseconds limit: Int32) -> Bool {
    var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&event, 1, limit) > 0
  }

  func close() { Glibc.close(descriptor) }
}
