import Glibc

/// How many files and connections this process may have open at once.
enum FileDescriptors {
  /// A connection or device and an eventfd a bus; the archive, the socket and its clients need the rest.
  static func needed(buses: Int) -> UInt64 { UInt64(2 * buses + 100) }

  static var hardLimit: UInt64 { limits().map { UInt64($0.rlim_max) } ?? .max }

  /// Lets the process have as many as the system allows: the soft limit is 1024 almost everywhere.
  static func raiseSoftLimit() {
    guard var limits = limits() else { return }
    limits.rlim_cur = limits.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
  }

  /// Nil where there are enough.
  static func shortage(buses: Int) -> String? {
    let needed = needed(buses: buses)
    if needed <= hardLimit { return nil }
    return "\(buses) buses need \(needed) file descriptors (two each, and 100), but this system allows \(hardLimit): "
      + "raise LimitNOFILE= in the unit, or the hard limit (ulimit -Hn)"
  }

  private static func limits() -> rlimit? {
    var limits = rlimit()
    return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 ? limits : nil
  }
}
