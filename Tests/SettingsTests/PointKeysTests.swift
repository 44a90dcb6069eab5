import Metering
import Testing

@testable import Settings

/// What the keys of points become.
@Suite struct PointKeysTests {
  private func points(_ name: String) throws -> [Definition.Point] {
    try TestFiles.load(name).meters.flatMap(\.definition.points)
  }

  /// Every type is written as in the vocabulary and arrives as itself.
  @Test func everyTypeArrives() throws {
    let points = try points("ok-types")
    #expect(Set(points.map(\.register.type)) == Set(RegisterType.allCases))
    for point in points where point.quantity.hasPrefix("x_") {
      #expect(point.quantity == "x_\(point.register.type.rawValue)")
    }
    let clocks = points.filter { $0.register.type.isClock }
    #expect(clocks.allSatisfy { $0.quantity == "clock_offset" && $0.kind == .gauge && $0.unit == "s" })
    #expect(clocks.count == 5)
    func point(_ type: RegisterType) throws -> Definition.Point {
      try #require(points.first { $0.register.type == type })
    }
    #expect(try point(.u64).register.order.rawValue == "GHEFCDAB")
    #expect(try point(.u48).register.order.rawValue == "EFCDAB")
    #expect(try point(.i48).register.order == .cdab)
    #expect(try point(.u8Low).bits == Definition.BitField(lowest: 4, highest: 7))
    #expect(try point(.i8Low).invalid == [0x80])
    #expect(try point(.f32).offset == ExactDecimal(-40))
    #expect(try point(.string).kind == .text)
    #expect(try point(.string).register.length == 3)
    #expect(try point(.string).register.order.rawValue == "ABDCEF")
  }

  @Test func textsMayBeNumbers() throws {
    let points = try points("ok-texts")
    #expect(points.allSatisfy { $0.kind == .text && $0.unit == "1" && $0.scale == .one })
    #expect(points.map(\.register.type) == [.u48, .string, .u8High, .u8Low])
    #expect(points.map(\.register.width) == [3, 64, 1, 1])
    #expect(points[0].bits == Definition.BitField(lowest: 0, highest: 39))
    #expect(points[0].invalid == [0xFFFF_FFFF_FFFF])
  }

  @Test func factorsArrive() throws {
    let points = try points("ok-scale-by")
    try #require(points.count == 3)
    #expect(points[0].side == .primary)
    #expect(
      points[0].factors == [
        Definition.Factor(register: RegisterReference(table: .holding, address: 0x8D, type: .u16)),
        Definition.Factor(
          register: RegisterReference(table: .input, address: 0x8E, type: .u32, order: .cdab),
          scale: ExactDecimal(significand: 1, exponent: -1)),
        Definition.Factor(
          register: RegisterReference(table: .holding, address: 0x21, type: .i8Low), scale: ExactDecimal(-1),
          isExponent: true),
      ])
    // An exponent moves the point of a secondary value too.
    #expect(points[1].side == .secondary)
    #expect(points[1].factors?.map(\.isExponent) == [true])
    #expect(points[2].side == nil)
    #expect(points[2].factors?.map(\.scale) == [.one])
  }
}
