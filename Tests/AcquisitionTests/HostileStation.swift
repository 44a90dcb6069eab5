import Glibc
import IEC104
import Synchronization
import Threads

/// A station on 127.0.0.1 that does what a case says, and afterwards what a station should do. It frames and counts by itself:
/// nothing of the code under test is in it.
final class HostileStation: Sendable {
  struct Log: Sendable {
    /// ASDUs sent in sound frames, in order: the archive must hold these.
    var delivered: [[UInt8]] = []
    var connections = 0
    /// Why the script could not be carried out.
    var problem: String?
    /// Where it is.
    var step = "not begun"
    /// An acknowledgement came of what was not committed.
    var early: String?
    /// At the end of the last connection: STOPDT act came, and everything up to the last value was acknowledged before it.
    var wasStopped = false
    var wasAcknowledged = false
    var isOver = false
  }

  /// What the script asks of its surroundings.
  struct World: Sendable {
    var value: @Sendable (String) -> UInt64
    /// ASDUs that are committed.
    var committed: @Sendable () -> Int
    var commits: @Sendable (Bool) throws -> Void
    /// Fills the archive's window.
    var fill: @Sendable () -> Void
    var due: @Sendable (_ isCounter: Bool) -> Void
  }

  let port: UInt16
  let script: HostileStationCase
  let log = Mutex(Log())
  let isStopped = Atomic(false)

  /// What only the thread has.
  struct State {
    var listener: Int32
    var client: Int32 = -1
    var buffer: [UInt8] = []
    /// V(S), V(R) and what the client acknowledged, of this connection.
    var sent: UInt16 = 0
    var received: UInt16 = 0
    var acknowledged: UInt16 = 0
    /// Behind the last value of the case; what comes after that may come while the client is stopping.
    var last: UInt16 = 0
    /// Of all connections.
    var acknowledgedASDUs = 0
    /// Frames that came and no step has looked at.
    var frames: [[UInt8]] = []
    var hasEnded = false
  }

  /// Guards against waiting for ever.
  static let limitNanoseconds: UInt64 = 20_000_000_000

  init(_ script: HostileStationCase, world: @escaping @Sendable () -> World) throws {
    self.script = script
    let (listener, port) = try HostileDescriptors.listener()
    self.port = port
    try OwnThread.start(name: "hostile") { [self] in
      var state = State(listener: listener)
      do { try play(&state, world()) } catch {
        log.withLock { $0.problem = "at '\($0.step)': \(error)" }
      }
      for descriptor in [state.listener, state.client] where descriptor >= 0 { Glibc.close(descriptor) }
      log.withLock { $0.isOver = true }
    }
  }

  func stop() { isStopped.store(true, ordering: .releasing) }

  var current: Log { log.withLock { $0 } }

  // MARK: - The thread

  private func play(_ state: inout State, _ world: World) throws {
    try accept(&state, world)
    for step in script.steps { try carryOut(step, &state, world) }
    log.withLock { $0.step = "the end" }
    switch script.end {
    case .contained?: break
    case .ends?: try accept(&state, world)
    default:
      try wait(&state, world) { $0.hasEnded }
      try accept(&state, world)
    }
    try behave(&state, world)
  }

  private func carryOut(_ step: HostileStationStep, _ state: inout State, _ world: World) throws {
    log.withLock { $0.step = "\(step)" }
    switch step {
    case .accept: try accept(&state, world)
    case .start:
      try awaitFrame(&state, world) { $0.count == 6 && $0[2] == 0x07 }
      write([0x68, 4, 0x0B, 0, 0, 0], &state)
    case .awaitU(let octet): try awaitFrame(&state, world) { $0.count == 6 && $0[2] == octet }
    case .awaitASDU(let type): try awaitFrame(&state, world) { $0.count > 6 && $0[6] == type }
    case .awaitAcknowledgement(let number): try wait(&state, world) { $0.acknowledged == number }
    case .awaitEnd: try wait(&state, world) { $0.hasEnded }
    case .until(let key, let value): try wait(&state, world) { _ in world.value(key) >= value }
    case .send(let items, let pieces):
      // What came by now is acknowledged by it.
      try read(&state, world)
      let bytes = items.flatMap { octets(of: $0, &state) }
      guard let pieces else { return write(bytes, &state) }
      for place in stride(from: 0, to: bytes.count, by: pieces) {
        write(Array(bytes[place..<min(place + pieces, bytes.count)]), &state)
        usleep(200)
      }
    case .flood(let item, let key, let value):
      try wait(&state, world) { state in
        write(octets(of: item, &state), &state)
        return world.value(key) >= value
      }
    case .loop(let count, let steps):
      for _ in 0..<count { for step in steps { try carryOut(step, &state, world) } }
    case .close: hangUp(&state)
    case .reset:
      var now = linger(l_onoff: 1, l_linger: 0)
      setsockopt(state.client, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
      hangUp(&state)
    case .halfClose: shutdown(state.client, Int32(SHUT_WR))
    case .commits(let work): try world.commits(work)
    case .fill: world.fill()
    case .due(let isCounter): world.due(isCounter)
    case .pause(let milliseconds): usleep(UInt32(milliseconds) * 1000)
    }
  }

  private func hangUp(_ state: inout State) {
    if state.client >= 0 { Glibc.close(state.client) }
    state.client = -1
    state.hasEnded = true
  }

  private func accept(_ state: inout State, _ world: World) throws {
    hangUp(&state)
    try wait(&state, world) { state in
      var wanted = pollfd(fd: state.listener, events: Int16(POLLIN), revents: 0)
      return poll(&wanted, 1, 5) > 0
    }
    state.client = HostileDescriptors.accept(state.listener)
    (state.buffer, state.frames, state.hasEnded) = ([], [], false)
    (state.sent, state.received, state.acknowledged) = (0, 0, 0)
    log.withLock { $0.connections += 1 }
  }

  private func wait(_ state: inout State, _ world: World, _ condition: (inout State) throws -> Bool) throws {
    let start = HostileStation.now()
    while try !condition(&state) {
      if isStopped.load(ordering: .acquiring) { throw HostileProblem("given up") }
      guard HostileStation.now() - start < HostileStation.limitNanoseconds else { throw HostileProblem("never") }
      if state.client >= 0, !state.hasEnded { try read(&state, world) } else { usleep(1000) }
    }
  }

  private func awaitFrame(_ state: inout State, _ world: World, _ isIt: ([UInt8]) -> Bool) throws {
    try wait(&state, world) { state in
      guard let place = state.frames.firstIndex(where: isIt) else {
        if state.hasEnded { throw HostileProblem("the client ended the connection") }
        return false
      }
      state.frames.removeFirst(place + 1)
      return true
    }
  }

  // MARK: - Frames

  func octets(of item: HostileStationItem, _ state: inout State) -> [UInt8] {
    (0..<item.times).flatMap { _ -> [UInt8] in
      switch item.part {
      case .asdu(let bytes):
        log.withLock { $0.delivered.append(bytes) }
        defer { state.sent = (state.sent + 1) & 0x7FFF }
        return HostileStation.frame(state.sent, state.received, bytes)
      case .i(let send, let receive, let bytes):
        return HostileStation.frame(send.value(from: state.sent), receive.value(from: state.received), bytes)
      case .s(let receive):
        let number = receive.value(from: state.received)
        return [0x68, 4, 1, 0, UInt8(truncatingIfNeeded: number << 1), UInt8(number >> 7)]
      case .raw(let bytes): return bytes
      }
    }
  }

  static func frame(_ send: UInt16, _ receive: UInt16, _ asdu: [UInt8]) -> [UInt8] {
    [
      0x68, UInt8(truncatingIfNeeded: 4 + asdu.count), UInt8(truncatingIfNeeded: send << 1), UInt8(send >> 7),
      UInt8(truncatingIfNeeded: receive << 1), UInt8(receive >> 7),
    ] + asdu
  }

  /// Writes it all; reading meanwhile is the client's business.
  func write(_ bytes: [UInt8], _ state: inout State) {
    var rest = bytes[...]
    while !rest.isEmpty, state.client >= 0, !isStopped.load(ordering: .acquiring) {
      let count = rest.withUnsafeBytes { Glibc.send(state.client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EAGAIN, errno != EINTR {
        // What the client does not take any more is lost.
        state.hasEnded = true
        return
      }
    }
  }

  /// Takes what has come, for a millisecond or so.
  func read(_ state: inout State, _ world: World) throws {
    guard state.client >= 0 else { return }
    var wanted = pollfd(fd: state.client, events: Int16(POLLIN), revents: 0)
    guard poll(&wanted, 1, 1) > 0 else { return }
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.recv(state.client, &chunk, chunk.count, Int32(MSG_DONTWAIT))
    if count <= 0 {
      if count < 0, errno == EAGAIN || errno == EINTR { return }
      state.hasEnded = true
      return
    }
    state.buffer += chunk[..<count]
    while state.buffer.count >= 6, state.buffer.count >= Int(state.buffer[1]) + 2 {
      let frame = Array(state.buffer.prefix(Int(state.buffer[1]) + 2))
      state.buffer.removeFirst(frame.count)
      guard frame[0] == 0x68, frame.count >= 6 else { throw HostileProblem("the client sent \(frame)") }
      if frame[2] & 3 != 3 { acknowledged(UInt16(frame[4]) >> 1 | UInt16(frame[5]) << 7, &state, world) }
      if frame[2] & 1 == 0 { state.received = (state.received + 1) & 0x7FFF }
      state.frames.append(frame)
    }
  }

  /// What is acknowledged must be on disk by now.
  private func acknowledged(_ number: UInt16, _ state: inout State, _ world: World) {
    state.acknowledgedASDUs += Int((number &- state.acknowledged) & 0x7FFF)
    state.acknowledged = number
    let (total, committed) = (state.acknowledgedASDUs, world.committed())
    if total > committed {
      log.withLock { $0.early = "N(R) \(number): \(total) ASDUs are acknowledged, \(committed) committed" }
    }
  }

  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
