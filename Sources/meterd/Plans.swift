import Acquisition
import Decoding
import Forwarding
import Metering
import Modbus
import ModbusProtocol
import Schedule
import Settings
import Simulation

/// Settings as the rooms want them: plain values.
extension Settings.SerialFormat {
  var modbus: SerialFormat {
    SerialFormat(baud: baud, parity: SerialFormat.Parity(rawValue: parity.rawValue) ?? .none, stopBits: stopBits)
  }
}

extension Settings.Bus {
  var modbus: BusSettings {
    let transport: BusSettings.Transport =
      switch self.transport {
      case .tcp(let host, let port): .tcp(host: host, port: port)
      case .rtu(let device, let format, let rs485): .rtu(device: device, format: format.modbus, rs485: rs485)
      case .rtuOverTCP(let host, let port, let format): .rtuOverTCP(host: host, port: port, format: format.modbus)
      }
    var settings = BusSettings(
      id: id, transport: transport, timeoutMilliseconds: timeoutMilliseconds, pauseMilliseconds: pauseMilliseconds)
    settings.pauseAfterConnectMilliseconds = pauseAfterConnectMilliseconds
    settings.lateWindowMilliseconds = lateWindowMilliseconds
    settings.echoes = echo
    settings.acceptsAnyUnit = anyUnit
    settings.pipeline = pipeline
    settings.connectsPerCycle = connectsPerCycle
    return settings
  }

  var plan: BusPlan { BusPlan(settings: modbus, probeEveryMilliseconds: probeEveryMilliseconds) }

  /// `tcp 192.0.2.10:502`, `rtu /dev/ttyUSB0 9600 8N1`, `rtu-over-tcp 192.0.2.11:4001 9600 8N1`
  var words: (type: String, address: String) {
    func endpoint(_ host: String, _ port: UInt16) -> String { "\(Settings.Endpoint(host: host, port: port))" }
    return switch transport {
    case .tcp(let host, let port): ("tcp", endpoint(host, port))
    case .rtu(let device, let format, _): ("rtu", "\(device) \(format)")
    case .rtuOverTCP(let host, let port, let format): ("rtu-over-tcp", "\(endpoint(host, port)) \(format)")
    }
  }
}

extension Settings.Meter {
  /// With the changes that hold by now.
  var presentDefinition: Definition { definition.applying(changes, at: SystemClock().now()) }

  /// - Throws: where the definition cannot be carried out; settings that were checked do not.
  func plan() throws -> MeterPlan {
    let device = Device(
      unitID: definition.unitID, timeoutMilliseconds: timeoutMilliseconds, pauseMilliseconds: pauseMilliseconds ?? 0,
      format: serialFormat?.modbus)
    let forbidden = forbidden.map {
      ReadPlan.Forbidden(
        function: ReadFunction($0.table), addresses: Int($0.addresses.lowerBound)...Int($0.addresses.upperBound))
    }
    return try MeterPlan(presentDefinition, device: device, maximumRegisters: maxRegisters, forbidden: forbidden)
  }
}

extension Settings {
  /// Of the meters on buses.
  ///
  /// - Throws: where a definition cannot be carried out; settings that were checked do not.
  func meterPlans() throws -> [MeterPlan] {
    try metersOnBuses.map { try $0.plan() }
  }

  var changes: [String: [Definition.Change]] {
    Dictionary(meters.filter { !$0.changes.isEmpty }.map { ($0.id, $0.changes) }, uniquingKeysWith: { $1 })
  }

  func forwardPlans() throws -> [ForwardPlan] {
    let zone = try Zone(named: site.timeZone)
    return forwards.compactMap { forward in
      guard let periods = Slots(everyMilliseconds: forward.periodMilliseconds, zone: zone) else { return nil }
      return ForwardPlan(
        id: forward.id, site: site.id, directory: forward.path, periods: periods,
        graceMilliseconds: forward.graceMilliseconds,
        compression: ForwardPlan.Compression(rawValue: forward.compression.rawValue) ?? .none)
    }
  }

  /// The buses that can be simulated on this machine: loopback addresses, and device paths that are no devices.
  ///
  /// - Parameter turnaroundMilliseconds: how long a meter on a serial line takes to answer.
  func simulatedBuses(turnaroundMilliseconds: Int = 0) -> [SimulatedBus] {
    var simulated: [SimulatedBus] = []
    for bus in buses.compactMap({ simulatedBus($0, turnaroundMilliseconds) }) {
      // Several buses may be connections to one converter.
      if let same = simulated.firstIndex(where: { $0.endpoint == bus.endpoint }) {
        simulated[same].meters += bus.meters
      } else {
        simulated.append(bus)
      }
    }
    return simulated
  }

  /// Nil where the bus is a real one.
  func simulatedBus(_ bus: Bus, _ turnaroundMilliseconds: Int = 0) -> SimulatedBus? {
    func isLoopback(_ host: String) -> Bool { host.hasPrefix("127.") || host == "::1" || host == "localhost" }
    func pace(_ format: SerialFormat) -> SerialPacing? {
      SerialPacing(baud: format.baud, bitsPerCharacter: format.modbus.timing.bitsPerCharacter)
    }
    let endpoint: SimulatedBus.Endpoint
    var pacing: SerialPacing?
    switch bus.transport {
    case .tcp(let host, let port):
      guard isLoopback(host) else { return nil }
      endpoint = .tcp(host: host, port: Int(port))
    case .rtu(let device, let format, _):
      if device.hasPrefix("/dev/") { return nil }
      endpoint = .pty(devicePath: device)
      pacing = pace(format)
    case .rtuOverTCP(let host, let port, let format):
      guard isLoopback(host) else { return nil }
      endpoint = .rtuOverTCP(host: host, port: Int(port))
      pacing = pace(format)
    }
    return SimulatedBus(
      id: bus.id, endpoint: endpoint, meters: meters.map(\.definition).filter { $0.bus == bus.id },
      turnaroundMilliseconds: turnaroundMilliseconds, pacing: pacing)
  }
}
