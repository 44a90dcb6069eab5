import Metering
import Testing

@testable import Settings

/// What every profile of this repository is held to, beyond what its reader refuses.
@Suite struct ProfileRulesTests {
  private static let shipped = ProfileLibrary(searchPath: [TestFiles.repository + "/config/profiles"])

  @Test func thereAreProfiles() {
    #expect(ProfileRulesTests.shipped.list().count >= 40)
  }

  @Test(arguments: ["README.md", "README.zh-CN.md", "docs/PROFILE-EVIDENCE.md"])
  func everyOneIsListed(in file: String) throws {
    let text = try TestFiles.text(TestFiles.repository + "/" + file)
    for name in ProfileRulesTests.shipped.list().map(\.name) {
      let cell = file.hasPrefix("README") ? "`\(name)`" : name
      #expect(text.contains(cell), "\(name) is not in \(file)")
    }
  }

  @Test(arguments: shipped.list().map(\.name))
  func shippedProfile(name: String) throws {
    let profile: Profile
    do { profile = try ProfileRulesTests.shipped.load(name: name) } catch {
      Issue.record("\(error)")
      return
    }
    let violations = ProfileRules.violations(of: profile)
    #expect(violations.isEmpty, "\(name): \(violations.joined(separator: "; "))")
  }

  private static let energy = ProfileRulesTests.point("energy_active_import", 0, .u32)

  private static func point(
    _ quantity: String, _ address: UInt16, _ type: RegisterType, unit: String? = nil, table: RegisterTable = .input,
    bits: ClosedRange<UInt8>? = nil, side: Definition.Side? = nil
  ) -> Definition.Point {
    let known = Quantity(quantity)
    return Definition.Point(
      quantity: quantity, unit: unit ?? known?.unit?.symbol ?? "1", kind: known?.kind ?? .gauge,
      register: RegisterReference(table: table, address: address, type: type),
      side: side ?? (known?.transformer == Quantity.Transformer.none ? nil : .primary),
      bits: bits.map { Definition.BitField(lowest: $0.lowerBound, highest: $0.upperBound) })
  }

  private static func profile(
    _ points: [Definition.Point], energy: String = "electricity", accounting: String = "energy_active_import",
    circuits: Int? = nil, strides: [Int] = []
  ) -> Profile {
    Profile(
      name: "acme-e1", manufacturer: "Acme", model: "E1", energy: energy, maxRegisters: 125, evidence: .manual,
      source: "s", sourceDate: CivilDate(year: 2026, month: 11, day: 21), notes: nil, points: points,
      accountingQuantity: accounting, references: [:], circuits: circuits, stride: circuits.map { _ in 1 },
      forbidden: [], identify: [],
      strides: points.indices.map { PointStride(register: strides.isEmpty ? 0 : strides[$0], factors: []) })
  }

  @Test func soundOnesPass() {
    let points = [
      Self.energy, Self.point("energy_active_export", 2, .u32), Self.point("frequency", 0, .u16, table: .holding),
      Self.point("x_a", 10, .u16, bits: 0...3), Self.point("x_b", 10, .u16, bits: 4...7),
      Self.point("x_c", 11, .u8High), Self.point("x_d", 11, .i8Low), Self.point("serial_number", 20, .u32),
    ]
    #expect(ProfileRules.violations(of: Self.profile(points)) == [])
    let circuits = Self.profile(
      [Self.energy, Self.point("power_active", 2, .u32), Self.point("frequency", 100, .u16)], circuits: 5,
      strides: [4, 4, 0])
    #expect(ProfileRules.violations(of: circuits) == [])
    let heat = Self.profile(
      [Self.point("energy_thermal_cooling", 0, .u32)], energy: "heat", accounting: "energy_thermal_cooling")
    #expect(ProfileRules.violations(of: heat) == [])
  }

  /// The rules can fail.
  @Test func everyRuleSeesItsViolation() {
    func first(_ others: [Definition.Point]) -> String? {
      ProfileRules.violations(of: Self.profile([Self.energy] + others)).first
    }
    let shared = "energy_active_import and energy_active_export share address 1 of the input table"
    #expect(first([Self.point("energy_active_export", 1, .u32)]) == shared)
    #expect(
      first([Self.point("x_long", 4, .u64), Self.point("x_a", 5, .u16), Self.point("x_b", 7, .u16)])
        == "x_long and x_a share address 5 of the input table")
    #expect(
      first([Self.point("x_a", 9, .u16, bits: 0...4), Self.point("x_b", 9, .u16, bits: 4...7)])
        == "x_a and x_b share address 9 of the input table")
    #expect(
      first([Self.point("x_a", 9, .u16, bits: 0...3), Self.point("x_b", 9, .u32, bits: 4...7)])
        == "x_a and x_b share address 9 of the input table")
    #expect(
      first([Self.point("x_a", 9, .u16, bits: 0...3), Self.point("x_b", 9, .u16)])
        == "x_a and x_b share address 9 of the input table")
    #expect(
      first([Self.point("x_a", 9, .u8High), Self.point("x_b", 9, .i8High)])
        == "x_a and x_b share address 9 of the input table")
    #expect(
      first([Self.point("voltage_l1", 9, .u16, unit: "volt")]) == "voltage_l1: volt is no unit of the vocabulary for it"
    )
    var sideless = Self.point("voltage_l1", 9, .u16)
    sideless.side = nil
    #expect(first([sideless]) == "voltage_l1 does not tell its side")
    let sum = Self.profile([Self.energy, Self.point("x_total", 8, .u32)], accounting: "x_total")
    #expect(ProfileRules.violations(of: sum) == ["x_total is no accounting point of electricity"])
    let strange = Self.profile([Self.energy], energy: "moonlight")
    #expect(ProfileRules.violations(of: strange) == ["energy_active_import is no accounting point of moonlight"])
    // Apart in each circuit, but the export of one is the import of the next.
    let circuits = Self.profile(
      [Self.energy, Self.point("energy_active_export", 2, .u32)], circuits: 3, strides: [2, 2])
    #expect(
      ProfileRules.violations(of: circuits)
        == [2, 4].map { "energy_active_import and energy_active_export share address \($0) of the input table" })
  }
}
