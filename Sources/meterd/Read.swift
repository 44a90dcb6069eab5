import Acquisition
import ArgumentParser
import Decoding
import Forwarding
import Metering
import Modbus
import ModbusProtocol
import Settings
import Synchronization

struct Read: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Polls one meter once and shows every byte; stores nothing.",
    discussion: """
      Each request and reply in hexadecimal as on the wire, what came of it and how long it took; then every point with \
      its raw bytes and its value, also those that are read more rarely; then what it cost the line. A request that is \
      refused as a whole is asked in parts. Exit code 0 where all was answered, else 1. On a serial line the daemon must \
      not run: it has the device. A meter on a station (IEC 104) is read by an interrogation, and one of the counters \
      without freezing them; what else the station sends meanwhile is acknowledged and so gone: stop the daemon first.

      Examples:
        meterd read rinse-water --config /etc/meterd/meterd.toml
        meterd read rinse-water --repeat 20    to see how steady it is
      """)

  @Argument(help: "The meter's id.") var meter: String
  @Option(help: "The TOML file.") var config = "/etc/meterd/meterd.toml"
  @Option(name: .customLong("repeat"), help: "So many polls, one after the other, 1 to 10000.") var times = 1

  func validate() throws {
    guard (1...10_000).contains(times) else { throw ValidationError("--repeat \(times): 1 to 10000") }
  }

  func run() async throws {
    let settings = try Console.settings(config)
    if let found = settings.meters.first(where: { $0.id == meter }), let id = found.definition.station?.id,
      let station = settings.stations.first(where: { $0.id == id })
    {
      return try await StationRead(meter: found, station: station).run()
    }
    guard let plan = try settings.meterPlans().first(where: { $0.id == meter }),
      let bus = settings.buses.first(where: { $0.id == plan.busID })
    else {
      let known = settings.meters.map(\.id).joined(separator: ", ")
      Console.error("meterd read: no meter '\(meter)' in \(config); there are: \(known)")
      throw Exit.failure
    }
    let requests = plan.requests(on: bus.modbus)
    Console.print(
      "\(meter): unit \(plan.device.unitID) on bus \(bus.id), \(bus.words.type) \(bus.words.address); "
        + Words.count(requests.count, "request"))
    var dialogue = try Dialogue(bus: bus.modbus, device: plan.device)
    await dialogue.begin()
    var blocks: [Block] = []
    // What is asked in the end, where a request was refused its parts.
    var asked: [ReadRequest] = []
    var isSound = true
    var open = Array(requests.enumerated().map { (name: "\($0 + 1)/\(requests.count)", request: $1) }.reversed())
    while let (name, request) = open.popLast() {
      Console.print("\n\(name)  \(Dialogue.words(request))")
      let result = await dialogue.show(request).result
      blocks.append(Block(request, result))
      if let parts = Read.parts(of: request, result, plan) {
        Console.print("  asked in \(parts.count) parts instead, as the daemon does")
        open += parts.enumerated().map { (name: "\(name).\($0 + 1)", request: $1) }.reversed()
        continue
      }
      asked.append(request)
      if case .data = result {} else { isSound = false }
    }
    if blocks.contains(where: { $0.outcome == .ok }) {
      Console.print("\n" + (try values(blocks, plan.definition)))
    }
    for _ in 1..<times {
      for request in asked {
        let answer = await dialogue.repeated(request)
        if case .data = answer.result { continue }
        isSound = false
        Console.print("\(Dialogue.words(request)): \(dialogue.outcome(answer, request))")
      }
    }
    Console.print("\n" + dialogue.summary(asked))
    await dialogue.end()
    if !isSound { throw Exit.failure }
  }

  /// What to ask instead of a request that was refused as a whole; nil where that is no use.
  private static func parts(of request: ReadRequest, _ result: ReadResult, _ plan: MeterPlan) -> [ReadRequest]? {
    guard case .exception(let code) = result, code == 2 || code == 3 else { return nil }
    return plan.parts(of: request)
  }

  private func values(_ blocks: [Block], _ definition: Definition) throws -> String {
    let now = SystemClock().now()
    let observation = Observation(
      meterID: meter, time: now, due: nil, received: now, definition: "", content: .poll(blocks))
    var rows = [["QUANTITY", "VALUE", "UNIT", "QUALITY", "FLAGS", "RAW"]]
    try Decoder(definition).forEachReading(of: observation) { reading in
      rows.append([
        reading.quantity, reading.shown ?? "-", reading.unit, reading.quality.rawValue,
        reading.flags.isEmpty ? "-" : reading.flags.joined(separator: "+"),
        reading.raw.isEmpty ? "-" : reading.rawText,
      ])
    }
    return PlainTable.text(rows, rightAligned: [1])
  }
}

/// Questions to one device, with every byte that goes over the bus for them.
struct Dialogue {
  private let bus: BusSettings
  private let device: Device
  private let line: ModbusBus
  private let bytes = Bytes()
  private var times: [ReadRequest: [UInt64]] = [:]

  /// Written on the bus's thread.
  private final class Bytes: Sendable {
    let seen = Mutex<[BusTrace]>([])
  }

  init(bus: BusSettings, device: Device) throws {
    self.bus = bus
    self.device = device
    line = try ModbusBus(settings: bus)
  }

  func begin() async { await line.trace { [bytes] trace in bytes.seen.withLock { $0.append(trace) } } }
  func end() async { await line.close() }

  /// `function 4, input registers 0…33`
  static func words(_ request: ReadRequest) -> String {
    let last = Int(request.address) + Int(request.count) - 1
    return "function \(request.function.rawValue), \(request.function.words) \(request.address)…\(last)"
  }

  mutating func show(_ request: ReadRequest) async -> Answer {
    let answer = await repeated(request)
    let traces = bytes.seen.withLock { $0 }
    for (direction, run) in Dialogue.runs(traces) { Console.print(Dialogue.hex(run, direction)) }
    Console.print("  " + outcome(answer, request))
    return answer
  }

  /// Asks; where a late reply could be taken for the answer, waits until it could not.
  mutating func repeated(_ request: ReadRequest) async -> Answer {
    bytes.seen.withLock { $0.removeAll() }
    while true {
      let answer = await line.ask([Ask(.read(request), of: device)])[0]
      if case .failed(.held(let nanoseconds)) = answer.result {
        try? await Task.sleep(nanoseconds: nanoseconds + 1_000_000)
        continue
      }
      if case .data = answer.result { times[request, default: []].append(answer.nanoseconds) }
      return answer
    }
  }

  func outcome(_ answer: Answer, _ request: ReadRequest) -> String {
    let took = Dialogue.milliseconds(answer.nanoseconds)
    let time = answer.nanoseconds == 0 ? "" : took + ": "
    let advice = Advice.text(answer.result, bus, device).map { "\n  " + $0 } ?? ""
    return switch answer.result {
    case .data:
      "good, \(took)"
        + (answer.turnaroundNanoseconds.map { ", of which the device needed \(Dialogue.milliseconds($0))" } ?? "")
    case .exception(let code): "\(time)\(ErrorText.exception(code, request))\(advice)"
    case .failed(let failure): "\(time)\(ErrorText.failure(failure, bus, device))\(advice)"
    }
  }

  func summary(_ requests: [ReadRequest]) -> String {
    let statistics = line.currentStatistics
    var rows = [["REQUEST", "GOOD", "LEAST", "MEAN", "MOST"]]
    for request in requests {
      guard let times = times[request] else { continue }
      let mean = times.isEmpty ? nil : times.reduce(0, +) / UInt64(times.count)
      rows.append(
        [Dialogue.words(request), "\(times.count)"]
          + [times.min(), mean, times.max()].map { $0.map(Dialogue.milliseconds) ?? "-" })
    }
    var lines = rows.count > 1 ? [PlainTable.text(rows, rightAligned: [1, 2, 3, 4])] : []
    let least = requests.compactMap { times[$0]?.min() }
    let poll = least.reduce(0, +)
    lines.append(
      "\(statistics.counts.good) of \(Words.count(Int(statistics.counts.requests), "request")) good"
        + (least.count == requests.count ? "; a poll takes \(Dialogue.milliseconds(poll)) at best" : ""))
    if let turnaround = statistics.devices[device.unitID]?.leastTurnaroundNanoseconds {
      lines.append("turnaround: the device begins to answer after \(Dialogue.milliseconds(turnaround)) at best")
    }
    if let efficiency = statistics.efficiency {
      let percent = PollingPlan.decimal(efficiency * 100, digits: 1)
      lines.append("bus efficiency: \(percent) % of the time taken is wire time, silence and that turnaround")
    }
    if statistics.staleReplies > 0 { lines.append("late replies thrown away: \(statistics.staleReplies)") }
    if let advice = statistics.advice { lines.append("note: \(advice)") }
    return lines.joined(separator: "\n")
  }

  static func milliseconds(_ nanoseconds: UInt64) -> String {
    "\(PollingPlan.decimal(Double(nanoseconds) / 1e6, digits: 1)) ms"
  }

  /// What came in pieces is one run of bytes.
  private static func runs(_ traces: [BusTrace]) -> [(direction: String, bytes: [UInt8])] {
    traces.reduce(into: []) { runs, trace in
      let (direction, bytes): (String, [UInt8]) =
        switch trace {
        case .sent(let bytes): ("sent", bytes)
        case .received(let bytes): ("received", bytes)
        }
      if runs.last?.direction == direction, direction == "received" {
        runs[runs.count - 1].bytes += bytes
      } else {
        runs.append((direction, bytes))
      }
    }
  }

  /// Twenty bytes a line.
  private static func hex(_ bytes: [UInt8], _ direction: String) -> String {
    let words = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return stride(from: 0, to: words.count, by: 20).map { start in
      let head = start == 0 ? direction + String(repeating: " ", count: 10 - direction.count) : "          "
      return "  \(head)\(words[start..<min(start + 20, words.count)].joined(separator: " "))"
    }.joined(separator: "\n")
  }
}
