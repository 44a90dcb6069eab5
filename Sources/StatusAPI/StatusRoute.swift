/// The paths that the server knows. All of them are read with GET and nothing else.
enum StatusRoute: Equatable {
  case status, meters, deliveries, metrics, health
  case meter(id: String)
  case station(id: String)

  /// `path` without query. An id is taken as it stands: no valid id needs percent-encoding.
  init?(path: String) {
    switch path {
    case "/v1/status": self = .status
    case "/v1/meters": self = .meters
    case "/v1/deliveries": self = .deliveries
    case "/metrics": self = .metrics
    case "/healthz": self = .health
    default:
      if let id = Self.id(path, after: "/v1/meters/") {
        self = .meter(id: id)
      } else if let id = Self.id(path, after: "/v1/stations/") {
        self = .station(id: id)
      } else {
        return nil
      }
    }
  }

  static let all = "/v1/status, /v1/meters, /v1/meters/ID, /v1/stations/ID, /v1/deliveries, /metrics, /healthz"

  private static func id(_ path: String, after prefix: String) -> String? {
    guard path.hasPrefix(prefix) else { return nil }
    let id = path.dropFirst(prefix.count)
    return id.isEmpty || id.contains("/") ? nil : String(id)
  }
}
