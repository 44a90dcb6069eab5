import IEC104

/// Where a station listens.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  /// Name, or IPv4 or IPv6 address without brackets.
  public var host: String
  public var port: UInt16

  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// One station: a controlled station, or several that are one redundancy group, with all that is asked of it.
public struct StationClientSettings: Hashable, Sendable {
  /// Names the station in messages.
  public var id: String
  /// One link each; more than one is a redundancy group, tried from the first on.
  public var endpoints: [Endpoint]
  public var tls: TLSFiles?
  public var session: SessionParameters
  public var format: ASDUFormat
  public var originator: UInt8
  public var commonAddresses: [UInt16]
  /// Asked of each common address after data transfer was started, in order.
  public var startup: [Procedures.Kind]
  /// Without any answer to a procedure; each one starts it again.
  public var procedureTimeoutMilliseconds: Int
  /// The pause after the first failure; it doubles with each further one. Up to half of it is added by chance.
  public var reconnectMinimumMilliseconds: Int
  /// No pause is longer, chance included.
  public var reconnectMaximumMilliseconds: Int

  public init(
    id: String, endpoints: [Endpoint], tls: TLSFiles? = nil, session: SessionParameters = SessionParameters(),
    format: ASDUFormat = .standard, originator: UInt8 = 0, commonAddresses: [UInt16],
    startup: [Procedures.Kind] = [.general(qualifier: 20), .counter(.read, qualifier: 5)],
    procedureTimeoutMilliseconds: Int = 60_000, reconnectMinimumMilliseconds: Int = 1_000,
    reconnectMaximumMilliseconds: Int = 60_000
  ) {
    self.id = id
    self.endpoints = endpoints
    self.tls = tls
    self.session = session
    self.format = format
    self.originator = originator
    self.commonAddresses = commonAddresses
    self.startup = startup
    self.procedureTimeoutMilliseconds = procedureTimeoutMilliseconds
    self.reconnectMinimumMilliseconds = reconnectMinimumMilliseconds
    self.reconnectMaximumMilliseconds = reconnectMaximumMilliseconds
  }

  /// What makes a client of these settings impossible.
  public struct Fault: Error, Hashable, CustomStringConvertible {
    public let description: String
  }

  func check() throws(Fault) {
    if endpoints.isEmpty { throw Fault(description: "\(id): a station needs at least one address") }
    if let endpoint = endpoints.first(where: { $0.host.isEmpty || $0.port == 0 }) {
      throw Fault(description: "\(id): '\(endpoint)' is no address: give a host and a port from 1 to 65535")
    }
    if commonAddresses.isEmpty { throw Fault(description: "\(id): a station needs at least one common address") }
  }
}
