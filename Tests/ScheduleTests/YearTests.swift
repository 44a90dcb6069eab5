import Metering
import Testing

@testable import Schedule

/// A year on a manual clock, checked against all slots of that year found by looking at the wall.
@Suite struct YearTests {
  struct Year: Sendable, CustomTestStringConvertible {
    var zone: String
    var every: Int64
    /// Steps of the wall clock: when it shows `at`, it is set by `by`.
    var steps: [(at: String, by: Int64)] = []
    var missed = 0
    var repeated = 0
    var testDescription: String { "\(zone) every \(every / 1000) s" }
  }

  @Test(arguments: [
    Year(zone: "UTC", every: minute),
    Year(
      zone: "Asia/Shanghai", every: minute,
      steps: [
        ("2026-02-01T12:00:30+08:00", hour),  // 12:01 to 12:59 are missed, 13:00 is late
        ("2026-02-01T13:30:30+08:00", -hour),  // 12:31 to 13:30 come again, those missed among them
        ("2026-06-30T23:59:30+08:00", -hour),  // 23:00 to 23:59 come again
        ("2026-07-01T00:00:30+08:00", hour),  // 00:01 to 00:59 are missed
        ("2026-10-01T08:00:00.500+08:00", 20 * second),
      ], missed: 59 + 59, repeated: 60 + 60),
    Year(
      zone: "Europe/Berlin", every: 15 * minute,
      steps: [
        ("2026-03-29T01:59:00+01:00", hour),  // into summer: 03:00 to 03:45 are missed, 04:00 was not reached
        ("2026-10-25T02:30:20+02:00", hour),  // from the first 02:30 into the second: 02:45, 02:00, 02:15 are missed
        ("2026-10-25T02:40:00+01:00", -hour),  // and back: 02:45, 02:00, 02:15, 02:30 come again
      ], missed: 3 + 3, repeated: 4),
    Year(
      zone: "Europe/Berlin", every: hour,
      steps: [
        ("2026-05-05T12:10:00+02:00", -hour),  // 12:00 comes again
        ("2026-05-05T12:10:00+02:00", hour),  // back to the truth; 13:00 is late
        ("2026-08-01T09:59:59+02:00", 2 * hour),  // 10:00 is missed
      ], missed: 1, repeated: 1),
    Year(
      zone: "Europe/Berlin", every: day,
      steps: [
        ("2026-05-05T12:00:00+02:00", -hour), ("2026-05-06T12:00:00+02:00", hour),
        ("2026-08-01T00:20:00+02:00", -hour),  // midnight comes again
        ("2026-09-01T23:40:00+02:00", hour), ("2026-10-25T00:00:05+02:00", -10 * second),
      ], missed: 0, repeated: 1),
    Year(zone: "America/Sao_Paulo", every: day), Year(zone: "Australia/Lord_Howe", every: hour),
  ])
  func everySlotOnce(year: Year) throws {
    let slots = try slots(year.every, year.zone)
    let start = slots.zone.startOfDay(CivilDate(year: 2026, month: 1, day: 1)) + 17 * second
    let end = slots.zone.startOfDay(CivilDate(year: 2027, month: 1, day: 1)) + 100
    let all = slotsByLookingAtTheWall(slots, from: start + 1, through: end, step: min(year.every, 15 * minute))

    let clock = ManualClock(start)
    var table = Timetable<Int>()
    table.add(0, slots: slots, now: clock.now())
    var steps = try year.steps.map { (at: try at($0.at), by: $0.by) }[...]
    var random = SplitMix64(state: UInt64(year.every))
    /// How many slots of `all` have been handed out for the first time; they must come in order.
    var reached = 0
    var missed = 0
    var repeated = 0
    /// Only the first call after a step may find a slot that is long over.
    var stepped: Timestamp?

    while clock.now() < end {
      // Wakes up to 900 ms late, or at a step.
      var wake = try #require(table.nextDue) + Int64.random(in: 0...900, using: &random)
      let step = steps.first
      if let step { wake = min(wake, step.at) }
      clock.advance(milliseconds: max(0, min(wake, end) - clock.now()))
      if let step, clock.now() == step.at {
        clock.step(milliseconds: step.by)
        steps.removeFirst()
        stepped = clock.now()
      }
      for event in table.advance(to: clock.now()) {
        switch event {
        case .due(_, let slot, false):
          // Half a million times: `#expect` is only for what fails.
          let isLate = clock.now() - slot > 900 && clock.now() != stepped
          guard reached < all.count, slot == all[reached], !isLate else {
            Issue.record("\(slot) at \(clock.now()), expected was slot \(reached) of \(all.count)")
            return
          }
          reached += 1
        case .due(_, let slot, true):
          let index = all.partitioningIndex { $0 >= slot }
          #expect(index < reached && all[index] == slot)
          repeated += 1
        case .missed(_, let from, let to, let count):
          try #require(reached + count <= all.count)
          #expect(from == all[reached] && to == all[reached + count - 1])
          reached += count
          missed += count
        }
      }
    }
    #expect(reached == all.count && steps.isEmpty)
    #expect(missed == year.missed && repeated == year.repeated)
  }
}
