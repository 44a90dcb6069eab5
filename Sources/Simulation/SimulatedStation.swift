import IEC104
import Metering

/// An IEC 60870-5-104 controlled station to simulate: where it listens, and the meters that hang on it.
public struct SimulatedStation: Sendable {
  public struct Endpoint: Sendable, Hashable {
    /// A loopback address.
    public var host: String
    /// 0: any free one.
    public var port: Int

    public init(host: String, port: Int) {
      self.host = host
      self.port = port
    }
  }

  /// What it does of itself.
  public struct Options: Sendable, Hashable {
    /// How often its gauges are looked at; those that have changed are sent. Nil: never.
    public var spontaneousEveryMilliseconds: Int64?
    /// What counts as a change, as a part of the value sent last. 0: whatever shows.
    public var deadBand: Double
    /// How often its totals are sent unasked, at multiples of it in UTC (divides the day). Nil: never.
    public var totalsEveryMilliseconds: Int64?
    /// ASDUs with events that are kept for a client; then the oldest is lost for each new one.
    public var bufferLimit: Int

    public init(
      spontaneousEveryMilliseconds: Int64? = 1000, deadBand: Double = 0.005, totalsEveryMilliseconds: Int64? = nil,
      bufferLimit: Int = 1000
    ) {
      self.spontaneousEveryMilliseconds = spontaneousEveryMilliseconds
      self.deadBand = deadBand
      self.totalsEveryMilliseconds = totalsEveryMilliseconds
      self.bufferLimit = bufferLimit
    }
  }

  public var id: String
  /// Connections to all of them are one redundancy group.
  public var endpoints: [Endpoint]
  public var definition: Definition.Station
  /// Those that it answers to, besides those of its points.
  public var commonAddresses: [UInt16]
  /// Their `stationPoints`. The gauges of the first are in group 1 of interrogations, of the seventeenth again; the
  /// totals of the first in counter group 1, of the fifth again.
  public var meters: [Definition]
  public var parameters: SessionParameters
  public var options: Options
  /// Nil: no TLS.
  public var tls: TLS?

  /// Files in PEM (IEC 62351-3): a client needs a certificate too.
  public struct TLS: Sendable, Hashable {
    public var certificate: String
    public var key: String
    /// Who may have issued the client's certificate.
    public var authorities: String

    public init(certificate: String, key: String, authorities: String) {
      self.certificate = certificate
      self.key = key
      self.authorities = authorities
    }
  }

  public init(
    id: String, endpoints: [Endpoint], definition: Definition.Station, commonAddresses: [UInt16] = [],
    meters: [Definition], parameters: SessionParameters = SessionParameters(), options: Options = Options(),
    tls: TLS? = nil
  ) {
    self.id = id
    self.endpoints = endpoints
    self.definition = definition
    self.commonAddresses = commonAddresses
    self.meters = meters
    self.parameters = parameters
    self.options = options
    self.tls = tls
  }
}

extension Definition.Station {
  /// - Throws: where a width is none.
  func simulatedFormat() throws(SimulationError) -> ASDUFormat {
    var sizes: [UInt8: Int] = [:]
    for type in privateTypes ?? [] where type.type >= 128 && (0...APCI.maximumASDU).contains(type.elementSize) {
      sizes[type.type] = type.elementSize
    }
    guard (1...2).contains(causeSize), (1...2).contains(commonAddressSize), (1...3).contains(objectAddressSize) else {
      throw SimulationError(
        .definition,
        "station '\(id)': \(causeSize), \(commonAddressSize) and \(objectAddressSize) octets of cause, common address "
          + "and object address: they have 1 to 2, 1 to 2 and 1 to 3")
    }
    return ASDUFormat(
      causeSize: causeSize, commonAddressSize: commonAddressSize, objectAddressSize: objectAddressSize,
      privateTypeSizes: sizes)
  }
}
