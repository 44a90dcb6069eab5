import IEC104
import Metering

/// All objects of a simulated station, and its totals as they were frozen.
struct OutstationImage: Sendable {
  let format: ASDUFormat
  let commonAddresses: [UInt16]
  let clock: OutstationClock
  /// By common address, type and object address.
  let points: [OutstationPoint]
  private let plant: Plant
  private var totals: [Int: IntegratedTotal] = [:]
  /// What was sent last of what is sent on change.
  private var last: [(value: Double, bits: UInt32)?]

  /// - Throws: where a point cannot be simulated, or a common address is none.
  init(_ station: SimulatedStation, plant: Plant, at now: Timestamp) throws(SimulationError) {
    let format = try station.definition.simulatedFormat()
    var points: [OutstationPoint] = []
    for (place, definition) in station.meters.enumerated() {
      guard let meter = plant.index(of: definition.meterID) else {
        throw SimulationError(.unknownMeter, "meter '\(definition.meterID)' is not in the plant: pass it to Plant.init")
      }
      for point in definition.stationPoints ?? [] {
        points.append(try OutstationPoint(point, of: definition, meter: meter, place: place, format: format))
      }
    }
    for address in station.commonAddresses where !(1..<format.broadcastAddress).contains(address) {
      throw SimulationError(
        .definition, "station '\(station.id)': common address \(address): take 1 to \(format.broadcastAddress - 1)")
    }
    points.sort {
      ($0.commonAddress, $0.types.answered.rawValue, $0.objectAddress)
        < ($1.commonAddress, $1.types.answered.rawValue, $1.objectAddress)
    }
    self.format = format
    self.points = points
    self.plant = plant
    clock = try OutstationClock(station.definition)
    commonAddresses = Set(points.map(\.commonAddress) + station.commonAddresses).sorted()
    last = [(value: Double, bits: UInt32)?](repeating: nil, count: points.count)
    var samples = Samples(plant, at: now)
    for (place, point) in points.enumerated() where point.isIntegratedTotal {
      let modulus = point.modulus.flatMap { Int64(exactly: $0.rounded()) }
      totals[place] = IntegratedTotal(modulus: modulus, count: point.count(samples.of(point)))
    }
  }

  // MARK: - Which objects

  /// - Parameter qualifier: QOI, 20…36.
  func answering(interrogation qualifier: UInt8, of commonAddress: UInt16) -> [Int] {
    points.indices.filter {
      let point = points[$0]
      return point.commonAddress == commonAddress && !point.isIntegratedTotal && !point.types.isEventOnly
        && (qualifier == 20 || point.group == qualifier - 20)
    }
  }

  /// - Parameter request: RQT of QCC, 1…5.
  func answering(counterRequest request: UInt8, of commonAddress: UInt16) -> [Int] {
    points.indices.filter {
      points[$0].commonAddress == commonAddress && points[$0].isIntegratedTotal
        && (request == 5 || points[$0].group == request)
    }
  }

  func places(commonAddress: UInt16, objectAddress: UInt32) -> [Int] {
    points.indices.filter {
      points[$0].commonAddress == commonAddress && points[$0].objectAddress == objectAddress
    }
  }

  // MARK: - What they show

  mutating func carryOut(_ freeze: OutgoingASDU.Freeze, _ places: [Int], at now: Timestamp) {
    var samples = Samples(plant, at: now)
    for place in places { totals[place]?.carryOut(freeze, points[place].count(samples.of(points[place]))) }
  }

  /// The next ASDU of an answer: as many of the places as fit it, which are taken away.
  mutating func answer(
    _ places: inout ArraySlice<Int>, cause: CauseOfTransmission, originator: UInt8, at now: Timestamp
  ) -> OutgoingASDU? {
    next(&places, cause: cause, originator: originator, at: now) { $0.answered }
  }

  /// Those gauges and indications that have changed since the last call, and are to be sent.
  ///
  /// - Parameter deadBand: of the value sent last.
  mutating func changes(deadBand: Double, at now: Timestamp) -> [OutgoingASDU] {
    var samples = Samples(plant, at: now)
    var changed: [Int] = []
    for (place, point) in points.enumerated() where !point.isIntegratedTotal {
      let sample = samples.of(point)
      let value = point.value(sample)
      let bits = point.object(sample, as: point.types.spontaneous, time: .none).bits
      if let before = last[place] {
        let isEnough = point.isIndication || abs(value - before.value) > deadBand * abs(before.value)
        guard bits != before.bits, isEnough else { continue }
        changed.append(place)
      }
      last[place] = (value, bits)
    }
    return spontaneous(changed, at: now)
  }

  /// All totals as they stand.
  mutating func allTotals(at now: Timestamp) -> [OutgoingASDU] {
    spontaneous(points.indices.filter { points[$0].isIntegratedTotal }, at: now)
  }

  private mutating func spontaneous(_ places: [Int], at now: Timestamp) -> [OutgoingASDU] {
    var rest = places.sorted {
      let (one, other) = (points[$0], points[$1])
      return (one.commonAddress, one.types.spontaneous.rawValue, one.objectAddress)
        < (other.commonAddress, other.types.spontaneous.rawValue, other.objectAddress)
    }[...]
    var result: [OutgoingASDU] = []
    while let asdu = next(&rest, cause: .spontaneous, originator: 0, at: now, { $0.spontaneous }) {
      result.append(asdu)
    }
    return result
  }

  private mutating func next(
    _ places: inout ArraySlice<Int>, cause: CauseOfTransmission, originator: UInt8, at now: Timestamp,
    _ sentAs: (OutstationTypes) -> TypeID
  ) -> OutgoingASDU? {
    guard let first = places.first else { return nil }
    let type = sentAs(points[first].types)
    let commonAddress = points[first].commonAddress
    let alike = places.prefix(127).prefix {
      points[$0].commonAddress == commonAddress && sentAs(points[$0].types) == type
    }
    let packing = OutstationPacking(alike.map { points[$0].objectAddress }, type: type, format: format)
    let time = clock.tag(of: now, type.timeTag)
    var samples = Samples(plant, at: now)
    var objects: [InformationObject] = []
    for place in alike.prefix(packing.count) {
      let point = points[place]
      if let reading = totals[place]?.reading(point.count(samples.of(point))) {
        objects.append(InformationObject(address: point.objectAddress, value: reading, time: time))
      } else {
        objects.append(point.object(samples.of(point), as: type, time: time))
      }
    }
    places = places.dropFirst(packing.count)
    // Addresses and sizes were checked: this does not fail.
    return try? OutgoingASDU.monitor(
      type: type, cause: cause, commonAddress: commonAddress, isSequence: packing.isSequence, objects: objects,
      originator: originator, format: format)
  }

  /// Points of a meter mostly stand together: it is computed once for all of them.
  private struct Samples {
    let plant: Plant
    let time: Timestamp
    private var latest: (meter: Int, sample: MeterSample)?

    init(_ plant: Plant, at time: Timestamp) {
      self.plant = plant
      self.time = time
    }

    mutating func of(_ point: OutstationPoint) -> MeterSample {
      if let latest, latest.meter == point.meter { return latest.sample }
      let sample = plant.sample(meter: point.meter, at: time)
      latest = (point.meter, sample)
      return sample
    }
  }
}
