import Metering
import Testing

@testable import Settings

/// Several meters on one unit: what a circuit and an interval of a point become in the definition.
@Suite struct CircuitTests {
  @Test func registersMoveWithTheCircuit() throws {
    let meters = try TestFiles.load("ok-circuits").meters
    try #require(meters.map { $0.definition.metadata["circuit"] } == ["1", "3", "12", "1"])
    func addresses(_ meter: Settings.Meter) -> [[UInt16]] {
      meter.definition.points.map { $0.registers.map(\.address) }
    }
    // Strides: 6 of the profile (factors 0 and 1), 6, 1 of the point's own, 0 and 0.
    #expect(addresses(meters[0]) == [[0x100, 0x10, 0x120], [0x102], [0x200], [0x20], [0x30]])
    #expect(addresses(meters[1]) == [[0x10C, 0x10, 0x122], [0x10E], [0x202], [0x20], [0x30]])
    #expect(addresses(meters[2]) == [[0x142, 0x10, 0x12B], [0x144], [0x20B], [0x20], [0x30]])
    #expect(addresses(meters[3]) == addresses(meters[0]))
    let first = meters[1].definition.points[0]
    #expect(first.factors?.map(\.isExponent) == [false, true])
    #expect(first.factors?.last?.register.type == .i8Low)
    #expect(meters[1].definition.points[4].register.length == 4)
  }

  @Test func profilesSayAllTheirKeys() throws {
    let library = ProfileLibrary(searchPath: [TestFiles.cases + "/ok-profile-every-key/profiles"])
    let profile = try library.load(name: "acme-e1")
    #expect(profile.circuits == 3)
    #expect(profile.stride == 1)
    #expect(
      profile.forbidden == [
        RegisterRange(table: .input, addresses: 0x100...0x1FF), RegisterRange(table: .coil, addresses: 0...65_535),
      ])
    #expect(
      profile.identify == [
        .register(RegisterReference(table: .input, address: 11, type: .u16), value: 330),
        .register(RegisterReference(table: .holding, address: 12, type: .u32, order: .cdab), value: 4_294_967_295),
        .device(vendor: "Acme", product: "E1"), .device(vendor: "Acme", product: nil),
      ])
    #expect(profile.points(circuit: 1) == profile.points)
    #expect(profile.points(circuit: 3).map(\.register.address) == [0x14, 0x52, 0x60])
    let factor = Definition.Factor(
      register: RegisterReference(table: .holding, address: 9, type: .u16),
      scale: ExactDecimal(significand: 1, exponent: -1))
    #expect(profile.points(circuit: 3)[0].factors == [factor])
    let meter = try #require(try TestFiles.load("ok-profile-every-key").meters.first)
    #expect(meter.forbidden == profile.forbidden)
    #expect(meter.maxRegisters == 20)
  }

  @Test func intervalsOfPoints() throws {
    let meters = try TestFiles.load("ok-point-every").meters
    try #require(meters.count == 2)
    let minute: Int64 = 60_000
    // Import by its own name, export by the longer prefix, power as the meter itself, the number by its own name.
    #expect(
      meters[0].definition.points.map(\.everyMilliseconds) == [60 * minute, 30 * minute, nil, 24 * 60 * minute])
    #expect(meters[1].definition.points.map(\.everyMilliseconds) == [15 * minute, nil])
    let every = try #require(try TestFiles.load("ok-every-key").meters.last)
    #expect(every.definition.points.map(\.everyMilliseconds) == [nil, nil, nil, 60 * minute, nil, nil, nil, nil])
  }
}
