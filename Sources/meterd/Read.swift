import Acquisition
import ArgumentParser
import Decoding
import Forwarding
import Metering
import Modbus
import ModbusProtocol
import Settings

struct Read: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Polls one meter once and prints every point; stores nothing.",
    discussion: "Example: meterd read rinse-water --config /etc/meterd/meterd.toml")

  @Argument(help: "The meter's id.") var meter: String
  @Option(help: "The TOML file.") var config = "/etc/meterd/meterd.toml"

  func run() async throws {
    let settings = try Console.settings(config)
    guard let plan = try settings.meterPlans().first(where: { $0.id == meter }),
      let bus = settings.buses.first(where: { $0.id == plan.busID })
    else {
      let known = settings.meters.map(\.id).joined(separator: ", ")
      Console.error("meterd read: no meter '\(meter)' in \(config); there are: \(known)")
      throw Exit.failure
    }
    let line = try ModbusBus(settings: bus.modbus)
    var blocks: [Block] = []
    for request in plan.merged {
      let result = await line.read(request, unitID: plan.unitID)
      blocks.append(Block(request, result))
      let what = "\(bus.id) unit \(plan.unitID) \(request.function) \(request.address) × \(request.count)"
      switch result {
      case .data(let bytes): Console.print("\(what): \(CSVRow.hex(bytes))")
      case .exception(let code): Console.error("\(what): \(ErrorText.exception(code, request))")
      case .failed(let failure): Console.error("\(what): \(ErrorText.failure(failure, bus.modbus))")
      }
    }
    await line.close()
    guard blocks.contains(where: { $0.outcome == .ok }) else { throw Exit.failure }
    let now = SystemClock().now()
    let observation = Observation(
      meterID: meter, time: now, due: nil, received: now, definition: "", content: .poll(blocks))
    var printer = ReadingPrinter(format: .table, zone: try Zone(named: settings.site.timeZone), raw: true)
    printer.begin()
    try Decoder(plan.definition).forEachReading(of: observation) { printer.add($0) }
    printer.end()
    if blocks.contains(where: { $0.outcome != .ok }) { throw Exit.failure }
  }
}
