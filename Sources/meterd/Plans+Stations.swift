import Acquisition
import Decoding
import IEC104
import IEC104Client
import Metering
import Settings
import Simulation

extension Settings.Station {
  /// Qualifiers of interrogation (IEC 60870-5-101 clause 7.2.6.22): 20 the station, 21 the first group.
  var generalQualifiers: [UInt8] { groups.isEmpty ? [20] : groups.map { UInt8(20 + $0) } }

  /// Request qualifiers of counter interrogation (clause 7.2.6.23): 5 all, 1 the first group.
  var counterQualifiers: [UInt8] { counterGroups.isEmpty ? [5] : counterGroups.map { UInt8($0) } }

  var counterMode: Procedures.CounterMode {
    switch countersMode {
    case .read: .read
    case .freeze: .freeze
    case .freezeReset: .freezeReset
    }
  }

  /// - Parameters:
  ///   - startup: what is asked for after each start of data transfer.
  ///   - commonAddresses: of the points; the station's own comes on top.
  func client(startup: [Procedures.Kind], commonAddresses: Set<UInt16>) throws -> StationClientSettings {
    let format = try definition.format()
    var session = SessionParameters()
    session.k = k
    session.w = w
    session.t0Milliseconds = Int(t0Milliseconds)
    session.t1Milliseconds = Int(t1Milliseconds)
    session.t2Milliseconds = Int(t2Milliseconds)
    session.t3Milliseconds = Int(t3Milliseconds)
    var addresses = commonAddresses
    if let own = commonAddress { addresses.insert(own) }
    // A station of which nobody said an address answers to everybody's.
    if addresses.isEmpty { addresses.insert(format.broadcastAddress) }
    return StationClientSettings(
      id: id, endpoints: endpoints.map { IEC104Client.Endpoint(host: $0.host, port: $0.port) },
      tls: tls.map {
        TLSFiles(
          certificate: $0.certificate, key: $0.key, authorities: $0.authorities, revocations: $0.revocations,
          serverName: $0.serverName)
      }, session: session, format: format, originator: originator, commonAddresses: addresses.sorted(),
      startup: startup, procedureTimeoutMilliseconds: Int(procedureTimeoutMilliseconds))
  }

  /// - Parameter meters: those that hang on it.
  func plan(_ meters: [Settings.Meter], zone: Zone) throws -> StationPlan {
    let points = meters.flatMap { $0.definition.stationPoints ?? [] }
    // Without points it is asked for everything, so that the status can list what it has.
    let hasTotals = points.isEmpty || points.contains(where: \.isIntegratedTotal)
    let hasOthers = points.isEmpty || !points.allSatisfy(\.isIntegratedTotal)
    var startup: [Procedures.Kind] = clockSync ? [.clockSynchronization] : []
    if hasOthers { startup += generalQualifiers.map { .general(qualifier: $0) } }
    if hasTotals {
      // At a start totals are only read: a reset that was not fetched may lie before it.
      let mode = counterMode == .freezeReset ? .read : counterMode
      startup += counterQualifiers.map { .counter(mode, qualifier: $0) }
    }
    return try StationPlan(
      definition, client: try client(startup: startup, commonAddresses: Set(points.map(\.commonAddress))),
      definitions: meters.map(\.presentDefinition), zone: zone, generalQualifiers: generalQualifiers,
      counterQualifiers: counterQualifiers, counterMode: counterMode)
  }
}

extension Settings.Station {
  var isLoopback: Bool {
    endpoints.allSatisfy { $0.host.hasPrefix("127.") || $0.host == "::1" || $0.host == "localhost" }
  }
}

extension Settings {
  var metersOnBuses: [Meter] { meters.filter { $0.definition.station == nil } }

  func meters(on station: Station) -> [Meter] { meters.filter { $0.definition.station?.id == station.id } }

  /// The stations that can be simulated on this machine: those whose addresses are all loopback, without TLS.
  var simulatedStations: [SimulatedStation] {
    stations.filter { $0.isLoopback && $0.tls == nil }.map { station in
      var parameters = SessionParameters()
      parameters.k = station.k
      parameters.w = station.w
      return SimulatedStation(
        id: station.id, endpoints: station.endpoints.map { .init(host: $0.host, port: Int($0.port)) },
        definition: station.definition, commonAddresses: station.commonAddress.map { [$0] } ?? [],
        meters: meters(on: station).map(\.definition), parameters: parameters)
    }
  }

  /// - Throws: where a definition cannot be carried out; settings that were checked do not.
  func stationPlans() throws -> [StationPlan] {
    let zone = try Zone(named: site.timeZone)
    return try stations.map { try $0.plan(meters(on: $0), zone: zone) }
  }
}
