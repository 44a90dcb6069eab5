import IEC104
import Synchronization

/// What a good station does, after whatever the case did.
extension HostileStation {
  /// The last value of every case, of object 99.
  private func lastASDU() -> [UInt8] {
    let format = script.format
    func widen(_ low: UInt8, _ size: Int) -> [UInt8] { [low] + Array(repeating: 0, count: size - 1) }
    return [13, 1] + widen(3, format.causeSize) + widen(47, format.commonAddressSize)
      + widen(99, format.objectAddressSize) + [0, 0, 0xC6, 0x42, 0]
  }

  private func sendLast(_ state: inout State) {
    send(lastASDU(), &state)
    state.last = state.sent
  }

  func behave(_ state: inout State, _ world: World) throws {
    var isStarted = script.end == .contained
    if isStarted { sendLast(&state) }
    let start = HostileStation.now()
    while !state.hasEnded {
      if isStopped.load(ordering: .acquiring) { return }
      guard HostileStation.now() - start < HostileStation.limitNanoseconds else { throw HostileProblem("never ends") }
      try read(&state, world)
      for frame in state.frames { try answer(frame, &isStarted, &state) }
      state.frames = []
    }
  }

  private func answer(_ frame: [UInt8], _ isStarted: inout Bool, _ state: inout State) throws {
    if frame[2] & 3 == 3 {
      switch frame[2] {
      case 0x07:
        write([0x68, 4, 0x0B, 0, 0, 0], &state)
        if !isStarted { sendLast(&state) }
        isStarted = true
      case 0x13:
        let isWhole = (state.acknowledged &- state.last) & 0x7FFF <= (state.sent &- state.last) & 0x7FFF
        log.withLock { ($0.wasStopped, $0.wasAcknowledged) = (true, isWhole) }
        let confirmation = HostileStationItem(["u", "23"]).map { [$0] } ?? []
        write((script.atStop ?? confirmation).flatMap { octets(of: $0, &state) }, &state)
      case 0x43: write([0x68, 4, 0x83, 0, 0, 0], &state)
      default: break
      }
    } else if frame.count > 8, frame[6] == 100 || frame[6] == 101 {
      for cause: UInt8 in [7, 10] {
        var asdu = Array(frame.dropFirst(6))
        asdu[2] = cause
        send(asdu, &state)
      }
    }
  }

  private func send(_ asdu: [UInt8], _ state: inout State) {
    log.withLock { $0.delivered.append(asdu) }
    write(HostileStation.frame(state.sent, state.received, asdu), &state)
    state.sent = (state.sent + 1) & 0x7FFF
  }
}
