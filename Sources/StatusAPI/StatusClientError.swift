/// Why the client has no answer. `meterd status` ends with exit code 2 for each of them but
/// `noSuchMeter` and `noSuchStation`.
public enum StatusClientError: Error, Equatable, CustomStringConvertible {
  /// Nobody took the request: no socket, no permission, no daemon behind it, or no answer in time.
  case notReachable(socketPath: String, reason: String)
  /// Something answered, but not as a status socket does.
  case badAnswer(socketPath: String, reason: String)
  case noSuchMeter(id: String)
  case noSuchStation(id: String)

  public var description: String {
    switch self {
    case .notReachable(let path, let reason): "meterd is not reachable at '\(path)': \(reason)"
    case .badAnswer(let path, let reason): "bad answer from '\(path)': \(reason)"
    case .noSuchMeter(let id): "no meter '\(id)' in the configuration of the running daemon; `meterd status` lists them"
    case .noSuchStation(let id):
      "no station '\(id)' in the configuration of the running daemon; `meterd status` lists them"
    }
  }
}
