import Metering

extension PointReader {
  struct PointUnit {
    var symbol: String
    var perPulse: ExactDecimal?
    var pulseUnit: String?
  }

  func readUnit(_ quantity: Quantity?, kind: Quantity.Kind?) -> PointUnit? {
    let unit = table.string("unit", required: true, maximumBytes: 32)
    if kind == .text, let unit, unit.value != "1" {
      table.error(unit.position, "'unit' is \(Wording.quoted(unit.value)); a text has none, which is written \"1\"")
      for key in ["per_pulse", "pulse_unit"] { _ = table.has(key) }
      return nil
    }
    guard unit?.value == "pulse" else {
      table.misplaced(["per_pulse", "pulse_unit"], because: "'unit' is not \"pulse\"")
      guard let unit, let quantity, accepts(unit, for: quantity) else { return nil }
      return PointUnit(symbol: unit.value)
    }
    if kind == .gauge, let unit {
      table.error(unit.position, "unit = \"pulse\" on a gauge: only counters count pulses")
    }
    let perPulse = table.positiveDecimal("per_pulse", maximum: PointReader.largestNumber, maximumDigits: 9)
    // A pulse collector does not know what is connected: there the meter says it.
    if perPulse == nil, !table.has("per_pulse"), !isInProfile {
      table.error(table.position, "\(table.title) has no 'per_pulse', which unit = \"pulse\" needs")
    }
    let pulseUnit = table.string("pulse_unit", maximumBytes: 32)
    if pulseUnit == nil, !table.has("pulse_unit") {
      table.error(
        table.position,
        "\(table.title) has no 'pulse_unit', which unit = \"pulse\" needs: the unit of 'per_pulse', such as \"L\"")
    }
    guard perPulse != nil || isInProfile && !table.has("per_pulse"), let pulseUnit, let quantity,
      accepts(pulseUnit, for: quantity)
    else { return nil }
    return PointUnit(symbol: "pulse", perPulse: perPulse?.value, pulseUnit: pulseUnit.value)
  }

  private func accepts(_ unit: Located<String>, for quantity: Quantity) -> Bool {
    if ["nm3", "nm³"].contains(unit.value.lowercased()) {
      table.error(
        unit.position,
        "the unit \(Wording.quoted(unit.value)) is refused: it does not say at which temperature a cubic metre is normal;"
          + " use quantity = \"volume_standard\", unit = \"m3\" and reference = 0, 15 or 20 (°C)")
      return false
    }
    guard let canonical = quantity.unit else { return true }
    if Metering.Unit.conversion(from: unit.value, to: canonical) != nil { return true }
    let accepted = Metering.Unit.accepted(for: canonical)
    table.error(
      unit.position,
      "the unit \(Wording.quoted(unit.value)) is not one of \(quantity.name); it must be one of "
        + (accepted + (quantity.kind == .counter ? ["pulse"] : [])).joined(separator: ", ")
        + Wording.suggestion(for: unit.value, among: accepted))
    return false
  }
}
