import Metering
import Testing

@testable import Schedule

let second: Int64 = 1000
let minute: Int64 = 60_000
let hour: Int64 = 3_600_000
let day: Int64 = 86_400_000

func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

func slots(_ every: Int64, _ zone: String) throws -> Slots {
  try #require(Slots(everyMilliseconds: every, zone: Zone(named: zone)))
}

/// The rule of `Slots` by brute force: looks at the wall clock again and again. Right where `every`, the offsets and
/// the transitions are multiples of `step`.
func slotsByLookingAtTheWall(_ slots: Slots, from: Timestamp, through: Timestamp, step: Int64) -> [Timestamp] {
  func shown(_ instant: Timestamp) -> Int64 {
    instant.milliseconds + Int64(slots.zone.offsetSeconds(at: instant)) * 1000
  }
  var found: [Timestamp] = []
  var instant = Timestamp(milliseconds: (from.milliseconds - 1).flooredDivision(by: step) * step + step)
  var before = shown(instant - step)
  while instant <= through {
    let now = shown(instant)
    let every = slots.everyMilliseconds
    // Forward: some label in (before, now] came, or was skipped. Back or standing: only what is shown counts.
    let isSlot =
      now > before
      ? now.flooredDivision(by: every) > before.flooredDivision(by: every) : now.flooredRemainder(by: every) == 0
    if isSlot { found.append(instant) }
    before = now
    instant = instant + step
  }
  return found
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
