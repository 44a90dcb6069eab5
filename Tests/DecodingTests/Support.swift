import Decoding
import Metering
import Testing

let noon = Timestamp(rfc3339: "2026-11-21T12:00:00+08:00")!

/// A point of a device, at holding register 10 unless told.
func point(
  _ type: RegisterType, _ order: ByteOrder = .abcd, table: RegisterTable = .holding, address: UInt16 = 10,
  length: UInt16? = nil, quantity: String = "x_value", unit: String = "1", kind: Quantity.Kind = .gauge,
  scale: String = "1", side: Definition.Side? = nil, invalid: [UInt64]? = nil, bits: ClosedRange<UInt8>? = nil,
  offset: String? = nil, factors: [Definition.Factor]? = nil, everyMilliseconds: Int64? = nil
) -> Definition.Point {
  .init(
    quantity: quantity, unit: unit, kind: kind,
    register: .init(table: table, address: address, type: type, order: order, length: length),
    scale: ExactDecimal(scale)!, side: side, invalid: invalid,
    bits: bits.map { .init(lowest: $0.lowerBound, highest: $0.upperBound) },
    offset: offset.flatMap { ExactDecimal($0) },
    factors: factors, everyMilliseconds: everyMilliseconds)
}

func definition(
  _ points: [Definition.Point], every: Int64 = 60_000, zone: String = "Asia/Shanghai", ct: String = "1",
  vt: String = "1"
) -> Definition {
  Definition(
    meterID: "m", bus: "b", unitID: 1, everyMilliseconds: every, timeZone: zone, ctRatio: ExactDecimal(ct)!,
    vtRatio: ExactDecimal(vt)!, points: points)
}

func answered(_ address: UInt16, _ bytes: [UInt8], table: RegisterTable = .holding) -> Block {
  Block(table: table, address: address, count: UInt16(bytes.count / 2), outcome: .ok, bytes: bytes)
}

func failed(_ address: UInt16, _ count: UInt16, _ outcome: Outcome) -> Block {
  Block(table: .holding, address: address, count: count, outcome: outcome, bytes: [])
}

/// The readings of one poll for the slot `due`, answered at `time`.
func readings(
  _ definition: Definition, _ content: Observation.Content, time: Timestamp = noon + 100, due: Timestamp? = noon,
  marks: Observation.Marks = [], clockOffset: Int64 = 0
) throws -> [Reading] {
  var result: [Reading] = []
  let observation = Observation(
    seq: 7, meterID: "m", time: time, due: due, received: time, definition: "", marks: marks, content: content)
  try Decoder(definition).forEachReading(of: observation, clockOffsetMilliseconds: clockOffset) { result.append($0) }
  return result
}

/// The reading of one point whose registers were answered with `bytes`.
func reading(_ point: Definition.Point, _ bytes: [UInt8], time: Timestamp = noon + 100, zone: String = "Asia/Shanghai")
  throws -> Reading
{
  try #require(
    try readings(definition([point], zone: zone), .poll([answered(point.register.address, bytes)]), time: time).first)
}

/// Knuth's MMIX generator: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state.byteSwapped
  }
}
