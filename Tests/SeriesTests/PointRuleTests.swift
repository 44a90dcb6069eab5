import Accounting
import Metering
import Testing

@testable import Series

/// What a definition's numbers are worth, and aggregates made of columns.
@Suite struct PointRuleTests {
  private func point(_ type: RegisterType, unit: String = "Wh", modulus: String? = nil) -> Definition.Point {
    Definition.Point(
      quantity: "energy_active_import", unit: unit, kind: .counter,
      register: .init(table: .holding, address: 0, type: type), scale: decimal("10"), side: .secondary,
      perPulse: unit == "pulse" ? decimal("0.5") : nil, pulseUnit: unit == "pulse" ? "Wh" : nil,
      modulus: modulus.map(decimal))
  }

  private func rule(_ point: Definition.Point, _ metadata: [String: String] = [:]) throws -> PointRule {
    var meter = definition(ct: "20")
    meter.points = [point]
    meter.metadata = metadata
    return try #require(PointRule("energy_active_import", of: meter))
  }

  @Test func theDecoderSaysWhatACountIsWorth() throws {
    // 10 Wh a count, behind a transformer of 20.
    let plain = try rule(point(.u32, modulus: "1000000"), ["energy": "electricity", "max_rate": "40"])
    #expect(plain.step == decimal("0.2") && plain.offset == .zero && plain.unit == "kWh")
    #expect(plain.counter.modulus == decimal("20000") && plain.counter.maximumPerHour == decimal("40"))
    #expect(plain.counter.precision == .exact && plain.column?.name == "holding/0/2")
    #expect(try rule(point(.f32)).counter.precision == .float32)
    #expect(try rule(point(.u16, unit: "pulse")).step == decimal("0.1"))
    // A rate in m3 says nothing of kWh.
    #expect(try rule(point(.u32), ["energy": "water", "max_rate": "40"]).counter.maximumPerHour == nil)
    var late = point(.u32)
    late.offset = decimal("500")
    #expect(try rule(late).offset == decimal("10"))
  }

  @Test func whatIsNoPlainColumn() throws {
    #expect(try rule(point(.bcd32)).column == nil)
    var other = point(.u32)
    other.everyMilliseconds = 6 * minute
    #expect(try rule(other).column == nil && rule(other).everyMilliseconds == 6 * minute)
    other = point(.u32)
    other.factors = [.init(register: .init(table: .holding, address: 9, type: .u16))]
    #expect(try rule(other).column == nil)
    other = point(.u32)
    other.bits = .init(lowest: 0, highest: 15)
    #expect(try rule(other).column == nil)
  }

  private func run(_ type: RegisterType, _ patterns: [UInt64], invalid: [UInt64] = []) throws -> (
    counter: QuarterAggregate?, gauge: GaugeQuarter?
  ) {
    var point = point(type)
    point.invalid = invalid
    let column = try #require(try rule(point).column)
    let times = patterns.indices.map { Int64($0) * minute }
    return times.withUnsafeBufferPointer { times in
      patterns.withUnsafeBufferPointer { patterns in
        let run = ColumnRun(column: column, quarter: 0, times: times, patterns: patterns)
        return (run.counter, run.gauge)
      }
    }
  }

  @Test func aggregatesOfColumns() throws {
    let plain = try run(.u32, [5, 7, 7, 4, 9])
    #expect(plain.counter?.decreases == 1 && plain.counter?.rows == 5)
    #expect(plain.counter?.first == .integer(5) && plain.counter?.last == .integer(9))
    // Of 5 counts at least 4 were counted in the minute.
    #expect(plain.counter?.steepest == 4 / Double(minute))
    #expect(plain.gauge?.least == .integer(4) && plain.gauge?.greatest == .integer(9))
    #expect(plain.gauge?.sum == .exact(ExactDecimal(32)))
    let signed = try run(.i16, [0xFFFF, 1, 0x8000])
    #expect(signed.gauge?.least == .integer(-32_768) && signed.gauge?.greatest == .integer(1))
    #expect(signed.counter?.decreases == 1)
    #expect(try run(.u32, [5, 7], invalid: [7]).counter == nil)
    #expect(try run(.f32, [UInt64(Float.nan.bitPattern), UInt64(Float(1).bitPattern)]).counter == nil)
    #expect(try run(.f32, [UInt64(Float.infinity.bitPattern)]).gauge == nil)
    #expect(try run(.u64, [.max - 1, .max]).counter?.last == .unsigned(.max))
  }

  /// A day of many rows is cut into groups, in the middle of a quarter.
  @Test func aggregatesAreJoined() throws {
    let column = try #require(try rule(point(.u32)).column)
    func aggregate(_ first: Int64, _ last: Int64, from: Int64, to: Int64, _ steepest: Double? = 0) -> QuarterAggregate {
      QuarterAggregate(
        quarter: 0, rows: 3, firstTime: Timestamp(milliseconds: from), lastTime: Timestamp(milliseconds: to),
        first: .integer(first), last: .integer(last), decreases: 0, steepest: steepest)
    }
    let (one, two) = (aggregate(1, 5, from: 0, to: 10), aggregate(8, 9, from: 11, to: 20))
    let both = try #require(one.followed(by: two, column))
    #expect(both.rows == 6 && both.first == .integer(1) && both.last == .integer(9) && both.decreases == 0)
    #expect(both.lastTime == two.lastTime && both.steepest == 2)
    #expect(one.followed(by: aggregate(4, 9, from: 11, to: 20), column)?.decreases == 1)
    #expect(one.followed(by: aggregate(8, 9, from: 11, to: 20, nil), column)?.steepest == nil)
    #expect(one.followed(by: aggregate(8, 9, from: 10, to: 20), column) == nil)
  }
}
