import Metering

@testable import Settings

/// The rules for shipped profiles that a reader cannot insist on, because a user's own device may break them.
enum ProfileRules {
  /// What accounts of an energy are made of. Never a sum of two directions: those have no name in the vocabulary, and
  /// `x_…` is not among these.
  private static let accounting: [String: Set<String>] = [
    "electricity": ["energy_active_import"], "water": ["volume"], "gas": ["volume", "volume_standard"],
    "heat": ["energy_thermal_heating", "energy_thermal_cooling"], "steam": ["mass"],
  ]

  static func violations(of profile: Profile) -> [String] {
    var violations: [String] = []
    if accounting[profile.energy]?.contains(profile.accountingQuantity) != true {
      violations.append("\(profile.accountingQuantity) is no accounting point of \(profile.energy)")
    }
    for point in profile.points {
      guard let quantity = Quantity(point.quantity) else {
        violations.append("\(point.quantity) is no quantity of the vocabulary")
        continue
      }
      let unit = point.pulseUnit ?? point.unit
      if let canonical = quantity.unit, Unit.conversion(from: unit, to: canonical) == nil {
        violations.append("\(point.quantity): \(unit) is no unit of the vocabulary for it")
      }
      if quantity.transformer != .none, point.side == nil {
        violations.append("\(point.quantity) does not tell its side")
      }
    }
    return violations + overlaps(of: profile)
  }

  private struct Use {
    var point: Definition.Point
    var circuit: Int
    var start: Int { Int(point.register.address) }
  }

  /// No two points read the same register, in whatever circuit, so import and export are not one number; but for bits
  /// and bytes of a register.
  private static func overlaps(of profile: Profile) -> [String] {
    var uses: [Use] = []
    for circuit in 1...(profile.circuits ?? 1) {
      for (point, stride) in zip(profile.points(circuit: circuit), profile.strides)
      where circuit == 1 || stride.register > 0 {
        uses.append(Use(point: point, circuit: circuit))
      }
    }
    var violations: [String] = []
    for table in RegisterTable.allCases {
      let ordered = uses.filter { $0.point.register.table == table }.sorted {
        ($0.start, $0.circuit) < ($1.start, $1.circuit)
      }
      for (index, use) in ordered.enumerated() {
        for later in ordered[(index + 1)...].prefix(while: { $0.start < use.point.register.end })
        where !areParts(use.point, later.point) {
          let names = [use, later].map(\.point.quantity)
          let ends = profile.points.map(\.quantity).filter(names.contains)
          violations.append(
            "\(ends.joined(separator: " and ")) share address \(later.start) of the \(table.rawValue) table")
        }
      }
    }
    return Array(Set(violations)).sorted().prefix(20).map(\.self)
  }

  /// Whether two values are different bits, or the two bytes, of one register.
  private static func areParts(_ a: Definition.Point, _ b: Definition.Point) -> Bool {
    guard a.register.address == b.register.address else { return false }
    if let first = a.bits, let second = b.bits, a.register == b.register {
      return first.highest < second.lowest || second.highest < first.lowest
    }
    let halves: Set<RegisterType> = [.u8High, .i8High]
    let others: Set<RegisterType> = [.u8Low, .i8Low]
    return (halves.contains(a.register.type) && others.contains(b.register.type))
      || (halves.contains(b.register.type) && others.contains(a.register.type))
  }
}
