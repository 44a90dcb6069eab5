import Metering

extension MeterReader {
  private static let maximumChanges = 1_000

  /// `[[meter.change]]`, by time.
  ///
  /// - Parameter secondary: as for `readRatios`
  func readChanges(_ secondary: [Quantity]?) -> [Definition.Change] {
    var lines: [Timestamp: Int] = [:]
    var changes: [Definition.Change] = []
    for table in table.tables("change", parent: "meter", limit: MeterReader.maximumChanges) {
      let validFrom = table.instant("valid_from", in: zone, required: true)
      let current = table.currentRatio(secondary)
      let voltage = table.voltageRatio(secondary)
      if !table.has("ct_ratio"), !table.has("vt_ratio") {
        table.error(
          table.position, "\(table.title) has neither a 'ct_ratio' nor a 'vt_ratio'; one of them is required")
      }
      let reason = table.reason(required: true)
      table.finish()
      guard let validFrom else { continue }
      if let line = lines[validFrom.value] {
        table.error(
          validFrom.position,
          "the \(table.title) in line \(line) holds from this time already; write what changed then into one")
      } else {
        lines[validFrom.value] = table.position.line
      }
      guard let reason else { continue }
      changes.append(
        Definition.Change(validFrom: validFrom.value, ctRatio: current, vtRatio: voltage, reason: reason.value))
    }
    return changes.sorted { $0.validFrom < $1.validFrom }
  }
}

extension TableReader {
  /// What people wrote down of a change, in one line.
  func reason(required: Bool = false) -> Located<String>? {
    string("reason", required: required, maximumBytes: 500)
  }
}
