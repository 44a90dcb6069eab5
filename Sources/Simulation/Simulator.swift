import Metering
import NIOCore
import NIOPosix

/// Simulated meters and stations on real sockets and ptys, for `meterd simulate`, tests and benchmarks.
///
/// All TCP buses and stations share one thread; every pty has one of its own.
public actor Simulator {
  private let buses: [SimulatedBus]
  private let units: [[UInt8: SimulatedUnit]]
  private let unitsByMeter: [String: SimulatedUnit]
  private let outstations: [SimulatedOutstation]
  private var running: Running?

  private struct Running {
    var group: MultiThreadedEventLoopGroup
    var servers: [SimulatedTCPServer] = []
    var lines: [SimulatedSerialLine] = []
    var stations: [OutstationServer] = []
  }

  /// The meters' values, for comparison.
  public nonisolated let plant: Plant

  /// - Parameters:
  ///   - zoneOffset: seconds to add to UTC for the site's local time at an instant.
  ///   - seed: another seed is another factory.
  ///   - commissioned: when the counters began to count.
  /// - Throws: where two meters, buses or stations have one id, or a point cannot be simulated.
  public init(
    buses: [SimulatedBus], stations: [SimulatedStation] = [], clock: any WallClock,
    zoneOffset: @Sendable (Timestamp) -> Int, seed: UInt64, commissioned: Timestamp = Plant.defaultCommissioning
  ) throws(SimulationError) {
    for (kind, ids) in [("buses", buses.map(\.id)), ("stations", stations.map(\.id))] {
      var seen: Set<String> = []
      for id in ids where !seen.insert(id).inserted {
        throw SimulationError(.definition, "two simulated \(kind) have the id '\(id)': rename one")
      }
    }
    let plant = try Plant(
      meters: buses.flatMap(\.meters) + stations.flatMap(\.meters), zoneOffset: zoneOffset, seed: seed,
      commissioned: commissioned)
    var outstations: [SimulatedOutstation] = []
    for station in stations { outstations.append(try SimulatedOutstation(station, plant: plant, clock: clock)) }
    self.outstations = outstations
    var units: [[UInt8: SimulatedUnit]] = []
    var unitsByMeter: [String: SimulatedUnit] = [:]
    for bus in buses {
      var ofBus: [UInt8: SimulatedUnit] = [:]
      for (id, meters) in Dictionary(grouping: bus.meters, by: \.unitID) {
        let unit = SimulatedUnit(
          try RegisterImage(meters: meters, plant: plant, clock: clock),
          identification: bus.offersIdentification ? meters.first.map(UnitIdentification.init(of:)) : nil)
        ofBus[id] = unit
        for meter in meters { unitsByMeter[meter.meterID] = unit }
      }
      units.append(ofBus)
    }
    self.buses = buses
    self.units = units
    self.unitsByMeter = unitsByMeter
    self.plant = plant
  }

  /// Brings every bus and station up, or none.
  ///
  /// - Returns: the ports that the TCP buses and the stations listen on, by id; a station's further endpoints as
  ///   `ID#2`, … Of a bus and a station with one id it is the bus's.
  /// - Throws: where an endpoint is not loopback, is taken, or is a path that is not the simulator's.
  public func start() async throws -> [String: Int] {
    guard running == nil else { throw SimulationError(.refused, "the simulator is running already: stop it first") }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    running = Running(group: group)
    do {
      // Lines first: libmodbus needs low descriptors, and two thousand sockets leave none.
      for (bus, units) in zip(buses, units) {
        guard case .pty(let devicePath) = bus.endpoint else { continue }
        running?.lines.append(
          try SimulatedSerialLine.start(
            devicePath: devicePath, units: units, turnaroundMilliseconds: bus.turnaroundMilliseconds,
            pacing: bus.pacing))
      }
      var ports: [String: Int] = [:]
      for (bus, units) in zip(buses, units) {
        let server: SimulatedTCPServer
        switch bus.endpoint {
        case .pty: continue
        case .tcp(let host, let port):
          server = try await SimulatedTCPServer.start(host: host, port: port, units: units, group: group)
        case .rtuOverTCP(let host, let port):
          server = try await SimulatedTCPServer.startConverter(
            host: host, port: port, units: units, turnaroundMilliseconds: bus.turnaroundMilliseconds,
            pacing: bus.pacing, group: group)
        }
        running?.servers.append(server)
        ports[bus.id] = server.port
      }
      for outstation in outstations {
        let server = try await OutstationServer.start(outstation, group: group)
        running?.stations.append(server)
        for (place, port) in server.ports.enumerated() {
          let key = place == 0 ? outstation.id : "\(outstation.id)#\(place + 1)"
          ports[key] = ports[key] ?? port
        }
      }
      return ports
    } catch {
      await stop()
      throw error
    }
  }

  /// Takes every bus and station down; nothing happens where none is up.
  public func stop() async {
    guard let stopping = running else { return }
    running = nil
    for line in stopping.lines { await line.stop() }
    for server in stopping.servers { await server.stop() }
    for station in stopping.stations { await station.stop() }
    try? await stopping.group.shutdownGracefully()
  }

  /// A station to look at, feed and disturb; nil where none has that id.
  public nonisolated func outstation(_ id: String) -> SimulatedOutstation? { outstations.first { $0.id == id } }

  /// Makes a meter ill or well again, at once; other meters of the same unit suffer with it.
  ///
  /// - Throws: where no simulated bus has that meter, or a unit cannot suffer from that (an exception outside 1...11, a
  ///   busy code other than 5 and 6).
  public nonisolated func setFault(_ fault: SimulatedUnit.Fault, ofMeter meterID: String) throws(SimulationError) {
    guard let unit = unitsByMeter[meterID] else {
      throw SimulationError(.unknownMeter, "no simulated bus has a meter '\(meterID)'")
    }
    switch fault {
    case .exception(let code) where !(1...11).contains(code):
      throw SimulationError(.refused, "meter '\(meterID)': Modbus has no exception \(code): take 1...11")
    case .busy(let code, _) where code != 5 && code != 6:
      throw SimulationError(.refused, "meter '\(meterID)': exception \(code) does not say busy: take 5 or 6")
    default: break
    }
    unit.fault = fault
  }
}
