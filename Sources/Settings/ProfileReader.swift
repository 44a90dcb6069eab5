import Metering

/// Reads the file of one profile.
struct ProfileReader {
  /// What `[profile]` says of a device with several circuits.
  struct Circuits {
    /// Whether it says anything, sound or not.
    var isGiven = false
    /// Both or neither.
    var count: Int?
    var stride: Int?
  }

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
    let head = file.table("profile", required: true)
    let circuits = head.map(readCircuits) ?? Circuits()
    let tables = file.tables("point", limit: PointReader.maximumPoints)
    let points = tables.compactMap { PointReader(table: $0, place: .profile(circuits)).read() }
    file.finish()
    guard let head else { return nil }
    if tables.isEmpty { sink.error(head.position, "the profile has no [[point]]") }
    let profile = readHead(head, points, circuits, isComplete: points.count == tables.count && !tables.isEmpty)
    head.finish()
    for point in PlacedPoint.duplicates(points) {
      sink.error(point.quantityPosition, "the quantity '\(point.point.quantity)' stands twice in this profile")
    }
    return profile
  }

  /// - Parameter isComplete: no point was left out because of an error
  private func readHead(
    _ table: TableReader, _ points: [PlacedPoint], _ circuits: Circuits, isComplete: Bool
  ) -> Profile? {
    let manufacturer = table.string("manufacturer", required: true)
    let model = table.string("model", required: true)
    let energy = table.identifier("energy", required: true)
    let limit = table.integer("max_registers", in: 1...125)
    let evidence = table.choice("evidence", of: Profile.Evidence.self, required: true)
    let source = table.string("source", required: true, maximumBytes: 1024)
    let sourceDate = table.date("source_date", required: true)
    let notes = table.string("notes", maximumBytes: 4096)
    let maxRegisters = limit?.value ?? 125
    let forbidden = readForbidden(table)
    let identify = readIdentify(table, forbidden)
    checkRegisters(points, maxRegisters: maxRegisters, circuits, forbidden)
    let accounting = readAccounting(table, points, circuits, energy: energy?.value, isComplete: isComplete)
    guard let manufacturer, let model, let energy, let evidence, let source, let sourceDate, let accounting else {
      return nil
    }
    return Profile(
      name: name, manufacturer: manufacturer.value, model: model.value, energy: energy.value,
      maxRegisters: maxRegisters, evidence: evidence.value, source: source.value, sourceDate: sourceDate.value,
      notes: notes?.value, points: points.map(\.point), accountingQuantity: accounting,
      references: PlacedPoint.references(points), circuits: circuits.count, stride: circuits.stride,
      forbidden: forbidden, identify: identify, strides: points.map(\.stride))
  }

  /// The quantities that accounts may be made of; any counter where the energy is not listed.
  static let accountingQuantities: [String: [String]] = [
    "electricity": ["energy_active_import"], "water": ["volume"],
    "heat": ["energy_thermal_heating", "energy_thermal_cooling"],
  ]

  /// Exactly one point is what accounts are made of; of electricity it is the import, never a total of both directions.
  private func readAccounting(
    _ table: TableReader, _ points: [PlacedPoint], _ circuits: Circuits, energy: String?, isComplete: Bool
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
    let place = first.accountingPosition ?? first.quantityPosition
    if let wanted = energy.flatMap({ ProfileReader.accountingQuantities[$0] }), !wanted.contains(first.point.quantity) {
      let names = wanted.map { "'\($0)'" }.joined(separator: " or ")
      sink.error(
        place, "accounting = true on '\(first.point.quantity)': the accounting point of \(energy ?? "") is \(names)")
    } else if first.point.kind != .counter {
      sink.error(place, "accounting = true on a \(first.point.kind.rawValue): accounts are made of counters")
    } else if circuits.count != nil, first.stride.register == 0 {
      sink.error(place, "accounting = true on a register that all circuits share: each would account for all of them")
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
