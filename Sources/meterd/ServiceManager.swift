import Glibc

/// Tells systemd how the service does (sd_notify(3)): a datagram to `$NOTIFY_SOCKET`.
enum ServiceManager {
  /// Says nothing where systemd does not listen.
  static func notify(_ state: String) {
    guard let variable = getenv("NOTIFY_SOCKET") else { return }
    let path = Array(String(cString: variable).utf8)
    var address = sockaddr_un()
    guard !path.isEmpty, path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { target in
      target.copyBytes(from: path)
      if path[0] == UInt8(ascii: "@") { target[0] = 0 }  // the abstract name space
    }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let message = Array(state.utf8)
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }

  /// How often systemd wants to hear from us; nil where it does not.
  static var watchdogMicroseconds: UInt64? {
    if let pid = getenv("WATCHDOG_PID"), String(cString: pid) != "\(getpid())" { return nil }
    return getenv("WATCHDOG_USEC").flatMap { UInt64(String(cString: $0)) }
  }
}
