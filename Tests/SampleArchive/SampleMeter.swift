import Glibc
import Metering

/// What a simulated meter has in its registers.
struct SampleMeter {
  enum Model { case electricity, water }

  let id: String
  let model: Model
  /// Of the load of the whole plant.
  private let share: Double
  /// Counted in the counter's own unit: 0.01 kWh, litres.
  private var counters: [Double]
  private var random: Random

  init(number: Int, seed: UInt64) {
    let digits = "\(number)"
    id = "meter-" + String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits
    model = number % 3 == 0 ? .water : .electricity
    var random = Random(seed: seed &+ UInt64(number) &* 0x1000_0001)
    share = 1 + 40 * abs(random.noise())
    counters = (0..<3).map { _ in Double(random.next() % 40_000_000) }
    self.random = random
  }

  func definition(everyMilliseconds: Int64, ctRatio: Int) -> Definition {
    Definition(
      meterID: id, bus: "b\(id.suffix(1))", unitID: 1, everyMilliseconds: everyMilliseconds, timeZone: "Asia/Shanghai",
      ctRatio: ExactDecimal(model == .electricity ? ctRatio : 1), points: model == .electricity ? electricity : water,
      metadata: ["name": "Sample \(id)", "energy": model == .electricity ? "electricity" : "water"])
  }

  /// The replies to the meter's requests.
  ///
  /// - Parameters:
  ///   - level: what the plant does, 0 to 1.
  ///   - hours: since the last time that the counters were looked at.
  mutating func blocks(level: Double, hours: Double) -> [Block] {
    switch model {
    case .electricity: electricityBlocks(level, hours)
    case .water: waterBlocks(level, hours)
    }
  }

  /// The same requests, none of them answered: the first after its time, the others not asked any more.
  var silence: [Block] {
    let requests: [(address: UInt16, count: UInt16)] = model == .electricity ? [(0, 30), (342, 6)] : [(0, 7)]
    return requests.enumerated().map { place, request in
      Block(
        table: .holding, address: request.address, count: request.count, outcome: place == 0 ? .timeout : .notAsked,
        bytes: [])
    }
  }

  // MARK: - Electricity

  private var electricity: [Definition.Point] {
    let gauges: [(quantity: String, unit: String)] = [
      ("voltage_l1", "V"), ("voltage_l2", "V"), ("voltage_l3", "V"), ("current_l1", "A"), ("current_l2", "A"),
      ("current_l3", "A"), ("power_active", "W"), ("power_active_l1", "W"), ("power_active_l2", "W"),
      ("power_active_l3", "W"), ("power_reactive", "var"), ("power_apparent", "VA"), ("power_factor", "1"),
      ("frequency", "Hz"),
    ]
    let counters = [
      ("energy_active_import", "kWh"), ("energy_active_export", "kWh"), ("energy_reactive_import", "kvarh"),
    ]
    let plain: Set<String> = ["power_factor", "frequency", "voltage_l1", "voltage_l2", "voltage_l3"]
    return gauges.enumerated().map { place, gauge in
      .init(
        quantity: gauge.quantity, unit: gauge.unit, kind: .gauge,
        register: .init(table: .holding, address: UInt16(2 * place), type: .f32),
        side: plain.contains(gauge.quantity) ? nil : .secondary)
    }
      + counters.enumerated().map { place, counter in
        .init(
          quantity: counter.0, unit: counter.1, kind: .counter,
          register: .init(table: .holding, address: UInt16(342 + 2 * place), type: .u32),
          scale: ExactDecimal(significand: 1, exponent: -2), side: .secondary)
      }
  }

  private mutating func electricityBlocks(_ level: Double, _ hours: Double) -> [Block] {
    let power = 900 * share * level * (1 + 0.05 * random.noise())
    var voltages: [Double] = []
    var powers: [Double] = []
    for phase in 0..<3 {
      voltages.append(231 - 4 * level + Double(phase) / 2 + random.noise())
      powers.append(power / 3 * (1 + 0.1 * random.noise()))
    }
    let total = powers.reduce(0, +)
    let factor = 0.86 + 0.1 * level + 0.01 * random.noise()
    counters[0] += total * hours / 10
    counters[2] += total * hours / 10 * (1 / (factor * factor) - 1).squareRoot()
    var octets: [UInt8] = []
    func append(_ value: Double, _ decimals: Double) {
      let bits = Float((value * decimals).rounded() / decimals).bitPattern
      for shift in [24, 16, 8, 0] as [UInt32] { octets.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    }
    for voltage in voltages { append(voltage, 10) }
    for (voltage, power) in zip(voltages, powers) { append(power / voltage / factor, 1000) }
    append(total, 10)
    for power in powers { append(power, 10) }
    append(total * (1 / (factor * factor) - 1).squareRoot(), 10)
    append(total / factor, 10)
    append(factor, 1000)
    append(50 + 0.02 * random.noise(), 100)
    // Between two points lie registers that are read along.
    octets += [0, 0, 0x12, 0x34]
    return [
      Block(table: .holding, address: 0, count: 30, outcome: .ok, bytes: octets),
      Block(table: .holding, address: 342, count: 6, outcome: .ok, bytes: counters.flatMap(SampleMeter.word)),
    ]
  }

  private static func word(_ counter: Double) -> [UInt8] {
    let number = UInt32(truncatingIfNeeded: Int64(counter))
    return ([24, 16, 8, 0] as [UInt32]).map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  // MARK: - Water

  private var water: [Definition.Point] {
    [
      .init(
        quantity: "volume", unit: "m3", kind: .counter,
        register: .init(table: .holding, address: 0, type: .u32, order: .cdab),
        scale: ExactDecimal(significand: 1, exponent: -3)),
      .init(
        quantity: "volume_flow", unit: "m3/h", kind: .gauge, register: .init(table: .holding, address: 2, type: .f32)),
      .init(
        quantity: "temperature_flow", unit: "°C", kind: .gauge,
        register: .init(table: .holding, address: 6, type: .i16), scale: ExactDecimal(significand: 1, exponent: -1)),
    ]
  }

  private mutating func waterBlocks(_ level: Double, _ hours: Double) -> [Block] {
    let flow = level < 0.3 ? 0 : (share * level * (1 + 0.2 * random.noise()) * 100 / 8).rounded() / 100
    counters[0] += flow * hours * 1000
    let volume = SampleMeter.word(counters[0])
    let bits = Float(flow).bitPattern
    let temperature = UInt16(bitPattern: Int16(118 + (6 * level).rounded() + (2 * random.noise()).rounded()))
    var octets = [volume[2], volume[3], volume[0], volume[1]]
    for shift in [24, 16, 8, 0] as [UInt32] { octets.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    octets += [0, 0, 0, 1, UInt8(truncatingIfNeeded: temperature >> 8), UInt8(truncatingIfNeeded: temperature)]
    return [Block(table: .holding, address: 0, count: 7, outcome: .ok, bytes: octets)]
  }
}
