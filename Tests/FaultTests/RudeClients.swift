import Glibc
import TestSupport

/// Connections to a status socket that misbehave.
final class RudeClients {
  private let path: String
  private var descriptors: [Int32] = []

  init(_ path: String) { self.path = path }

  deinit { for descriptor in descriptors { close(descriptor) } }

  var count: Int { descriptors.count }

  /// Connects, sends, and holds the connection open. It never blocks: what the daemon does not take is not sent.
  @discardableResult
  func connect(sending bytes: [UInt8] = []) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw TestSupportError("socket: \(errno)") }
    descriptors.append(descriptor)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else { throw TestSupportError("connect \(path): \(String(cString: strerror(errno)))") }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    push(bytes, to: descriptor)
    return descriptor
  }

  /// - Returns: how many bytes went.
  @discardableResult
  func push(_ bytes: [UInt8], to descriptor: Int32) -> Int {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { break }
      sent += count
    }
    return sent
  }

  /// Reads at most one byte; nil at the end of the connection.
  func readByte(_ descriptor: Int32) -> Int? {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, 0)
    if count == 0 || (count < 0 && errno != EAGAIN) { return nil }
    return max(count, 0)
  }
}
