import Metering

/// A factor as it was read.
struct PlacedFactor {
  var factor: Definition.Factor
  /// Addresses to the next circuit's; 0 where all share it.
  var stride: Int
  var addressPosition: Position
}

extension PointReader {
  func readScale(_ kind: Quantity.Kind?) -> ExactDecimal? {
    guard table.has("scale") else { return .one }
    guard let scale = table.scale() else { return nil }
    if let kind, kind.isCounted, scale.value < .zero {
      table.error(scale.position, "'scale' is \(scale.value); \(kind.withArticle)'s scale must be above 0")
      return nil
    }
    return scale.value
  }

  func readOffset(_ kind: Quantity.Kind?) -> ExactDecimal? {
    guard let offset = table.decimal("offset") else { return nil }
    if let kind, kind.isCounted {
      table.error(table.keyPosition("offset"), "'offset' on \(kind.withArticle): only gauges have one; remove it")
    }
    let magnitude = offset.value < .zero ? offset.value.negated : offset.value
    guard offset.value == .zero || (PointReader.smallestNumber...PointReader.largestNumber).contains(magnitude) else {
      table.error(offset.position, "'offset' is \(offset.value); it must be 0, or 1e-12 to 1e18, or that negated")
      return nil
    }
    return table.isExact("offset", offset, maximumDigits: 9) ? offset.value : nil
  }

  func readModulus(_ kind: Quantity.Kind?) -> ExactDecimal? {
    let modulus = table.positiveDecimal("modulus", maximum: PointReader.largestNumber)
    if modulus != nil, let kind, kind == .gauge || kind == .interval {
      table.error(table.keyPosition("modulus"), "'modulus' on \(kind.withArticle): only counters wrap; remove it")
    }
    return modulus?.value
  }

  static let maximumFactors = 4

  /// `scale_by`; nil where there is none.
  ///
  /// - Parameter area: the point's own table
  func readFactors(_ area: RegisterTable?) -> [PlacedFactor]? {
    let tables = table.inlineTables(
      "scale_by", limit: PointReader.maximumFactors, example: "[ { address = 0x8D } ]")
    guard let tables else { return nil }
    var factors: [PlacedFactor] = []
    for table in tables {
      guard let placed = readFactor(table, area) else { continue }
      if factors.contains(where: { $0.factor.register == placed.factor.register }) {
        table.error(placed.addressPosition, "'scale_by' names this register twice")
      }
      factors.append(placed)
    }
    return factors
  }

  private enum Role: String, CaseIterable { case exponent }

  private func readFactor(_ table: TableReader, _ area: RegisterTable?) -> PlacedFactor? {
    let own = table.choice("table", of: RegisterTable.self)
    let area = table.has("table") ? own?.value : area
    let address = table.address()
    var type = RegisterType.u16
    if table.has("type"), let found = table.choice("type", of: RegisterType.self) {
      type = found.value
      if type.isClock || type == .string || type == .bool {
        table.error(found.position, "'type' is '\(type.rawValue)', which is no number to multiply with")
        return nil
      }
    }
    let order = table.order(type)
    let isExponent = table.choice("as", of: Role.self) != nil
    let scale = table.has("scale") ? table.scale() : nil
    if let scale {
      if isExponent, scale.value.exponent < 0 {
        table.error(scale.position, "'scale' is \(scale.value); of an exponent it must be a whole number")
      } else if !isExponent, scale.value < .zero {
        table.error(scale.position, "'scale' is \(scale.value); what a value is multiplied with must be above 0")
      }
    }
    var stride = 0
    if case .profile(let circuits) = place { stride = table.stride(circuits)?.value ?? 0 }
    table.finish()
    if let area, area.isBits {
      table.error(
        own?.position ?? table.position,
        "'scale_by' in the \(area.rawValue) table: its bits are no number to multiply with")
      return nil
    }
    guard let register = table.register(table: area, address: address, type: type, order: order) else { return nil }
    return PlacedFactor(
      factor: Definition.Factor(register: register.value, scale: scale?.value ?? .one, isExponent: isExponent),
      stride: stride, addressPosition: register.position)
  }
}

extension Quantity.Kind {
  /// Whether it is an amount that only grows, or a part of one.
  fileprivate var isCounted: Bool { self == .counter || self == .interval }

  fileprivate var withArticle: String { self == .interval ? "an interval" : "a \(rawValue)" }
}

extension TableReader {
  /// `scale`: any number but 0 that leaves room for exact arithmetic.
  func scale() -> Located<ExactDecimal>? {
    guard let scale = decimal("scale") else { return nil }
    let magnitude = scale.value < .zero ? scale.value.negated : scale.value
    guard magnitude >= PointReader.smallestNumber, magnitude <= PointReader.largestNumber else {
      error(scale.position, "'scale' is \(scale.value); it must be 1e-12 to 1e18, or that negated")
      return nil
    }
    return isExact("scale", scale, maximumDigits: 9) ? scale : nil
  }
}
