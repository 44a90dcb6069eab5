import Metering

/// A point as it was read, with the places that later checks point at.
struct PlacedPoint {
  var point: Definition.Point
  var quantityPosition: Position
  var addressPosition: Position
  /// Where `accounting = true` stands.
  var accountingPosition: Position?
  /// `reference`, for the quantities that need one.
  var reference: String?
}

/// Reads `[[point]]` of a profile or `[[meter.point]]`.
struct PointReader {
  static let maximumPoints = 2_000
  /// Far beyond any meter, and small enough for exact arithmetic on 128 bits.
  static let largestNumber = ExactDecimal(significand: 1, exponent: 18)
  static let smallestNumber = ExactDecimal(significand: 1, exponent: -12)

  let table: TableReader
  let isInProfile: Bool

  /// Nil where something is wrong, which has been reported.
  func read() -> PlacedPoint? {
    let quantity = readQuantity()
    let kind = readKind(quantity?.value)
    let unit = readUnit(quantity?.value, kind: kind)
    let register = readRegister()
    let side = readSide(quantity?.value)
    let reference = readReference(quantity?.value)
    let accounting = isInProfile ? table.boolean("accounting") : nil
    let scale = readScale(kind)
    let modulus = readModulus(kind)
    let invalid = readInvalid(register?.value.type)
    table.finish()
    guard let quantity, let kind, let unit, let register, let scale else { return nil }
    let point = Definition.Point(
      quantity: quantity.value.name, unit: unit.symbol, kind: kind, register: register.value, scale: scale, side: side,
      perPulse: unit.perPulse, pulseUnit: unit.pulseUnit, modulus: modulus, invalid: invalid)
    return PlacedPoint(
      point: point, quantityPosition: quantity.position, addressPosition: register.position,
      accountingPosition: accounting?.value == true ? accounting?.position : nil, reference: reference)
  }

  private func readQuantity() -> Located<Quantity>? {
    guard let name = table.string("quantity", required: true) else { return nil }
    guard let quantity = Quantity(name.value) else {
      let suggestion = Wording.suggestion(for: name.value, among: Quantity.names)
      table.error(
        name.position,
        "unknown quantity \(Wording.quoted(name.value))\(suggestion) (one's own begin with 'x_')")
      return nil
    }
    return Located(value: quantity, position: name.position)
  }

  private func readKind(_ quantity: Quantity?) -> Quantity.Kind? {
    guard let kind = table.choice("kind", of: Quantity.Kind.self) else {
      if table.has("kind") { return nil }
      if let quantity, quantity.kind == nil {
        table.error(
          table.position, "\(table.title) has no 'kind', which \(quantity.name) needs: \"counter\" or \"gauge\"")
      }
      return quantity?.kind
    }
    if kind.value == .interval {
      table.error(kind.position, "kind = \"interval\" on a Modbus point is not supported by this version")
      return nil
    }
    if let quantity, let expected = quantity.kind, expected != kind.value {
      table.error(kind.position, "'kind' is '\(kind.value.rawValue)', but \(quantity.name) is a \(expected.rawValue)")
    }
    return kind.value
  }

  /// The address is checked with the width of the type.
  private func readRegister() -> Located<RegisterReference>? {
    let area = table.choice("table", of: RegisterTable.self, required: true)
    let address = table.integer("address", in: 0...65_535, required: true)
    let order = table.choice("order", of: ByteOrder.self)?.value ?? .abcd
    var type = table.choice("type", of: RegisterType.self, required: area?.value.isBits != true)?.value
    if let area {
      if area.value.isBits, !table.has("type") { type = .bool }
      if let found = type, area.value.isBits != (found == .bool) {
        let wanted =
          area.value.isBits ? "holds bits: its type is bool" : "holds 16-bit registers: bool is no type there"
        table.error(
          table.valuePosition("type"),
          "'type' is '\(found.rawValue)', but the \(area.value.rawValue) table \(wanted)")
        return nil
      }
    }
    guard let area, let address, let type else { return nil }
    let register = RegisterReference(
      table: area.value, address: UInt16(address.value), type: type, order: order)
    guard register.end <= 65_536 else {
      table.error(
        address.position,
        "\(type.rawValue) at address \(address.value) takes \(type.width) registers and ends past register 65535")
      return nil
    }
    return Located(value: register, position: address.position)
  }

  /// Nil where there is no transformer for the quantity.
  private func readSide(_ quantity: Quantity?) -> Definition.Side? {
    let hasTransformer = quantity.map { $0.transformer != .none } ?? false
    let side = table.choice("side", of: Definition.Side.self, required: isInProfile && hasTransformer)
    guard let quantity else { return nil }
    if !hasTransformer {
      if let side, side.value == .secondary {
        table.error(side.position, "side = \"secondary\": no transformer's ratio scales \(quantity.name)")
      }
      return nil
    }
    return side?.value ?? .primary
  }

  private func readReference(_ quantity: Quantity?) -> String? {
    switch quantity?.name {
    case "volume_standard":
      guard let degrees = table.integer("reference", required: true) else { return nil }
      guard [0, 15, 20].contains(degrees.value) else {
        table.error(degrees.position, "'reference' is \(degrees.value); it must be 0, 15 or 20 (°C, at 101.325 kPa)")
        return nil
      }
      return String(degrees.value)
    case "pressure":
      enum Reference: String, CaseIterable { case gauge, absolute }
      return table.choice("reference", of: Reference.self, required: true)?.value.rawValue
    case let name?:
      table.misplaced(["reference"], because: "\(name) needs none")
      return nil
    case nil:
      _ = table.has("reference")
      return nil
    }
  }

  private func readScale(_ kind: Quantity.Kind?) -> ExactDecimal? {
    guard table.has("scale") else { return .one }
    guard let scale = table.decimal("scale") else { return nil }
    let magnitude = scale.value < .zero ? scale.value.negated : scale.value
    guard magnitude >= PointReader.smallestNumber, magnitude <= PointReader.largestNumber else {
      table.error(scale.position, "'scale' is \(scale.value); it must be 1e-12 to 1e18, or that negated")
      return nil
    }
    guard table.isExact("scale", scale, maximumDigits: 9) else { return nil }
    if kind == .counter, scale.value < .zero {
      table.error(scale.position, "'scale' is \(scale.value); a counter's scale must be above 0")
      return nil
    }
    return scale.value
  }

  private func readModulus(_ kind: Quantity.Kind?) -> ExactDecimal? {
    let modulus = table.positiveDecimal("modulus", maximum: PointReader.largestNumber)
    if modulus != nil, kind == .gauge {
      table.error(table.keyPosition("modulus"), "'modulus' on a gauge: only counters wrap; remove it")
    }
    return modulus?.value
  }

  private func readInvalid(_ type: RegisterType?) -> [UInt64]? {
    guard let texts = table.strings("invalid", limit: 16) else { return nil }
    var patterns: [UInt64] = []
    for text in texts {
      guard text.value.hasPrefix("0x"), text.value.dropFirst(2).utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
        let pattern = UInt64(text.value.dropFirst(2), radix: 16)
      else {
        table.error(
          text.position,
          "'invalid' holds \(Wording.quoted(text.value)); a bit pattern is written as \"0xFFFF\", up to 16 digits")
        continue
      }
      if let type {
        let bits = type == .bool ? 1 : type.width * 16
        if bits < 64, pattern >> UInt64(bits) != 0 {
          table.error(
            text.position,
            "'invalid' holds \(Wording.quoted(text.value)), more than the \(bits) bits of type \(type.rawValue)")
          continue
        }
      }
      patterns.append(pattern)
    }
    return patterns
  }
}
