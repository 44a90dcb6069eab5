import Acquisition
import ArgumentParser
import Metering
import ModbusProtocol
import Schedule
import Settings

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reads a file and everything it names; prints all errors, else the polling plan.",
    discussion: "Exit code 0, or 78 for a bad file.\n\nExample: meterd check /etc/meterd/meterd.toml")

  @Argument(help: "The TOML file.") var file: String

  func run() throws {
    let settings = try Console.settings(file)
    Console.print(PollingPlan(settings, meters: try settings.meterPlans()).text)
  }
}

/// What a file asks of the buses and of the disk.
struct PollingPlan {
  private let settings: Settings
  private let meters: [MeterPlan]

  init(_ settings: Settings, meters: [MeterPlan]) {
    self.settings = settings
    self.meters = meters
  }

  /// A device that needs this long before it answers is neither quick nor slow.
  private static let assumedTurnaroundMilliseconds: Int64 = 30
  static let secondsOfFiveYears = 157_788_000.0

  var text: String {
    var rows = [["METER", "BUS", "UNIT", "EVERY", "POINTS", "REQUESTS"]]
    for meter in meters {
      let requests = meter.merged.map { "\($0.function.rawValue):\($0.address)×\($0.count)" }
      rows.append([
        meter.id, meter.busID, "\(meter.unitID)", PollingPlan.words(milliseconds: meter.slots.everyMilliseconds),
        "\(meter.definition.points.count)", requests.joined(separator: " "),
      ])
    }
    var lines = [PlainTable.text(rows), "", PlainTable.text(busRows), ""]
    let bytes = bytesPerSecond * PollingPlan.secondsOfFiveYears
    lines.append(
      "Disk: \(PollingPlan.words(bytes: bytesPerSecond * 86_400)) a day, "
        + "\(PollingPlan.words(bytes: bytes)) in five years at \(settings.archive.path)")
    lines += warnings.map { "warning: \($0)" }
    return lines.joined(separator: "\n")
  }

  private var busRows: [[String]] {
    var rows = [["BUS", "TYPE", "ADDRESS", "METERS", "REQUESTS/CYCLE", "REQUESTS/S", "LOAD"]]
    for bus in settings.buses {
      let own = meters.filter { $0.busID == bus.id }
      let perSecond = own.reduce(0.0) { $0 + Double($1.merged.count) * 1000 / Double($1.slots.everyMilliseconds) }
      let load = load(of: bus).map { PollingPlan.decimal($0 * 100, digits: 1) + " %" } ?? "-"
      rows.append([
        bus.id, bus.words.type, bus.words.address, "\(own.count)", "\(own.reduce(0) { $0 + $1.merged.count })",
        PollingPlan.decimal(perSecond, digits: 2), load,
      ])
    }
    return rows
  }

  /// The share of time that a serial line is busy; nil for TCP, where the device decides.
  private func load(of bus: Settings.Bus) -> Double? {
    let modbus = bus.modbus
    guard let timing = modbus.timing else { return nil }
    let turnaround = PollingPlan.assumedTurnaroundMilliseconds * 1_000_000
    return meters.filter { $0.busID == bus.id }.reduce(0.0) { sum, meter in
      let nanoseconds = meter.merged.reduce(Int64(0)) {
        $0 + timing.readNanoseconds($1, turnaroundNanoseconds: turnaround) + bus.pauseMilliseconds * 1_000_000
      }
      return sum + Double(nanoseconds) / 1_000_000 / Double(meter.slots.everyMilliseconds)
    }
  }

  /// What the hot store writes a second: per poll a row (80 bytes with its page's share), per request 9 bytes and the data.
  var bytesPerSecond: Double {
    meters.reduce(0.0) { sum, meter in
      let bytes = meter.merged.reduce(80) { $0 + 9 + $1.dataLength }
      return sum + Double(bytes) * 1000 / Double(meter.slots.everyMilliseconds)
    }
  }

  private var warnings: [String] {
    settings.buses.compactMap { bus in
      guard let load = load(of: bus), load > 0.8 else { return nil }
      return "bus \(bus.id) is asked for \(PollingPlan.decimal(load * 100, digits: 0)) % of what it can carry "
        + "(devices assumed to answer in \(PollingPlan.assumedTurnaroundMilliseconds) ms): raise 'baud' or 'every'"
    }
  }

  static func words(milliseconds: Int64) -> String {
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] as [(String, Int64)]
    where milliseconds % size == 0 && milliseconds >= size {
      return "\(milliseconds / size)\(unit)"
    }
    return "\(milliseconds)ms"
  }

  static func words(bytes: Double) -> String {
    for (unit, size) in [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where bytes >= size {
      return "\(decimal(bytes / size, digits: 1)) \(unit)"
    }
    return "\(Int(bytes)) B"
  }

  static func decimal(_ value: Double, digits: Int) -> String {
    var factor = 1.0
    for _ in 0..<digits { factor *= 10 }
    let scaled = (value * factor).rounded()
    guard digits > 0 else { return "\(Int(scaled))" }
    let fraction = "\(Int(scaled) % Int(factor))"
    return "\(Int(scaled) / Int(factor))." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
