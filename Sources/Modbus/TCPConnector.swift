import Glibc

/// Opens a TCP connection by name or address, IPv4 or IPv6, within a total time.
enum TCPConnector {
  enum Result {
    case connected(Int32)
    case stopped
    case failed(String)
  }

  static func connect(host: String, port: UInt16, timeoutMilliseconds: Int64, wake: WakeUp) -> Result {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)  // Blocks in DNS: on the bus's own thread only.
    guard code == 0, let list else { return .failed("cannot resolve the name: \(String(cString: gai_strerror(code)))") }
    defer { freeaddrinfo(list) }
    let deadline = Monotonic.nanoseconds() + UInt64(timeoutMilliseconds) * 1_000_000
    var why = "no address"
    var next: UnsafeMutablePointer<addrinfo>? = list
    while let address = next {
      switch connect(to: address.pointee, deadlineNanoseconds: deadline, wake: wake) {
      case .failed(let reason): why = reason
      case let result: return result
      }
      next = address.pointee.ai_next
    }
    return .failed(why)
  }

  private static func connect(to address: addrinfo, deadlineNanoseconds: UInt64, wake: WakeUp) -> Result {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.ai_family, type, Int32(IPPROTO_TCP))
    guard descriptor >= 0 else { return .failed(SystemError("no socket").description) }
    func give(up why: String) -> Result {
      Glibc.close(descriptor)
      return .failed(why)
    }
    var one: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, size)
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &one, size)
    if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return .connected(descriptor) }
    guard errno == EINPROGRESS else { return give(up: SystemError("cannot connect").description) }
    switch wake.wait(for: descriptor, events: Int16(POLLOUT), deadlineNanoseconds: deadlineNanoseconds) {
    case .stopped:
      Glibc.close(descriptor)
      return .stopped
    case .timedOut: return give(up: "cannot connect: no answer")
    case .failed(let error): return give(up: error.description)
    case .ready: break
    }
    var code: Int32 = 0
    var length = size
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    guard code == 0 else { return give(up: SystemError("cannot connect", code: code).description) }
    return .connected(descriptor)
  }
}
