import Glibc

/// The body of a line's thread.
struct SerialLineWorker: Sendable {
  /// Silence after which bytes that make no request are forgotten. Far above the standard's 3.5 characters, because a
  /// pty's writer may be suspended between two bytes; far below every timeout.
  private static let silenceNanoseconds: Int64 = 50_000_000

  let master: Int32
  let stopped: Int32
  let slave: LibmodbusSlave
  let units: [UInt8: SimulatedUnit]
  let turnaroundMilliseconds: Int64
  let pacing: SerialPacing?

  func run() {
    var framer = RTUFramer()
    var bytes = [UInt8](repeating: 0, count: 256)
    // When the last character on the line has ended.
    var lineEnd = LineClock.now()
    while true {
      var events = [
        pollfd(fd: stopped, events: Int16(POLLIN), revents: 0), pollfd(fd: master, events: Int16(POLLIN), revents: 0),
      ]
      let ready = poll(&events, 2, framer.awaitsSilence ? millisecondsOfSilence(after: lineEnd) : -1)
      if ready < 0 {
        if errno == EINTR { continue }
        return
      }
      if events[0].revents != 0 { return }
      if ready == 0 {
        if let frame = framer.silence(), !answer(frame, &lineEnd) { return }
        continue
      }
      let count = read(master, &bytes, bytes.count)
      if count < 0, errno == EAGAIN || errno == EINTR { continue }
      // The slave side is held open, so the end of the line cannot be a client's going.
      if count <= 0 { return }
      lineEnd = max(lineEnd, LineClock.now())
      var (start, characters) = (lineEnd, 0)
      for byte in bytes[..<count] {
        characters += 1
        if let pacing { lineEnd = start + pacing.nanoseconds(characters: characters) }
        for frame in framer.append(CollectionOfOne(byte)) {
          guard answer(frame, &lineEnd) else { return }
          // What was sent too early comes after the reply.
          (start, characters) = (lineEnd, 0)
        }
      }
    }
  }

  private func millisecondsOfSilence(after lineEnd: Int64) -> Int32 {
    let left = lineEnd + SerialLineWorker.silenceNanoseconds - LineClock.now()
    return Int32(clamping: max(0, left / 1_000_000 + 1))
  }

  /// - Parameter lineEnd: when the request's last character ends; afterwards when the reply's does.
  /// - Returns: false where the line was stopped meanwhile.
  private func answer(_ frame: [UInt8], _ lineEnd: inout Int64) -> Bool {
    guard pacing == nil || LineClock.wait(until: lineEnd, unless: stopped) else { return false }
    // Unit 0 is a broadcast, which nobody answers.
    guard frame[0] != 0, let unit = units[frame[0]] else { return true }
    let delay = turnaroundMilliseconds + unit.delayMilliseconds
    guard let reply = slave.reply(to: frame, of: unit) else { return true }
    let start = lineEnd + delay * 1_000_000 + (pacing?.silenceNanoseconds ?? 0)
    if start > lineEnd, !LineClock.wait(until: start, unless: stopped) { return false }
    guard let pacing else {
      send(reply[...])
      return true
    }
    var sent = 0
    while sent < reply.count {
      guard LineClock.wait(until: start + pacing.nanoseconds(characters: sent + 1), unless: stopped) else {
        return false
      }
      // What the thread slept through comes at once, but no character before its time.
      var due = sent + 1
      let now = LineClock.now()
      while due < reply.count, start + pacing.nanoseconds(characters: due + 1) <= now { due += 1 }
      send(reply[sent..<due])
      sent = due
    }
    lineEnd = start + pacing.nanoseconds(characters: reply.count)
    return true
  }

  /// What nobody reads is lost, as on a wire: the rest of a write that does not fit is not tried again.
  private func send(_ bytes: ArraySlice<UInt8>) {
    _ = bytes.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
  }
}
