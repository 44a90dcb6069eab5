/// The paths that the server knows. All of them are read with GET and nothing else.
enum StatusRoute: Equatable {
  case status, meters, deliveries, metrics, health
  case meter(id: String)

  /// `path` without query. An id is taken as it stands: no valid meter id needs percent-encoding.
  init?(path: String) {
    switch path {
    case "/v1/status": self = .status
    case "/v1/meters": self = .meters
    case "/v1/deliveries": self = .deliveries
    case "/metrics": self = .metrics
    case "/healthz": self = .health
    default:
      let prefix = "/v1/meters/"
      guard path.hasPrefix(prefix) else { return nil }
      let id = path.dropFirst(prefix.count)
      guard !id.isEmpty, !id.contains("/") else { return nil }
      self = .meter(id: String(id))
    }
  }

  static let all = "/v1/status, /v1/meters, /v1/meters/ID, /v1/deliveries, /metrics, /healthz"
}
