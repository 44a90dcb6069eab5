import Glibc
import Synchronization
import Threads

/// A Modbus RTU line on a pty: any number of units, each answered by libmodbus's server side.
///
/// The line has a thread of its own. Without pacing it takes no time on the wire: a reply comes after
/// `turnaroundMilliseconds`.
///
/// **Pacing.** A pty knows no baud rate: what is written on one side is there on the other at once. With pacing the
/// line's thread keeps the time of the wire itself, on one absolute schedule of the monotonic clock, so that no rounding
/// adds up:
/// - A request's first character begins when the thread sees it, or when the line is free; each takes one character's
///   time. The unit gets the request when its last character has ended.
/// - The reply begins T3.5 later, for that silence is how a slave knows that the request is whole, and
///   `turnaroundMilliseconds` after that.
/// - Each character of the reply is written to the pty when it has ended on the wire, none earlier. If the thread wakes
///   late, the characters that are due come together, and the rest in time again.
///
/// So one read of N registers cannot take less than (8 + 5 + 2N) characters + 2 × T3.5 + turnaround, the second T3.5
/// being the one that the client has to leave before its next request. Requests that come while the line is busy wait:
/// there are no collisions. That the thread does it between libmodbus and the one pty, rather than a shim between two
/// ptys, spares each frame a second descriptor and a second thread to wake, which would be measured as the client's time.
public final class SimulatedSerialLine: Sendable {
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
  ///   - pacing: nil: bytes take no time.
  /// - Throws: where the path is refused or the system has no pty.
  public static func start(
    devicePath: String, units: [UInt8: SimulatedUnit], turnaroundMilliseconds: Int = 0, pacing: SerialPacing? = nil
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
    let worker = SerialLineWorker(
      master: terminal.master, stopped: stopped, slave: slave, units: units,
      turnaroundMilliseconds: Int64(min(max(0, turnaroundMilliseconds), 86_400_000)), pacing: pacing)
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
}
