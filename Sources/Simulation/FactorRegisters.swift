import Glibc
import Metering

/// The constant numbers in a unit's factor registers: ratios of transformers, decimal exponents.
struct FactorRegisters {
  /// Factor registers in the order in which the definitions name them, with what they hold.
  private(set) var registers: [(register: RegisterReference, words: [UInt16])] = []
  private var raw: [RegisterReference: Double] = [:]

  private struct User {
    var point: Definition.Point
    var definition: Definition
    var factor: Definition.Factor
  }

  /// - Parameter typical: about the largest value that a point will have, in its canonical unit.
  /// - Throws: where a factor's register holds no number, or one point's factors do not fit each other.
  init(_ meters: [Definition], typical: (Definition, Definition.Point) throws(SimulationError) -> Double)
    throws(SimulationError)
  {
    var users: [RegisterReference: [User]] = [:]
    var order: [RegisterReference] = []
    for definition in meters {
      for point in definition.points {
        for factor in point.factors ?? [] {
          if users[factor.register] == nil { order.append(factor.register) }
          users[factor.register, default: []].append(User(point: point, definition: definition, factor: factor))
        }
      }
    }
    // Exponents are chosen by what is left to carry, so ratios come first.
    for isExponent in [false, true] {
      for register in order {
        guard let of = users[register], let first = of.first, first.factor.isExponent == isExponent else { continue }
        let encoder = try FactorRegisters.encoder(first)
        let scale = first.factor.scale.approximateDouble
        let wishes = isExponent ? try exponents(of, typical) : FactorRegisters.ratios(of)
        let fits = wishes.map { FactorRegisters.withoutDust($0 / scale) }.first { encoder.holds($0) }
        raw[register] = fits ?? (isExponent ? 0 : 1)
      }
    }
    for register in order {
      guard let first = users[register]?.first, let held = raw[register] else { continue }
      registers.append((register, try FactorRegisters.encoder(first).registers(for: held)))
    }
  }

  /// What a point's factors come to.
  func product(of point: Definition.Point) -> Double {
    (point.factors ?? []).reduce(1) { product, factor in
      guard let raw = raw[factor.register] else { return product }
      let number = raw * factor.scale.approximateDouble
      return product * (factor.isExponent ? pow(10, number) : number)
    }
  }

  /// Current transformers of 100 A / 5 A, voltage transformers of 400 V / 100 V; less where the register holds less.
  private static func ratios(_ users: [User]) -> [Double] {
    let transformers = users.map { Quantity($0.point.quantity)?.transformer ?? .none }
    let wish = transformers.contains(.voltage) ? 4.0 : transformers.contains { $0 != .none } ? 20.0 : 10.0
    return [wish, 10, 5, 4, 2, 1]
  }

  /// The finest first with which every point still has room.
  private func exponents(
    _ users: [User], _ typical: (Definition, Definition.Point) throws(SimulationError) -> Double
  ) throws(SimulationError) -> [Double] {
    var least = -2.0
    for user in users {
      let encoder = try PointEncoder(user.point, of: user.definition, factor: product(of: user.point))
      let room = abs(encoder.number(for: try typical(user.definition, user.point))) / encoder.largest
      if room > 0 { least = max(least, log10(room).rounded(.up)) }
    }
    return Array(stride(from: min(least, 9), through: 9, by: 1))
  }

  /// 20 / 0.1 is not always 200 in binary.
  private static func withoutDust(_ number: Double) -> Double {
    abs(number - number.rounded()) < 1e-9 ? number.rounded() : number
  }

  private static func encoder(_ user: User) throws(SimulationError) -> PointEncoder {
    let point = Definition.Point(quantity: "x_factor", unit: "1", kind: .gauge, register: user.factor.register)
    return try PointEncoder(point, of: user.definition)
  }
}
