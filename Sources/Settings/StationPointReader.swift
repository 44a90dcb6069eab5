import Metering

/// A point of a station as it was read, with what later checks need, also of one that is not sound.
struct PlacedStationPoint {
  /// Where its table begins.
  var position: Position
  var meter: Located<String>?
  var type: StationType?
  var quantityPosition: Position
  var addressPosition: Position
  /// `reference`, for the quantities that need one.
  var reference: String?
  /// Nil where something is wrong, which has been reported.
  var point: Definition.StationPoint?
}

/// Reads `[[station.point]]`.
struct StationPointReader {
  /// What the station says for all its points.
  struct Context {
    /// Nil where each point must say its own.
    var commonAddress: UInt16?
    /// Whether the station's is there but not sound.
    var isCommonAddressBroken = false
    var commonAddressSize = 2
    var objectAddressSize = 3
    /// Nil where it is not sound.
    var countersMode: Settings.CountersMode?
  }

  private enum Kind: String, CaseIterable { case counter, gauge, interval }

  let table: TableReader
  let context: Context

  func read() -> PlacedStationPoint {
    var placed = PlacedStationPoint(
      position: table.position, meter: table.string("meter", required: true),
      quantityPosition: table.valuePosition("quantity"), addressPosition: table.valuePosition("object_address"))
    let reader = PointReader(table: table, place: .station)
    let quantity = readQuantity(reader)
    placed.type = readType()
    let kind = readKind(quantity, placed.type)
    let unit = reader.readUnit(quantity, kind: kind)
    let side = reader.readSide(quantity, nil)
    placed.reference = reader.readReference(quantity)
    let scale = reader.readScale(kind)
    let offset = reader.readOffset(kind)
    let modulus = reader.readModulus(kind)
    let commonAddress = readCommonAddress()
    let objectAddress = table.objectAddress(octets: context.objectAddressSize)
    table.finish()
    guard let quantity, let type = placed.type, let kind, let unit, let scale, let commonAddress, let objectAddress
    else { return placed }
    placed.point = Definition.StationPoint(
      quantity: quantity.name, unit: unit.symbol, kind: kind, commonAddress: commonAddress,
      objectAddress: objectAddress, type: type.name, scale: scale, offset: offset, side: side, perPulse: unit.perPulse,
      pulseUnit: unit.pulseUnit, modulus: modulus)
    return placed
  }

  private func readQuantity(_ reader: PointReader) -> Quantity? {
    guard let quantity = reader.readQuantity() else { return nil }
    if quantity.value.kind == .text {
      table.error(quantity.position, "\(quantity.value.name) is a text, which no type of IEC 60870-5-104 carries")
      return nil
    }
    if quantity.value.name == "clock_offset" {
      table.error(quantity.position, "clock_offset is made of a Modbus device's time: a station has none to be read")
      return nil
    }
    return quantity.value
  }

  private func readType() -> StationType? {
    guard let name = table.string("type", required: true) else { return nil }
    if let type = StationType(name.value) { return type }
    let families = StationType.families.joined(separator: ", ")
    // Of a command's type no name of a point's is near, however few letters differ.
    let isMonitor = name.value.uppercased().hasPrefix("M")
    let suggestion = table.sink.suggestion(
      for: name.value.uppercased(), among: isMonitor ? StationType.families + StationType.exact : [])
    table.error(
      name.position,
      "'type' is \(Wording.quoted(name.value)); it must be a family (\(families)) or one type such as M_ME_TF_1"
        + suggestion)
    return nil
  }

  private func readKind(_ quantity: Quantity?, _ type: StationType?) -> Quantity.Kind? {
    let own = table.choice("kind", of: Kind.self)
    if own == nil, table.has("kind") { return nil }
    let kind = own.flatMap { Quantity.Kind(rawValue: $0.value.rawValue) } ?? quantity?.kind
    guard let quantity else { return nil }
    guard let kind else {
      table.error(
        table.position,
        "\(table.title) has no 'kind', which \(quantity.name) needs: \"counter\", \"gauge\" or \"interval\"")
      return nil
    }
    if let expected = quantity.kind, expected != kind, (expected, kind) != (.counter, .interval) {
      table.error(
        table.valuePosition("kind"), "'kind' is '\(kind.rawValue)', but \(quantity.name) is a \(expected.rawValue)")
      return nil
    }
    if let type, let problem = problem(of: kind, quantity, type) {
      table.error(table.valuePosition("kind"), problem)
      return nil
    }
    return kind
  }

  /// Why values of the type cannot be of that kind.
  private func problem(of kind: Quantity.Kind, _ quantity: Quantity, _ type: StationType) -> String? {
    if kind == .interval {
      if !type.isIntegratedTotal {
        return "kind = \"interval\" on type \(type.name): only integrated totals (M_IT) are sent as differences"
      }
      guard let mode = context.countersMode, mode != .freezeReset else { return nil }
      return "kind = \"interval\", but 'counters_mode' is '\(mode.rawValue)': a station sends differences only where"
        + " its totals are set to zero, with \"freeze-reset\""
    }
    guard type.isIntegratedTotal else {
      if kind == .gauge || type.holdsCounts { return nil }
      return "\(quantity.name) is a counter, but type \(type.name) holds no counts: they come as M_IT, M_ME or M_BO"
    }
    if kind == .gauge { return "\(quantity.name) is a gauge, but type \(type.name) is an integrated total" }
    guard context.countersMode == .freezeReset else { return nil }
    return "counters_mode = \"freeze-reset\" sets this total to zero each time it is read, so that it is the difference"
      + " since then and no counter; write kind = \"interval\""
  }

  private func readCommonAddress() -> UInt16? {
    if table.has("common_address") { return table.commonAddress(octets: context.commonAddressSize) }
    if context.commonAddress == nil, !context.isCommonAddressBroken {
      table.error(table.position, "\(table.title) has no 'common_address', and its [[station]] has none either")
    }
    return context.commonAddress
  }
}

extension TableReader {
  /// `common_address` (IEC 60870-5-101 clause 7.2.4): 0 is not used, and the highest is the broadcast address.
  func commonAddress(octets: Int) -> UInt16? {
    guard let address = integer("common_address") else { return nil }
    let broadcast: Int64 = octets == 1 ? 255 : 65_535
    guard (1..<broadcast).contains(address.value) else {
      let size = octets == 1 ? " where common_address_size is 1" : ""
      error(
        address.position,
        "'common_address' is \(address.value); it must be 1 to \(broadcast - 1)\(size)"
          + " (0 is not used, \(broadcast) is the broadcast address)")
      return nil
    }
    return UInt16(address.value)
  }

  /// `object_address` (IEC 60870-5-101 clause 7.2.5).
  func objectAddress(octets: Int) -> UInt32? {
    guard let address = integer("object_address", required: true) else { return nil }
    let highest = (Int64(1) << (8 * octets)) - 1
    guard (1...highest).contains(address.value) else {
      let size = octets < 3 ? " where object_address_size is \(octets)" : ""
      let reason = address.value == 0 ? " (0 says that the address is irrelevant)" : ""
      error(
        address.position, "'object_address' is \(address.value); it must be 1 to \(highest)\(size)\(reason)")
      return nil
    }
    return UInt32(address.value)
  }
}
