import Acquisition
import Metering
import Modbus
import ModbusProtocol
import Schedule
import Settings

/// What a file asks of the buses and of the disk.
struct PollingPlan {
  let settings: Settings
  let meters: [MeterPlan]
  private let buses: [String: Settings.Bus]
  private let cycles: [String: Cycle]

  /// All that a meter's requests depend on.
  private struct Shape: Hashable {
    let every: Int64
    let points: [Definition.Point]
    let maximumRegisters: Int
    let forbidden: [ReadPlan.Forbidden]
    let format: SerialFormat?

    init(_ meter: MeterPlan, _ bus: BusSettings) {
      every = meter.slots.everyMilliseconds
      points = meter.definition.points
      maximumRegisters = meter.maximumRegisters
      forbidden = meter.forbidden
      format = meter.device.format ?? bus.format
    }
  }

  /// What one meter is asked in the slots until their pattern repeats.
  private struct Cycle {
    /// By interval of its points: the requests of a slot in which that interval is due, and the shorter ones that divide it.
    var requests: [Int64: [ReadRequest]] = [:]
    /// What slots are like, and how many of all are.
    var shares: [(requests: [ReadRequest], share: Double)] = []

    init(_ meter: MeterPlan, _ bus: BusSettings) {
      let slots = meter.cycle(on: bus)
      let every = meter.slots.everyMilliseconds
      for interval in Set(meter.definition.points.map { $0.everyMilliseconds ?? every }) {
        requests[interval] = slots[Int(interval / every) % slots.count]
      }
      var counts: [(requests: [ReadRequest], count: Int)] = []
      for slot in slots {
        if let place = counts.firstIndex(where: { $0.requests == slot }) {
          counts[place].count += 1
        } else {
          counts.append((slot, 1))
        }
      }
      shares = counts.map { ($0.requests, Double($0.count) / Double(slots.count)) }
    }
  }

  init(_ settings: Settings, meters: [MeterPlan]) {
    self.settings = settings
    self.meters = meters
    let buses = Dictionary(settings.buses.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    self.buses = buses
    // Alike meters are planned once: a day has 86,400 slots of a second.
    var known: [Shape: Cycle] = [:]
    var cycles: [String: Cycle] = [:]
    for meter in meters {
      guard let bus = buses[meter.busID]?.modbus else { continue }
      let shape = Shape(meter, bus)
      let cycle = known[shape] ?? Cycle(meter, bus)
      known[shape] = cycle
      cycles[meter.id] = cycle
    }
    self.cycles = cycles
  }

  var text: String {
    var parts: [String] = []
    if !settings.buses.isEmpty || settings.stations.isEmpty {
      parts += [
        PlainTable.text(meterRows, rightAligned: [2, 4]), PlainTable.text(busRows, rightAligned: [3, 4, 5, 6]),
      ]
    }
    if !settings.stations.isEmpty { parts.append(PlainTable.text(stationRows, rightAligned: [2, 3, 4])) }
    if !holes.isEmpty { parts.append(holes.joined(separator: "\n")) }
    let disk = DiskSpace(directory: settings.archive.path)
    let space = ArchiveSpace(disk, sealedDays: 0, bytesPerSecond)
    parts.append(
      "Disk: \(PollingPlan.words(bytes: bytesPerSecond * 86_400)) written a day, sealed when the day is over; about "
        + "\(PollingPlan.words(bytes: Double(space.fiveYearBytes ?? 0))) in five years at \(settings.archive.path)"
        + (settings.stations.isEmpty ? "" : ", without what stations send by themselves"))
    if let days = space.freeDays, disk.free > 0, Double(days) < 1826 {
      parts.append(
        "warning: the disk of \(settings.archive.path) has \(PollingPlan.words(bytes: Double(disk.free))) free: enough for about "
          + "\(days) days, not for five years")
    }
    parts += warnings.map { "warning: \($0)" }
    return parts.joined(separator: "\n\n")
  }

  // MARK: - Meters

  private var meterRows: [[String]] {
    var rows = [["METER", "BUS", "UNIT", "EVERY", "POINTS", "REQUESTS"]]
    for meter in meters {
      guard let cycle = cycles[meter.id] else { continue }
      let every = meter.slots.everyMilliseconds
      for (index, (interval, requests)) in cycle.requests.sorted(by: { $0.key < $1.key }).enumerated() {
        let points = meter.definition.points.count { ($0.everyMilliseconds ?? every) == interval }
        rows.append(
          (index == 0 ? [meter.id, meter.busID, "\(meter.device.unitID)"] : ["", "", ""])
            + [
              PollingPlan.words(milliseconds: interval), "\(points)",
              requests.map(PollingPlan.words).joined(separator: " "),
            ])
      }
    }
    return rows
  }

  /// Registers that nobody wants and that are read along; alike meters once, twelve lines at most.
  private var holes: [String] {
    var lines: [String] = []
    for meter in meters {
      guard let bus = buses[meter.busID]?.modbus else { continue }
      let registers = meter.definition.points.flatMap(\.registers)
      for request in meter.requests(on: bus) {
        let ranges = PollingPlan.holes(in: request, registers)
        if ranges.isEmpty { continue }
        let count = ranges.reduce(0) { $0 + $1.count }
        let places = ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)…\($0.upperBound - 1)" }
        let name = meter.definition.profile ?? meter.id
        let line =
          "\(name) \(PollingPlan.words(request)) reads \(Words.count(count, "register")) along that nobody wants"
          + (ranges.count <= 4 ? ": \(places.joined(separator: ", "))" : ", in \(ranges.count) holes")
        if !lines.contains(line) { lines.append(line) }
      }
    }
    let rest = lines.count - 12
    return Array(lines.prefix(12)) + (rest > 0 ? ["and \(rest) more of these"] : [])
  }

  private static func holes(in request: ReadRequest, _ registers: [RegisterReference]) -> [Range<Int>] {
    var end = Int(request.address)
    var holes: [Range<Int>] = []
    for register in registers.filter({ ReadFunction($0.table) == request.function }).sorted(by: {
      $0.address < $1.address
    }) {
      let start = Int(register.address)
      guard start >= Int(request.address), register.end <= Int(request.address) + Int(request.count) else { continue }
      if start > end { holes.append(end..<start) }
      end = max(end, register.end)
    }
    return holes
  }

  // MARK: - Buses

  /// Per second, on average over the cycle of its intervals.
  private func average(_ meter: MeterPlan, _ weight: (ReadRequest) -> Double) -> Double {
    let sum = cycles[meter.id]?.shares.reduce(0.0) { $0 + $1.share * $1.requests.reduce(0.0) { $0 + weight($1) } }
    return (sum ?? 0) * 1000 / Double(meter.slots.everyMilliseconds)
  }

  func meters(on bus: Settings.Bus) -> [MeterPlan] { meters.filter { $0.busID == bus.id } }

  func requestsPerSecond(on bus: Settings.Bus) -> Double {
    meters(on: bus).reduce(0.0) { $0 + average($1) { _ in 1 } }
  }

  private var busRows: [[String]] {
    var rows = [["BUS", "TYPE", "ADDRESS", "METERS", "MOST/SLOT", "REQUESTS/S", "LOAD"]]
    for bus in settings.buses {
      let own = meters(on: bus)
      let most = own.reduce(0) { $0 + (cycles[$1.id]?.shares.map(\.requests.count).max() ?? 0) }
      rows.append([
        bus.id, bus.words.type, bus.words.address, "\(own.count)", "\(most)",
        PollingPlan.decimal(requestsPerSecond(on: bus), digits: 2),
        load(of: bus).map { PollingPlan.decimal($0 * 100, digits: 1) + " %" } ?? "-",
      ])
    }
    return rows
  }

  /// The share of time that a serial line is busy; nil for TCP, where the device decides.
  ///
  /// - Parameter baud: in place of the line's.
  func load(of bus: Settings.Bus, baud: Int? = nil) -> Double? {
    bus.modbus.format == nil ? nil : meters(on: bus).reduce(0.0) { $0 + load(of: $1, on: bus, baud: baud) }
  }

  /// What one meter adds to it.
  func load(of meter: MeterPlan, on bus: Settings.Bus, baud: Int? = nil) -> Double {
    guard var format = bus.modbus.format else { return 0 }
    if let own = meter.device.format { format = own } else if let baud { format.baud = baud }
    let turnaround = MeterPlan.assumedTurnaroundMilliseconds * 1_000_000
    let pause = Double(bus.pauseMilliseconds + meter.device.pauseMilliseconds) / 1000
    return average(meter) {
      Double(format.timing.readNanoseconds($0, turnaroundNanoseconds: turnaround)) / 1e9 + pause
    }
  }

  // MARK: - Disk

  /// What the hot store writes a second: per poll a row (80 bytes with its page's share), per request 9 bytes and the data.
  var bytesPerSecond: Double {
    meters.reduce(stationBytesPerSecond) { sum, meter in
      sum + 80_000 / Double(meter.slots.everyMilliseconds) + average(meter) { Double(9 + $0.dataLength) }
    }
  }

  // MARK: - Words

  /// `4:0×34`
  static func words(_ request: ReadRequest) -> String {
    "\(request.function.rawValue):\(request.address)×\(request.count)"
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
