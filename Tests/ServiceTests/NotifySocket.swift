import Glibc
import Threads

/// The socket on which systemd would listen (sd_notify(3)).
final class NotifySocket: Sendable {
  let path: String
  private let descriptor: Int32

  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw ServiceTestError("\(path): too long")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    guard code == 0 else { throw ServiceTestError("\(path): \(String(cString: strerror(errno)))") }
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// The next message as lines; throws when none came for a minute.
  func next() async throws -> [String] {
    let descriptor = descriptor
    let text = try await OwnThread.run(name: "notify") { () throws -> String in
      var buffer = [UInt8](repeating: 0, count: 8192)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { throw ServiceTestError("no message: \(String(cString: strerror(errno)))") }
      return String(decoding: buffer[..<count], as: UTF8.self)
    }
    return text.split(separator: "\n").map(String.init)
  }

  var isEmpty: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK)) < 0 && errno == EAGAIN
  }

  /// The first message from now on that has the line; nothing but the lines of `passing` may come before it.
  func next(with line: String, passing: [String] = ["WATCHDOG=1"]) async throws -> [String] {
    while true {
      let message = try await next()
      if message.contains(line) { return message }
      guard message.allSatisfy({ passing.contains($0) }) else {
        throw ServiceTestError("came before \(line): \(message)")
      }
    }
  }
}
