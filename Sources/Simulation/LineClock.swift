import Glibc

/// Instants of the monotonic clock on which a paced line is scheduled.
enum LineClock {
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// - Parameter stopped: a descriptor that becomes readable when the wait is to end early.
  /// - Returns: false where it did.
  static func wait(until nanoseconds: Int64, unless stopped: Int32) -> Bool {
    // poll counts milliseconds; the last few are slept to the point.
    while true {
      let left = (nanoseconds - now()) / 1_000_000 - 3
      if left <= 0 { break }
      var event = pollfd(fd: stopped, events: Int16(POLLIN), revents: 0)
      if poll(&event, 1, Int32(clamping: left)) > 0 { return false }
    }
    var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    return true
  }
}
