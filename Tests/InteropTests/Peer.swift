import TestSupport

/// How meterd reaches the other side.
enum Line: String, CaseIterable {
  case tcp, rtu
  case rtuOverTCP = "rtu-over-tcp"
}

/// The other sides that the tests run.
enum Peer {
  static let scripts = Repository.root + "/Tests/InteropTests"
  /// The units of `images.py`.
  static let profiles = [
    1: "eastron-sdm630", 2: "eastron-sdm630", 3: "carlo-gavazzi-em340", 4: "carlo-gavazzi-em340", 5: "abb-b23",
    6: "abb-b23", 7: "schneider-iem3000", 8: "schneider-iem3000",
  ]

  /// The meters of `images.py`, served by pymodbus; answering when this returns.
  ///
  /// - Parameter plant: gets the bus `line` with the meters `unit-1`…
  /// - Returns: what runs as long as it is kept.
  static func serve(
    _ line: Line, _ options: [String] = [], to plant: inout Plant, in directory: TemporaryDirectory
  ) async throws -> [ChildProcess] {
    var running: [ChildProcess] = []
    let place: String
    if line == .rtu {
      let device = directory.file("meterd.tty")
      place = directory.file("pymodbus.tty")
      running.append(try await pair(device, place, directory))
      plant.addBus(line, at: device)
    } else {
      place = try LoopbackAddress.take()
      plant.addBus(line, at: place)
    }
    for (unit, profile) in profiles.sorted(by: { $0.key < $1.key }) {
      plant.addMeter("unit-\(unit)", bus: "line", unit: unit, profile: profile, every: "1s")
    }
    let server = try ChildProcess(
      [Repository.python, "-B", scripts + "/serve.py", line.rawValue, place] + options,
      output: directory.file("pymodbus"))
    running.append(server)
    try await eventually("pymodbus: \(server.errors)") {
      guard server.isRunning else { throw TestSupportError("pymodbus ended: \(server.errors)") }
      return server.output.contains("serving")
    }
    return running
  }

  /// Two pseudo-terminals joined by socat.
  private static func pair(
    _ one: String, _ other: String, _ directory: TemporaryDirectory
  ) async throws -> ChildProcess {
    let child = try ChildProcess(
      ["socat", "-d", "-d", "pty,raw,echo=0,link=\(one)", "pty,raw,echo=0,link=\(other)"],
      output: directory.file("socat"))
    try await eventually("socat: \(child.errors)") {
      guard child.isRunning else { throw TestSupportError("socat ended: \(child.errors)") }
      return child.errors.contains("starting data transfer loop")
    }
    return child
  }
}

extension Plant {
  /// The bus `line`, 19200 8N1 where there are characters.
  mutating func addBus(_ line: Line, at place: String) {
    switch line {
    case .tcp: addTCPBus("line", place)
    case .rtu: addSerialBus("line", place, timeout: "5s")
    case .rtuOverTCP:
      buses.append(
        """
        id = "line"
        type = "rtu-over-tcp"
        address = "\(place)"
        baud = 19200
        timeout = "5s"
        """)
    }
  }
}
