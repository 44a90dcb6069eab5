import Metering
import Testing

@testable import IEC104
@testable import Simulation

/// A client and a station without a network: what one writes the other gets at once.
struct Conversation {
  /// One connection, as the client sees it.
  struct Client {
    var session = Session(role: .controlling)
    var link: Int
    /// ASDUs that came and were not taken.
    var asdus: [[UInt8]] = []
    /// N(R) follows at once; else nothing is acknowledged.
    var acknowledges = true
    var isClosed = false
  }

  var machine: Outstation
  var plant: Plant
  var now = Outstation.Instant(monotonic: 1, wall: november)
  var clients: [Int: Client] = [:]

  init(_ station: SimulatedStation) throws {
    plant = try Plant(meters: station.meters, zoneOffset: shanghai, seed: 5)
    machine = try Outstation(station, plant: plant, at: now)
  }

  /// A connection; returns its number.
  mutating func connect(endpoint: Int = 0, start: Bool = true) -> Int {
    let link = machine.opened(endpoint: endpoint, at: now)
    var client = Client(link: link)
    client.session.opened(at: now.monotonic)
    if start { client.session.start(at: now.monotonic) }
    clients[link] = client
    exchange()
    return link
  }

  mutating func lose(_ link: Int) {
    machine.closed(link: link)
    clients[link] = nil
    exchange()
  }

  mutating func send(_ asdu: OutgoingASDU, _ link: Int) {
    let isSent = clients[link]?.session.sendAnything(asdu, at: now.monotonic)
    #expect(isSent == true)
    exchange()
  }

  /// Time goes by, in steps that no timer of either side misses.
  mutating func pass(milliseconds: UInt64, inStepsOf most: UInt64 = 1000) {
    var left = milliseconds
    while left > 0 {
      let step = min(left, most)
      left -= step
      now.monotonic += step * 1_000_000
      now.wall = now.wall + Int64(step)
      for link in clients.keys { clients[link]?.session.tick(at: now.monotonic) }
      exchange()
    }
  }

  /// Until nobody has anything more to say.
  mutating func exchange() {
    while true {
      machine.tick(at: now)
      var isQuiet = true
      for action in machine.takeActions() {
        isQuiet = false
        switch action {
        case .write(let link, let bytes): receive(bytes, link)
        case .close(let link):
          clients[link]?.isClosed = true
          machine.closed(link: link)
        }
      }
      for link in clients.keys.sorted() where clients[link]?.isClosed == false {
        guard let bytes = clients[link]?.session.takeOutgoing(), !bytes.isEmpty else { continue }
        isQuiet = false
        bytes.withUnsafeBytes { machine.received($0, link: link, at: now) }
      }
      if isQuiet { return }
    }
  }

  private mutating func receive(_ bytes: [UInt8], _ link: Int) {
    var asdus: [[UInt8]] = []
    bytes.withUnsafeBytes { bytes in
      clients[link]?.session.receive(bytes, at: now.monotonic) { asdus.append(Array($0)) }
    }
    clients[link]?.asdus += asdus
    if clients[link]?.acknowledges == true { acknowledge(link) }
  }

  /// Everything that came is committed; w and t2 decide when the station learns it.
  mutating func acknowledge(_ link: Int) {
    guard let received = clients[link]?.session.received else { return }
    clients[link]?.session.committed(through: received, at: now.monotonic)
  }

  /// What came since the last time, decoded.
  mutating func take(_ link: Int) throws -> [Received] {
    let asdus = clients[link]?.asdus ?? []
    clients[link]?.asdus = []
    return try asdus.map(Received.init)
  }
}

/// An ASDU as a client reads it.
struct Received: Equatable {
  let bytes: [UInt8]
  let header: ASDUHeader
  let objects: [InformationObject]

  init(_ bytes: [UInt8]) throws {
    var objects: [InformationObject] = []
    header = try ASDU.decode(bytes, into: &objects).header
    self.objects = objects
    self.bytes = bytes
  }

  /// `100/7`: type and cause; with `-` the P/N bit.
  var words: String { "\(header.type.rawValue)/\(header.cause.rawValue)\(header.isNegative ? "-" : "")" }
  var values: [ObjectValue] { objects.map { $0.value(as: header.type) } }
  var addresses: [UInt32] { objects.map(\.address) }
}

/// Any command, also one that a client of ours cannot send.
func command(
  _ type: TypeID, _ cause: CauseOfTransmission, element: [UInt8] = [], address: UInt32 = 0, commonAddress: UInt16 = 47
) throws -> OutgoingASDU {
  try OutgoingASDU(
    bytes: [
      type.rawValue, 1, cause.rawValue, 9, UInt8(commonAddress & 0xFF), UInt8(commonAddress >> 8),
      UInt8(address & 0xFF), UInt8(address >> 8 & 0xFF), UInt8(address >> 16),
    ] + element)
}

/// Totals, measured values and indications of two feeders.
func feeder(_ id: String, base: UInt32, commonAddress: UInt16 = 47) throws -> Definition {
  func point(
    _ quantity: String, _ unit: String, _ kind: Quantity.Kind, _ address: UInt32, _ type: String, _ scale: String = "1"
  ) throws -> Definition.StationPoint {
    Definition.StationPoint(
      quantity: quantity, unit: unit, kind: kind, commonAddress: commonAddress, objectAddress: base + address,
      type: type, scale: try decimal(scale))
  }
  return Definition(
    meterID: id, bus: "", unitID: 0, everyMilliseconds: 5000, timeZone: "Asia/Shanghai", points: [],
    station: feederStation,
    stationPoints: [
      try point("power_active", "kW", .gauge, 1, "M_ME"), try point("voltage_l1", "V", .gauge, 2, "M_ME_NC_1"),
      try point("current_l1", "A", .gauge, 3, "M_ME_NB_1", "0.1"),
      try point("power_factor", "1", .gauge, 4, "M_ME_NA_1"),
      try point("x_load", "%", .gauge, 5, "M_SP"),
      try point("energy_active_import", "kWh", .counter, 6, "M_IT", "0.01"),
      try point("energy_reactive_import", "kvarh", .counter, 7, "M_IT", "0.01"),
    ])
}

let feederStation = Definition.Station(
  id: "substation", timeZone: "Asia/Shanghai", interrogateEveryMilliseconds: 5000, countersEveryMilliseconds: 5000)

func substation(
  _ meters: [Definition], endpoints: Int = 1, commonAddresses: [UInt16] = [],
  parameters: SessionParameters = SessionParameters(),
  options: SimulatedStation.Options = SimulatedStation.Options(spontaneousEveryMilliseconds: nil)
) -> SimulatedStation {
  SimulatedStation(
    id: "substation", endpoints: (0..<endpoints).map { _ in SimulatedStation.Endpoint(host: "127.0.0.1", port: 0) },
    definition: feederStation, commonAddresses: commonAddresses, meters: meters, parameters: parameters,
    options: options)
}

/// A float that says which one it is.
func event(_ number: Int) throws -> OutgoingASDU {
  try OutgoingASDU.monitor(
    type: .M_ME_NC_1, cause: .spontaneous, commonAddress: 47,
    objects: [InformationObject(address: 900, value: .float(Float(number)))])
}

extension [Received] {
  /// The numbers of `event` among them.
  var eventNumbers: [Int] {
    filter { $0.header.cause == .spontaneous }.flatMap(\.values).compactMap { value in
      if case .float(let number) = value { Int(number) } else { nil }
    }
  }
}
