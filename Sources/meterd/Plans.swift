import Acquisition
import Decoding
import Forwarding
import Metering
import Modbus
import Schedule
import Settings
import Simulation

/// Settings as the rooms want them: plain values.
extension Settings.Bus {
  var modbus: BusSettings {
    let transport: BusSettings.Transport =
      switch self.transport {
      case .tcp(let host, let port): .tcp(host: host, port: port)
      case .rtu(let device, let baud, let parity, let stopBits):
        .rtu(
          device: device, baud: baud, parity: BusSettings.Parity(rawValue: parity.rawValue) ?? .none,
          stopBits: stopBits)
      }
    return BusSettings(
      id: id, transport: transport, timeoutMilliseconds: timeoutMilliseconds, pauseMilliseconds: pauseMilliseconds)
  }

  var plan: BusPlan { BusPlan(settings: modbus, probeEveryMilliseconds: probeEveryMilliseconds) }

  /// `tcp 192.0.2.10:502`, `rtu /dev/ttyUSB0 9600 8N1`
  var words: (type: String, address: String) {
    switch transport {
    case .tcp(let host, let port): ("tcp", host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
    case .rtu(let device, let baud, let parity, let stopBits):
      ("rtu", "\(device) \(baud) 8\(parity.rawValue.uppercased().prefix(1))\(stopBits)")
    }
  }
}

extension Settings {
  /// - Throws: where a definition cannot be carried out; settings that were checked do not.
  func meterPlans() throws -> [MeterPlan] {
    let buses = Dictionary(self.buses.map { ($0.id, $0.modbus) }, uniquingKeysWith: { $1 })
    return try meters.compactMap { meter in
      guard let bus = buses[meter.definition.bus] else { return nil }
      return try MeterPlan(meter.definition, maximumRegisters: meter.maxRegisters, bus: bus)
    }
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
  func simulatedBuses() -> [SimulatedBus] {
    buses.compactMap { bus in
      let endpoint: SimulatedBus.Endpoint
      switch bus.transport {
      case .tcp(let host, let port):
        guard host.hasPrefix("127.") || host == "::1" || host == "localhost" else { return nil }
        endpoint = .tcp(host: host, port: Int(port))
      case .rtu(let device, _, _, _):
        if device.hasPrefix("/dev/") { return nil }
        endpoint = .pty(devicePath: device)
      }
      return SimulatedBus(
        id: bus.id, endpoint: endpoint, meters: meters.map(\.definition).filter { $0.bus == bus.id })
    }
  }
}
