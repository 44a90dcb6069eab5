import Metering

/// A point as it was read, with the places that later checks point at.
struct PlacedPoint {
  var point: Definition.Point
  /// 0 throughout where there are no circuits.
  var stride: PointStride
  var quantityPosition: Position
  var addressPosition: Position
  /// Of each factor's address.
  var factorPositions: [Position]
  /// Where `accounting = true` stands.
  var accountingPosition: Position?
  /// `reference`, for the quantities that need one.
  var reference: String?
}

/// Reads `[[point]]` of a profile or `[[meter.point]]`, and what `[[station.point]]` has in common with them.
struct PointReader {
  /// Which of them.
  enum Place {
    case profile(ProfileReader.Circuits)
    /// - Parameter every: the meter's interval, nil where it is not sound
    case meter(every: Int64?)
    case station
  }

  static let maximumPoints = 2_000
  /// Far beyond any meter, and small enough for exact arithmetic on 128 bits.
  static let largestNumber = ExactDecimal(significand: 1, exponent: 18)
  static let smallestNumber = ExactDecimal(significand: 1, exponent: -12)

  let table: TableReader
  let place: Place

  var isInProfile: Bool {
    if case .profile = place { true } else { false }
  }

  /// Nil where something is wrong, which has been reported.
  func read() -> PlacedPoint? {
    let quantity = readQuantity()
    let kind = readKind(quantity?.value)
    let register = readRegister()
    let type = register?.value.type ?? readType()
    let fits = checkType(type, quantity?.value, kind: kind)
    reportMisplaced(type, kind: kind)
    let unit = readUnit(quantity?.value, kind: kind)
    let factors = readFactors(register?.value.table)
    let side = readSide(quantity?.value, factors)
    let reference = readReference(quantity?.value)
    let accounting = isInProfile ? table.boolean("accounting") : nil
    let scale = readScale(kind)
    let offset = readOffset(kind)
    let modulus = readModulus(kind)
    let bits = readBits(type)
    let invalid = readInvalid(type)
    let stride = readStride()
    var every: Int64?
    if case .meter(let meter) = place { every = table.pointInterval("every", meter: meter) }
    table.finish()
    guard let quantity, let kind, let unit, let register, let scale, fits else { return nil }
    let point = Definition.Point(
      quantity: quantity.value.name, unit: unit.symbol, kind: kind, register: register.value, scale: scale, side: side,
      perPulse: unit.perPulse, pulseUnit: unit.pulseUnit, modulus: modulus, invalid: invalid, bits: bits,
      offset: offset, factors: factors?.map(\.factor), everyMilliseconds: every)
    return PlacedPoint(
      point: point, stride: PointStride(register: stride, factors: factors?.map(\.stride) ?? []),
      quantityPosition: quantity.position, addressPosition: register.position,
      factorPositions: factors?.map(\.addressPosition) ?? [],
      accountingPosition: accounting?.value == true ? accounting?.position : nil, reference: reference)
  }

  func readQuantity() -> Located<Quantity>? {
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
          table.position,
          "\(table.title) has no 'kind', which \(quantity.name) needs: \"counter\", \"gauge\" or \"text\"")
      }
      return quantity?.kind
    }
    if kind.value == .interval {
      table.error(kind.position, "kind = \"interval\" on a Modbus point is not supported by this version")
      return nil
    }
    if let quantity, let expected = quantity.kind, expected != kind.value {
      table.error(kind.position, "'kind' is '\(kind.value.rawValue)', but \(quantity.name) is a \(expected.rawValue)")
      return nil
    }
    return kind.value
  }

  /// What has no meaning for a text or a clock.
  private func reportMisplaced(_ type: RegisterType?, kind: Quantity.Kind?) {
    let keys = ["scale", "offset", "scale_by", "modulus"]
    if type?.isClock == true {
      table.misplaced(keys + ["bits", "invalid"], because: "a clock is no number")
    } else if type == .string {
      table.misplaced(keys + ["bits", "invalid"], because: "a string is no number")
    } else if kind == .text {
      table.misplaced(keys, because: "a text is no number")
    }
  }

  /// Nil where there is no transformer for the quantity.
  func readSide(_ quantity: Quantity?, _ factors: [PlacedFactor]?) -> Definition.Side? {
    let hasTransformer = quantity.map { $0.transformer != .none } ?? false
    let side = table.choice("side", of: Definition.Side.self, required: isInProfile && hasTransformer)
    guard let quantity else { return nil }
    if !hasTransformer {
      if let side, side.value == .secondary {
        table.error(side.position, "side = \"secondary\": no transformer's ratio scales \(quantity.name)")
      }
      return nil
    }
    if let side, side.value == .secondary, factors?.contains(where: { !$0.factor.isExponent }) == true {
      table.error(
        side.position,
        "side = \"secondary\", but 'scale_by' multiplies the value by a ratio of the device: it is primary then")
    }
    return side?.value ?? .primary
  }

  func readReference(_ quantity: Quantity?) -> String? {
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

  /// Addresses to the same register of the next circuit; 0 where there are no circuits.
  private func readStride() -> Int {
    guard case .profile(let circuits) = place else { return 0 }
    return table.stride(circuits)?.value ?? circuits.stride ?? 0
  }
}

extension TableReader {
  /// `stride` of a point or a factor.
  func stride(_ circuits: ProfileReader.Circuits) -> Located<Int>? {
    if !circuits.isGiven { misplaced(["stride"], because: "[profile] has no 'circuits'") }
    return integer("stride", in: 0...65_535)
  }
}
