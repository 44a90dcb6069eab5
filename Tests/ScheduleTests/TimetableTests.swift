import Metering
import Testing

@testable import Schedule

@Suite struct TimetableTests {
  typealias Event = Timetable<String>.Event

  /// One meter, `every` in UTC, added at `start`.
  func table(_ every: Int64, start: String) throws -> Timetable<String> {
    var table = Timetable<String>()
    table.add("m", slots: try slots(every, "UTC"), now: try at(start))
    return table
  }

  func due(_ slot: String, repeated: Bool = false) throws -> Event { .due("m", slot: try at(slot), repeated: repeated) }

  @Test func startsInTheMiddleOfASlot() throws {
    var table = try table(15 * minute, start: "2026-11-21T10:07:31.250Z")
    #expect(try table.nextDue == at("2026-11-21T10:15:00Z"))
    #expect(try table.advance(to: at("2026-11-21T10:14:59.999Z")) == [])
    #expect(try table.advance(to: at("2026-11-21T10:15:00Z")) == [due("2026-11-21T10:15:00Z")])
    #expect(try table.advance(to: at("2026-11-21T10:15:00Z")) == [])
    #expect(try table.nextDue == at("2026-11-21T10:30:00Z"))
  }

  @Test func startsOnASlot() throws {
    let table = try table(15 * minute, start: "2026-11-21T10:15:00Z")
    #expect(try table.nextDue == at("2026-11-21T10:30:00Z"))
  }

  @Test func isLateRatherThanSkipped() throws {
    var table = try table(minute, start: "2026-11-21T10:00:30Z")
    #expect(try table.advance(to: at("2026-11-21T10:01:59.999Z")) == [due("2026-11-21T10:01:00Z")])
    #expect(try table.nextDue == at("2026-11-21T10:02:00Z"))
    #expect(
      try table.advance(to: at("2026-11-21T10:03:00Z")) == [
        .missed("m", from: at("2026-11-21T10:02:00Z"), to: at("2026-11-21T10:02:00Z"), count: 1),
        due("2026-11-21T10:03:00Z"),
      ])
  }

  @Test func suspendedForThreeDays() throws {
    var table = try table(minute, start: "2026-11-21T10:00:30Z")
    #expect(
      try table.advance(to: at("2026-11-24T10:00:45Z")) == [
        .missed("m", from: at("2026-11-21T10:01:00Z"), to: at("2026-11-24T09:59:00Z"), count: 4319),
        due("2026-11-24T10:00:00Z"),
      ])
    #expect(try table.nextDue == at("2026-11-24T10:01:00Z"))
  }

  /// A gateway without a battery begins in 1970 and learns the time later.
  @Test func fiftySixYearsAreOneEvent() throws {
    var table = try table(second, start: "1970-01-01T00:00:10Z")
    let events = try table.advance(to: at("2026-11-21T10:00:00Z"))
    #expect(
      try events == [
        .missed(
          "m", from: at("1970-01-01T00:00:11Z"), to: at("2026-11-21T09:59:59Z"),
          count: Int(at("2026-11-21T09:59:59Z").seconds) - 10),
        due("2026-11-21T10:00:00Z"),
      ])
  }

  @Test(arguments: [
    // every, step back from 10:00:10 by, next due (10:00:00 was handed out)
    (minute, 5 * second, "10:01:00"), (minute, 10 * second, "10:01:00"),
    (minute, 40 * second, "10:01:00"),  // just the tolerance of 30 s
    (minute, 40 * second + 1, "10:00:00"), (minute, 71 * second, "09:59:00"), (minute, hour, "09:01:00"),
    (10 * second, 5 * second, "10:00:20"),  // 10:00:10 was handed out; the tolerance is 5 s
    (10 * second, 5 * second + 1, "10:00:10"),
    (15 * minute, 40 * second, "10:15:00"), (15 * minute, 41 * second, "10:00:00"),
    (15 * minute, 20 * minute, "09:45:00"),
  ])
  func stepBack(every: Int64, by: Int64, expected: String) throws {
    var table = try table(every, start: "2026-11-21T09:00:00Z")
    let now = try at("2026-11-21T10:00:10Z")
    _ = table.advance(to: now)
    let handedOut = try slots(every, "UTC").last(atOrBefore: now)
    #expect(table.advance(to: now - by) == [])
    let next = try at("2026-11-21T\(expected)Z")
    #expect(table.nextDue == next)
    #expect(table.advance(to: next) == [.due("m", slot: next, repeated: next <= handedOut)])
  }

  /// Many small steps that each lie within the tolerance must not add up to a silence.
  @Test func creepsBack() throws {
    var table = try table(minute, start: "2026-11-21T10:00:30Z")
    let start = try at("2026-11-21T10:01:00Z")
    #expect(table.advance(to: start).count == 1)
    for step in 1...60 { #expect(table.advance(to: start - Int64(step) * second) == []) }
    #expect(try table.nextDue == at("2026-11-21T10:01:00Z"))
    #expect(try table.advance(to: at("2026-11-21T10:01:00Z")) == [due("2026-11-21T10:01:00Z", repeated: true)])
    #expect(try table.advance(to: at("2026-11-21T10:02:00Z")) == [due("2026-11-21T10:02:00Z")])
  }

  /// After a step back and forth, what was polled before is not reported as missed.
  @Test func backAndForth() throws {
    var table = try table(minute, start: "2026-11-21T09:00:30Z")
    for count in 1...60 {
      #expect(table.advance(to: try at("2026-11-21T09:00:00Z") + Int64(count) * minute).count == 1)
    }
    #expect(try table.advance(to: at("2026-11-21T09:30:10Z")) == [])
    #expect(try table.advance(to: at("2026-11-21T09:31:00Z")) == [due("2026-11-21T09:31:00Z", repeated: true)])
    #expect(
      try table.advance(to: at("2026-11-21T10:03:05Z")) == [
        .missed("m", from: at("2026-11-21T10:01:00Z"), to: at("2026-11-21T10:02:00Z"), count: 2),
        due("2026-11-21T10:03:00Z"),
      ])
  }

  /// An autumn day of 25 hours has one slot: a step by NTP just after it must not bring it again.
  @Test func tinyStepBeforeALongInterval() throws {
    var table = Timetable<String>()
    let midnight = try at("2026-10-25T00:00:00+02:00")
    table.add("m", slots: try slots(day, "Europe/Berlin"), now: midnight - hour)
    #expect(table.advance(to: midnight) == [.due("m", slot: midnight, repeated: false)])
    #expect(table.advance(to: midnight - 20) == [])
    #expect(table.nextDue == midnight + 25 * hour)
  }

  /// The hour that comes twice in autumn is two different hours.
  @Test func theSecondHourOfAutumnIsNoRepetition() throws {
    var table = Timetable<String>()
    let start = try at("2026-10-25T01:30:00+02:00")
    table.add("m", slots: try slots(hour, "Europe/Berlin"), now: start)
    for count in 0..<4 {
      let slot = start + (Int64(count) * hour + 30 * minute)
      #expect(table.advance(to: slot + 7) == [.due("m", slot: slot, repeated: false)])
    }
  }

  @Test func ordersByDueTimeThenByAdding() throws {
    var table = Timetable<Int>()
    let start = try at("2026-11-21T10:00:30Z")
    let (fast, slow) = (try slots(minute, "UTC"), try slots(5 * minute, "UTC"))
    for id in [7, 3, 9] { table.add(id, slots: fast, now: start) }
    table.add(1, slots: slow, now: start)
    let one = try at("2026-11-21T10:01:00Z")
    #expect(
      table.advance(to: one) == [7, 3, 9].map { .due($0, slot: one, repeated: false) })
    let two = try at("2026-11-21T10:05:00Z")
    let ids = table.advance(to: two).map { event -> Int in
      switch event {
      case .due(let id, _, _): id
      case .missed(let id, _, _, _): -id
      }
    }
    #expect(ids == [-7, 7, -3, 3, -9, 9, 1])
  }

  @Test func addsRemovesAndReplaces() throws {
    var table = Timetable<String>()
    #expect(table.nextDue == nil && table.isEmpty && table.advance(to: .epoch) == [])
    let start = try at("2026-11-21T10:00:30Z")
    table.add("a", slots: try slots(minute, "UTC"), now: start)
    table.add("b", slots: try slots(hour, "UTC"), now: start)
    table.remove("nobody")
    table.remove("a")
    #expect(try table.nextDue == at("2026-11-21T11:00:00Z") && table.count == 1)
    table.add("b", slots: try slots(hour, "UTC"), now: start + 2 * hour)  // the same: stays as it is
    #expect(try table.nextDue == at("2026-11-21T11:00:00Z") && table.count == 1)
    table.add("b", slots: try slots(minute, "UTC"), now: start + 2 * hour)
    #expect(try table.nextDue == at("2026-11-21T12:01:00Z") && table.count == 1)
    table.remove("b")
    #expect(table.nextDue == nil && table.isEmpty)
  }

  /// An id that came at a later time must not hide that the clock has gone back.
  @Test func addingDoesNotHideAStepBack() throws {
    var table = try table(minute, start: "2026-11-21T10:00:30Z")
    _ = try table.advance(to: at("2026-11-21T10:05:00Z"))
    table.add("n", slots: try slots(hour, "UTC"), now: try at("2026-11-21T09:00:30Z"))
    #expect(try table.advance(to: at("2026-11-21T09:00:31Z")) == [])
    #expect(try table.nextDue == at("2026-11-21T09:01:00Z"))
  }

  /// More places than are remembered: the shortest gap is given up, nothing grows.
  @Test func manyStepsBack() throws {
    var table = try table(minute, start: "2026-11-21T23:00:30Z")
    var clock = try at("2026-11-21T23:01:00Z")
    var due = 0
    for _ in 0..<20 {
      for event in table.advance(to: clock) {
        guard case .due(_, let slot, false) = event else { continue }
        #expect(slot == clock)
        due += 1
      }
      clock = clock - hour - minute
      #expect(table.advance(to: clock - second) == [])
      #expect(table.nextDue == clock)
    }
    #expect(due == 20)
    // The first passage forward over all of them: each of the 20 is handed out again at most as repeated, never missed.
    var missed = 0
    for event in table.advance(to: try at("2026-11-21T23:02:00Z")) {
      if case .missed(_, _, _, let count) = event { missed += count }
    }
    let all = try slots(minute, "UTC").count(from: clock, through: try at("2026-11-21T23:01:00Z"))
    #expect(missed < all - 20 && missed > 0)
  }
}
