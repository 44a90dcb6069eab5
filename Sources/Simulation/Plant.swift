import Metering

/// A factory whose meters have a value for every instant.
///
/// Each value is a pure function of (seed, meter id, time): it does not matter who asks, when, or how often. Counters
/// are the integral of the rates in closed form. A meter that others name as `parent` in their metadata measures their
/// sum and a rest of its own.
public final class Plant: Sendable {
  /// 2025-01-01T00:00:00Z.
  public static let defaultCommissioning = Timestamp(seconds: 1_735_689_600)

  private let meters: [MeterModel]
  private let indices: [String: Int]
  private let loads: [Load]
  private let supply: Supply
  private let commissioned: Timestamp

  /// - Parameters:
  ///   - zoneOffset: seconds to add to UTC for the site's local time at an instant.
  ///   - commissioned: before it all rates are 0, and the counters stand at their first readings.
  /// - Throws: where two meters have one id.
  public init(
    meters definitions: [Definition], zoneOffset: (Timestamp) -> Int, seed: UInt64,
    commissioned: Timestamp = Plant.defaultCommissioning
  ) throws(SimulationError) {
    var indices: [String: Int] = [:]
    for (index, definition) in definitions.enumerated() {
      guard indices.updateValue(index, forKey: definition.meterID) == nil else {
        throw SimulationError(.definition, "two simulated meters have the id '\(definition.meterID)': rename one")
      }
    }
    let timeline = LocalTimeline(from: commissioned, zoneOffset: zoneOffset)
    let tree = Plant.descendants(of: definitions, indices: indices)
    var meters: [MeterModel] = []
    var loads: [Load] = []
    for (index, definition) in definitions.enumerated() {
      var noise = DeterministicNoise(seed: seed, name: definition.meterID)
      let model = MeterModel(
        definition, loads: [index] + tree[index], hasChildren: !tree[index].isEmpty, noise: &noise)
      meters.append(model)
      loads.append(Load(nominal: model.nominal, shape: model.shape, timeline: timeline, noise: &noise))
    }
    self.meters = meters
    self.indices = indices
    self.loads = loads
    supply = Supply(seed: seed)
    self.commissioned = commissioned
  }

  /// The value of a meter's quantity in its canonical unit (of `x_…`: in percent of full load, or percent hours).
  ///
  /// - Returns: nil where the plant has no such meter, or the quantity is unknown or a text.
  public func value(of quantity: String, meterID: String, at time: Timestamp) -> Double? {
    guard let index = indices[meterID] else { return nil }
    let register = RegisterReference(table: .input, address: 0, type: .f64)
    let kind = Quantity(quantity)?.kind ?? .gauge
    let point = Definition.Point(quantity: quantity, unit: "", kind: kind, register: register)
    guard let signal = try? Signal(point) else { return nil }
    return sample(meter: index, at: time).value(of: signal)
  }

  /// What a meter's points of kind `text` say: its serial number, as far as their registers hold it.
  public func text(meterID: String) -> String? { indices[meterID].map { meters[$0].serialNumber } }

  /// How far a meter's clock is ahead.
  func clockOffsetMilliseconds(meter index: Int) -> Int64 { meters[index].clockOffsetMilliseconds }

  func index(of meterID: String) -> Int? { indices[meterID] }

  /// Everything that one meter shows at one instant.
  func sample(meter index: Int, at time: Timestamp) -> MeterSample {
    let meter = meters[index]
    var rate = 0.0
    var integral = 0.0
    for load in meter.loads {
      let (r, i) = loads[load].sample(at: time)
      rate += r
      integral += i
    }
    return MeterSample(
      meter: meter, rate: rate, integral: integral, hours: Double(max(0, time - commissioned)) / 3_600_000,
      elapsedMilliseconds: time - commissioned, supply: supply)
  }

  /// Per meter the indices of all meters below it that measure the same energy. A circle of parents ends where it closes.
  private static func descendants(of definitions: [Definition], indices: [String: Int]) -> [[Int]] {
    var result = [[Int]](repeating: [], count: definitions.count)
    for (index, definition) in definitions.enumerated() {
      var seen: Set<Int> = [index]
      var next = definition.metadata["parent"].flatMap { indices[$0] }
      while let parent = next, seen.insert(parent).inserted {
        if MeterModel.Family(definitions[parent]) == MeterModel.Family(definition) { result[parent].append(index) }
        next = definitions[parent].metadata["parent"].flatMap { indices[$0] }
      }
    }
    return result
  }
}
