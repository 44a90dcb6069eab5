/// Where the server gets its answers from; meterd implements it. Each call is one snapshot and should not wait on a
/// device or the network: a client waits no longer than `StatusServer.Limits.exchangeTimeout`.
public protocol StatusProvider: Sendable {
  /// The whole report, `meters` without their readings.
  func report() async -> StatusReport
  /// All meters, without their readings.
  func meters() async -> [MeterStatus]
  /// One meter with its readings, or nil for an id that the configuration does not have.
  func meter(id: String) async -> MeterStatus?
  /// The row of one IEC 60870-5-104 station, or nil for an id that the configuration does not have.
  func station(id: String) async -> BusStatus?
  /// Prometheus text; `PrometheusText.render` makes it from a report.
  func metrics() async -> String
  /// Whether `report().state` would be `healthy`; cheaper than the report.
  func isHealthy() async -> Bool
}

extension StatusProvider {
  public func station(id: String) async -> BusStatus? {
    await report().buses.first { $0.id == id && $0.station != nil }
  }
}
