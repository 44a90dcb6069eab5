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

/// One meter as acquisition needs it: whom to ask for what, and when. A class, because every poll hands it on several times.
public final class MeterPlan: Sendable, Hashable {
  public let id: String
  public let busID: String
  public let device: Device
  public let slots: Slots
  /// SHA-256 of the definition, once it is in the archive.
  public let definitionHash: String
  public let definition: Definition
  public let maximumRegisters: Int
  public let forbidden: [ReadPlan.Forbidden]
  /// What is read at every slot comes first, then what has its own interval.
  let groups: [Group]

  /// Values that are due together.
  struct Group: Sendable, Hashable {
    /// Nil: at every slot of the meter.
    let slots: Slots?
    let spans: [ReadPlan.Span]
  }

  /// - Throws: `DecodingFault` or `ZoneError` in words, where the definition cannot be carried out.
  public init(
    _ definition: Definition, device: Device? = nil, maximumRegisters: Int = 125, forbidden: [ReadPlan.Forbidden] = []
  ) throws {
    id = definition.meterID
    busID = definition.bus
    self.device = device ?? Device(unitID: definition.unitID)
    self.definition = definition
    self.maximumRegisters = maximumRegisters
    self.forbidden = forbidden
    definitionHash = ""
    let ownSlots = try Decoder(definition).slots
    slots = ownSlots
    let intervals = Set(definition.points.map { $0.everyMilliseconds ?? ownSlots.everyMilliseconds })
    func group(_ intervals: ArraySlice<Int64>, slots: Slots?) -> Group {
      let points = definition.points.filter { intervals.contains($0.everyMilliseconds ?? ownSlots.everyMilliseconds) }
      return Group(
        slots: slots,
        spans: points.flatMap(\.registers).map {
          ReadPlan.Span(function: ReadFunction($0.table), address: Int($0.address), count: $0.width)
        })
    }
    let sorted = intervals.sorted()
    let apart = sorted.prefix(MeterPlan.mostIntervals)
    let rest = sorted.dropFirst(MeterPlan.mostIntervals)
    groups =
      apart.indices.map { place in
        let every = sorted[place]
        let own = every == ownSlots.everyMilliseconds ? nil : Slots(everyMilliseconds: every, zone: ownSlots.zone)
        return group(apart[place...place], slots: own)
      } + (rest.isEmpty ? [] : [group(rest, slots: nil)])
  }

  /// A slot's groups are the bits of a number. More intervals than that are read at every slot, so that none is lost.
  private static let mostIntervals = 63

  private init(_ other: MeterPlan, definitionHash: String) {
    id = other.id
    busID = other.busID
    device = other.device
    slots = other.slots
    definition = other.definition
    maximumRegisters = other.maximumRegisters
    forbidden = other.forbidden
    groups = other.groups
    self.definitionHash = definitionHash
  }

  /// The same meter, its definition being in the archive.
  func stored(as definitionHash: String) -> MeterPlan { MeterPlan(self, definitionHash: definitionHash) }

  public static func == (a: MeterPlan, b: MeterPlan) -> Bool {
    a === b
      || a.definition == b.definition && a.definitionHash == b.definitionHash && a.device == b.device
        && a.maximumRegisters == b.maximumRegisters && a.forbidden == b.forbidden
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(definition) }

  /// Which groups are due in a slot, a bit each.
  func due(at slot: Timestamp) -> UInt64 {
    var due: UInt64 = 0
    for (index, group) in groups.enumerated() {
      if group.slots.map({ $0.last(atOrBefore: slot) == slot }) ?? true { due |= 1 << UInt64(index) }
    }
    return due
  }

  func spans(due: UInt64) -> [ReadPlan.Span] {
    groups.enumerated().flatMap { index, group in due >> UInt64(index) & 1 == 1 ? group.spans : [] }
  }

  func requests(due: UInt64, maximumHole: Int, cuts: Set<ReadPlan.Cut> = []) -> [ReadRequest] {
    let limits = ReadPlan.Limits(
      maximumRegisters: maximumRegisters, maximumHole: maximumHole, forbidden: forbidden, cuts: cuts)
    return ReadPlan(spans: spans(due: due), limits: limits).requests
  }

  /// What to ask instead of a request that was refused as a whole, and where it was cut; nil where that is no use.
  func split(_ request: ReadRequest, due: UInt64, maximumHole: Int, cuts known: Set<ReadPlan.Cut>)
    -> (cuts: Set<ReadPlan.Cut>, parts: [ReadRequest])?
  {
    let spans = spans(due: due).filter { $0.isWithin(request) }
    let new = ReadPlan.cuts(in: request, spans: spans)
    if new.isEmpty { return nil }
    let limits = ReadPlan.Limits(
      maximumRegisters: maximumRegisters, maximumHole: maximumHole, forbidden: forbidden, cuts: known.union(new))
    return (new, ReadPlan(spans: spans, limits: limits).requests)
  }

  /// The parts of a request that was refused as a whole; nil where it cannot be had in parts.
  public func parts(of request: ReadRequest) -> [ReadRequest]? {
    split(request, due: .max, maximumHole: Int(request.count), cuts: [])?.parts
  }

  /// Everything that is ever read, for a device that answers within `assumedTurnaroundMilliseconds`.
  public func requests(on bus: BusSettings) -> [ReadRequest] {
    requests(due: .max, maximumHole: MeterPlan.holeWorthReading(on: device.format ?? bus.format, turnaround: nil))
  }

  /// The requests of each slot in turn, until the pattern repeats: one element where no value has its own interval.
  public func cycle(on bus: BusSettings) -> [[ReadRequest]] {
    let hole = MeterPlan.holeWorthReading(on: device.format ?? bus.format, turnaround: nil)
    let longest = groups.compactMap { $0.slots?.everyMilliseconds }.max() ?? slots.everyMilliseconds
    var known: [UInt64: [ReadRequest]] = [:]
    return (0..<min(100_000, longest / slots.everyMilliseconds)).map { slot in
      var due: UInt64 = 0
      for (index, group) in groups.enumerated()
      where slot * slots.everyMilliseconds % (group.slots?.everyMilliseconds ?? 1) == 0 { due |= 1 << UInt64(index) }
      let requests = known[due] ?? requests(due: due, maximumHole: hole)
      known[due] = requests
      return requests
    }
  }

  /// A device that needs this long before it answers is neither quick nor slow; for one that was not asked yet.
  public static let assumedTurnaroundMilliseconds: Int64 = 30

  /// Serial: by the wire formula. TCP: a round trip costs more than any hole of one request, but half a request of nothing
  /// is where devices start to refuse.
  static func holeWorthReading(on format: SerialFormat?, turnaround: UInt64?) -> Int {
    guard let format else { return 60 }
    let nanoseconds = turnaround.map { Int64(clamping: $0) } ?? assumedTurnaroundMilliseconds * 1_000_000
    return format.timing.registersWorthBridging(turnaroundNanoseconds: nanoseconds)
  }
}

extension ReadFunction {
  public init(_ table: RegisterTable) {
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
