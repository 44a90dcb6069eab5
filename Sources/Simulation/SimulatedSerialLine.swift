import Glibc
import Synchronization
import Threads

/// A Modbus RTU line on a pty: any number of units, each answered by libmodbus's server side.
///
/// The line has a thread of its own. It takes no time on the wire: a reply comes after `turnaroundMilliseconds`.
public final class SimulatedSerialLine: Sendable {
  /// Silence after which bytes that make no request are forgotten. Far above the standard's 3.5 characters, because a
  /// pty's writer may be suspended between two bytes; far below every timeout.
  private static let silenceMilliseconds: Int32 = 50

  public let devicePath: String
  private let thread: RunningThread
  /// The end of a socket pair whose closing wakes the thread; -1 after `stop`.
  private let wake: Mutex<Int32>

  private init(devicePath: String, thread: RunningThread, wake: Int32) {
    self.devicePath = devicePath
    self.thread = thread
    self.wake = Mutex(wake)
  }

  /// Opens a pty, links `devicePath` to it and answers requests from then on.
  ///
  /// - Parameters:
  ///   - devicePath: missing, or a link that a simulator left; its directories are made. Not below /dev.
  ///   - turnaroundMilliseconds: between a request and its reply.
  /// - Throws: where the path is refused or the system has no pty.
  public static func start(
    devicePath: String, units: [UInt8: SimulatedUnit], turnaroundMilliseconds: Int = 0
  ) throws(SimulationError) -> SimulatedSerialLine {
    let slave = try LibmodbusSlave(line: devicePath)
    let terminal: PseudoTerminal
    do throws(SimulationError) { terminal = try PseudoTerminal(link: devicePath) } catch {
      slave.close()
      throw error
    }
    var pair: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
      terminal.close()
      slave.close()
      throw SimulationError(
        .system, "simulated line \(devicePath): cannot make a pair of sockets: too many open files?")
    }
    let (stopped, wake) = (pair[0], pair[1])
    let worker = Worker(
      master: terminal.master, stopped: stopped, slave: slave, units: units,
      turnaroundMilliseconds: Int32(clamping: max(0, turnaroundMilliseconds)))
    do {
      let thread = try RunningThread(name: "line") {
        worker.run()
        terminal.close()
        slave.close()
        close(stopped)
      }
      return SimulatedSerialLine(devicePath: devicePath, thread: thread, wake: wake)
    } catch {
      terminal.close()
      slave.close()
      close(stopped)
      close(wake)
      throw SimulationError(.system, "simulated line \(devicePath): \(error)")
    }
  }

  /// Ends the thread, closes the pty and removes the link.
  public func stop() async {
    wake.withLock {
      // The thread sees the other end go: nothing has to be written.
      if $0 >= 0 { close($0) }
      $0 = -1
    }
    await thread.end()
  }

  deinit {
    wake.withLock { if $0 >= 0 { close($0) } }
  }

  /// The thread's body.
  private struct Worker: Sendable {
    let master: Int32
    let stopped: Int32
    let slave: LibmodbusSlave
    let units: [UInt8: SimulatedUnit]
    let turnaroundMilliseconds: Int32

    func run() {
      var framer = RTUFramer()
      var bytes = [UInt8](repeating: 0, count: 256)
      while true {
        var events = [
          pollfd(fd: stopped, events: Int16(POLLIN), revents: 0), pollfd(fd: master, events: Int16(POLLIN), revents: 0),
        ]
        let ready = poll(&events, 2, framer.awaitsSilence ? silenceMilliseconds : -1)
        if ready < 0 {
          if errno == EINTR { continue }
          return
        }
        if events[0].revents != 0 { return }
        if ready == 0 {
          if let frame = framer.silence(), !answer(frame) { return }
          continue
        }
        let count = read(master, &bytes, bytes.count)
        if count < 0, errno == EAGAIN || errno == EINTR { continue }
        // The slave side is held open, so the end of the line cannot be a client's going.
        if count <= 0 { return }
        for frame in framer.append(bytes[..<count]) where !answer(frame) { return }
      }
    }

    /// - Returns: false where the line was stopped meanwhile.
    private func answer(_ frame: [UInt8]) -> Bool {
      // Unit 0 is a broadcast, which nobody answers.
      guard frame[0] != 0, let unit = units[frame[0]], let reply = slave.reply(to: frame, of: unit) else {
        return true
      }
      if turnaroundMilliseconds > 0 {
        var event = pollfd(fd: stopped, events: Int16(POLLIN), revents: 0)
        if poll(&event, 1, turnaroundMilliseconds) > 0 { return false }
      }
      // What nobody reads is lost, as on a wire: the rest of a write that does not fit is not tried again.
      _ = reply.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
      return true
    }
  }
}
