import Clibmodbus
import Glibc
import Synchronization

/// Interrupts a thread that waits for a descriptor, so that stopping does not wait for a silent device.
final class WakeUp: Sendable {
  private let descriptor: Int32
  private let stopped = Atomic(false)

  init() throws(SystemError) {
    descriptor = meterd_wake_create()
    if descriptor < 0 { throw SystemError("cannot make an event descriptor") }
  }

  deinit { Glibc.close(descriptor) }

  var isStopped: Bool { stopped.load(ordering: .acquiring) }

  func stop() {
    stopped.store(true, ordering: .releasing)
    meterd_wake_signal(descriptor)
  }

  enum Event {
    case ready, timedOut, stopped
    case failed(SystemError)
  }

  /// Waits until the descriptor is readable (or writable), the deadline passes, or `stop` is called.
  ///
  /// - Parameters:
  ///   - other: -1 to wait for time or stop only.
  ///   - deadlineNanoseconds: of the monotonic clock.
  func wait(for other: Int32, events: Int16 = Int16(POLLIN), deadlineNanoseconds: UInt64) -> Event {
    while true {
      if isStopped { return .stopped }
      let now = Monotonic.nanoseconds()
      let left = deadlineNanoseconds > now ? deadlineNanoseconds - now : 0
      switch meterd_wait(other, events, descriptor, Int64(left)) {
      case 1: return .ready
      case 0: return .timedOut
      case 2: continue  // isStopped tells
      default:
        if errno == EINTR { continue }
        return .failed(SystemError("cannot wait for the line"))
      }
    }
  }

  /// Keeps quiet until the deadline; false where `stop` was called.
  func pause(untilNanoseconds deadline: UInt64) -> Bool {
    guard Monotonic.nanoseconds() < deadline else { return !isStopped }
    if case .stopped = wait(for: -1, deadlineNanoseconds: deadline) { return false }
    return true
  }
}

enum Monotonic {
  static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// A failed system call, in words.
public struct SystemError: Error, Hashable, CustomStringConvertible {
  public let description: String
  public let code: Int32

  /// Takes `errno`: make it in the same synchronous call.
  init(_ what: String, code: Int32 = errno) {
    self.code = code
    description = "\(what): \(String(cString: strerror(code)))"
  }
}
