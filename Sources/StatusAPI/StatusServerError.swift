import Glibc

/// Why the status socket could not be opened or was lost. The text says what to do.
public enum StatusServerError: Error, Equatable, CustomStringConvertible {
  /// The address of a Unix socket is short. `maximum` is less in a deep directory with a short name: the socket is
  /// made beside its place, under a name of its own.
  case pathTooLong(path: String, bytes: Int, maximum: Int)
  case noDirectory(directory: String)
  case notASocket(path: String)
  /// Another server answers there.
  case inUse(path: String)
  case failed(doing: String, path: String, errno: CInt)
  /// The listening socket closed while nobody had asked the server to stop.
  case listenerClosed(path: String)

  public var description: String {
    switch self {
    case .pathTooLong(let path, let bytes, let maximum):
      "status socket '\(path)': the path has \(bytes) bytes, \(maximum) are possible; "
        + "set a shorter path in [status] socket"
    case .noDirectory(let directory):
      "status socket: directory '\(directory)' does not exist; create it (systemd: RuntimeDirectory=meterd) "
        + "or change [status] socket"
    case .inUse(let path): "'\(path)' is in use by another server; stop it or change [status] socket"
    case .notASocket(let path):
      "status socket '\(path)': there is something else than a socket at this path; remove it or change [status] socket"
    case .failed(let doing, let path, let errno):
      // Thread-safe since glibc 2.32.
      "status socket: cannot \(doing) '\(path)': \(String(cString: strerror(errno))); "
        + "check the owner and the mode of its directory"
    case .listenerClosed(let path):
      "status socket '\(path)': the listening socket closed by itself; restart meterd and report this as a bug"
    }
  }
}
