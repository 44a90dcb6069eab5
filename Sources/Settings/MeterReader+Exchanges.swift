import Metering

extension MeterReader {
  private static let maximumExchanges = 1_000
  /// As many names as are worth reading in an error.
  private static let maximumChoices = 12

  /// `[[meter.exchange]]`, by time.
  ///
  /// - Parameters:
  ///   - counters: of the meter; nil where points that are broken may be among them
  ///   - accounting: the profile's accounting point
  func readExchanges(_ counters: [String]?, accounting: String?, energy: String?) -> [Settings.Exchange] {
    let tables = table.tables("exchange", parent: "meter", limit: MeterReader.maximumExchanges)
    if let counters, counters.isEmpty, !tables.isEmpty {
      table.error(
        table.keyPosition("exchange"),
        "[[meter.exchange]] on a meter without a counter: there is nothing to count across the exchange; remove it")
    }
    let usual = counters.flatMap { MeterReader.accountingCounter($0, accounting: accounting, energy: energy) }
    var lines: [Timestamp: [String: Int]] = [:]
    var exchanges: [Settings.Exchange] = []
    for table in tables {
      let at = table.instant("at", in: zone, required: true)
      let quantity = readQuantity(table, counters, usual: usual)
      let oldFinal = table.meterReading("old_final")
      let newStart = table.meterReading("new_start")
      let oldSerial = table.string("old_serial")
      let newSerial = table.string("new_serial")
      let reason = table.reason()
      table.finish()
      guard let at, let quantity else { continue }
      if let line = lines[at.value]?[quantity] {
        table.error(at.position, "the [[meter.exchange]] of '\(quantity)' at this time stands in line \(line) already")
      } else {
        lines[at.value, default: [:]][quantity] = table.position.line
      }
      guard let oldFinal, let newStart else { continue }
      exchanges.append(
        Settings.Exchange(
          at: at.value, quantity: quantity, oldFinal: oldFinal, newStart: newStart, oldSerial: oldSerial?.value,
          newSerial: newSerial?.value, reason: reason?.value))
    }
    return exchanges.sorted { ($0.at, $0.quantity) < ($1.at, $1.quantity) }
  }

  private func readQuantity(_ table: TableReader, _ counters: [String]?, usual: String?) -> String? {
    let quantity = table.string("quantity")
    guard let counters, !counters.isEmpty else { return nil }
    if let quantity, counters.contains(quantity.value) { return quantity.value }
    if !table.has("quantity"), let usual { return usual }
    let shown = counters.prefix(MeterReader.maximumChoices).joined(separator: ", ")
    let choices = shown + (counters.count > MeterReader.maximumChoices ? ", …" : "")
    if let quantity {
      table.error(
        quantity.position,
        "'quantity' is \(Wording.quoted(quantity.value)), which is no counter of this meter; it must be one of"
          + " \(choices)\(table.sink.suggestion(for: quantity.value, among: counters))")
    } else if !table.has("quantity") {
      table.error(
        table.position, "\(table.title) has no 'quantity', and the meter has several counters: one of \(choices)")
    }
    return nil
  }

  /// What is accounted for where neither a profile nor the energy says it.
  private static let accountable: [String] = [
    "energy_active_import", "volume", "volume_standard", "energy_thermal_heating", "energy_thermal_cooling", "mass",
  ]

  /// The counter that is meant where an exchange names none; nil where more than one may be.
  private static func accountingCounter(_ counters: [String], accounting: String?, energy: String?) -> String? {
    if counters.count == 1 { return counters.first }
    if let accounting { return counters.contains(accounting) ? accounting : nil }
    let candidates = energy.flatMap { ProfileReader.accountingQuantities[$0] } ?? accountable
    let found = counters.filter(candidates.contains)
    return found.count == 1 ? found.first : nil
  }
}

extension TableReader {
  /// A value of a counter.
  fileprivate func meterReading(_ key: String) -> ExactDecimal? {
    guard let reading = decimal(key, required: true) else { return nil }
    guard reading.value >= .zero, reading.value <= PointReader.largestNumber else {
      error(reading.position, "'\(key)' is \(reading.value); it must be 0 to \(PointReader.largestNumber)")
      return nil
    }
    // So that differences with any value of the series are exact.
    guard reading.value.exponent >= -12 else {
      error(reading.position, "'\(key)' is \(reading.value); at most 12 decimals are possible: round it")
      return nil
    }
    return reading.value
  }
}
