import Metering
import Testing

@testable import Accounting

/// Exchanges and changes of the serial number. Readings once a minute from 2026-11-21T00:00:00Z on.
@Suite struct RegisterHistoryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var rule = CounterJudgeTests.free
    var exchanges: [Exchange] = []
    var changes: [SerialChange] = []
    var readings: String
    var expected: String
    /// The running count at the end.
    var counted: String
    var breaks = 0
    var testDescription: String { name }
  }

  static func minutes(_ count: Double) -> Timestamp {
    Timestamp(milliseconds: 1_795_219_200_000 + Int64(count * 60_000))
  }

  static func exchange(_ at: Double, _ oldFinal: String, _ newStart: String) -> Exchange {
    Exchange(
      at: minutes(at), oldFinal: ["energy_active_import": decimal(oldFinal)],
      newStart: ["energy_active_import": decimal(newStart)], reason: "worn")
  }

  static func change(_ after: Double, _ by: Double) -> SerialChange {
    SerialChange(after: minutes(after), by: minutes(by), oldSerial: "A", newSerial: "B")
  }

  static let cases: [Case] = [
    Case(
      name: "old final − last before + first after − new start", exchanges: [exchange(1.5, "102.5", "7")],
      readings: "100 101 9 10", expected: "100 101 9!exchanged 10", counted: "5.5"),
    Case(
      name: "a reading at the instant is the new device's", exchanges: [exchange(2, "102.5", "7")],
      readings: "100 101 9 10", expected: "100 101 9!exchanged 10", counted: "5.5"),
    Case(
      name: "two exchanges in one gap", exchanges: [exchange(3, "5", "0"), exchange(1.5, "102", "1")],
      readings: "100 101 - - 2 3", expected: "100 101 - - 2!exchanged 3", counted: "9"),
    Case(
      name: "new register above the old one", exchanges: [exchange(1.5, "102", "5000")],
      readings: "100 101 5001 5002", expected: "100 101 5001!exchanged 5002", counted: "4"),
    Case(
      name: "an exchange explains no step that is too fast", rule: CounterJudgeTests.rate60,
      exchanges: [exchange(1.5, "150", "0")], readings: "100 101 1 101.5 102",
      expected: "100 101 1? 101.5 102", counted: "2"),
    Case(
      name: "the old device was still there after the instant", exchanges: [exchange(1.5, "103.5", "0")],
      readings: "100 101 102 103 1 2", expected: "100 101 102 103 1!exchanged 2", counted: "5.5"),
    Case(
      name: "the new device was there before the instant", exchanges: [exchange(5.5, "101.5", "0")],
      readings: "100 101 1 2 3 4 5", expected: "100 101 1!exchanged 2 3 4 5", counted: "6.5"),
    Case(
      name: "a final reading noted without decimals", exchanges: [exchange(1.5, "101", "0")],
      readings: "100 101.7 1 2", expected: "100 101.7 1!exchanged 2", counted: "3"),
    Case(
      name: "the old register wrapped before it went", rule: CounterJudgeTests.wrapping,
      exchanges: [exchange(1.5, "3", "7")], readings: "990 995 9 10", expected: "990 995 9!exchanged 10",
      counted: "16"),
    Case(
      name: "numbers were not noted", exchanges: [Exchange(at: minutes(1.5))],
      readings: "100 101 9 10", expected: "100 101 9!exchanged 10", counted: "2", breaks: 1),
    Case(
      name: "a serial number that changes breaks the difference", changes: [change(1, 2)],
      readings: "100 101 5000 5001", expected: "100 101 5000!exchanged 5001", counted: "2", breaks: 1),
    Case(
      name: "a serial number that is read rarely", changes: [change(0, 6)],
      readings: "100 101 1 2 3 4 5 6", expected: "100 101 1? 2!exchanged 3 4 5 6", counted: "5", breaks: 1),
    Case(
      name: "a declared exchange explains the serial number", exchanges: [exchange(1.5, "102.5", "7")],
      changes: [change(0, 6)], readings: "100 101 9 10 11 12 13 14",
      expected: "100 101 9!exchanged 10 11 12 13 14", counted: "9.5"),
    Case(
      name: "after a restart without a word the difference is broken", readings: "100 101 0 1 2 3",
      expected: "100 101 0? 1!restarted 2 3", counted: "3", breaks: 1),
    Case(
      name: "a clock that was set back, and a limit", rule: CounterJudgeTests.rate60,
      readings: "100 101 102 112!clock 113!clock 114 115", expected: "100 101 102 112 113 114 115", counted: "15"),
  ]

  @Test(arguments: cases) func counts(_ one: Case) throws {
    let judge = CounterJudge(
      one.rule, quantity: "energy_active_import", exchanges: one.exchanges, serialChanges: one.changes)
    let result = judged(try series(one.readings), by: judge)
    #expect(shown(result) == one.expected)
    #expect(result.last { $0.point != nil }?.point?.odometer.value == decimal(one.counted))
    #expect(result.count { $0.point?.isBroken ?? false } == one.breaks)
  }

  @Test func redefinedKeepsTheRegistersDifference() throws {
    // 100 counts at 20, then 101 counts at 40: the step is one count at the new ratio.
    var judge = CounterJudge(CounterJudgeTests.free, quantity: "energy_active_import")
    var result: [JudgedReading] = []
    let readings = try series("1980 2000 4040 4080")
    for reading in readings.prefix(2) { judge.judge(reading) { result.append($0) } }
    judge.finish { result.append($0) }
    judge.redefine(CounterJudgeTests.free, base: decimal("4000"))
    for reading in readings.dropFirst(2) { judge.judge(reading) { result.append($0) } }
    judge.finish { result.append($0) }
    #expect(result.map(\.point?.odometer.value) == ["0", "20", "60", "100"].map(decimal))
    #expect(result.allSatisfy { $0.point?.isBroken == false })

    judge.redefine(CounterJudgeTests.free, base: nil)
    judge.judge(reading(readings[3].time + minute, decimal("9"))) { _ in }
    judge.finish { result.append($0) }
    #expect(result.last?.reading.flags == ["redefined"])
    #expect(result.last?.point?.isBroken == true)
  }

  @Test func watchesTheSerialNumber() throws {
    var watch = SerialNumberWatch()
    func see(_ minute: Double, _ serial: String?) -> SerialChange? {
      var one = reading(RegisterHistoryTests.minutes(minute), nil, kind: .text)
      one.text = serial
      one.quality = serial == nil ? .bad : .good
      return watch.see(one)
    }
    #expect(see(0, "0000") == nil)
    #expect(see(1, "A") == nil)
    #expect(see(2, nil) == nil)
    #expect(see(3, "A") == nil)
    #expect(see(4, "0000") == nil)
    #expect(see(5, "B") == RegisterHistoryTests.change(3, 5))
    #expect(see(6, "B") == nil)
  }
}
