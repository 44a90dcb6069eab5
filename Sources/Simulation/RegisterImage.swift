import Metering

/// The registers of one unit: of one meter, or of several that share a unit id.
///
/// Addresses between a table's first and last register exist; those that belong to no point hold 0, as in real meters.
/// Registers of which several points speak hold what the first of them says: factors before points, meters in their
/// order. So circuits of one device share a register.
public final class RegisterImage: RegisterSource {
  private let plant: Plant
  private let clock: any WallClock
  private let tables: [RegisterTable: Table]

  /// - Parameter meters: of that unit; all of them are in the plant.
  /// - Throws: a point that cannot be simulated, a meter that the plant does not have.
  public init(meters: [Definition], plant: Plant, clock: any WallClock) throws(SimulationError) {
    var claims = Claims()
    let now = clock.now()
    let factors = try FactorRegisters(meters) { (definition, point) throws(SimulationError) in
      let index = try RegisterImage.index(of: definition, in: plant)
      // Room for years of a counter, and for the peaks of a gauge.
      let reach = point.kind == .counter ? 20.0 : 5
      return reach * abs(plant.sample(meter: index, at: now).value(of: try Signal(point))) + 1
    }
    for (register, words) in factors.registers { claims.add(register, .constant(words), mask: nil) }
    for definition in meters {
      let index = try RegisterImage.index(of: definition, in: plant)
      for point in definition.points {
        guard point.register.end <= 65536 else {
          throw SimulationError(
            .definition,
            "meter '\(definition.meterID)', quantity '\(point.quantity)': address \(point.register.address) leaves no "
              + "room for \(point.register.type.rawValue) before 65536: correct the address")
        }
        let (content, mask) = try RegisterImage.content(of: point, definition, index, plant, factors)
        claims.add(point.register, content, mask: mask)
      }
    }
    self.plant = plant
    self.clock = clock
    tables = claims.cells.compactMapValues(Table.init)
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
      let positions = max(start, cell.address)..<min(end, cell.end)
      switch cell.content {
      case .value(let meter, let signal, let encoder):
        if sample?.meter != meter { sample = (meter, plant.sample(meter: meter, at: now)) }
        guard let values = sample?.values else { continue }
        let words = encoder.words(for: values.value(of: signal))
        for position in positions { cell.put(words[position - cell.address], at: position, &result[position - start]) }
      case .constant(let words):
        for position in positions { cell.put(words[position - cell.address], at: position, &result[position - start]) }
      case .clock(let encoder):
        let words = encoder.registers(at: now)
        for position in positions { cell.put(words[position - cell.address], at: position, &result[position - start]) }
      }
    }
    return result
  }

  private static func index(of definition: Definition, in plant: Plant) throws(SimulationError) -> Int {
    guard let index = plant.index(of: definition.meterID) else {
      throw SimulationError(.unknownMeter, "meter '\(definition.meterID)' is not in the plant: pass it to Plant.init")
    }
    return index
  }

  /// - Returns: also the bits that are the point's own, nil for all of its registers.
  private static func content(
    of point: Definition.Point, _ definition: Definition, _ index: Int, _ plant: Plant, _ factors: FactorRegisters
  ) throws(SimulationError) -> (Content, mask: [UInt16]?) {
    func complaint(_ text: String) -> SimulationError {
      SimulationError(.definition, "meter '\(definition.meterID)', quantity '\(point.quantity)': \(text)")
    }
    let type = point.register.type
    if type.isClock {
      guard point.quantity == "clock_offset" else { throw complaint("a clock gives clock_offset only") }
      let zone: Zone
      do { zone = try Zone(named: definition.timeZone) } catch { throw complaint("\(error)") }
      let offset = plant.clockOffsetMilliseconds(meter: index)
      return (.clock(try ClockEncoder(point.register, zone: zone, offsetMilliseconds: offset)), nil)
    }
    let serial = plant.text(meterID: definition.meterID) ?? ""
    if type == .string { return (.constant(try RegisterLayout(point.register).registers(of: serial)), nil) }
    let encoder = try PointEncoder(point, of: definition, factor: factors.product(of: point))
    if point.kind == .text {
      // A serial number of letters has no place in a number; one that is too long loses its end.
      var number = Double(UInt64(serial) ?? 0)
      while encoder.number(for: number) > encoder.largest { number = (number / 10).rounded(.down) }
      return (.constant(encoder.registers(for: number)), encoder.mask)
    }
    return (.value(meter: index, try Signal(point), encoder), encoder.mask)
  }
}
