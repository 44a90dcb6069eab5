import Metering
import Testing

@testable import Schedule

/// `Timetable.restart`: the clock has become right, and what it showed before does not count.
@Suite struct RestartTests {
  private func table() throws -> Timetable<String> {
    var table = Timetable<String>()
    let start = try at("2026-11-21T10:00:30Z")
    table.add("b", slots: try slots(minute, "UTC"), now: start)
    table.add("a", slots: try slots(5 * minute, "Asia/Shanghai"), now: start)
    return table
  }

  @Test func forgetsWhatWasHandedOut() throws {
    var table = try table()
    #expect(try table.advance(to: at("2026-11-21T10:05:00Z")).count == 3)
    try table.restart(at: at("2026-11-21T10:03:30Z"))
    #expect(try table.nextDue == at("2026-11-21T10:04:00Z"))
    // Neither repeated nor missed.
    #expect(
      try table.advance(to: at("2026-11-21T10:04:00Z")) == [
        .due("b", slot: at("2026-11-21T10:04:00Z"), repeated: false)
      ])
    let five = try at("2026-11-21T10:05:00Z")
    #expect(
      table.advance(to: five) == [.due("b", slot: five, repeated: false), .due("a", slot: five, repeated: false)])
  }

  /// From 1970 to today: no slot in between was missed, the time did not pass.
  @Test func yearsForwardAreNoSlots() throws {
    var table = Timetable<String>()
    table.add("m", slots: try slots(second, "UTC"), now: .epoch)
    #expect(table.advance(to: .epoch + 1000).count == 1)
    let now = try at("2026-11-21T10:00:00.250Z")
    table.restart(at: now)
    #expect(table.advance(to: now) == [])
    #expect(try table.nextDue == at("2026-11-21T10:00:01Z"))
    #expect(
      try table.advance(to: at("2026-11-21T10:00:01Z")) == [
        .due("m", slot: at("2026-11-21T10:00:01Z"), repeated: false)
      ])
  }

  /// From a year that lies ahead back to today: nothing waits for that year.
  @Test func yearsBackAreNotWaitedFor() throws {
    var table = try table()
    _ = try table.advance(to: at("2036-01-01T00:00:00Z"))
    let now = try at("2026-11-21T10:00:30Z")
    table.restart(at: now)
    #expect(try table.nextDue == at("2026-11-21T10:01:00Z"))
    #expect(table.advance(to: now) == [])
    for count in 1...4 {
      let slot = now + (Int64(count) * minute - 30 * second)
      #expect(table.advance(to: slot) == [.due("b", slot: slot, repeated: false)])
    }
  }

  @Test func aSlotThatIsJustNowIsThePast() throws {
    var table = try table()
    let now = try at("2026-11-21T10:05:00Z")
    table.restart(at: now)
    #expect(table.advance(to: now) == [])
    #expect(try table.nextDue == at("2026-11-21T10:06:00Z"))
  }

  @Test func keepsTheOrderOfAddingAndEveryItem() throws {
    var table = Timetable<Int>()
    let start = try at("2026-11-21T10:00:30Z")
    for id in [7, 3, 9, 1] { table.add(id, slots: try slots(minute, "UTC"), now: start) }
    table.remove(3)
    table.add(3, slots: try slots(minute, "UTC"), now: start)
    table.restart(at: start + hour)
    #expect(table.count == 4 && Set(table.ids) == [1, 3, 7, 9])
    let one = try at("2026-11-21T11:01:00Z")
    #expect(table.advance(to: one) == [7, 9, 1, 3].map { .due($0, slot: one, repeated: false) })
  }

  @Test func idsAreThoseThatWereAdded() throws {
    var table = try table()
    #expect(Set(table.ids) == ["a", "b"])
    table.remove("a")
    #expect(Array(table.ids) == ["b"])
    table.remove("b")
    #expect(table.ids.isEmpty)
    table.restart(at: .epoch)
    #expect(table.isEmpty && table.nextDue == nil)
  }

  /// Against a timetable that was made anew at that moment.
  @Test func isTheSameAsANewOne() throws {
    var generator = SplitMix64(state: 4)
    for _ in 0..<200 {
      let start = Timestamp(milliseconds: Int64.random(in: 0..<2_000_000_000_000, using: &generator))
      var used = Timetable<Int>()
      var plans: [(Int, Slots)] = []
      for id in 0..<5 {
        let every = [second, 10 * second, minute, 15 * minute, hour].randomElement(using: &generator) ?? second
        plans.append((id, try slots(every, ["UTC", "Europe/Berlin"].randomElement(using: &generator) ?? "UTC")))
      }
      for (id, slots) in plans { used.add(id, slots: slots, now: start) }
      var wall = start
      for _ in 0..<10 {
        wall = wall + Int64.random(in: -2 * hour..<3 * hour, using: &generator)
        _ = used.advance(to: wall)
      }
      let now = start + Int64.random(in: -100 * day..<100 * day, using: &generator)
      used.restart(at: now)
      var new = Timetable<Int>()
      for (id, slots) in plans { new.add(id, slots: slots, now: now) }
      var later = now
      for _ in 0..<20 {
        #expect(used.nextDue == new.nextDue)
        later = later + Int64.random(in: 0..<40 * minute, using: &generator)
        #expect(used.advance(to: later) == new.advance(to: later))
      }
    }
  }
}
