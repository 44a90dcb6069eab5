import Metering
import Simulation
import Testing

@Suite("Register image")
struct RegisterImageTests {
  @Test("Holes hold zeros, the outside does not exist, parts of values are served")
  func ranges() throws {
    let definition = meter(
      "m",
      points: [
        point("voltage_l1", "V", .gauge, at: 10, .f32), point("frequency", "Hz", .gauge, at: 20, .u16),
        point("x_running", "1", .gauge, at: 3, .bool, table: .coil),
      ])
    let clock = ManualClock(november)
    let plant = try Plant(meters: [definition], zoneOffset: shanghai, seed: 1)
    let image = try RegisterImage(meters: [definition], plant: plant, clock: clock)
    let all = try #require(image.read(.holding, from: 10, count: 11))
    let volts = Float(bitPattern: UInt32(all[0]) << 16 | UInt32(all[1]))
    #expect(Double(volts) == Double(Float(try #require(plant.value(of: "voltage_l1", meterID: "m", at: november)))))
    #expect(all[2..<10].allSatisfy { $0 == 0 } && all[10] == 50)
    for start in 10..<21 {
      for end in (start + 1)...21 {
        #expect(image.read(.holding, from: UInt16(start), count: end - start) == Array(all[(start - 10)..<(end - 10)]))
      }
    }
    #expect(image.read(.holding, from: 9, count: 2) == nil)
    #expect(image.read(.holding, from: 20, count: 2) == nil)
    #expect(image.read(.input, from: 10, count: 1) == nil)
    #expect(image.read(.coil, from: 3, count: 1) == [1])
    clock.advance(milliseconds: 7000)
    #expect(image.read(.holding, from: 10, count: 2) != Array(all[0..<2]))
  }

  @Test("A fixed image has its own addresses and no others")
  func fixed() {
    let image = FixedImage([.input: [5: 7, 6: 8, 65535: 1], .discrete: [0: 9]])
    #expect(image.read(.input, from: 5, count: 2) == [7, 8])
    #expect(image.read(.input, from: 5, count: 3) == nil)
    #expect(image.read(.input, from: 65535, count: 2) == nil)
    #expect(image.read(.discrete, from: 0, count: 1) == [1])
    #expect(image.read(.coil, from: 0, count: 1) == nil)
  }
}
