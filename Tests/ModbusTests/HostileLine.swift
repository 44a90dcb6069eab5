import Glibc
import Synchronization
import Threads

/// A serial line whose device answers each request with whatever the script says.
final class HostileLine: Sendable {
  let device: String
  private let master: Int32
  private let script: @Sendable (_ number: Int, _ request: [UInt8]) -> [HostileServer.Step]
  private let requests = Mutex<[[UInt8]]>([])

  init(_ script: @escaping @Sendable (Int, [UInt8]) -> [HostileServer.Step]) throws {
    var (master, slave): (Int32, Int32) = (-1, -1)
    var name = [CChar](repeating: 0, count: 128)
    guard openpty(&master, &slave, &name, nil, nil) == 0 else { throw HostileError() }
    var settings = termios()
    tcgetattr(slave, &settings)
    cfmakeraw(&settings)
    tcsetattr(slave, TCSANOW, &settings)
    device = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    self.master = master
    self.script = script
    // The slave is kept open, so that reading the master waits while meterd has closed its end.
    try OwnThread.start(name: "hostile-line") { [self, slave, master] in
      serve()
      close(slave)
      close(master)
    }
  }

  var received: [[UInt8]] { requests.withLock { $0 } }

  private func serve() {
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 8)
    var number = 0
    while true {
      let count = read(master, &buffer, 8 - request.count)
      if count <= 0 { return }
      request += buffer.prefix(count)
      if request.count < 8 { continue }
      requests.withLock { $0.append(request) }
      for step in script(number, request) {
        switch step {
        case .send(let bytes): _ = write(master, bytes, bytes.count)
        case .pauseMilliseconds(let time): usleep(time * 1000)
        case .hangUp: return
        }
      }
      number += 1
      request = []
    }
  }
}
