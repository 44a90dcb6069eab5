import Modbus
import ModbusProtocol
import Testing

@testable import Commissioning

/// One page of function 43 as `ReadResult.data` carries it.
private func page(_ objects: [(UInt8, String)], category: UInt8 = 1, conformity: UInt8 = 1, next: UInt8? = nil)
  -> [UInt8]
{
  [category, conformity, next == nil ? 0 : 0xFF, next ?? 0, UInt8(objects.count)]
    + objects.flatMap { [$0.0, UInt8($0.1.utf8.count)] + Array($0.1.utf8) }
}

@Suite struct IdentificationTests {
  private func identify(_ pages: [UInt8: [UInt8]]) async -> (unit: FoundUnit?, asked: Int) {
    let line = FakeLine(.init(units: [1: [0: 1]], pages: [1: pages]))
    let plan = ScanPlan(units: [1], timeoutMilliseconds: 100, patientTimeoutMilliseconds: 500)
    let report = await line.scan(plan).report
    return (report.units.first, line.asked.count - 1)
  }

  @Test func allPagesOfAllCategories() async {
    let (unit, asked) = await identify([
      0x10: page([(0, "Acme"), (1, "E1")], conformity: 0x82, next: 2), 0x12: page([(2, "V1.4")], conformity: 0x82),
      0x20: page([(0, "Acme"), (4, "Energy meter"), (5, "E1 MID")], category: 2, conformity: 0x82),
    ])
    #expect(unit?.identification == [0: "Acme", 1: "E1", 2: "V1.4", 4: "Energy meter", 5: "E1 MID"])
    #expect(unit?.identity == "Acme E1 MID Energy meter E1 V1.4")
    #expect(asked == 3)
  }

  @Test func aDeviceThatGoesRoundInCirclesComesToAnEnd() async {
    let (unit, asked) = await identify([0x10: page([(0, "Acme")], next: 0)])
    #expect(unit?.identification == [0: "Acme"])
    #expect(asked == 16)
  }

  @Test func pagesThatDoNotAddUpAreLeft() async {
    let (unit, _) = await identify([0x10: [1, 1, 0, 0, 2, 0, 1, 65]])
    #expect(unit?.identification == [:])
    #expect(unit?.identity == nil)
  }
}
