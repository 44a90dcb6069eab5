import Metering
import Testing

@testable import Accounting

let second: Int64 = 1000
let minute: Int64 = 60_000
let hour: Int64 = 3_600_000
let day: Int64 = 86_400_000

func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

func decimal(_ text: String) -> ExactDecimal { ExactDecimal(text) ?? ExactDecimal(-999_999) }

/// A reading of a counter, in kWh.
func reading(
  _ time: Timestamp, _ value: ExactDecimal?, quality: Quality = .good, flags: [String] = [],
  kind: Quantity.Kind = .counter, seq: UInt64 = 1
) -> Reading {
  Reading(
    time: time, due: time, received: time, meterID: "main", quantity: "energy_active_import", value: value, unit: "kWh",
    kind: kind, quality: value == nil ? .bad : quality, flags: flags, seq: seq)
}

/// Readings so many milliseconds apart from 2026-11-21T00:00:00Z on; "-" is a failed one, `7!flag` one with that flag.
func series(_ text: String, every: Int64 = minute) throws -> [Reading] {
  let start = try at("2026-11-21T00:00:00Z")
  return text.split(separator: " ").enumerated().map { index, word in
    let parts = word.split(separator: "!")
    let flags = parts.dropFirst().map(String.init)
    let time = start + Int64(index) * every
    if parts[0] == "-" { return reading(time, nil, flags: flags.isEmpty ? ["timeout"] : flags, seq: UInt64(index)) }
    return reading(
      time, decimal(String(parts[0])), quality: flags.contains("clock") ? .uncertain : .good, flags: flags,
      seq: UInt64(index))
  }
}

func judged(_ readings: [Reading], by judge: CounterJudge) -> [JudgedReading] {
  var judge = judge
  var result: [JudgedReading] = []
  for reading in readings { judge.judge(reading) { result.append($0) } }
  judge.finish { result.append($0) }
  return result
}

/// `100 105? 103!restarted`: a value with `?` is implausible; flags that were there before are not shown.
func shown(_ judged: [JudgedReading]) -> String {
  judged.map { one in
    let reading = one.reading
    guard let value = reading.value else { return "-" }
    var text = value.description
    if reading.quality == .bad { text += "?" }
    for flag in ["restarted", "exchanged", "redefined"] where reading.flags.contains(flag) { text += "!" + flag }
    return text
  }.joined(separator: " ")
}

func totals(_ judged: [JudgedReading], _ intervals: Intervals, every: Int64, substitutes: [SubstituteTotal] = [])
  -> [TotalRow]
{
  var totals = IntervalTotals(intervals, everyMilliseconds: every, unit: "kWh", substitutes: substitutes)
  var rows: [TotalRow] = []
  for one in judged { totals.add(one) { rows.append($0) } }
  totals.finish { rows.append($0) }
  return rows
}

/// A generator whose runs can be repeated.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
