import Glibc
import Synchronization
import Threads

/// Two units behind a socket or on a line, one of them ill as the case says: a thread that answers each request by the script
/// and notes what it did.
final class HostileDevice: Sendable {
  /// One request and what was done about it.
  struct Event: Sendable {
    var request: HostileRequest
    /// Milliseconds of the wall clock.
    var at: Int64
    /// The right reply was sent at once.
    var isRight: Bool
    /// It was one of those that the case is about.
    var isIll: Bool
    /// The answer went out well before the client could lose patience, however slow this machine was.
    var isPrompt: Bool
  }

  struct Log: Sendable {
    var events: [Event] = []
    var lateSent = 0
    var lateGivenUp = 0
    /// The last byte that was not as it should be; 0 while there was none.
    var lastIllAt: Int64 = 0
    /// Late answers that are still to come.
    var pending = 0
  }

  static let illUnit: UInt8 = 1
  static let wellUnit: UInt8 = 2
  /// Requests to the ill unit before the script begins: its first cycle.
  static let prelude = 4

  /// Where the client finds it: a port, or a device.
  let port: UInt16
  let path: String
  private let script: HostileCase
  private let timing: Timing
  private let log = Mutex(Log())
  private let isStopped = Atomic(false)

  struct Timing: Sendable {
    /// The client's.
    var timeoutMilliseconds: Int64
    var lateWindowMilliseconds: Int64
  }

  private struct Late {
    var bytes: [UInt8]
    var remaining: Int
    /// Nil: requests to whomever count.
    var unitID: UInt8?
    /// Later than that the client need not expect it any more.
    var deadline: UInt64
  }

  /// What only the thread has.
  private struct State {
    var listener: Int32 = -1
    /// The connection, or the master of the pty.
    var client: Int32 = -1
    /// Keeps the line alive while nobody else has it open.
    var slave: Int32 = -1
    var buffer: [UInt8] = []
    var numbers: [UInt8: Int] = [:]
    var late: [Late] = []
    /// At that moment no request had come that is not answered by now.
    var quietAt: UInt64 = 0
  }

  init(_ script: HostileCase, _ timing: Timing) throws {
    self.script = script
    self.timing = timing
    var state = State()
    if script.transport == .pty {
      (state.client, state.slave, path) = try HostileDescriptors.pty()
      port = 0
    } else {
      (state.listener, port) = try HostileDescriptors.listener()
      path = ""
    }
    try OwnThread.start(name: "hostile") { [self, state] in
      var state = state
      state.quietAt = HostileDevice.now()
      while !isStopped.load(ordering: .acquiring) { step(&state) }
      for descriptor in [state.listener, state.client, state.slave] where descriptor >= 0 { close(descriptor) }
    }
  }

  func stop() { isStopped.store(true, ordering: .releasing) }

  var current: Log { log.withLock { $0 } }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  // MARK: - The thread

  private func step(_ state: inout State) {
    let before = HostileDevice.now()
    var wanted = pollfd(fd: state.client >= 0 ? state.client : state.listener, events: Int16(POLLIN), revents: 0)
    if poll(&wanted, 1, 0) == 0 {
      state.quietAt = before
      if poll(&wanted, 1, 10) <= 0 { return }
    }
    if state.client < 0 {
      state.client = HostileDescriptors.accept(state.listener)
      state.buffer = []
      return
    }
    var chunk = [UInt8](repeating: 0, count: 256)
    let count = read(state.client, &chunk, chunk.count)
    if count <= 0 {
      if count < 0, errno == EAGAIN || errno == EINTR { return }
      return hangUp(&state)
    }
    state.buffer += chunk[..<count]
    let length = HostileRequest.length(isRTU: script.isRTU)
    while state.buffer.count >= length, state.client >= 0 {
      let bytes = Array(state.buffer.prefix(length))
      state.buffer.removeFirst(length)
      answer(bytes, &state)
    }
  }

  private func hangUp(_ state: inout State) {
    if script.transport == .pty { return }
    close(state.client)
    state.client = -1
    state.buffer = []
  }

  private func answer(_ bytes: [UInt8], _ state: inout State) {
    let unitID = script.isRTU ? bytes[0] : bytes[6]
    let number = state.numbers[unitID, default: 0] + 1
    state.numbers[unitID] = number
    let request = HostileRequest(bytes: bytes, isRTU: script.isRTU, number: number)
    let ill = unitID == HostileDevice.illUnit ? script.ill[number - HostileDevice.prelude] : nil
    let answer = ill ?? script.all
    sendLate(request, &state)
    if let late = answer.late {
      let patience = script.isRTU ? timing.timeoutMilliseconds + timing.lateWindowMilliseconds * 3 / 4 : 60_000
      state.late.append(
        Late(
          bytes: answer.bytes(for: request), remaining: late, unitID: answer.countsOwn ? unitID : nil,
          deadline: state.quietAt + UInt64(patience) * 1_000_000))
    } else {
      send(answer.bytes(for: request), answer.pieceLength, state)
    }
    if answer.hangsUp { hangUp(&state) }
    let elapsed = HostileDevice.now() - state.quietAt
    let wall = HostileDevice.wall()
    log.withLock { log in
      log.events.append(
        Event(
          request: request, at: wall, isRight: answer.isRight(request, anyUnit: script.acceptsAnyUnit),
          isIll: ill != nil,
          isPrompt: elapsed < UInt64(timing.timeoutMilliseconds) * 750_000))
      log.pending = state.late.count
      if ill != nil { log.lastIllAt = wall }
    }
  }

  /// The answers to earlier requests whose time has come.
  private func sendLate(_ request: HostileRequest, _ state: inout State) {
    var waiting: [Late] = []
    for var late in state.late {
      if late.unitID == nil || late.unitID == request.unitID { late.remaining -= 1 }
      let isInTime = HostileDevice.now() < late.deadline
      if isInTime, late.remaining > 0 {
        waiting.append(late)
        continue
      }
      if isInTime { send(late.bytes, nil, state) }
      let wall = HostileDevice.wall()
      log.withLock { log in
        if isInTime { log.lateSent += 1 } else { log.lateGivenUp += 1 }
        log.lastIllAt = wall
      }
    }
    state.late = waiting
  }

  private func send(_ bytes: [UInt8], _ pieceLength: Int?, _ state: State) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieceLength ?? rest.count))
      rest = rest.dropFirst(piece.count)
      // What the client does not take is lost: it has gone, or the line is full.
      if script.transport == .pty {
        _ = write(state.client, piece, piece.count)
      } else {
        _ = Glibc.send(state.client, piece, piece.count, Int32(MSG_NOSIGNAL))
      }
      if pieceLength != nil { usleep(500) }
    }
  }

  private static func wall() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

/// The ways in.
enum HostileDescriptors {
  /// Master and slave of a raw line that does not block, and the slave's name.
  static func pty() throws -> (master: Int32, slave: Int32, name: String) {
    var (master, slave): (Int32, Int32) = (-1, -1)
    var name = [CChar](repeating: 0, count: 128)
    guard openpty(&master, &slave, &name, nil, nil) == 0 else { throw HostileProblem("no pty") }
    var settings = termios()
    tcgetattr(slave, &settings)
    cfmakeraw(&settings)
    tcsetattr(slave, TCSANOW, &settings)
    _ = fcntl(master, F_SETFL, O_NONBLOCK)
    return (master, slave, String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  static func listener() throws -> (listener: Int32, port: UInt16) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        let bound = bind(listener, raw, length) == 0 && listen(listener, 8) == 0
        getsockname(listener, raw, &length)
        return bound
      }
    }
    guard bound else { throw HostileProblem("no port to listen on") }
    return (listener, UInt16(bigEndian: address.sin_port))
  }

  static func accept(_ listener: Int32) -> Int32 {
    let client = Glibc.accept(listener, nil, nil)
    var one: Int32 = 1
    setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    return client
  }
}
