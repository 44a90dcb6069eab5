import IEC104
import Metering

/// One information object of a simulated station: what it shows, and as which types.
struct OutstationPoint: Sendable {
  let commonAddress: UInt16
  let objectAddress: UInt32
  /// The place of its meter in the plant.
  let meter: Int
  let types: OutstationTypes
  /// 1…16; of a total 1…4.
  let group: UInt8
  let isIntegratedTotal: Bool
  /// Where a counter starts again, in raw numbers.
  let modulus: Double?
  private let signal: Signal
  private let encoder: PointEncoder
  private let isCounter: Bool

  /// - Throws: where the point cannot be simulated, or its addresses do not fit.
  init(
    _ point: Definition.StationPoint, of definition: Definition, meter: Int, place: Int, format: ASDUFormat
  ) throws(SimulationError) {
    func complaint(_ text: String) -> SimulationError {
      SimulationError(.definition, "meter '\(definition.meterID)', quantity '\(point.quantity)': \(text)")
    }
    guard let types = OutstationTypes(point.type) else {
      throw complaint("no process information has type '\(point.type)': take a family (M_IT) or a type (M_ME_TF_1)")
    }
    guard (1..<format.broadcastAddress).contains(point.commonAddress) else {
      throw complaint("common address \(point.commonAddress): take 1 to \(format.broadcastAddress - 1)")
    }
    guard (1...format.maximumObjectAddress).contains(point.objectAddress) else {
      throw complaint("object address \(point.objectAddress): take 1 to \(format.maximumObjectAddress)")
    }
    self.types = types
    self.meter = meter
    commonAddress = point.commonAddress
    objectAddress = point.objectAddress
    isIntegratedTotal = point.isIntegratedTotal
    isCounter = point.kind != .gauge
    group = UInt8(place % (isIntegratedTotal ? 4 : 16)) + 1
    // The number that a register of any size would hold is the number that the object holds.
    let register = RegisterReference(table: .input, address: 0, type: .f64)
    let numeric = Definition.Point(
      quantity: point.quantity, unit: point.unit, kind: isCounter ? .counter : .gauge, register: register,
      scale: point.scale, side: point.side, perPulse: point.perPulse, pulseUnit: point.pulseUnit,
      modulus: point.modulus, offset: point.offset)
    signal = try Signal(numeric)
    encoder = try PointEncoder(numeric, of: definition)
    modulus = point.modulus.map { $0.approximateDouble / point.scale.approximateDouble }
  }

  /// In the canonical unit.
  func value(_ sample: MeterSample) -> Double { sample.value(of: signal) }

  /// Of an integrated total: what its counter has come to, never starting again.
  func count(_ sample: MeterSample) -> Int64 {
    let number = encoder.number(for: value(sample))
    // 0.57 / 0.01 is a little less than 57 in binary: such dust is not cut off.
    return Int64(exactly: (number + max(1e-6, abs(number) * 0x1p-50)).rounded(.down)) ?? 0
  }

  /// What it shows, but for a total. Of indications of `x_…` half of full load makes the difference between off and on.
  func object(_ sample: MeterSample, as type: TypeID, time: TimeTag) -> InformationObject {
    let value = value(sample)
    var number = encoder.number(for: value)
    if isCounter, let modulus { number -= modulus * (number / modulus).rounded(.down) }
    var quality: ObjectQuality = []
    /// The nearest whole number of a range; one beyond it is an overflow.
    func whole(_ range: ClosedRange<Double>, _ number: Double) -> Int {
      let rounded = number.rounded()
      if range.contains(rounded) { return Int(rounded) }
      quality.insert(.overflow)
      return Int(rounded > range.upperBound ? range.upperBound : range.lowerBound)
    }
    let word = Double(Int16.min)...Double(Int16.max)
    let shown: ObjectValue
    var milliseconds: UInt16 = 0
    switch type.rawValue {
    case 1, 2, 30: shown = .single(value >= 50)
    case 3, 4, 31: shown = .double(value >= 50 ? 2 : 1)
    case 5, 6, 32: shown = .step(whole(-64...63, number), isTransient: false)
    case 7, 8, 33: shown = .bitstring(UInt32(whole(0...Double(UInt32.max), number)))
    case 9, 10, 21, 34: shown = .normalized(Int16(whole(word, number * 32_768)))
    case 11, 12, 35: shown = .scaled(Int16(whole(word, number)))
    case 17, 38:
      shown = .protectionEvent(value >= 50 ? 2 : 1)
      milliseconds = 20
    case 18, 39:
      shown = .startEvents(UInt8(whole(0...63, number)))
      milliseconds = 20
    case 19, 40:
      shown = .outputCircuit(UInt8(whole(0...15, number)))
      milliseconds = 20
    case 20: shown = .statusAndChange(status: UInt16(whole(0...65_535, number)), change: 0)
    case 15, 16, 37, 41:
      shown = .counter(
        Int32(whole(Double(Int32.min)...Double(Int32.max), number)), sequence: 0, carry: false, adjusted: false)
    default: shown = .float(Float(number))
    }
    return InformationObject(
      address: objectAddress, value: shown, quality: quality, time: time, duration: milliseconds)
  }

  /// Whether any other value is a change.
  var isIndication: Bool { [1, 2, 3, 4, 17, 18, 19, 20, 30, 31, 38, 39, 40].contains(types.answered.rawValue) }
}
