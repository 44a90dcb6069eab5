/// Reads `[[bus]]`.
struct BusReader {
  /// What a meter's unit id is checked against.
  enum Kind: String, CaseIterable {
    case rtu, tcp
    case rtuOverTCP = "rtu-over-tcp"
  }

  /// What later checks need, also of a bus that is not sound.
  struct Outcome {
    var id: Located<String>?
    var kind: Kind?
    var device: Located<String>?
    var format = Settings.SerialFormat()
    var anyUnit = false
    var bus: Settings.Bus?
  }

  private enum Connect: String, CaseIterable {
    case keep
    case perCycle = "per-cycle"
  }

  let table: TableReader

  func read() -> Outcome {
    var outcome = Outcome(id: table.identifier("id", required: true))
    outcome.kind = table.choice("type", of: Kind.self, required: true)?.value
    reportMisplaced(outcome.kind)
    let transport = readTransport(&outcome)
    let timeout = table.duration("timeout", in: 10...60_000)
    let pause = table.duration("pause", in: 0...10_000)
    let probe = table.duration("probe_every", in: 100...DurationText.millisecondsPerDay)
    let lateWindow = table.duration("late_window", in: 0...60_000)
    let echo = table.boolean("echo")
    let connect = table.choice("connect", of: Connect.self)
    let pauseAfterConnect = table.duration("pause_after_connect", in: 0...10_000)
    let pipeline = table.integer("pipeline", in: 1...16)
    outcome.anyUnit = table.boolean("any_unit")?.value == true && outcome.kind == .tcp
    table.finish()
    if let id = outcome.id, let transport {
      outcome.bus = Settings.Bus(
        id: id.value, transport: transport, timeoutMilliseconds: timeout?.value ?? 500,
        pauseMilliseconds: pause?.value ?? 0, probeEveryMilliseconds: probe?.value ?? 60_000,
        lateWindowMilliseconds: outcome.kind == .tcp ? 0 : lateWindow?.value ?? 2_000, echo: echo?.value ?? false,
        connectsPerCycle: connect?.value == .perCycle,
        pauseAfterConnectMilliseconds: pauseAfterConnect?.value ?? 0, pipeline: pipeline?.value ?? 1,
        anyUnit: outcome.anyUnit, line: Settings.SourceLine(number: table.position.line))
    }
    return outcome
  }

  private func readTransport(_ outcome: inout Outcome) -> Settings.Transport? {
    switch outcome.kind {
    case .rtu:
      outcome.device = table.path("device", required: true)
      outcome.format = readFormat()
      let rs485 = table.boolean("rs485")
      return outcome.device.map { .rtu(device: $0.value, line: outcome.format, rs485: rs485?.value ?? false) }
    case .tcp:
      return readEndpoint().map { .tcp(host: $0.host, port: $0.port) }
    case .rtuOverTCP:
      let endpoint = readEndpoint()
      // The converter passes on whatever comes: two connections would talk into each other as on one serial device.
      outcome.device = endpoint.map {
        Located(value: "\($0.host):\($0.port)", position: table.valuePosition("address"))
      }
      outcome.format = readFormat()
      return endpoint.map { .rtuOverTCP(host: $0.host, port: $0.port, line: outcome.format) }
    case nil:
      // What they should be depends on the type.
      for key in ["device", "address", "baud", "parity", "stop_bits", "rs485"] { _ = table.has(key) }
      return nil
    }
  }

  private func readFormat() -> Settings.SerialFormat {
    let baud = table.baud()
    let parity = table.choice("parity", of: Settings.Parity.self)
    let stopBits = table.integer("stop_bits", in: 1...2)
    return Settings.SerialFormat(
      baud: baud?.value ?? 9600, parity: parity?.value ?? .none, stopBits: stopBits?.value ?? 1)
  }

  private func reportMisplaced(_ kind: Kind?) {
    switch kind {
    case .rtu:
      table.misplaced(["address"], because: "a bus of type rtu has a 'device'")
      table.misplaced(["connect"], because: "a bus of type rtu has no connection")
      table.misplaced(["any_unit", "pipeline"], because: "it is for a bus of type tcp")
    case .tcp:
      table.misplaced(["device", "baud", "parity", "stop_bits"], because: "a bus of type tcp has an 'address'")
      table.misplaced(["late_window"], because: "on a bus of type tcp, transaction ids tell late answers")
      table.misplaced(["echo"], because: "it is for a bus of type rtu or rtu-over-tcp")
      table.misplaced(["rs485"], because: "it is for a bus of type rtu")
    case .rtuOverTCP:
      table.misplaced(["device"], because: "a bus of type rtu-over-tcp has an 'address'")
      table.misplaced(["rs485"], because: "the converter switches the direction of its line itself")
      table.misplaced(["any_unit", "pipeline"], because: "it is for a bus of type tcp")
    case nil: break
    }
  }

  private func readEndpoint() -> Settings.Endpoint? {
    guard let address = table.string("address", required: true, maximumBytes: 320) else { return nil }
    guard let endpoint = Settings.Endpoint(address.value) else {
      table.error(
        address.position,
        "'address' is \(Wording.quoted(address.value)), which is no address; it must be \(Settings.Endpoint.rule)")
      return nil
    }
    return endpoint
  }
}

extension TableReader {
  /// `baud`: one of those that libmodbus knows.
  func baud() -> Located<Int>? {
    guard let baud = integer("baud") else { return nil }
    guard let rate = Settings.baudRates.first(where: { $0 == baud.value }) else {
      let rates = Settings.baudRates.map(String.init).joined(separator: ", ")
      error(baud.position, "'baud' is \(baud.value); it must be one of \(rates)")
      return nil
    }
    return Located(value: rate, position: baud.position)
  }
}
