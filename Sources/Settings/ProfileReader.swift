import Metering

/// Reads the file of one profile.
struct ProfileReader {
  let name: String
  let sink: Sink

  /// Nil where something is wrong, which has been reported.
  func read(_ bytes: [UInt8]) -> Profile? {
    let file: TableReader
    do throws(TOMLSyntaxError) {
      let root = try TOML.parse(bytes)
      guard case .table(let entries) = root.value else { return nil }
      file = TableReader(title: "", position: .start, entries: entries, sink: sink)
    } catch {
      sink.error(error.position, error.message)
      return nil
    }
    let tables = file.tables("point", limit: PointReader.maximumPoints)
    let points = tables.compactMap { PointReader(table: $0, isInProfile: true).read() }
    let head = file.table("profile", required: true)
    file.finish()
    guard let head else { return nil }
    if tables.isEmpty { sink.error(head.position, "the profile has no [[point]]") }
    let profile = readHead(head, points, isComplete: points.count == tables.count && !tables.isEmpty)
    head.finish()
    for point in PlacedPoint.duplicates(points) {
      sink.error(point.quantityPosition, "the quantity '\(point.point.quantity)' stands twice in this profile")
    }
    return profile
  }

  /// - Parameter isComplete: no point was left out because of an error
  private func readHead(_ table: TableReader, _ points: [PlacedPoint], isComplete: Bool) -> Profile? {
    let manufacturer = table.string("manufacturer", required: true)
    let model = table.string("model", required: true)
    let energy = table.identifier("energy", required: true)
    let limit = table.integer("max_registers", in: 1...125)
    let evidence = table.choice("evidence", of: Profile.Evidence.self, required: true)
    let source = table.string("source", required: true, maximumBytes: 1024)
    let sourceDate = table.date("source_date", required: true)
    let notes = table.string("notes", maximumBytes: 4096)
    let maxRegisters = limit?.value ?? 125
    for point in points where point.point.register.type.width > maxRegisters {
      let register = point.point.register
      sink.error(
        point.addressPosition,
        "\(register.type.rawValue) takes \(register.type.width) registers, more than 'max_registers' = \(maxRegisters)")
    }
    let accounting = readAccounting(table, points, energy: energy?.value, isComplete: isComplete)
    guard let manufacturer, let model, let energy, let evidence, let source, let sourceDate, let accounting else {
      return nil
    }
    return Profile(
      name: name, manufacturer: manufacturer.value, model: model.value, energy: energy.value,
      maxRegisters: maxRegisters, evidence: evidence.value, source: source.value, sourceDate: sourceDate.value,
      notes: notes?.value, points: points.map(\.point), accountingQuantity: accounting,
      references: PlacedPoint.references(points))
  }

  /// Exactly one point is what accounts are made of; of electricity it is the import, never a total of both directions.
  private func readAccounting(
    _ table: TableReader, _ points: [PlacedPoint], energy: String?, isComplete: Bool
  ) -> String? {
    let marked = points.filter { $0.accountingPosition != nil }
    guard let first = marked.first else {
      if isComplete {
        sink.error(table.position, "no [[point]] of this profile has accounting = true; exactly one must")
      }
      return nil
    }
    for other in marked.dropFirst() {
      sink.error(
        other.accountingPosition ?? other.quantityPosition,
        "accounting = true stands on '\(first.point.quantity)' already; exactly one point may have it")
    }
    let required: [String: String] = ["electricity": "energy_active_import", "water": "volume"]
    if let wanted = energy.flatMap({ required[$0] }), first.point.quantity != wanted {
      sink.error(
        first.accountingPosition ?? first.quantityPosition,
        "accounting = true on '\(first.point.quantity)': the accounting point of \(energy ?? "") is '\(wanted)'")
    } else if first.point.kind != .counter {
      sink.error(
        first.accountingPosition ?? first.quantityPosition,
        "accounting = true on a gauge: accounts are made of counters")
    }
    return first.point.quantity
  }
}

extension PlacedPoint {
  /// Points whose quantity an earlier one has.
  static func duplicates(_ points: [PlacedPoint]) -> [PlacedPoint] {
    var seen: Set<String> = []
    return points.filter { !seen.insert($0.point.quantity).inserted }
  }

  static func references(_ points: [PlacedPoint]) -> [String: String] {
    var references: [String: String] = [:]
    for point in points {
      if let reference = point.reference { references[point.point.quantity] = reference }
    }
    return references
  }
}
