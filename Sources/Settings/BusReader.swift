/// Reads `[[bus]]`.
struct BusReader {
  /// What a meter's unit id is checked against.
  enum Kind {
    case rtu, tcp
  }

  /// What later checks need, also of a bus that is not sound.
  struct Outcome {
    var id: Located<String>?
    var kind: Kind?
    var device: Located<String>?
    var bus: Settings.Bus?
  }

  private enum TransportType: String, CaseIterable {
    case rtu, tcp
  }

  let table: TableReader

  func read() -> Outcome {
    var outcome = Outcome(id: table.identifier("id", required: true))
    let type = table.choice("type", of: TransportType.self, notYet: ["rtu-over-tcp"], required: true)
    var transport: Settings.Transport?
    switch type?.value {
    case .rtu:
      outcome.kind = .rtu
      outcome.device = table.path("device", required: true)
      transport = readSerial(device: outcome.device?.value)
      table.misplaced(["address"], because: "a bus of type rtu has a 'device'")
    case .tcp:
      outcome.kind = .tcp
      transport = readEndpoint().map { .tcp(host: $0.host, port: $0.port) }
      table.misplaced(["device", "baud", "parity", "stop_bits"], because: "a bus of type tcp has an 'address'")
    case nil:
      // What they should be depends on the type.
      for key in ["device", "baud", "parity", "stop_bits", "address"] { _ = table.has(key) }
    }
    let timeout = table.duration("timeout", in: 10...60_000)
    let pause = table.duration("pause", in: 0...10_000)
    let probe = table.duration("probe_every", in: 100...DurationText.millisecondsPerDay)
    table.unsupported(["any_unit", "late_window"]) { "'\($0)' of a bus" }
    table.finish()
    if let id = outcome.id, let transport {
      outcome.bus = Settings.Bus(
        id: id.value, transport: transport, timeoutMilliseconds: timeout?.value ?? 500,
        pauseMilliseconds: pause?.value ?? 0, probeEveryMilliseconds: probe?.value ?? 60_000,
        line: Settings.SourceLine(number: table.position.line))
    }
    return outcome
  }

  private func readSerial(device: String?) -> Settings.Transport? {
    let baud = table.integer("baud")
    if let baud, !Settings.baudRates.contains(where: { $0 == baud.value }) {
      let rates = Settings.baudRates.map(String.init).joined(separator: ", ")
      table.error(baud.position, "'baud' is \(baud.value); it must be one of \(rates)")
    }
    let parity = table.choice("parity", of: Settings.Parity.self)
    let stopBits = table.integer("stop_bits", in: 1...2)
    guard let device else { return nil }
    return .rtu(
      device: device, baud: baud.map { Int($0.value) } ?? 9600, parity: parity?.value ?? .none,
      stopBits: stopBits?.value ?? 1)
  }

  private func readEndpoint() -> Endpoint? {
    guard let address = table.string("address", required: true, maximumBytes: 320) else { return nil }
    guard let endpoint = Endpoint(address.value) else {
      table.error(
        address.position,
        "'address' is \(Wording.quoted(address.value)), which is no address; it must be \(Endpoint.rule)")
      return nil
    }
    return endpoint
  }
}
