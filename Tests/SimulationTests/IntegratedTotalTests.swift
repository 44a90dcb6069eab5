import IEC104
import Testing

@testable import Simulation

/// IEC 60870-5-101 clauses 7.2.6.9 (BCR) and 7.2.6.23 (QCC).
@Suite("Integrated totals of a simulated station")
struct IntegratedTotalTests {
  private func reading(
    _ count: Int32, sequence: UInt8 = 0, carry: Bool = false, adjusted: Bool = false
  ) -> ObjectValue {
    .counter(count, sequence: sequence, carry: carry, adjusted: adjusted)
  }

  @Test("Without freezing it is read as it stands")
  func live() {
    var total = IntegratedTotal(modulus: nil, count: 100)
    #expect(total.reading(100) == reading(100))
    #expect(total.reading(130) == reading(130))
  }

  @Test("A frozen copy stays until the next freeze, which counts up")
  func freeze() {
    var total = IntegratedTotal(modulus: nil, count: 100)
    total.carryOut(.freeze, 110)
    #expect(total.reading(150) == reading(110, sequence: 1))
    #expect(total.reading(160) == reading(110, sequence: 1))
    total.carryOut(.freeze, 170)
    #expect(total.reading(180) == reading(170, sequence: 2))
    for _ in 0..<30 { total.carryOut(.freeze, 200) }
    #expect(total.reading(210) == reading(200, sequence: 0))
  }

  @Test("Freezing with reset makes differences, which add up to the whole")
  func freezeReset() {
    var total = IntegratedTotal(modulus: nil, count: 100)
    total.carryOut(.freezeReset, 110)
    #expect(total.reading(150) == reading(110, sequence: 1))
    total.carryOut(.freezeReset, 160)
    #expect(total.reading(170) == reading(50, sequence: 2))
    total.carryOut(.freezeReset, 160)
    #expect(total.reading(170) == reading(0, sequence: 3))
  }

  @Test("Reset alone starts again from 0, which the next reading says once (CA)")
  func reset() {
    var total = IntegratedTotal(modulus: nil, count: 100)
    total.carryOut(.freeze, 110)
    total.carryOut(.reset, 120)
    #expect(total.reading(125) == reading(5, sequence: 1, adjusted: true))
    #expect(total.reading(126) == reading(6, sequence: 1))
  }

  @Test("It starts again at its modulus, which the next reading says once (CY)")
  func wrap() {
    var total = IntegratedTotal(modulus: 1000, count: 990)
    #expect(total.reading(999) == reading(999))
    #expect(total.reading(1003) == reading(3, carry: true))
    #expect(total.reading(1004) == reading(4))
    total.carryOut(.freeze, 2001)
    #expect(total.reading(2500) == reading(1, sequence: 1, carry: true))
    total.carryOut(.freeze, 2500)
    #expect(total.reading(2500) == reading(500, sequence: 2))
  }

  @Test(
    "Where 32 bits end: as a signed number without a modulus, else at the modulus",
    arguments: [(nil, 1 << 31, 0), (1 << 32, 1 << 31, Int32.min), (1 << 32, 1 << 32, 0), (1 << 40, 1 << 31, 0)]
      as [(Int64?, Int64, Int32)])
  func width(_ modulus: Int64?, _ count: Int64, _ shown: Int32) {
    var total = IntegratedTotal(modulus: modulus, count: count)
    #expect(total.reading(count) == reading(shown))
  }
}
