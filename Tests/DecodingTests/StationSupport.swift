import Decoding
import IEC104
import Metering
import Testing

/// "5F EA 3B" → octets.
func octets(_ text: String) -> [UInt8] {
  text.split(separator: " ").map { pair in
    guard pair.count == 2, let octet = UInt8(pair, radix: 16) else { fatalError("'\(pair)' is no octet") }
    return octet
  }
}

/// Noon in Shanghai as a station with UTC has it: 04:00:00.000, Saturday 2026-11-21.
let noonTag = "00 00 00 04 D5 0B 1A"

func station(
  _ id: String = "s", zone: String = "UTC", summer: Bool = true, general: Int64 = 900_000, counters: Int64 = 3_600_000,
  sizes: (cause: Int, common: Int, object: Int) = (2, 2, 3), privateTypes: [Definition.PrivateType]? = nil
) -> Definition.Station {
  Definition.Station(
    id: id, causeSize: sizes.cause, commonAddressSize: sizes.common, objectAddressSize: sizes.object,
    privateTypes: privateTypes, timeZone: zone, honoursSummerTime: summer, interrogateEveryMilliseconds: general,
    countersEveryMilliseconds: counters)
}

func stationPoint(
  _ type: String, _ objectAddress: UInt32 = 700, commonAddress: UInt16 = 47, quantity: String = "x_value",
  unit: String = "1", kind: Quantity.Kind = .gauge, scale: String = "1", offset: String? = nil,
  side: Definition.Side? = nil, perPulse: String? = nil, pulseUnit: String? = nil
) -> Definition.StationPoint {
  Definition.StationPoint(
    quantity: quantity, unit: unit, kind: kind, commonAddress: commonAddress, objectAddress: objectAddress, type: type,
    scale: ExactDecimal(scale)!, offset: offset.flatMap { ExactDecimal($0) }, side: side,
    perPulse: perPulse.flatMap { ExactDecimal($0) }, pulseUnit: pulseUnit)
}

func stationMeter(
  _ points: [Definition.StationPoint], id: String = "m", on station: Definition.Station = station(),
  every: Int64 = 900_000, ct: String = "1", vt: String = "1"
) -> Definition {
  Definition(
    meterID: id, bus: "", unitID: 0, everyMilliseconds: every, timeZone: "Asia/Shanghai", ctRatio: ExactDecimal(ct)!,
    vtRatio: ExactDecimal(vt)!, points: [], station: station, stationPoints: points)
}

/// An ASDU of the standard's widths.
///
/// - Parameters:
///   - structure: VSQ; nil: as many objects as there are.
///   - cause: the whole octet, T and P/N included.
func asdu(
  _ type: TypeID, structure: UInt8? = nil, cause: UInt8 = 3, commonAddress: UInt16 = 47,
  _ objects: [(address: UInt32, element: String)]
) -> ReceivedASDU {
  var bytes: [UInt8] = [type.rawValue, structure ?? UInt8(objects.count), cause, 0]
  bytes += [UInt8(commonAddress & 0xFF), UInt8(commonAddress >> 8)]
  for object in objects {
    bytes += [UInt8(object.address & 0xFF), UInt8(object.address >> 8 & 0xFF), UInt8(object.address >> 16)]
    bytes += octets(object.element)
  }
  return ReceivedASDU(bytes: bytes)
}

/// Everything that the meters' station decoder makes of one observation.
func stationReadings(
  _ meters: [Definition], _ content: Observation.Content, received: Timestamp = noon + 100, time: Timestamp? = nil,
  due: Timestamp? = nil, marks: Observation.Marks = [], clockOffset: Int64 = 0, meterID: String? = nil
) throws -> [Reading] {
  let decoder = try StationDecoder(meters.map { try Decoder($0) })
  let observation = Observation(
    seq: 7, meterID: "s", time: time ?? received, due: due, received: received, definition: "", marks: marks,
    content: content)
  var result: [Reading] = []
  decoder.forEachReading(of: observation, clockOffsetMilliseconds: clockOffset, meterID: meterID) { result.append($0) }
  return result
}

/// The reading of one object of one point.
func stationReading(
  _ point: Definition.StationPoint, _ type: TypeID, _ element: String, on station: Definition.Station = station(),
  ct: String = "1", vt: String = "1", received: Timestamp = noon + 100, marks: Observation.Marks = [],
  clockOffset: Int64 = 0
) throws -> Reading {
  let readings = try stationReadings(
    [stationMeter([point], on: station, ct: ct, vt: vt)], .asdu(asdu(type, [(point.objectAddress, element)])),
    received: received, marks: marks, clockOffset: clockOffset)
  #expect(readings.count == 1)
  return try #require(readings.first)
}

/// CP56Time2a of a station's clock, as octets in hexadecimal.
func tagOctets(_ tag: CP56Time2a) -> String {
  var bytes: [UInt8] = []
  tag.append(to: &bytes)
  return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
