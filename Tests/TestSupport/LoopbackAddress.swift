import Glibc
import Synchronization

/// Addresses of simulated meters. Every call gives another host of 127/8, so a port that is free there is not taken by
/// somebody else's outgoing connection, nor by another test.
public enum LoopbackAddress {
  private static let next = Atomic<UInt32>(0)

  /// `127.x.y.z:port`, on which nobody listens.
  public static func take() throws -> String {
    let number = next.add(1, ordering: .relaxed).newValue
    let process = UInt32(getpid()) % 32_000 + 256
    let host = "127.\(process >> 8).\(process & 255).\(number % 250 + 2)"
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw TestSupportError("socket", errno) }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr(host)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> UInt16? in
        guard bind(descriptor, pointer, length) == 0, getsockname(descriptor, pointer, &length) == 0 else { return nil }
        return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
      }
    }
    guard let port else { throw TestSupportError("bind \(host)", errno) }
    return "\(host):\(port)"
  }
}
