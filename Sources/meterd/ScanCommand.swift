import ArgumentParser
import Commissioning
import Glibc
import Metering
import Modbus
import Settings
import UnixSignals

struct ScanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan", abstract: "Finds the units on a bus, or what a station offers; changes nothing.",
    discussion: """
      Asks each unit id for one register. Whoever answers, if only to refuse, is there; it is then asked who it is \
      (function 43) and compared with the known models. A model is recognised where the device says so or holds the \
      model's number, else it is a guess: compare it with the type plate. At the end stand the lines for the units that \
      are not in the file yet. Only functions 3, 4 and 43 are sent, one at a time with a pause between them; Ctrl-C stops \
      at once.

      --sweep tries other baud rates and parities, the file's first, and stops after the first one with an answer: one \
      line has one format. --every-format goes on, for a device that was set otherwise than the rest.

      A station (IEC 104) is connected to and interrogated, its counters are read; all that it sends is listed, with the \
      lines for what no point takes. What it sends is acknowledged and so gone: stop the daemon first, or events that \
      come meanwhile are lost to it.

      On a serial line the daemon must not run (systemctl stop meterd): it has the device. Exit code 0 where something \
      answered, 1 where nothing did, 78 for a bad file.

      Examples:
        meterd scan hall-1 --config /etc/meterd/meterd.toml
        meterd scan hall-1 --units 1-32,100
        meterd scan hall-1 --units 1 --sweep   a new meter, unknown
        meterd scan hall-1 --json > hall-1.json
        meterd scan substation --listen 60     a station, and a minute of what it sends by itself
      """)

  @Argument(help: "The id of a bus or station of the file.") var bus: String
  @Option(help: "The TOML file.") var config = "/etc/meterd/meterd.toml"
  @Option(help: "Unit ids, such as 1-32,100. Default: 1-247, on TCP also 255 and 0.") var units: UnitList?
  @Option(
    help: "How long a unit has to begin to answer. Default: 150ms, rtu-over-tcp 300ms, tcp the bus's 'timeout'.")
  var timeout: Milliseconds?
  @Option(help: "Silence between two questions, on top of the standard's.") var pause = Milliseconds(value: 20)
  @Flag(help: "Try other baud rates and parities; type rtu only.") var sweep = false
  @Flag(help: "With --sweep: go on after a format that brought answers.") var everyFormat = false
  @Flag(help: "Ask silent units once more, for an input register: some have no holding registers.") var twice = false
  @Flag(help: "Find units only: no comparison with known models.") var noGuess = false
  @Option(help: "Of a station: listen for so many seconds at least, for what it sends by itself.") var listen = 0
  @Flag(help: "The result for machines.") var json = false

  func validate() throws {
    if everyFormat, !sweep { throw ValidationError("--every-format goes with --sweep") }
  }

  func run() async throws {
    let settings = try Console.settings(config)
    if let station = settings.stations.first(where: { $0.id == bus }), !settings.buses.contains(where: { $0.id == bus })
    {
      return try await StationScan(station: station, settings: settings, listenSeconds: listen, json: json).run()
    }
    guard let bus = settings.buses.first(where: { $0.id == bus }) else {
      let known = (settings.buses.map(\.id) + settings.stations.map(\.id)).joined(separator: ", ")
      Console.error("meterd scan: no bus or station '\(bus)' in \(config); there are: \(known)")
      throw Exit.failure
    }
    var modbus = bus.modbus
    if sweep, !modbus.isSerialDevice {
      throw ValidationError("--sweep: bus \(bus.id) is \(bus.words.type); the format is set in the converter")
    }
    modbus.pauseMilliseconds = max(modbus.pauseMilliseconds, pause.value)
    modbus.lateWindowMilliseconds = min(modbus.lateWindowMilliseconds, 500)
    modbus.pipeline = 1
    let plan = try plan(bus, modbus, settings)
    let line = try ModbusBus(settings: modbus)
    var printer = ScanPrinter(bus: bus, settings: settings, config: config, wasCompared: !noGuess)
    let report = await scan(plan, line) { printer.show($0) }
    await line.close()
    printer.finish()
    if json {
      try printer.printJSON(report, asked: plan.units)
    } else if report.failure == nil || !report.units.isEmpty {
      printer.printReport(report, asked: plan.units)
    }
    if let failure = report.failure { Console.error("meterd scan: \(failure)") }
    if report.units.isEmpty { throw Exit.failure }
  }

  private func plan(_ bus: Settings.Bus, _ modbus: BusSettings, _ settings: Settings) throws -> ScanPlan {
    let isTCP = modbus.format == nil
    let all = isTCP ? ScanPlan.tcpUnits : ScanPlan.serialUnits
    let units = units?.values ?? all
    if let wrong = units.first(where: { !all.contains($0) }) {
      throw ValidationError("--units: there is no unit \(wrong) on \(bus.words.type)")
    }
    let usual: Int64 =
      switch modbus.transport {
      case .rtu: 150
      case .rtuOverTCP: 300
      case .tcp: bus.timeoutMilliseconds
      }
    let timeout = timeout?.value ?? usual
    var plan = ScanPlan(
      units: units, timeoutMilliseconds: timeout, patientTimeoutMilliseconds: max(timeout, bus.timeoutMilliseconds))
    if modbus.isSerialDevice, let format = modbus.format {
      plan.formats = sweep ? ScanPlan.sweep(from: format) : [format]
      plan.triesEveryFormat = everyFormat
      for meter in settings.meters where meter.definition.bus == bus.id {
        plan.formatOfUnit[meter.definition.unitID] = meter.serialFormat?.modbus
      }
    }
    plan.asksTwice = twice
    if !noGuess {
      let library = ProfileLibrary(searchPath: settings.site.profileSearchPath)
      plan.candidates = library.list().compactMap { try? $0.result.get() }.map(Candidate.init)
    }
    return plan
  }

  /// Ends at once at Ctrl-C; what was found until then is in the report.
  private func scan(_ plan: ScanPlan, _ line: ModbusBus, tell: @escaping (ScanEvent) -> Void) async -> ScanReport {
    let watch = Task {
      for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
        line.stop()
        break
      }
    }
    defer { watch.cancel() }
    return await Scan.run(plan, on: line, tell: tell)
  }
}

/// `1-32,100`
struct UnitList: ExpressibleByArgument {
  var values: [UInt8]

  init?(argument: String) {
    values = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt8($0) }
      guard (1...2).contains(ends.count), let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last
      else { return nil }
      for unit in first...last where !values.contains(unit) { values.append(unit) }
    }
  }
}

/// `150ms`, `1s`; up to a minute.
struct Milliseconds: ExpressibleByArgument, CustomStringConvertible {
  var value: Int64

  init(value: Int64) { self.value = value }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    let factors: [Substring: Int64] = ["ms": 1, "s": 1000]
    guard let number = Int64(digits), let factor = factors[argument.dropFirst(digits.count)], number <= 60_000,
      number * factor <= 60_000
    else { return nil }
    value = number * factor
  }

  var description: String { "\(value)ms" }
  var defaultValueDescription: String { description }
}

extension Candidate {
  init(_ profile: Profile) {
    self.init(
      profile: profile.name,
      signs: profile.identify.map { sign in
        switch sign {
        case .register(let register, let value): .register(register, value: value)
        case .device(let vendor, let product): .device(vendor: vendor, product: product)
        }
      }, points: profile.points, accountingQuantity: profile.accountingQuantity,
      forbidden: profile.forbidden.map { Forbidden(table: $0.table, addresses: $0.addresses) },
      hasCircuits: profile.circuits != nil)
  }
}
