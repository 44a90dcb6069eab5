import Glibc
import Synchronization
import Threads

/// A TCP server that answers each request with whatever the script says, a list of pieces sent one by one.
final class HostileServer: Sendable {
  enum Step: Sendable {
    case send([UInt8])
    /// Keep quiet for so long.
    case pauseMilliseconds(UInt32)
    case hangUp
  }

  let port: UInt16
  private let listener: Int32
  private let script: @Sendable (_ number: Int, _ request: [UInt8]) -> [Step]
  private let requests = Mutex<[[UInt8]]>([])
  private let opened = Atomic(0)
  private let requestLength: Int

  /// - Parameter requestLength: 12 of Modbus TCP, 8 of RTU frames.
  init(requestLength: Int = 12, _ script: @escaping @Sendable (Int, [UInt8]) -> [Step]) throws {
    self.requestLength = requestLength
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        let bound = Glibc.bind(listener, raw, length) == 0 && listen(listener, 8) == 0
        getsockname(listener, raw, &length)
        return bound
      }
    }
    guard bound else { throw HostileError() }
    self.listener = listener
    port = UInt16(bigEndian: address.sin_port)
    self.script = script
    try OwnThread.start(name: "hostile") { [self] in serve() }
  }

  /// Ends the server's thread.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  var received: [[UInt8]] { requests.withLock { $0 } }
  var connections: Int { opened.load(ordering: .acquiring) }

  private func serve() {
    var number = 0
    while true {
      let client = accept(listener, nil, nil)
      if client < 0 { break }
      opened.add(1, ordering: .acquiringAndReleasing)
      var one: Int32 = 1
      setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
      serve(client, &number)
      close(client)
    }
    close(listener)
  }

  private func serve(_ client: Int32, _ number: inout Int) {
    var buffer = [UInt8](repeating: 0, count: requestLength)
    while recv(client, &buffer, requestLength, Int32(MSG_WAITALL)) == requestLength {
      requests.withLock { $0.append(buffer) }
      number += 1
      for step in script(number - 1, buffer) {
        switch step {
        case .send(let bytes): _ = Glibc.send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        case .pauseMilliseconds(let time): usleep(time * 1000)
        case .hangUp: return
        }
      }
    }
  }
}

struct HostileError: Error {}

/// A good reply to a request ADU: register n of the reply holds address + n.
func goodReply(_ request: [UInt8]) -> [UInt8] {
  let address = UInt16(request[8]) << 8 | UInt16(request[9])
  let count = Int(request[11])
  var data: [UInt8] = []
  for n in 0..<count {
    let value = address &+ UInt16(n)
    data += [UInt8(value >> 8), UInt8(value & 0xFF)]
  }
  return [request[0], request[1], 0, 0, 0, UInt8(3 + data.count), request[6], request[7], UInt8(data.count)] + data
}
