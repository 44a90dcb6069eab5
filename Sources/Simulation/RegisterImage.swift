import Metering

/// The registers of one unit: of one meter, or of several that share a unit id.
///
/// Addresses between a table's first and last point exist; those that belong to no point hold 0, as in real meters.
public final class RegisterImage: RegisterSource {
  fileprivate struct Cell {
    var address: Int
    var end: Int
    var meter: Int
    var signal: Signal
    var encoder: PointEncoder
  }
  fileprivate struct Table {
    var start: Int
    var end: Int
    /// By address.
    var cells: [Cell]
  }

  private let plant: Plant
  private let clock: any WallClock
  private let tables: [RegisterTable: Table]

  /// - Parameter meters: of that unit; all of them are in the plant.
  /// - Throws: a point that cannot be simulated, a meter that the plant does not have.
  public init(meters: [Definition], plant: Plant, clock: any WallClock) throws(SimulationError) {
    var cells: [RegisterTable: [Cell]] = [:]
    for definition in meters {
      guard let index = plant.index(of: definition.meterID) else {
        throw SimulationError(.unknownMeter, "meter '\(definition.meterID)' is not in the plant: pass it to Plant.init")
      }
      for point in definition.points {
        let encoder = try PointEncoder(point, of: definition)
        let cell = Cell(
          address: Int(point.register.address), end: point.register.end, meter: index, signal: try Signal(point),
          encoder: encoder)
        guard cell.end <= 65536 else {
          throw SimulationError(
            .definition,
            "meter '\(definition.meterID)', quantity '\(point.quantity)': address \(cell.address) leaves no room for "
              + "\(point.register.type.rawValue) before 65536: correct the address")
        }
        cells[point.register.table, default: []].append(cell)
      }
    }
    self.plant = plant
    self.clock = clock
    tables = cells.compactMapValues { unsorted in
      let sorted = unsorted.sorted { $0.address < $1.address }
      guard let first = sorted.first else { return nil }
      return Table(start: first.address, end: sorted.reduce(0) { max($0, $1.end) }, cells: sorted)
    }
  }

  public func read(_ table: RegisterTable, from address: UInt16, count: Int) -> [UInt16]? {
    let start = Int(address)
    let end = start + count
    guard let table = tables[table], start >= table.start, end <= table.end else { return nil }
    var result = [UInt16](repeating: 0, count: count)
    let now = clock.now()
    var sample: (meter: Int, values: MeterSample)?
    for cell in table.cells[table.firstCell(from: start)...] {
      if cell.address >= end { break }
      if cell.end <= start { continue }
      if sample?.meter != cell.meter { sample = (cell.meter, plant.sample(meter: cell.meter, at: now)) }
      guard let values = sample?.values else { continue }
      let words = cell.encoder.words(for: values.value(of: cell.signal))
      for position in max(start, cell.address)..<min(end, cell.end) {
        result[position - start] = words[position - cell.address]
      }
    }
    return result
  }
}

extension RegisterImage.Table {
  /// The first cell that can reach into addresses from `start` on: a value is at most 4 wide.
  fileprivate func firstCell(from start: Int) -> Int {
    var (low, high) = (0, cells.count)
    while low < high {
      let middle = (low + high) / 2
      if cells[middle].address <= start - 4 { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
