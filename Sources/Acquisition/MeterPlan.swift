import Decoding
import Metering
import Modbus
import ModbusProtocol
import Schedule

/// One bus as acquisition needs it.
public struct BusPlan: Sendable, Hashable {
  public var settings: BusSettings
  /// How often a dead device is tried; doubles with each failure up to ten times that.
  public var probeEveryMilliseconds: Int64

  public init(settings: BusSettings, probeEveryMilliseconds: Int64) {
    self.settings = settings
    self.probeEveryMilliseconds = probeEveryMilliseconds
  }
}

/// One meter as acquisition needs it: what to ask, and when.
public struct MeterPlan: Sendable, Hashable {
  public let id: String
  public let busID: String
  public let unitID: UInt8
  public let slots: Slots
  /// SHA-256 of the definition; set when it is in the archive.
  public var definitionHash = ""
  public let definition: Definition
  /// The fewest requests, reading holes along where that pays.
  public let merged: [ReadRequest]
  /// For a device that refuses to read what is not there: no holes.
  public let unmerged: [ReadRequest]

  /// - Throws: `DecodingFault` or `ZoneError` in words, where the definition cannot be carried out.
  public init(_ definition: Definition, maximumRegisters: Int, bus: BusSettings) throws {
    id = definition.meterID
    busID = definition.bus
    unitID = definition.unitID
    self.definition = definition
    slots = try Decoder(definition).slots
    let spans = definition.points.map {
      ReadPlan.Span(
        function: ReadFunction($0.register.table), address: Int($0.register.address), count: $0.register.type.width)
    }
    let hole = MeterPlan.holeWorthReading(on: bus)
    merged = ReadPlan(spans: spans, limits: .init(maximumRegisters: maximumRegisters, maximumHole: hole)).requests
    unmerged = ReadPlan(spans: spans, limits: .init(maximumRegisters: maximumRegisters, maximumHole: 0)).requests
  }

  /// Serial: by the wire formula, for a device that answers within 30 ms. TCP: a round trip costs more than any hole of
  /// one request, but half a request of nothing is where devices start to refuse.
  static func holeWorthReading(on bus: BusSettings) -> Int {
    guard let timing = bus.timing else { return 60 }
    return timing.registersWorthBridging(turnaroundNanoseconds: 30_000_000)
  }
}

extension BusSettings {
  /// Nil for TCP.
  public var timing: SerialTiming? {
    guard case .rtu(_, let baud, let parity, let stopBits) = transport else { return nil }
    return SerialTiming(baud: baud, bitsPerCharacter: 9 + (parity == .none ? 0 : 1) + stopBits)
  }
}

extension ReadFunction {
  init(_ table: RegisterTable) {
    self =
      switch table {
      case .coil: .readCoils
      case .discrete: .readDiscreteInputs
      case .holding: .readHoldingRegisters
      case .input: .readInputRegisters
      }
  }

  var table: RegisterTable {
    switch self {
    case .readCoils: .coil
    case .readDiscreteInputs: .discrete
    case .readHoldingRegisters: .holding
    case .readInputRegisters: .input
    }
  }
}
