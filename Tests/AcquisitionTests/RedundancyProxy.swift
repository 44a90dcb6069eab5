import Glibc
import Metering
import Synchronization
import Threads

/// What is committed, and what was acknowledged to the station: the second never runs ahead of the first.
final class CommitLedger: Sendable {
  private struct State {
    var committed: [[UInt8]: Int] = [:]
    var acknowledged: [[UInt8]: Int] = [:]
    var count = 0
    var early: [String] = []
  }

  private let state = Mutex(State())

  /// For `Archive.onCommit`.
  func committed(_ observations: [Observation]) {
    state.withLock { state in
      for case .asdu(let asdu) in observations.map(\.content) { state.committed[asdu.bytes, default: 0] += 1 }
    }
  }

  func acknowledged(_ asdu: [UInt8]) {
    state.withLock { state in
      state.count += 1
      state.acknowledged[asdu, default: 0] += 1
      let (acknowledged, committed) = (state.acknowledged[asdu, default: 0], state.committed[asdu, default: 0])
      if acknowledged > committed {
        state.early.append("\(HostileStationRun.hex(asdu)): acknowledged \(acknowledged) times, committed \(committed)")
      }
    }
  }

  var early: [String] { state.withLock { $0.early } }
  var acknowledgedCount: Int { state.withLock { $0.count } }
}

/// A wire between client and station that can be cut in the middle of a frame, and reads what is acknowledged over it.
final class RedundancyProxy: Sendable {
  let port: UInt16
  private let target: Atomic<Int>
  private let ledger: CommitLedger
  private let isStopped = Atomic(false)
  /// Octets of the next I frame that still go over; then the wire is cut. Negative: it is not to be.
  private let cut = Atomic(-1)
  private let cuts = Atomic(0)

  private struct Wire {
    let client: Int32
    let station: Int32
    var fromClient: [UInt8] = []
    var fromStation: [UInt8] = []
    /// ASDUs that went to the client and are not acknowledged, and how many were before them.
    var open: [[UInt8]] = []
    var acknowledged: UInt16 = 0
  }

  init(to target: Int, _ ledger: CommitLedger) throws {
    let (listener, port) = try HostileDescriptors.listener()
    self.port = port
    self.target = Atomic(target)
    self.ledger = ledger
    try OwnThread.start(name: "proxy") { [self] in
      var wires: [Wire] = []
      while !isStopped.load(ordering: .acquiring) { step(listener, &wires) }
      for wire in wires { RedundancyProxy.close(wire) }
      Glibc.close(listener)
    }
  }

  func stop() { isStopped.store(true, ordering: .releasing) }

  /// The station listens elsewhere now.
  func retarget(to target: Int) { self.target.store(target, ordering: .releasing) }

  /// Cuts the wire behind that many octets of the next I frame of the station; that frame never comes whole.
  func cutInFrame(after octets: Int) { cut.store(max(0, octets), ordering: .releasing) }

  var hasCut: Bool { cut.load(ordering: .acquiring) < 0 }
  /// How often a frame was cut.
  var frameCuts: Int { cuts.load(ordering: .acquiring) }

  // MARK: - The thread

  private func step(_ listener: Int32, _ wires: inout [Wire]) {
    var wanted = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    for wire in wires {
      wanted.append(pollfd(fd: wire.client, events: Int16(POLLIN), revents: 0))
      wanted.append(pollfd(fd: wire.station, events: Int16(POLLIN), revents: 0))
    }
    guard poll(&wanted, nfds_t(wanted.count), 10) > 0 else { return }
    var kept: [Wire] = []
    for (place, var wire) in wires.enumerated() {
      var lives = true
      if wanted[1 + 2 * place].revents != 0 { lives = forwardFromClient(&wire) }
      if lives, wanted[2 + 2 * place].revents != 0 { lives = forwardFromStation(&wire) }
      if lives { kept.append(wire) } else { RedundancyProxy.close(wire) }
    }
    wires = kept
    if wanted[0].revents != 0 { open(listener, &wires) }
  }

  private func open(_ listener: Int32, _ wires: inout [Wire]) {
    let client = HostileDescriptors.accept(listener)
    guard client >= 0 else { return }
    let station = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: target.load(ordering: .acquiring)).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(station, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    let wire = Wire(client: client, station: station)
    if connected { wires.append(wire) } else { RedundancyProxy.close(wire) }
  }

  private static func close(_ wire: Wire) {
    Glibc.close(wire.client)
    Glibc.close(wire.station)
  }

  private func forwardFromClient(_ wire: inout Wire) -> Bool {
    guard let bytes = RedundancyProxy.receive(wire.client) else { return false }
    wire.fromClient += bytes
    while let frame = RedundancyProxy.takeFrame(&wire.fromClient) {
      if frame[2] & 3 == 3 { continue }
      let number = UInt16(frame[4]) >> 1 | UInt16(frame[5]) << 7
      let count = min(Int((number &- wire.acknowledged) & 0x7FFF), wire.open.count)
      for asdu in wire.open.prefix(count) { ledger.acknowledged(asdu) }
      wire.open.removeFirst(count)
      wire.acknowledged = number
    }
    return RedundancyProxy.send(bytes[...], wire.station)
  }

  private func forwardFromStation(_ wire: inout Wire) -> Bool {
    guard let bytes = RedundancyProxy.receive(wire.station) else { return false }
    wire.fromStation += bytes
    while let frame = RedundancyProxy.takeFrame(&wire.fromStation) {
      let cut = frame[2] & 1 == 0 ? self.cut.exchange(-1, ordering: .acquiringAndReleasing) : -1
      if cut >= 0 {
        cuts.add(1, ordering: .relaxed)
        _ = RedundancyProxy.send(frame.prefix(min(cut, frame.count - 1)), wire.client)
        return false
      }
      if frame[2] & 1 == 0 { wire.open.append(Array(frame[6...])) }
      guard RedundancyProxy.send(frame[...], wire.client) else { return false }
    }
    return true
  }

  private static func takeFrame(_ bytes: inout [UInt8]) -> [UInt8]? {
    guard bytes.count >= 2, bytes.count >= Int(bytes[1]) + 2 else { return nil }
    let frame = Array(bytes.prefix(Int(bytes[1]) + 2))
    bytes.removeFirst(frame.count)
    return frame
  }

  private static func receive(_ descriptor: Int32) -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: 16_384)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    return count > 0 ? Array(chunk.prefix(count)) : nil
  }

  private static func send(_ bytes: ArraySlice<UInt8>, _ descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
